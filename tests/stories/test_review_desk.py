"""An application from the anti-fraud engine to the codes that come back: real HTTP, TLS, pictures and people."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsdesk import review
from opsdesk.app.demo_screening import configure_desk
from opsdesk.kit.clock import SystemClock
from opsdesk.sandbox.picture_host import HOST as PICTURE_HOST
from tests.app.serving import Answer, Api, serving, until, working_for
from tests.sandbox.outside import Outside, enter_sandbox

pytestmark = pytest.mark.timeout(120)


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk that is configured as the demo's, with a worker, and the world outside."""

    api: Api
    outside: Outside
    engine: str
    reviewer: str

    async def arrive(self, **more: Any) -> Any:
        """What the anti-fraud engine was answered."""
        wanted = {"to": self.api.url, "key": self.engine, "person": "Customer Specimen", **more}
        return await self.outside.control("applications", wanted)

    async def settled(self, ticket_id: str) -> Any:
        """The ticket, once its pictures are there or given up."""

        async def is_settled() -> Any:
            ticket = (await self.api.get(f"/v1/tickets/{ticket_id}", key=self.reviewer)).body
            return None if ticket["screening"]["pictures_waiting"] else ticket

        return await until(is_settled)

    async def pictures(self, ticket_id: str) -> list[tuple[str, str | None]]:
        """What became of each: its state, and why there is none."""
        async with self.api.installation.database.connection() as conn:
            found = await review.pictures.reading.list_pictures(conn, ticket_id=UUID(ticket_id))
        return sorted((str(picture.state), picture.reason and str(picture.reason)) for picture in found)

    async def reject(self, ticket: Any) -> Answer:
        address = f"/v1/tickets/{ticket['id']}"
        assert (await self.api.post(f"{address}/claims", {}, key=self.reviewer, once="c")).status == 201
        offered = (await self.api.get(f"{address}/rejection", key=self.reviewer)).body
        verdict = {
            "verdict": "reject",
            "reasons": [reason["id"] for reason in offered["reasons"]],
            "rejection_version": offered["rejection_version"],
            "shown_sha256": ticket["shown_sha256"],
        }
        return await self.api.post(f"{address}/verdict", verdict, key=self.reviewer, once="v")


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with enter_sandbox(tmp_path / "sandbox", slow_s=5) as outside:
        sandbox = outside.sandbox
        settings = {
            "ca_file": sandbox.ca_file,
            "connect_to": sandbox.connect_to,
            "secrets_dir": sandbox.secrets_dir,
            "picture_hosts": PICTURE_HOST,
        }
        async with serving(database_url, tmp_path, SystemClock(), **settings) as api, working_for(api.installation):
            proto = {sandbox.proto_file.name: sandbox.proto_file.read_text(encoding="utf-8")}
            await configure_desk(api.installation, proto=proto)
            engine = await api.key("applications:write", "applications:read", name="engine")
            reviewer = await api.key(name="reviewer", roles=["reviewer"])
            yield Desk(api, outside, engine, reviewer)


@pytest.mark.req("REV-G01", "REV-K01", "REV-R01", "REV-R02", "REV-X49")
@pytest.mark.parametrize("form", ["json", "protobuf"])
async def test_an_application_whose_face_is_another_is_rejected_and_its_codes_come_back(desk: Desk, form: str) -> None:
    sent = await desk.arrive(case="differ", form=form)
    assert (sent["status"], sent["answer"]["answer"]) == (201, "verify")
    ticket = await desk.settled(sent["answer"]["ticket"]["id"])
    assert await desk.pictures(ticket["id"]) == [("kept", None)] * 4
    assert {call["scheme"] for call in await desk.outside.calls(participant=PICTURE_HOST)} == {"https"}
    assert (await desk.reject(ticket)).status == 201
    outcome = (await desk.api.get(f"/v1/applications/{sent['flow_no']}", key=desk.engine)).body["ticket"]
    assert (outcome["status"], outcome["result"], outcome["codes"]) == ("completed", "reject", ["AF-1001", "AF-1002"])


@pytest.mark.parametrize(("case", "answer"), [("clear", "pass"), ("blocked", "reject")])
async def test_where_the_group_is_sure_nobody_is_asked(desk: Desk, case: str, answer: str) -> None:
    sent = await desk.arrive(case=case)
    assert (sent["status"], sent["answer"]["answer"], sent["answer"]["ticket"]) == (201, answer, None)


@pytest.mark.req("REV-B05", "REV-X44")
async def test_an_application_that_is_handed_in_again_has_one_ticket(desk: Desk) -> None:
    first, again = [await desk.arrive(flow_no="F-1") for _ in range(2)]
    assert first["answer"]["ticket"]["id"] == again["answer"]["ticket"]["id"]
    other = await desk.arrive(flow_no="F-1", case="differ")
    assert (other["status"], other["answer"]["error"]["code"]) == (409, "FlowReused")


@pytest.mark.req("REV-K08")
@pytest.mark.parametrize(
    ("pictures", "reason"),
    [("gone", "gone"), ("svg", "not_a_picture"), ("html", "not_a_picture"), ("oversized", "too_large")],
)
async def test_pictures_that_cannot_be_shown_are_given_up_and_the_ticket_is_decided_without(
    desk: Desk, pictures: str, reason: str
) -> None:
    sent = await desk.arrive(pictures=pictures)
    ticket = await desk.settled(sent["answer"]["ticket"]["id"])
    assert await desk.pictures(ticket["id"]) == [("given_up", reason)] * 4
    assert (await desk.reject(ticket)).status == 201


async def test_to_configure_the_desk_again_changes_nothing(desk: Desk) -> None:
    async def versions() -> Any:
        types = (await desk.api.get("/v1/screening-types", key=await desk.api.key(name="risk"))).body
        return [(each["name"], each["version"]) for each in types["items"]]

    before = await versions()
    proto_file = desk.outside.sandbox.proto_file
    await configure_desk(desk.api.installation, proto={proto_file.name: proto_file.read_text(encoding="utf-8")})
    assert await versions() == before
    assert {version for _, version in before} == {1}
