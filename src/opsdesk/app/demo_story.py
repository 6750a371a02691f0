"""What the demo shows: customers who apply, and all that the procedure does until they have an account."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_waiting import DemoFailed, within

PATH_WAIT_S = 240.0
"""For one path to its end. Registrations are limited to ten a minute: a demo started over and over waits its turn."""
MAIL_WAIT_S = 30
POLL_S = 0.1
NOTES = "证件与本人已当面核对 / Papers checked with the customer in person"
TOLD = {
    "register": ("customer_id",),
    "verify_email": ("email_verified",),
    "kyc_identity": ("kyc_status", "kyc_score", "watchlist_match"),
    "compliance_review": ("compliance_decision",),
    "setup_account": ("account_id",),
    "send_welcome": ("welcome_email_id",),
    "assign_csm": ("csm_name",),
}
"""What is worth telling of each step."""


@dataclass(frozen=True, slots=True)
class Applicant:
    name: str
    """Its last word chooses what the partners answer."""
    email: str
    phone: str = "+86 138 0000 0000"

    @staticmethod
    def named(name: str) -> "Applicant":
        return Applicant(name, f"{name.lower().replace(' ', '.')}.{uuid4().hex[:8]}@example.com")


@dataclass(slots=True)
class Journey:
    """One customer's way through the procedure, as far as it went."""

    applicant: Applicant
    run_id: str
    outputs: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    """By node."""
    reviewed: bool = True
    """Whether the demo decides for the reviewer; else the ticket is left for whoever watches."""
    ticket_id: str | None = None
    outcome: str = ""
    reason: str = ""


