"""The reference procedure, unchanged from its file, on every branch, with real partners."""

import os
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows.runs import Run
from opsdesk.kit.clock import ManualClock
from tests.stories.installation import ROOT, Installation, installation

SEED = ROOT.parent / "shared" / "seeds" / "customer-onboarding.osop.yaml"
OWN = ROOT / "procedures" / "customer-onboarding.osop.yaml"
HOUR_S = 3600.0

needs_seed = pytest.mark.skipif(not SEED.is_file(), reason="the source document is not here")


@pytest.fixture
async def story(
    tmp_path: Path, database_url: str, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Installation]:
    # The `python` of commands is this one, and not a wrapper that sets variables of its own.
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:{os.environ['PATH']}")
    async with installation(tmp_path, database_url, clock=clock) as made:
        yield made


async def onboarding(story: Installation, file: Path, name: str) -> UUID:
    """Up to and with the confirmed address."""
    run_id = await story.start(await story.add(file.read_text()), name)
    await story.until(run_id, lambda run: (run.wake_name or "").startswith("event"))
    await story.confirm(run_id)
    return run_id


async def nobody_confirms(story: Installation, run_id: UUID, clock: ManualClock) -> None:
    """A day passes, with a message at its beginning and after one hour and two."""
    email = await story.email_of(run_id)
    for messages in (1, 2, 3):
        assert len(await story.outside.mails(email=email, count=str(messages), wait_s="20")) == messages
        await story.until(run_id, lambda run: (run.wake_name or "").startswith("event") and not run.owned)
        clock.advance(seconds=HOUR_S)
    clock.advance(seconds=21 * HOUR_S)


async def retrying(story: Installation, run_id: UUID, *, attempt: int) -> Run:
    return await story.until(run_id, lambda run: (run.wake_name or "").startswith(f"timer: attempt {attempt}"))


async def outputs(story: Installation, run_id: UUID) -> dict[str, Any]:
    rows = await story.facts(run_id)
    return {row.node: row.payload["outputs"] for row in rows if row.fact == "node_ended"}


async def performed(story: Installation, run_id: UUID) -> dict[str, int]:
    """How often each partner did the work for this customer."""
    customer = (await outputs(story, run_id))["register"]["customer_id"]
    done: dict[str, int] = {}
    for call in await story.outside.calls(customer_id=customer, wait_s="10"):
        done[call["path"]] = done.get(call["path"], 0) + call["performed"]
    return done


@needs_seed
@pytest.mark.req("FLO-001", "FLO-002", "FLO-005", "FLO-008")
@pytest.mark.parametrize("name", ["Customer Clear", "Customer Borderline", "Customer Whole", "客户 通过"])
async def test_a_customer_whose_identity_is_clear_gets_an_account_without_anybody_asked(
    story: Installation, name: str
) -> None:
    run_id = await onboarding(story, SEED, name)
    run = await story.ended(run_id)
    assert (run.status, run.outcome_reason) == ("completed", "ended at send_welcome, assign_csm")
    ended = await outputs(story, run_id)
    assert set(ended) == {"register", "verify_email", "kyc_identity", "setup_account", "send_welcome", "assign_csm"}
    assert set(ended["register"]) == {"customer_id", "email", "phone", "registration_timestamp"}
    assert set((await performed(story, run_id)).values()) == {1}
    (account,) = (await story.outside.control("accounts"))["items"]
    assert account["account_id"] == ended["setup_account"]["account_id"]


@needs_seed
@pytest.mark.req("FLO-005", "FLO-006", "FLO-007")
@pytest.mark.parametrize("name", ["Customer Lowscore", "Customer Watchlisted"])
async def test_a_flagged_customer_is_reviewed_and_approved_into_exactly_one_account(
    story: Installation, name: str
) -> None:
    run_id = await onboarding(story, SEED, name)
    ticket = await story.ticket(run_id)
    assert ticket.role == "compliance_officer"
    assert set(ticket.shown) == {"customer_id", "kyc_status", "kyc_score", "watchlist_match"}
    assert [field.name for field in ticket.asked] == ["compliance_decision", "review_notes"]
    assert (ticket.due_at or ticket.opened_at) - ticket.opened_at <= timedelta(minutes=1440)
    await story.decide(ticket, compliance_decision="approved", review_notes="看过证件 / seen")
    run = await story.ended(run_id)
    assert run.status == "completed"
    accounts = await story.outside.control("accounts")
    assert len(accounts["items"]) == 1
    (call,) = accounts["calls"]
    assert set(call["environment"]) - {"LC_CTYPE", "PWD", "SHLVL", "_"} <= {
        "PATH",
        "HOME",
        "LANG",
        "STRIPE_SECRET_KEY",
        "DATABASE_URL",
    }


@needs_seed
@pytest.mark.req("FLO-006")
async def test_a_rejected_customer_stops_the_run_with_the_reason_and_gets_no_account(story: Installation) -> None:
    run_id = await onboarding(story, SEED, "Customer Lowscore")
    ticket = await story.ticket(run_id)
    await story.decide(ticket, compliance_decision="rejected", review_notes="no")
    run = await story.ended(run_id)
    assert (run.status, run.outcome_node) == ("stopped", "compliance_review")
    assert run.outcome_reason == "no condition held after compliance_review: `compliance_decision == 'approved'`"
    assert (await story.outside.control("accounts"))["items"] == []


