"""Every change that the pages of the configuration make is in the audit chain."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api, serving
from tests.app.test_audited_pages import WRITES, browser_of
from tests.configured import add_reference

TYPE = {
    "op": "save",
    "name": "Face",
    "row.picture": "k1",
    "name.k1": "front",
    "display.k1": "img",
    "choice": "single",
    "with_code": "N",
    "with_label": "N",
    "second": "off",
    "remark_required": "N",
    "reason": "r1",
    "detail.r1": "another face",
}
FILE = """\
opsdesk_screening_type: 1
name: Out of a file
modules: [{code: personal, keys: [{name: full name}]}]
rejection: {choice: single, with_code: false, with_label: false, reasons: [{detail: another face}]}
"""
ONE = "/screening/types/{type_id}"
ADAPT = "/screening/adapts/{adapt_id}"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
        yield api


async def test_what_is_configured_on_pages_is_recorded(api: Api) -> None:
    risk = await browser_of(api, "risk_operator")
    assert await risk.wrote("/screening/types/new", **TYPE) == WRITES["/screening/types/new"]
    edited = TYPE | {"description": "more", "opened_version": "1"}
    assert await risk.wrote("/screening/types/1/edit", **edited) == WRITES[f"{ONE}/edit"]
    restored = await risk.wrote("/screening/types/1/restore", version="1", opened_version="2")
    assert restored == WRITES[f"{ONE}/restore"]
    put = await risk.wrote("/screening/reference/applications", op="put", application="other", name="")
    assert put == WRITES["/screening/reference/{kind}"]
    assert await risk.wrote("/screening/import", op="preview", text=FILE) == []
    assert await risk.wrote("/screening/import", op="import", text=FILE) == WRITES["/screening/import"]
    receivers = "/screening/reference/receivers"
    told = {"application": "cash_loan", "url": "https://credit.example.com/results", "secret": "RESULTS_KEY"}
    assert await risk.wrote(receivers, **told) == WRITES[receivers]
    assert await risk.wrote(f"{receivers}/remove", application="cash_loan") == WRITES[f"{receivers}/remove"]
    about = {"application": "cash_loan", "scene": "borrow", "text": "path,type\nip,string"}
    assert await risk.wrote("/screening/reference/fields", **about) == WRITES["/screening/reference/fields"]
    place = {"application": "cash_loan", "scene": "activation", "methods": "face", "made_for": "cash_loan/activation"}
    added = await risk.wrote("/screening/types/1/adapts/new", op="save", **place)
    assert added == WRITES[f"{ONE}/adapts/new"]
    edited_adapt = await risk.wrote("/screening/adapts/1/edit", op="save", methods="full", opened_version="1")
    assert edited_adapt == WRITES[f"{ADAPT}/edit"]
    for path in ("pause", "activate"):
        assert await risk.wrote(f"/screening/adapts/1/{path}") == WRITES[f"{ADAPT}/{path}"]


GROUP = {
    "op": "save",
    "name": "new customers",
    "place": "0",
    "application": "cash_loan",
    "scene": "activation",
    "made_for": "cash_loan/activation",
    "rule": "r1",
    "rule-name.r1": "everybody",
    "rule-when.r1": "true",
    "rule-answer.r1": "reject",
}


async def test_what_is_done_to_groups_on_pages_is_recorded(api: Api) -> None:
    risk, one = await browser_of(api, "risk_operator"), "/groups/{group_id}"
    assert await risk.wrote("/groups/new", **GROUP) == WRITES["/groups/new"]
    edited = GROUP | {"rule-answer.r1": "pass", "opened_revision": "1"}
    assert await risk.wrote("/groups/1/edit", **edited) == WRITES[f"{one}/edit"]
    assert await risk.wrote("/groups/1/apply", revision="2") == WRITES[f"{one}/apply"]
    restored = await risk.wrote("/groups/1/restore", revision="1", opened_revision="2")
    assert restored == WRITES[f"{one}/restore"]
    assert await risk.wrote("/groups/1/deactivate") == WRITES[f"{one}/deactivate"]
    assert await risk.wrote("/groups/1/activate") == WRITES[f"{one}/activate"]
    assert await risk.wrote("/groups/1/place", place="3") == WRITES[f"{one}/place"]
    assert await risk.wrote("/groups/1/try", application="{}") == WRITES[f"{one}/try"]


async def test_what_changes_nothing_records_nothing(api: Api) -> None:
    risk = await browser_of(api, "risk_operator")
    assert await risk.wrote("/screening/types/new", **(TYPE | {"op": "add-key:others"})) == []
