"""On the form of a screening type: who looks at its tickets again, and what has to be said."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.screening.model import ReviewRules, SecondReview
from tests.app.console.filling import form_of
from tests.app.console.test_screening_types import edit, made, stored
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.configured import add_reference


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


@pytest.mark.req("REV-B10", "REV-X45")
async def test_the_form_says_who_looks_at_tickets_again_and_history_tells_it(api: Api, risk: Visit) -> None:
    found = await made(api)
    form = form_of(await risk.get(edit(found)))
    assert [form[name] for name in ("second", "share", "remark_required")] == ["off", "", "N"]
    form = form_of(await form.put("second", "random").press(risk, "refresh"))
    refused = await form.press(risk, "save")
    assert (refused.status, "second review share: This has to be filled in." in refused.text) == (422, True)
    saved = await form_of(refused).put("share", "20").put("remark_required", "Y").press(risk, "save")
    assert saved.status == 303
    assert (await stored(api)).document.review == ReviewRules(SecondReview.RANDOM, 20, remark_required=True)
    shown = await risk.get("/screening/types/1")
    assert "second review a random share · 20%" in shown.text
    for change in (
        "second review changed off random",
        "second review share added – 20",
        "remark on reject changed N Y",
    ):
        assert change in shown.text, change
