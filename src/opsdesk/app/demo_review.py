"""What the demo shows of the review desk: applications come in, a person looks at pictures, codes go back."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_waiting import DemoFailed, within

POLL_S = 0.2
PICTURES_WAIT_S = 60.0
RESULT_WAIT_S = 30
PICTURES = 4
PICTURE_HOST = "pictures.platform.com"
ANOTHER, SAME = "Customer Borrowed", "Customer Specimen"
"""One shows somebody else's card, the other their own."""


@dataclass(frozen=True, slots=True)
class Arrived:
    """An application that came in, and the ticket that waits for a person."""

    flow_no: str
    person: str
    ticket_id: str


class ReviewStory:
    def __init__(
        self, *, base_url: str, key: str, engine: Remote, reviewer: Remote, world: Remote, screen: Screen
    ) -> None:
        self._to = {"to": base_url, "key": key}
        self._engine = engine
        self._reviewer = reviewer
        self._world = world
        self._screen = screen

    async def arrive(self, person: str, *, case: str, form: str) -> Arrived:
        """The anti-fraud engine hands an application in that a person is to look at. Raises DemoFailed if it passes."""
        wanted = {"person": person, "case": case, "form": form}
        sent = await self._world.post("/control/applications", {**self._to, **wanted})
        answer = sent["answer"]
        if sent["status"] != 201 or answer["answer"] != "verify" or answer["ticket"] is None:
            raise DemoFailed(f"The application of {person} was answered with {sent['status']}: {answer}")
        rule = answer["answered_by"]["rule"]
        self._screen.line("came", "application", f"{sent['flow_no']} of {person}, as {form}")
        self._screen.line("verify", "the group", f"{rule}: a person looks at it")
        arrived = Arrived(sent["flow_no"], person, answer["ticket"]["id"])
        kept = await self._pictures(arrived)
        self._screen.line("ticket", kept["screening"]["bucket"], f"{kept['title']}, its pictures are copied")
        return arrived

    async def reject(self, arrived: Arrived) -> Mapping[str, Any]:
        """Do what the reviewer does who sees another face; returns what came of the application."""
        address = f"/v1/tickets/{arrived.ticket_id}"
        ticket = await self._reviewer.post(f"{address}/claims", {})
        offered = await self._reviewer.get(f"{address}/rejection")
        reason = offered["reasons"][0]
        self._screen.line("demo", "the reviewer", f"rejects it: {reason['detail']}")
        verdict = {
            "verdict": "reject",
            "reasons": [reason["id"]],
            "rejection_version": offered["rejection_version"],
            "shown_sha256": ticket["shown_sha256"],
        }
        await self._reviewer.post(f"{address}/verdict", verdict)
        outcome: Mapping[str, Any] = await self._engine.get(f"/v1/applications/{arrived.flow_no}")
        told = outcome["ticket"]
        self._screen.line("codes", "to the engine", f"{told['result']}: {', '.join(told['codes'])}")
        await self._hear(arrived)
        return outcome

    async def _hear(self, arrived: Arrived) -> None:
        """What credit is told, by a webhook whose signature it has checked."""
        query = {"flow_no": arrived.flow_no, "wait_s": str(RESULT_WAIT_S)}
        items = (await self._world.get("/control/results", **query))["items"]
        if not items:
            raise DemoFailed(f"Credit was not told of {arrived.flow_no} within {RESULT_WAIT_S} seconds.")
        told = items[0]["body"]
        self._screen.line("told", "credit", f"{told['result']}: {', '.join(told['codes'])}, and the signature is right")

    async def _pictures(self, arrived: Arrived) -> Mapping[str, Any]:
        """The ticket, once its pictures are there."""
        async with within(PICTURES_WAIT_S, f"the pictures of {arrived.person} to be fetched"):
            while True:
                ticket: Mapping[str, Any] = await self._reviewer.get(f"/v1/tickets/{arrived.ticket_id}")
                if not ticket["screening"]["pictures_waiting"]:
                    return ticket
                await asyncio.sleep(POLL_S)


async def review_problems(outcome: Mapping[str, Any], *, world: Remote) -> list[str]:
    """What is wrong with what came back; nothing if it is the rejection with its code, and pictures were fetched."""
    ticket, wrong = outcome["ticket"], []
    if (ticket["status"], ticket["result"], ticket["codes"]) != ("completed", "reject", ["AF-1001"]):
        wrong.append(f"The application {outcome['flow_no']} came back as {ticket['result']} with {ticket['codes']}.")
    calls = (await world.get("/control/calls", participant=PICTURE_HOST))["items"]
    fetched = [call for call in calls if f"/{quote(ANOTHER)}." in call["idempotency_key"] and "200" in call["statuses"]]
    if len(fetched) != PICTURES:
        wrong.append(
            f"{len(fetched)} pictures of the application {outcome['flow_no']} were fetched, and not {PICTURES}."
        )
    return wrong
