"""The pages of points: wallets and statements, grants, what is outstanding, and audits."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk import access, points
from opsdesk.app.points_audits import audit_key
from opsdesk.kit.clock import ManualClock
from tests.actors import actor
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving

GRANT = {"customer": "C-1", "points": "300", "last_day": "2026-12-31", "key": "G-1"}
WALLET = "/points/wallet?customer=C-1"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def operator(api: Api) -> Visit:
    return await visit(api, "rewards_operator")


async def audited(api: Api) -> None:
    opsdesk = api.installation
    await points.auditing.audit(
        opsdesk.database,
        full=True,
        key=audit_key(opsdesk.settings, opsdesk.secrets),
        checks=opsdesk.points_checks,
        actor=actor("key:bank"),
        now=opsdesk.clock.now(),
    )


async def test_a_grant_is_asked_about_made_once_and_recorded(api: Api, operator: Visit) -> None:
    asked = await operator.post("/points/grants", **GRANT)
    assert "Grant 300 points to customer C-1?" in asked.text
    assert "This customer has no points" in (await operator.get(WALLET)).text
    for _ in range(2):
        assert (await operator.post("/points/grants", **GRANT, is_sure="1")).location == WALLET
    async with api.installation.database.connection() as conn:
        found = await access.audit.list_entries(conn, access.audit.EntryFilter(action="points.grant"))
    assert len(found.items) == 1
    shown = (await operator.get(WALLET)).text
    assert "300 available" in shown
    assert "2026-12 300" in shown
    assert "+300 300" in shown


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"customer": " "}, "This has to be filled in."),
        ({"points": "1.5"}, "This is not a number."),
        ({"points": "9" * 30}, "This is not a number."),
        ({"last_day": "soon"}, "This has to be filled in."),
        ({"points": "0", "is_sure": "1"}, "Points are whole, at least one"),
        ({"last_day": "2026-01-01", "is_sure": "1"}, "past their date from the start"),
        ({"customer": "a" * 65, "is_sure": "1"}, "1 to 64 printable characters"),
    ],
)
async def test_a_grant_that_cannot_be_made_says_why_on_its_form(
    operator: Visit, more: dict[str, str], said: str
) -> None:
    refused = await operator.post("/points/grants", **GRANT | more)
    assert refused.status in (409, 422)
    assert said in refused.text


async def test_a_statement_is_filtered_and_a_customer_looked_for(operator: Visit) -> None:
    await operator.post("/points/grants", **GRANT, is_sure="1")
    assert (await operator.get("/points?customer=C-1")).location == WALLET
    assert "No movement is like this" in (await operator.get(f"{WALLET}&kind=sweep")).text
    assert "No movement is like this" in (await operator.get(f"{WALLET}&until=2026-01-01")).text
    assert "+300 300" in (await operator.get(f"{WALLET}&kind=grant&since=2026-01-05")).text


async def test_what_is_outstanding_and_what_audits_found_is_shown(api: Api, operator: Visit) -> None:
    assert "The ledger was not audited yet" in (await operator.get("/points")).text
    assert "No audit is like this" in (await operator.get("/points/audits")).text
    await operator.post("/points/grants", **GRANT, is_sure="1")
    await audited(api)
    overview = (await operator.get("/points")).text
    assert "300 in wallets" in overview
    assert "2026-12 300" in overview
    async with api.installation.database.dedicated() as conn:
        await conn.execute("set session_replication_role = replica")
        await conn.execute("update points_wallet set balance = 299")
    await audited(api)
    assert "the ledger does not hold" in (await operator.get("/points")).text
    reader = await visit(api, "auditor")
    assert "does not hold" in (await reader.get("/points/audits?broken=1")).text
    assert "customer C-1" in (await reader.get("/points/audits/2")).text
    keeper = await visit(api, "admin")
    assert "The last audit found that the ledger does not hold." in (await keeper.get("/operations")).text


async def test_only_who_may_grant_is_shown_how(api: Api) -> None:
    reader = await visit(api, "support_agent")
    assert "Grant points" not in (await reader.get("/points")).text
    assert (await reader.get("/points/grants/new")).status == 403
