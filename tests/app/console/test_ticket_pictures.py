"""Pictures and masked values of a ticket on pages: who gets them, at which address, and what is noted."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsdesk.access.sessions import csrf_token
from opsdesk.kit.clock import ManualClock
from opsdesk.review import Ticket, TicketClosing, close_ticket, ticket_history
from opsdesk.review.model import TicketEventKind
from opsdesk.review.pictures.reading import list_pictures
from tests.app.console.visiting import COOKIE, Visit, visit
from tests.app.serving import Api, serving
from tests.configured import add_reference
from tests.review.pictures.kept import NAME, kept_ticket
from tests.review.pictures.tickets import add_pictured_type

PICTURE = re.compile(r'src="(/tickets/[^"]+/pictures/[\w-]{32}(?:/outline)?)"')


@dataclass(frozen=True, slots=True)
class Desk:
    api: Api
    ticket: Ticket

    @property
    def path(self) -> str:
        return f"/tickets/{self.ticket.id}"

    async def visit(self, *roles: str) -> Visit:
        return await visit(self.api, *roles)

    async def revealed(self) -> list[tuple[str, str]]:
        async with self.api.installation.database.transaction() as conn:
            history = await ticket_history(conn, ticket_id=self.ticket.id)
        return [(event.actor, event.reason) for event in history if event.kind is TicketEventKind.REVEALED]

    async def addresses(self) -> list[str]:
        """Of the pictures that there are, whoever may see them."""
        async with self.api.installation.database.transaction() as conn:
            pictures = await list_pictures(conn, ticket_id=self.ticket.id)
        return [f"{self.path}/pictures/{each.token}" for each in pictures if each.content_sha256]


async def fetched(visit: Visit, path: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"Cookie": f"{COOKIE}={visit.token}"}
    async with visit.api.session.get(visit.api.url + path, headers=headers, allow_redirects=False) as response:
        return response.status, dict(response.headers), await response.read()


@pytest.fixture
async def desk(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Desk]:
    async with serving(database_url, tmp_path, clock) as api:
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=clock.now())
            found = await add_pictured_type(conn, now=clock.now())
            ticket = await kept_ticket(conn, found, now=clock.now())
        yield Desk(api, ticket)


@pytest.mark.req("REV-B15")
async def test_a_picture_is_an_outline_until_somebody_asks_and_that_they_did_is_noted_once(desk: Desk) -> None:
    reviewer = await desk.visit("reviewer")
    before = await reviewer.get(desk.path)
    outlines = PICTURE.findall(before.html)
    assert [address.endswith("/outline") for address in outlines] == [True, True]
    status, headers, outline = await fetched(reviewer, outlines[0])
    assert (status, headers["Content-Type"], len(outline) < 1000) == (200, "image/png", True)
    status, _, _ = await fetched(reviewer, outlines[0].removesuffix("/outline"))
    assert status == 403
    assert await desk.revealed() == []
    for _ in range(2):
        assert (await reviewer.post(f"{desk.path}/reveal")).location == desk.path
    after = await reviewer.get(desk.path)
    assert [address.endswith("/outline") for address in PICTURE.findall(after.html)] == [False, False]
    [(who, what)] = await desk.revealed()
    assert who.startswith("person:")
    assert what == "身份证正面, 活体照片, 姓名"


@pytest.mark.req("REV-B15")
async def test_what_one_person_asked_for_is_not_shown_to_another(desk: Desk) -> None:
    one, other = await desk.visit("reviewer"), await desk.visit("compliance_officer")
    await one.post(f"{desk.path}/reveal")
    [address, *_] = await desk.addresses()
    assert [(await fetched(each, address))[0] for each in (one, other)] == [200, 403]
    assert all(found.endswith("/outline") for found in PICTURE.findall((await other.get(desk.path)).html))


@pytest.mark.req("REV-B15")
async def test_one_value_can_be_asked_for_alone(desk: Desk) -> None:
    reviewer = await desk.visit("reviewer")
    page = await reviewer.get(desk.path)
    await reviewer.post(f"{desk.path}/reveal", reveal=page.hidden("reveal"))
    assert [what for _, what in await desk.revealed()] == ["身份证正面"]
    unknown = await reviewer.post(f"{desk.path}/reveal", reveal="城市")
    assert unknown.status == 422


async def test_a_picture_is_a_picture_to_browsers_and_nothing_else(desk: Desk) -> None:
    reviewer = await desk.visit("reviewer")
    await reviewer.post(f"{desk.path}/reveal")
    for address in await desk.addresses():
        status, headers, content = await fetched(reviewer, address)
        assert status == 200
        assert headers["Content-Type"] == ("image/png" if content.startswith(b"\x89PNG") else "image/jpeg")
        assert headers["Cache-Control"] == "no-store"
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "default-src 'none'" in headers["Content-Security-Policy"]


async def test_nobody_gets_a_picture_who_has_not_signed_in(desk: Desk) -> None:
    for address in await desk.addresses():
        status, headers, _ = await fetched(Visit(desk.api, "nobody"), address)
        assert (status, headers["Location"].startswith("/sign-in")) == (303, True)


async def test_a_picture_belongs_to_its_ticket_and_its_token(desk: Desk, clock: ManualClock) -> None:
    reviewer = await desk.visit("reviewer")
    async with desk.api.installation.database.transaction() as conn:
        found = await add_pictured_type(conn, now=clock.now(), name="other")
        other = await kept_ticket(conn, found, now=clock.now(), flow_no="F-2")
    await reviewer.post(f"{desk.path}/reveal")
    [address, *_] = await desk.addresses()
    token = address.rpartition("/")[2]
    for wrong in (f"/tickets/{other.id}/pictures/{token}", f"{desk.path}/pictures/{'a' * 32}"):
        assert (await fetched(reviewer, wrong))[0] == 404


async def test_who_may_not_see_personal_values_is_shown_none_of_it(desk: Desk) -> None:
    operator = await desk.visit("risk_operator")
    page = await operator.get(desk.path)
    assert PICTURE.findall(page.html) == []
    assert f"{desk.path}/reveal" not in page.html
    assert (await operator.post(f"{desk.path}/reveal")).status == 403
    [address, *_] = await desk.addresses()
    assert [(await fetched(operator, address + end))[0] for end in ("", "/outline")] == [403, 403]
    assert await desk.revealed() == []


async def test_whoever_holds_a_ticket_sees_its_pictures_while_they_hold_it(desk: Desk, clock: ManualClock) -> None:
    """A decider whose scopes do not show personal values: the claim is what shows these."""
    key = await desk.api.key("tickets:read", "tickets:decide", name="decider")
    path = f"/v1/tickets/{desk.ticket.id}"
    assert (await desk.api.post(f"{path}/reveals", {}, key=key)).code == "PersonalHidden"
    assert (await desk.api.call("POST", f"{path}/claims", key=key)).status == 201
    assert (await desk.api.post(f"{path}/reveals", {}, key=key)).status == 201
    [item, *_] = [each for each in (await desk.api.get(f"{path}/pictures", key=key)).body["items"] if each["sha256"]]
    shown = await raw(desk.api, f"{path}/pictures/{item['key']}", key)
    assert shown == (200, item["media_type"])
    assert (await desk.api.call("DELETE", f"{path}/claims", key=key)).status == 200
    assert (await desk.api.get(f"{path}/pictures/{item['key']}", key=key)).code == "PersonalHidden"


@pytest.mark.req("REV-K08")
async def test_a_picture_that_was_given_up_says_why_there_is_none(desk: Desk) -> None:
    page = await (await desk.visit("reviewer")).get(desk.path)
    assert "There is no picture: it was not there any more" in page.text


async def test_a_picture_that_is_on_its_way_is_waited_for_by_the_page(desk: Desk, clock: ManualClock) -> None:
    async with desk.api.installation.database.transaction() as conn:
        found = await add_pictured_type(conn, now=clock.now(), name="other")
        waiting = await kept_ticket(conn, found, now=clock.now(), flow_no="F-2", settled=False)
    reviewer = await desk.visit("reviewer")
    page = await reviewer.get(f"/tickets/{waiting.id}")
    assert "The picture is on its way." in page.text
    assert f'hx-get="/tickets/{waiting.id}/pictures"' in page.html
    assert "The picture is on its way." in (await reviewer.get(f"/tickets/{waiting.id}/pictures")).text
    assert "hx-get" not in (await reviewer.get(f"{desk.path}/pictures")).html


@pytest.mark.req("REV-B15")
async def test_the_part_that_scripts_fetch_brings_masked_values_with_it(desk: Desk) -> None:
    reviewer = await desk.visit("reviewer")
    part = await reviewer.send(
        f"{desk.path}/reveal", [("csrf_token", csrf_token(reviewer.token))], **{"HX-Request": "true"}
    )
    assert part.status == 200
    assert NAME in part.text
    assert 'hx-swap-oob="true"' in part.html


@pytest.mark.req("REV-B15")
async def test_the_watermark_says_who_looks_and_when(desk: Desk, clock: ManualClock) -> None:
    reviewer = await desk.visit("reviewer")
    await reviewer.post(f"{desk.path}/reveal")
    page = await reviewer.get(desk.path)
    [(who, _)] = await desk.revealed()
    assert f'<text x="8" y="32">{who.removeprefix("person:")}</text>' in page.html
    assert "2026-01-05 10:00:00 +08:00</text>" in page.html
    assert "style=" not in page.html


async def test_a_ticket_that_is_closed_still_shows_its_pictures(desk: Desk, clock: ManualClock) -> None:
    async with desk.api.installation.database.transaction() as conn:
        await close_ticket(conn, ticket_id=desk.ticket.id, reason=TicketClosing.EXPIRED, now=clock.now())
    reviewer = await desk.visit("reviewer")
    await reviewer.post(f"{desk.path}/reveal")
    assert {(await fetched(reviewer, address))[0] for address in await desk.addresses()} == {200}


async def raw(api: Api, path: str, key: str) -> tuple[int, str]:
    async with api.session.get(api.url + path, headers={"Authorization": f"Bearer {key}"}) as response:
        await response.read()
        return response.status, response.content_type
