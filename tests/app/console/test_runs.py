"""The pages of runs: found, seen by each as far as they may, watched, steered."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from opsdesk.flows import arrivals, runs
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.console.visiting import Visit, visit
from tests.app.documents import greet
from tests.app.serving import Api, serving, until, working_for

NOBODY = "0190a0b0-0000-7000-8000-000000000001"
EMAIL = "li@example.com"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        await api.store(greet(), key=await api.key())
        yield api


async def started(api: Api, once: str = "1", email: str = EMAIL) -> str:
    return await api.start("greet", key=await api.key(), once=once, email=email, badge="B-7")


@pytest.fixture
async def blocked(api: Api) -> AsyncIterator[str]:
    """A run whose partner is not there; its worker goes on."""
    async with working_for(api.installation):
        run = await started(api)
        await until(lambda: stands(api, run, "blocked"))
        yield run


async def stands(api: Api, run: str, status: str) -> bool:
    async with api.installation.database.connection() as conn:
        found = await runs.show_run(conn, UUID(run))
    return found.status == status and not found.owned


@pytest.mark.req("FLO-405")
async def test_a_customer_is_found_without_the_scope_to_see_them(api: Api) -> None:
    run, other = await started(api), await started(api, "2", "other@example.com")
    engineer = await visit(api, "operations_engineer")
    found = await engineer.get("/runs?q=LI@example.com")
    assert (run in found.html, other in found.html) == (True, False)
    assert EMAIL not in found.text
    assert "l***@e***.com" in found.text
    agent = await visit(api, "support_agent")
    assert EMAIL in (await agent.get("/runs?q=li@example.com")).text
    assert "No run is like this" in (await engineer.get("/runs?q=li@example")).text


@pytest.mark.req("FLO-405")
async def test_the_list_counts_each_status_and_pages_through(api: Api) -> None:
    for number in range(51):
        await started(api, str(number))
    auditor = await visit(api, "auditor")
    first = await auditor.get("/runs?status=running")
    assert "running 51" in first.text
    assert "waiting 0" in first.text
    following = first.html.partition('rel="next" href="')[2].partition('"')[0].replace("&amp;", "&")
    second = await auditor.get(following)
    assert second.html.count('<tr id="run-') == 1
    assert "First page" in second.text
    assert (await auditor.get("/runs?cursor=none")).status == 422


@pytest.mark.parametrize(
    "query",
    ["status=none", "waits=none", "order=none", "started_from=never", "started_to=9999-12-31", "overdue=1"],
)
async def test_what_no_filter_knows_restricts_nothing_and_breaks_nothing(api: Api, query: str) -> None:
    assert (await (await visit(api, "auditor")).get(f"/runs?{query}")).status == 200


async def test_a_list_without_runs_says_so_and_what_to_do(api: Api) -> None:
    auditor, agent = await visit(api, "auditor"), await visit(api, "support_agent", language="zh-CN")
    assert "No runs yet" in (await auditor.get("/runs")).text
    assert "Start a run" not in (await auditor.get("/runs")).text
    shown = (await agent.get("/runs")).text
    assert "还没有运行" in shown
    assert "启动运行" in shown


@pytest.mark.req("FLO-009")
async def test_values_of_a_run_are_masked_for_who_may_not_see_them(api: Api) -> None:
    run = await started(api)
    for role, sees in (("operations_engineer", False), ("support_agent", True)):
        somebody = await visit(api, role)
        for path in (f"/runs/{run}", f"/runs/{run}/journal"):
            shown = await somebody.get(path)
            assert (role, path, EMAIL in shown.html, "B-7" in shown.html) == (role, path, sees, sees)


async def test_nobody_is_offered_what_they_may_not_do(api: Api, blocked: str) -> None:
    auditor = await visit(api, "auditor")
    assert f"/runs/{blocked}/cancel" not in (await auditor.get(f"/runs/{blocked}")).html
    for name in ("pause", "cancel", "retry"):
        assert (await auditor.get(f"/runs/{blocked}/{name}")).status == 403
        assert (await auditor.post(f"/runs/{blocked}/{name}", reason="r")).status == 403
    assert await stands(api, blocked, "blocked")


async def test_only_what_makes_sense_where_the_run_stands_is_offered(api: Api, blocked: str) -> None:
    shown = (await (await visit(api, "operations_engineer")).get(f"/runs/{blocked}")).html
    offered = {name for name in ("pause", "cancel", "resume") if f'id="do-{name}"' in shown}
    assert offered == {"pause", "cancel"}
    nodes = {name for name in ("retry", "skip", "rerun", "signal") if f"/runs/{blocked}/{name}?node=ask" in shown}
    assert nodes == {"retry", "skip", "rerun"}
    assert "?node=review" not in shown


@pytest.mark.req("FLO-307")
async def test_a_run_is_paused_and_resumed_with_plain_forms(api: Api, blocked: str) -> None:
    engineer = await visit(api, "operations_engineer")
    form = await engineer.get(f"/runs/{blocked}/pause")
    done = await engineer.post(f"/runs/{blocked}/pause", reason="the partner asked us", key=form.hidden("key"))
    assert (done.status, done.location) == (303, f"/runs/{blocked}")
    await until(lambda: stands(api, blocked, "paused"))
    again = await engineer.post(f"/runs/{blocked}/pause", reason="the partner asked us", key=form.hidden("key"))
    assert again.status == 303
    shown = await engineer.get(f"/runs/{blocked}")
    assert "Paused by operations-engineer-en@example.com: the partner asked us" in shown.text
    assert (await engineer.post(f"/runs/{blocked}/resume")).status == 303
    await until(lambda: stands(api, blocked, "blocked"))
    assert (await engineer.post(f"/runs/{blocked}/resume")).status == 409


@pytest.mark.req("FLO-307")
async def test_a_node_is_skipped_with_outputs_and_errors_stand_beside_their_fields(api: Api, blocked: str) -> None:
    engineer = await visit(api, "operations_engineer")
    path = f"/runs/{blocked}/skip"
    form = await engineer.get(f"{path}?node=ask")
    assert "score" in form.text
    wrong = await engineer.post(path, node="ask", **{"value.score": "high", "value.token": "kept", "reason": " "})
    assert wrong.status == 422
    assert "This is not a number." in wrong.text
    assert "A reason of at most 2,000 characters is needed." in wrong.text
    assert 'value="high"' in wrong.html
    assert 'value="kept"' in wrong.html
    right = await engineer.post(path, node="ask", **{"value.score": "0.5", "reason": "by hand", "key": "k"})
    assert right.status == 303
    await until(lambda: stands(api, blocked, "waiting"))
    shown = await engineer.get(f"/runs/{blocked}")
    assert "skipped: by hand" in shown.text
    assert "/tickets/" in shown.html
    assert (await engineer.post(path, node="review", reason="r")).status == 409


@pytest.mark.req("FLO-307")
async def test_an_incident_is_retried_and_a_run_goes_its_way_again(api: Api, blocked: str) -> None:
    engineer = await visit(api, "operations_engineer")
    form = await engineer.get(f"/runs/{blocked}/rerun?node=ask")
    assert "Run again with it: review" in form.text
    assert (await engineer.post(f"/runs/{blocked}/rerun", node="ask", reason="again", key="k")).status == 303
    await until(lambda: has_facts(api, blocked, 4))
    await until(lambda: stands(api, blocked, "blocked"))
    assert (await engineer.post(f"/runs/{blocked}/retry", node="ask", new_key="1")).status == 303
    await until(lambda: has_facts(api, blocked, 6))


async def has_facts(api: Api, run: str, count: int) -> bool:
    async with api.installation.database.connection() as conn:
        return len(await runs.read_journal(conn, UUID(run))) >= count


async def test_a_run_is_cancelled_with_a_reason(api: Api, blocked: str) -> None:
    engineer = await visit(api, "operations_engineer")
    assert (await engineer.post(f"/runs/{blocked}/cancel", reason="")).status == 422
    assert (await engineer.post(f"/runs/{blocked}/cancel", reason="the customer withdrew")).status == 303
    await until(lambda: stands(api, blocked, "cancelled"))
    shown = await engineer.get(f"/runs/{blocked}")
    assert "the customer withdrew" in shown.text
    assert 'id="do-' not in shown.html
    assert "hx-get" not in shown.html
    assert (await engineer.post(f"/runs/{blocked}/cancel", reason="again")).status == 409


async def test_a_page_that_is_up_to_date_is_told_so_and_one_that_is_not_gets_it_whole(api: Api) -> None:
    run = await started(api)
    auditor = await visit(api, "auditor")
    page = await auditor.get(f"/runs/{run}")
    live = page.html.partition('hx-get="')[2].partition('"')[0]
    assert live.startswith(f"/runs/{run}/live?seen=")
    same = await auditor.get(live, **{"HX-Request": "true"})
    assert (same.status, same.html) == (204, "")
    async with api.installation.database.transaction() as conn:
        await arrivals.cancel(conn, run_id=UUID(run), reason="r", actor=actor(), now=api.installation.clock.now())
    changed = await auditor.get(live, **{"HX-Request": "true"})
    assert changed.status == 200
    assert changed.html.lstrip().startswith('<div id="run"')
    assert "<html" not in changed.html
    assert live not in changed.html


@pytest.mark.parametrize("path", ["", "/live", "/journal", "/pause"])
async def test_a_run_that_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert (await (await visit(api, "operations_engineer")).get(f"/runs/{NOBODY}{path}")).status == 404


@pytest.mark.parametrize("path", ["/none", "/skip", "/rerun"])
async def test_an_action_that_there_is_not_or_that_needs_a_node_is_not_found(api: Api, path: str) -> None:
    run = await started(api)
    assert (await (await visit(api, "operations_engineer")).get(f"/runs/{run}{path}")).status == 404


async def test_a_page_without_scripts_looks_again_by_itself(api: Api) -> None:
    run = await started(api)
    shown: Visit = await visit(api, "auditor")
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in (await shown.get(f"/runs/{run}")).html