@needs_seed
@pytest.mark.req("FLO-005")
@pytest.mark.parametrize(
    ("name", "fact", "told"),
    [
        ("Customer Nullscore", "node_blocked", "does not fit the types (null_type, double)"),
        ("Customer Textscore", "node_blocked", "does not fit the types (string, double)"),
        ("Customer Noscore", "node_failed", "the answer lacks kyc_score"),
        ("Customer Nanscore", "node_failed", "NaN"),
        ("Customer Html", "node_failed", "text/html"),
        ("Customer Redirected", "node_failed", "redirects are not followed"),
        ("Customer Oversized", "node_failed", "larger than 1048576 bytes"),
        ("Customer Badrequest", "node_failed", "answered 400"),
    ],
)
async def test_an_answer_that_is_no_answer_makes_an_incident_that_can_be_retried(
    story: Installation, name: str, fact: str, told: str
) -> None:
    run_id = await onboarding(story, SEED, name)
    run = await story.until(run_id, lambda run: run.status == "blocked" and not run.owned)
    assert run.wake_name == "operator: incident at kyc_identity"
    last = (await story.facts(run_id))[-1]
    assert (last.fact, last.node) == (fact, "kyc_identity")
    assert told in last.payload["message"]
    await story.outside.script("kyc-provider.com", "/api/v1/identity/verify", "*", "clear")
    await story.retry(run_id)
    assert (await story.ended(run_id)).status == "completed"


@needs_seed
@pytest.mark.req("FLO-004")
async def test_a_failing_provider_is_retried_three_times_ten_seconds_apart(
    story: Installation, clock: ManualClock
) -> None:
    run_id = await onboarding(story, SEED, "Customer Down")
    for attempt in (1, 2, 3):
        run = await retrying(story, run_id, attempt=attempt + 1)
        assert (run.wake_at or clock.now()) - clock.now() == timedelta(seconds=10)
        clock.advance(seconds=10)
    run = await story.until(run_id, lambda run: run.status == "blocked" and not run.owned)
    (call,) = await story.outside.calls(participant="kyc-provider.com")
    assert (call["count"], call["with_token"]) == (4, True)


@needs_seed
@pytest.mark.req("FLO-003")
async def test_an_address_that_nobody_confirms_is_asked_three_times_and_times_out(
    story: Installation, clock: ManualClock
) -> None:
    run_id = await story.start(await story.add(SEED.read_text()), "Customer Clear")
    await nobody_confirms(story, run_id, clock)
    run = await story.ended(run_id)
    assert (run.status, run.outcome_node) == ("timed_out", "verify_email")
    assert len(await story.outside.mails(email=await story.email_of(run_id))) == 3


@needs_seed
@pytest.mark.req("FLO-003")
async def test_a_confirmation_after_a_second_message_counts_once(story: Installation, clock: ManualClock) -> None:
    run_id = await story.start(await story.add(SEED.read_text()), "Customer Clear")
    await story.until(run_id, lambda run: (run.wake_name or "").startswith("event") and not run.owned)
    clock.advance(seconds=HOUR_S)
    email = await story.email_of(run_id)
    await story.outside.mails(email=email, count="2", wait_s="20")
    await story.outside.control("confirm", {"email": email, "which": "first"})
    await story.outside.control("confirm", {"email": email})
    assert (await story.ended(run_id)).status == "completed"
    ended = [row for row in await story.facts(run_id) if (row.fact, row.node) == ("node_ended", "verify_email")]
    assert len(ended) == 1


@pytest.mark.req("FLO-006")
async def test_the_procedure_shipped_tells_the_customer_whom_the_review_rejects(story: Installation) -> None:
    run_id = await onboarding(story, OWN, "Customer Lowscore")
    await story.decide(await story.ticket(run_id), compliance_decision="rejected", review_notes="no")
    run = await story.ended(run_id)
    assert run.status == "completed"
    mails = await story.outside.mails(email=await story.email_of(run_id))
    assert len(mails) == 2
    assert (await story.outside.control("accounts"))["items"] == []


async def test_the_procedure_shipped_tells_the_customer_who_does_not_confirm(
    story: Installation, clock: ManualClock
) -> None:
    run_id = await story.start(await story.add(OWN.read_text()), "Customer Clear")
    await nobody_confirms(story, run_id, clock)
    assert (await story.ended(run_id)).status == "completed"
    assert len(await story.outside.mails(email=await story.email_of(run_id))) == 4


async def test_the_procedure_shipped_opens_an_account_on_its_automatic_path(story: Installation) -> None:
    run_id = await onboarding(story, OWN, "Customer Clear")
    run = await story.ended(run_id)
    assert run.status == "completed"
    assert set(await outputs(story, run_id)) >= {"setup_account", "send_welcome", "assign_csm"}