class Story:
    def __init__(self, *, portal: Remote, reviewer: Remote, world: Remote, screen: Screen) -> None:
        self._portal = portal
        self._reviewer = reviewer
        self._world = world
        self._screen = screen

    async def store(self, text: str, *, file_name: str) -> str:
        """Store a procedure; returns its id."""
        stored = await self._portal.post_text("/v1/procedures", text, content_type="text/yaml", file=file_name)
        self._screen.line("stored", "procedure", f"{stored['id']} from {file_name}")
        return str(stored["id"])

    async def apply(self, procedure: str, name: str, *, reviewed: bool = True) -> Journey:
        """A customer applies; returns when the run has ended, or waits for a person if it is not `reviewed` here.

        Raises DemoFailed if it does not, and says where.
        """
        applicant = Applicant.named(name)
        inputs = {"name": applicant.name, "email": applicant.email, "phone": applicant.phone}
        run = await self._portal.post("/v1/runs", {"procedure": procedure, "inputs": inputs})
        journey = Journey(applicant, run["id"], reviewed=reviewed)
        async with within(PATH_WAIT_S, f"the run {journey.run_id} to end"):
            async for fact in self._facts(journey.run_id):
                await self._tell(journey, fact)
                if journey.ticket_id is not None and not reviewed:
                    break
        return journey

    async def _facts(self, run_id: str) -> AsyncIterator[Mapping[str, Any]]:
        """What happens to a run, as it happens, until it ends."""
        seen = 0
        while True:
            for fact in (await self._portal.get(f"/v1/runs/{run_id}/journal"))["items"]:
                if fact["seq"] > seen:
                    seen = fact["seq"]
                    yield fact
                if fact["fact"] == "run_ended":
                    return
            await asyncio.sleep(POLL_S)

    async def _tell(self, journey: Journey, fact: Mapping[str, Any]) -> None:
        node, payload = fact["node"], fact["payload"]
        match fact["fact"]:
            case "run_started":
                self._screen.line("started", "run", journey.run_id)
            case "node_waiting":
                await self._wait(journey, node, payload)
            case "node_ended":
                journey.outputs[node] = payload["outputs"]
                self._screen.line("done", node, _named(payload["outputs"], TOLD.get(node, ())))
                await self._tell_outside(node, journey)
            case "attempt_failed":
                self._screen.line("retry", node, f"{payload['message']}; again at {_moment(payload['retry_at'])}")
            case "node_failed" | "node_blocked":
                self._screen.line("wrong", node, payload["message"])
                if not payload.get("taken"):
                    raise DemoFailed(f"The run {journey.run_id} has an incident at {node}: {payload['message']}")
            case "run_ended":
                journey.outcome, journey.reason = payload["outcome"], payload["reason"]
                self._screen.line(journey.outcome, "run", journey.reason)
            case _:
                self._screen.line(fact["fact"], node or "run")

    async def _wait(self, journey: Journey, node: str, wait: Mapping[str, Any]) -> None:
        match wait["reason"]:
            case "callback":
                self._screen.line("waits", node, f"for the customer, until {_moment(wait['until'])}")
                await self._confirm(journey.applicant)
            case "person":
                journey.ticket_id = wait["ticket"]
                await self._show(wait["ticket"])
                if journey.reviewed:
                    await self._decide(wait["ticket"])
            case _:
                self._screen.line("waits", node, f"for its turn under the rate limit, until {_moment(wait['until'])}")

    async def _tell_outside(self, node: str, journey: Journey) -> None:
        """What a step has done in the world, as the world itself tells it."""
        if node == "setup_account":
            customer = journey.outputs["register"]["customer_id"]
            for account in (await self._world.get("/control/accounts"))["items"]:
                if account["customer_id"] == customer:
                    made = f"provision_account.py has made {account['account_id']}, tier {account['tier']}"
                    self._screen.line("account", "at the partner", made)
        if node == "send_welcome":
            # No waiting: the step ends after the mail server has taken the message.
            mails = (await self._world.get("/control/mailbox", email=journey.applicant.email))["items"]
            self._screen.line("mail", "to the customer", mails[0]["subject"])

    async def _confirm(self, applicant: Applicant) -> None:
        """Do what the customer does with the message that really arrives."""
        mails = await self._world.get("/control/mailbox", email=applicant.email, count="1", wait_s=str(MAIL_WAIT_S))
        if not mails["items"]:
            raise DemoFailed(f"Waited {MAIL_WAIT_S} seconds for a message to {applicant.email}, in vain.")
        self._screen.line("mail", "to the customer", mails["items"][0]["subject"])
        self._screen.line("demo", "the customer", "opens the link in the message and presses the button")
        await self._world.post("/control/confirm", {"email": applicant.email, "wait_s": MAIL_WAIT_S})

    async def _show(self, ticket_id: str) -> None:
        """What the reviewer sees."""
        ticket = await self._reviewer.get(f"/v1/tickets/{ticket_id}")
        self._screen.line("ticket", ticket["node"], f"for role {ticket['role']}, due {_moment(ticket['due_at'])}")
        for name, value in _shown(ticket["shown"]):
            self._screen.line("", "  shown", f"{name} = {_plain(value)}")
        for asked in ticket["asked"]:
            options = " | ".join(asked["json_schema"].get("enum", ["text"]))
            self._screen.line("", "  asked for", f"{asked['name']}: {options}")

    async def _decide(self, ticket_id: str) -> None:
        """Do what the reviewer does with the ticket of a screening type: claim it, pass it."""
        address = f"/v1/tickets/{ticket_id}"
        claimed = await self._reviewer.post(f"{address}/claims", {})
        self._screen.line("demo", "the reviewer", f"claims the ticket as {claimed['claim']['by']}")
        verdict = {"verdict": "pass", "remark": NOTES, "shown_sha256": claimed["shown_sha256"]}
        self._screen.line("demo", "the reviewer", f"passes it, and writes: {NOTES}")
        await self._reviewer.post(f"{address}/verdict", verdict)


def _shown(shown: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The keys of a screening ticket with their values, in their order."""
    return [(key["name"], shown["values"][key["id"]]) for module in shown["modules"] for key in module["keys"]]


def _named(values: Mapping[str, Any], names: tuple[str, ...]) -> str:
    return ", ".join(f"{name} = {_plain(values[name])}" for name in names if name in values)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _moment(text: str) -> str:
    """In the time of this machine."""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M %Z")
