"""Quality sampling on pages: drawn, judged blind, both judgements side by side, and each sees what is theirs."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.screening import types
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import ScreeningType
from tests import configured
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.app.test_audited_pages import WRITES, browser_of

REMARK = "the-first-reviewer-wrote-this"
FIRST = "reviewer-en@example.com"
DETAIL = "人脸与证件不一致"


@dataclass(frozen=True, slots=True)
class Desk:
    """A reviewer who decides, another one who judges again, and who has it judged again."""

    api: Api
    clock: ManualClock
    found: ScreeningType
    first: Visit
    second: Visit
    officer: Visit

    async def decide(self, *verdicts: str) -> list[str]:
        """Tickets come, and the first reviewer decides them; the addresses of the tickets."""
        tickets = []
        reason = self.found.document.rejection.reasons[0].id
        for number, verdict in enumerate(verdicts):
            async with self.api.installation.database.transaction() as conn:
                await configured.add_ticket(conn, self.found, now=self.clock.now(), flow_no=f"F-{number}")
            ticket = (await self.first.post("/review/kyc/next")).location
            rejecting = {"reason": reason, "rejection_version": "1", "remark": REMARK} if verdict == "reject" else {}
            answer = await self.first.post(f"{ticket}/verdict", verdict=verdict, key=f"k-{number}", **rejecting)
            assert answer.status == 303, answer.text
            tickets.append(ticket)
        self.clock.advance(seconds=1)
        return tickets

    def form(self, **more: str) -> dict[str, str]:
        day = self.clock.now().date().isoformat()
        filled = {"scene": "cash_loan/activation", "decided_from": day, "decided_to": day, "size": "5", "seed": "abc"}
        return {**filled, "key": "draw", "as_of": self.clock.now().isoformat(), **more}

    async def draw(self) -> str:
        return (await self.officer.post("/quality/samples", **self.form())).location


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await configured.add_reference(conn, now=clock.now())
            found = await configured.add_type(conn, now=clock.now())
            await configured.add_adapt(conn, found, now=clock.now())
        people = [await visit(api, *roles) for roles in (["reviewer"], ["reviewer", "auditor"], ["compliance_officer"])]
        yield Desk(api, clock, found, *people)


@pytest.mark.req("REV-B11")
async def test_a_sample_is_drawn_judged_blind_and_shown_side_by_side(desk: Desk) -> None:
    await desk.decide("reject", "pass")
    sample = await desk.draw()
    assert sample == "/quality/samples/1"
    assert await desk.draw() == sample, "a form that is sent twice draws once"
    assert "abc" in (await desk.officer.get(sample)).text
    assert "from the same tickets, and the same ones" in (await desk.officer.get(f"{sample}?again=1")).text
    assert "2 tickets wait to be judged again by you." in (await desk.second.get("/quality")).text
    ticket = (await desk.second.post("/quality/takes")).location
    page = await desk.second.get(ticket)
    assert (page.status, "Judge it as if nobody had" in page.text) == (200, True)
    judged = await desk.second.post(f"{ticket}/judgement", verdict="pass", key=page.hidden("key"))
    assert judged.location == ticket
    both = (await desk.second.get(ticket)).text
    assert "First judgement" in both
    assert "Blind judgement" in both
    assert "1 / 2" in (await desk.officer.get("/quality")).text
    assert "Open the ticket" in (await desk.officer.get(ticket)).text
    other = (await desk.second.post("/quality/takes")).location
    assert (await desk.second.post(f"{other}/judgement", verdict="pass", key="2")).location == other
    overturned = (await desk.officer.get(f"{sample}?overturned=1")).text
    assert ("reject pass" in overturned, "pass pass" in overturned) == (True, False)
    assert "2 1 1 50%" in (await desk.officer.get("/quality")).text
    assert "人脸比对 2 1 1 50%" in (await desk.officer.get("/quality?by=type")).text


@pytest.mark.req("REV-B11")
@pytest.mark.parametrize("who", ["second", "officer"])
async def test_the_page_of_whoever_judges_holds_nothing_of_the_first_verdict(desk: Desk, who: str) -> None:
    await desk.decide("reject")
    sample = await desk.draw()
    judge: Visit = getattr(desk, who)
    ticket = (await judge.post("/quality/takes")).location
    # Also where something was wrong with what they said.
    wrong = await judge.post(f"{ticket}/judgement", verdict="reject", rejection_version="1", key="1")
    assert wrong.status == 422
    pages = [(await judge.get(path)).html for path in (ticket, "/quality", f"{sample}")]
    for html in (wrong.html, *pages):
        for hint in (REMARK, FIRST, "completed", "decided:", "History"):
            assert hint not in html, hint
    for html in (wrong.html, pages[0]):
        assert html.count(DETAIL) == 1, "among the reasons that can be chosen"
        assert html.count("badge is-") == 0, "no badge of a verdict"
        assert " checked" not in html.partition("<main")[2], "no reason is chosen"


@pytest.mark.req("REV-B11")
async def test_whoever_decided_a_ticket_is_not_asked_about_it(desk: Desk) -> None:
    await desk.decide("pass")
    await desk.draw()
    assert "Nothing waits to be judged again by you." in (await desk.first.get("/quality")).text
    assert (await desk.first.post("/quality/takes")).location == "/quality"
    ticket = (await desk.second.post("/quality/takes")).location
    assert (await desk.first.get(ticket)).status == 409
    refused = await desk.first.post(f"{ticket}/judgement", verdict="pass", key="1")
    assert refused.location == "/quality"
    assert (await desk.second.post(f"{ticket}/judgement", verdict="pass", key="1")).location == ticket
    assert (await desk.first.get(ticket)).status == 409, "it is not for the reviewer to know who judged again"


@pytest.mark.req("REV-B11")
async def test_a_reviewer_sees_the_figures_of_their_own_verdicts_and_not_who_judged_them(desk: Desk) -> None:
    assert "No verdict was judged again yet" in (await desk.first.get("/quality")).text
    await desk.decide("reject")
    sample = await desk.draw()
    ticket = (await desk.second.post("/quality/takes")).location
    await desk.second.post(f"{ticket}/judgement", verdict="pass", key="1")
    own = await desk.first.get("/quality")
    assert f"{FIRST} 1 0 1 100%" in own.text
    assert "too few to say" in own.text
    assert "reviewer-auditor" not in own.html
    assert (await desk.first.get(sample)).status == 403
    assert (await desk.first.get("/quality/samples/new")).status == 403


@pytest.mark.req("REV-B11")
async def test_a_form_that_cannot_be_drawn_from_says_what_is_wrong(desk: Desk) -> None:
    officer = desk.officer
    assert "No samples yet" in (await officer.get("/quality")).text
    assert 'name="as_of"' in (await officer.get("/quality/samples/new")).html
    for problem, more in {
        "This has to be a number from 1 to 1000.": {"size": "1001"},
        "This has not come yet.": {"decided_to": "2999-01-01"},
        "The end has to be later than the beginning.": {"decided_to": "2000-01-01"},
        "This has to be filled in.": {"scene": ""},
        "This is not one of the choices.": {"scene": "cash_loan/nowhere"},
        "No ticket was decided there in this time": {},
    }.items():
        page = await officer.post("/quality/samples", **desk.form(**more))
        assert (page.status in (409, 422), problem in page.text) == (True, True), (problem, page.text)
        assert 'value="abc"' in page.html, "what was typed is still there"


@pytest.mark.req("REV-B11")
async def test_what_is_revealed_is_shown_on_the_page_of_the_blind_judgement(desk: Desk) -> None:
    await desk.decide("pass")
    await desk.draw()
    ticket = (await desk.second.post("/quality/takes")).location
    assert "王小明" not in (await desk.second.get(ticket)).html
    revealed = await desk.second.post(f"{ticket}/reveal")
    assert revealed.location == ticket
    assert "王小明" in (await desk.second.get(ticket)).html
    assert (await desk.first.post(f"{ticket}/reveal")).status == 409


async def test_what_is_done_about_quality_on_pages_is_recorded(desk: Desk) -> None:
    await desk.decide("pass")
    api = desk.api
    officer, judge = await browser_of(api, "compliance_officer"), await browser_of(api, "reviewer")
    assert await officer.wrote("/quality/samples", **desk.form()) == WRITES["/quality/samples"]
    assert await judge.wrote("/quality/takes") == WRITES["/quality/takes"]
    one = "/quality/tickets/{sampled_id}"
    assert await judge.wrote("/quality/tickets/1/reveal") == WRITES[f"{one}/reveal"]
    judged = await judge.wrote("/quality/tickets/1/judgement", verdict="pass", key="1")
    assert judged == WRITES[f"{one}/judgement"]


@pytest.mark.req("REV-B11")
async def test_reasons_that_changed_meanwhile_are_shown_and_what_was_typed_is_kept(desk: Desk) -> None:
    await desk.decide("pass")
    await desk.draw()
    ticket = (await desk.second.post("/quality/takes")).location
    first = desk.found.document.rejection.reasons[0]
    document = stored(desk.found.document)
    document["rejection"]["reasons"] = document["rejection"]["reasons"][1:]
    async with desk.api.installation.database.transaction() as conn:
        await types.edit_type(
            conn,
            type_id=desk.found.type_id,
            opened_version=1,
            description="",
            document=document,
            actor=configured.OPERATOR,
            now=desk.clock.now(),
        )
    form = {"verdict": "reject", "reason": first.id, "rejection_version": "1", "remark": "翻拍", "key": "1"}
    refused = await desk.second.post(f"{ticket}/judgement", **form)
    assert (refused.status, "翻拍</textarea>" in refused.html) == (409, True)
    assert refused.hidden("key") != "1", "under another panel it is another judgement"
