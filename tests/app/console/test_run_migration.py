"""The pages on which waiting runs are moved to another version, and the page of a run that is being undone."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID

import pytest

from opsdesk.app.console import migration_words
from opsdesk.flows import arrivals, fitting, runs
from opsdesk.flows.fitting import Misfit
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.console.visiting import visit
from tests.app.documents import WAITS
from tests.app.serving import Api, serving, until, working_for

FITS = f"{WAITS}version: second\n"
UNFIT = WAITS.replace("id: offer, type: system", "id: offer, type: human").replace(
    ", runtime: {operation: log, message: offered}", ""
)
UNDONE = """
osop_version: "2.0"
id: undone
name: Undone
nodes:
  - {id: offer, type: system, name: Offer, runtime: {operation: log, message: offered}, x-compensate: unoffer}
  - {id: ask, type: human, name: Ask}
  - {id: unoffer, type: human, name: Take it back}
edges:
  - {from: offer, to: ask}
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def stands(api: Api, run: str, status: str) -> bool:
    async with api.installation.database.connection() as conn:
        found = await runs.show_run(conn, UUID(run))
    return found.status == status and not found.owned


async def waiting(api: Api, document: str = WAITS) -> str:
    """A run that waits."""
    key = await api.key()
    await api.store(document, key=key)
    run = await api.start(re.findall(r"^id: (\w+)", document, re.MULTILINE)[0], key=key)
    async with working_for(api.installation):
        await until(lambda: stands(api, run, "waiting"))
    return run


@pytest.mark.req("FLO-308")
async def test_a_run_is_moved_on_a_page_that_says_first_whether_it_fits(api: Api) -> None:
    run = await waiting(api)
    await api.store(FITS, key=await api.key())
    engineer = await visit(api, "operations_engineer")
    assert f"/runs/{run}/migration" in (await engineer.get(f"/runs/{run}")).html
    shown = await engineer.get(f"/runs/{run}/migration")
    assert "Everything that has happened means the same there." in shown.text
    assert (await engineer.post(f"/runs/{run}/migration", to="second", reason="")).status == 422
    moved = await engineer.post(f"/runs/{run}/migration", to="second", reason="mended")
    assert moved.status == 303
    told = (await engineer.get(f"/runs/{run}")).text
    assert "moved to another version" in told
    assert "mended" in told
    assert "There is no other version" not in (await engineer.get(f"/runs/{run}/migration")).text


@pytest.mark.req("FLO-308")
@pytest.mark.parametrize(
    ("language", "why"), [("en", "offer was system, is human."), ("zh-CN", "offer 的类型由 system 变为 human。")]
)
async def test_a_run_that_does_not_fit_is_not_moved_and_the_page_says_why(api: Api, language: str, why: str) -> None:
    run = await waiting(api)
    await api.store(UNFIT, key=await api.key())
    engineer = await visit(api, "operations_engineer", language=language)
    assert why in (await engineer.get(f"/runs/{run}/migration")).text
    async with api.installation.database.connection() as conn:
        to = (await conn.execute(b"select digest from flow_definition order by definition_id desc limit 1")).fetchone
        digest = (await to())[0]  # type: ignore[index]  # it was stored above
    refused = await engineer.post(f"/runs/{run}/migration", to=digest, reason="try")
    assert refused.status == 422
    assert why in refused.text


@pytest.mark.req("FLO-308")
async def test_the_open_runs_of_a_version_are_moved_together(api: Api) -> None:
    run = await waiting(api)
    await api.store(FITS, key=await api.key())
    engineer = await visit(api, "operations_engineer")
    assert "/procedures/waits/migration" in (await engineer.get("/procedures/waits?view=versions")).html
    shown = await engineer.get("/procedures/waits/migration")
    assert "1 of 1 runs fit." in shown.text
    source, target = (re.findall(rf'name="{name}" value="(\w+)"', shown.html)[0] for name in ("from", "to"))
    about = {"from": source, "to": target}
    assert (await engineer.post("/procedures/waits/migration", **about, reason="")).status == 422
    assert (await engineer.post("/procedures/waits/migration", **about, reason="mended")).status == 303
    assert "No run of an older version is open" in (await engineer.get("/procedures/waits/migration")).text
    async with api.installation.database.connection() as conn:
        assert (await runs.show_run(conn, UUID(run))).digest == target


async def test_nobody_moves_runs_without_the_scope_to_write_them(api: Api) -> None:
    run = await waiting(api)
    auditor = await visit(api, "auditor")
    for path in (f"/runs/{run}/migration", "/procedures/waits/migration"):
        assert (await auditor.get(path)).status == 403
        assert (await auditor.post(path, to="second", reason="r")).status == 403


@pytest.mark.req("FLO-308")
def test_every_reason_why_a_run_does_not_fit_has_words_in_each_language() -> None:
    source = Path(fitting.__file__).read_text()
    said = [re.sub(r"\{[^}]*\}", "x", text) for text in re.findall(r'Misfit\(\s*f?"([^"]+)"', source)]
    assert len(said) >= 15
    assert [text for text in said if not any(known.fullmatch(text) for known, _ in migration_words.WHYS)] == []


def test_a_reason_that_is_not_known_is_shown_as_it_is() -> None:
    assert migration_words.why(Misfit("something new"), str) == "something new"


@pytest.mark.req("FLO-311")
@pytest.mark.parametrize(
    ("language", "status", "told"),
    [
        ("en", "compensating", "What it has done is being undone: 0 of 1. Then it ends as cancelled: withdrawn"),
        ("zh-CN", "正在撤销", "正在撤销已完成的操作：0/1。随后以“已取消”结束：withdrawn"),
    ],
)
async def test_a_run_that_is_undone_says_so_and_offers_only_what_makes_sense(
    api: Api, language: str, status: str, told: str
) -> None:
    run = await waiting(api, UNDONE)
    async with api.installation.database.transaction() as conn:
        now = api.installation.clock.now()
        await arrivals.cancel(conn, run_id=UUID(run), reason="withdrawn", actor=actor(), now=now)
    async with working_for(api.installation):
        await until(lambda: stands(api, run, "compensating"))
    engineer = await visit(api, "operations_engineer", language=language)
    shown = await engineer.get(f"/runs/{run}")
    assert told in shown.text
    assert status in shown.text
    for absent in (f"/runs/{run}/cancel", f"/runs/{run}/migration", f"/runs/{run}/rerun"):
        assert absent not in shown.html
    assert f"/runs/{run}/skip?node=unoffer" in shown.html
    assert f"/runs/{run}" in (await engineer.get("/runs?status=compensating")).html
