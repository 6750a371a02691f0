"""Pictures of tickets over HTTP, as it is described; and fetched by an installation as its settings say."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from yarl import URL

from opsdesk.kit.clock import SystemClock
from opsdesk.review import Ticket
from opsdesk.review.pictures.fetching import NotFetched
from opsdesk.review.pictures.hosts import PictureHostsUnreadable
from opsdesk.review.pictures.model import WhyNot
from tests.app.described import DescribedApi, described
from tests.app.serving import serving, until, working_for
from tests.configured import add_reference
from tests.review.pictures.hosting import hosting
from tests.review.pictures.kept import kept_ticket
from tests.review.pictures.tickets import add_pictured_type, pictured_ticket

ONE = "/v1/tickets/{ticket_id}"


@dataclass(frozen=True, slots=True)
class Desk:
    """A ticket with two pictures, and a key that may read it."""

    api: DescribedApi
    ticket: Ticket
    key: str

    @property
    def path(self) -> str:
        return f"/v1/tickets/{self.ticket.id}"


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        now = api.installation.clock.now()
        async with api.installation.database.transaction() as conn:
            await add_reference(conn, now=now)
            ticket = await kept_ticket(conn, await add_pictured_type(conn, now=now), now=now)
        yield Desk(api, ticket, await api.key(name="reader"))


@pytest.mark.req("REV-B15", "REV-X49")
async def test_programs_are_shown_a_picture_as_people_are_once_they_asked(desk: Desk) -> None:
    listed = await desk.api.get(f"{desk.path}/pictures", key=desk.key)
    kept = [each for each in listed.body["items"] if each["state"] == "kept"]
    [lost] = [each for each in listed.body["items"] if each["state"] == "given_up"]
    assert (len(kept), lost["reason"], lost["sha256"]) == (2, "gone", None)
    one = f"{desk.path}/pictures/{kept[0]['key']}"
    assert (await desk.api.get(one, key=desk.key)).code == "NotRevealed"
    told = await desk.api.post(f"{desk.path}/reveals", {"keys": [kept[0]["key"]]}, key=desk.key)
    assert (told.status, told.body["keys"]) == (201, [kept[0]["key"]])
    missing = await desk.api.get(f"{desk.path}/pictures/{lost['key']}", key=desk.key)
    assert (missing.status, missing.code) == (404, "PictureMissing")
    assert (await desk.api.get(f"{desk.path}/pictures/none", key=desk.key)).code == "PictureUnknown"
    history = (await desk.api.get(desk.path, key=desk.key)).body["history"]
    assert [(event["kind"], event["by"]) for event in history] == [("opened", "screening"), ("revealed", "key:reader")]


async def test_what_cannot_be_asked_for_is_refused(desk: Desk) -> None:
    unknown = await desk.api.post(f"{desk.path}/reveals", {"keys": ["none"]}, key=desk.key)
    assert (unknown.status, unknown.code) == (422, "RevealInvalid")
    auditor = await desk.api.key("tickets:read", name="auditor")
    hidden = await desk.api.post(f"{desk.path}/reveals", {}, key=auditor)
    assert (hidden.status, hidden.code) == (403, "PersonalHidden")
    nowhere = "/v1/tickets/00000000-0000-0000-0000-000000000000"
    for answer in (
        await desk.api.get(f"{nowhere}/pictures", key=desk.key),
        await desk.api.get(f"{nowhere}/pictures/none", key=desk.key),
        await desk.api.post(f"{nowhere}/reveals", {}, key=desk.key),
    ):
        assert answer.code == "TicketUnknown"


@pytest.mark.req("REV-X49")
async def test_an_installation_fetches_from_where_its_settings_say(database_url: str, tmp_path: Path) -> None:
    async with hosting() as host:
        settings = {"picture_hosts": host.listed, "picture_networks": "127.0.0.0/8"}
        async with serving(database_url, tmp_path, SystemClock(), **settings) as api:
            now = api.installation.clock.now()
            async with api.installation.database.transaction() as conn:
                await add_reference(conn, now=now)
                ticket = await pictured_ticket(
                    conn,
                    await add_pictured_type(conn, now=now),
                    f"{host.url}/front.jpg",
                    "https://169.254.169.254/latest/meta-data",
                    now=now,
                )
            key = await api.key(name="reader")

            async def states() -> list[str]:
                items = (await api.get(f"/v1/tickets/{ticket.id}/pictures", key=key)).body["items"]
                return sorted(each["state"] for each in items)

            async def are_settled() -> bool:
                return "waiting" not in await states()

            async with working_for(api.installation):
                await until(are_settled)
            assert await states() == ["given_up", "kept"]
            assert host.asked == ["front.jpg"]


async def test_partners_inside_are_allowed_and_pictures_inside_are_not(database_url: str, tmp_path: Path) -> None:
    """The tests of an installation allow partners on this machine; that alone opens nothing to pictures."""
    async with hosting() as host:
        async with serving(database_url, tmp_path, SystemClock(), picture_hosts=host.listed) as api:
            came = await api.installation.pictures.fetch(URL(f"{host.url}/front.jpg"))
    assert came == NotFetched(WhyNot.ADDRESS_INSIDE)
    assert host.asked == []


async def test_an_installation_does_not_start_with_hosts_that_cannot_be_read(database_url: str, tmp_path: Path) -> None:
    with pytest.raises(PictureHostsUnreadable):
        async with serving(database_url, tmp_path, SystemClock(), picture_hosts="https://pictures.example.com"):
            pass


async def test_every_operation_about_pictures_is_tried_here(desk: Desk) -> None:
    [item, *_] = (await desk.api.get(f"{desk.path}/pictures", key=desk.key)).body["items"]
    await desk.api.post(f"{desk.path}/reveals", {}, key=desk.key)
    answered = {name for name, status in desk.api.description.seen if status < 300}
    assert {f"GET {ONE}/pictures", f"POST {ONE}/reveals"} <= answered
    assert item["attempts"] == 0
