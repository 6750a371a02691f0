"""Partners that answer badly, or not at all: the node fails by name, the run goes on or waits to be retried."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from opsdesk.kit.clock import ManualClock
from tests.sandbox.outside import IDENTITY, KYC, PLATFORM, REGISTER
from tests.stories.installation import Installation, installation

CHECK = """\
osop_version: "2.0"
id: check
name: Check who it is
inputs: [name, email, phone]
nodes:
  - id: register
    type: api
    purpose: Have the customer registered
    runtime: {url: "https://api.platform.com", endpoint: /api/v1/customers/register, method: POST}
    inputs: [name, email, phone]
    outputs: [customer_id]
    timeout_sec: 30
  - id: identity
    type: api
    purpose: Ask who the customer is
    runtime: {url: "https://kyc-provider.com", endpoint: /api/v1/identity/verify, method: POST}
    inputs: [customer_id]
    outputs: [kyc_score, watchlist_match]
    security: {auth: bearer_token, secret_ref: KYC_PROVIDER_API_KEY}
    timeout_sec: 30
    retry_policy: {max_retries: 2, backoff_sec: 10}
  - {id: known, type: cli, purpose: Go on, runtime: {command: "true"}}
edges:
  - {from: register, to: identity}
  - {from: identity, to: known}
"""
HURRIED = CHECK.replace("timeout_sec: 30\n    retry", "timeout_sec: 1\n    retry")
GUARDED = (
    HURRIED.replace("max_retries: 2", "max_retries: 0").replace(
        "edges:",
        """\
  - {id: late, type: cli, purpose: Go on without an answer in time, runtime: {command: "true"}}
  - {id: cut, type: cli, purpose: Go on after half an answer, runtime: {command: "true"}}
  - {id: other, type: cli, purpose: Go on without an answer, runtime: {command: "true"}}
edges:""",
    )
    + """\
  - {from: identity, to: late, mode: timeout}
  - {from: identity, to: cut, mode: error, condition: "error.code == 'AnswerCutShort'"}
  - {from: identity, to: other, mode: fallback}
"""
)
MEMORY_GROWTH_KB_MAX = 50_000


@pytest.fixture
async def story(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Installation]:
    async with installation(tmp_path, database_url, clock=clock) as made:
        yield made


async def failures(story: Installation, run_id: UUID) -> list[tuple[str, str, str]]:
    """Of each attempt that failed the fact, the code, and what was told."""
    return [
        (row.fact, row.payload["code"], row.payload["message"])
        for row in await story.facts(run_id)
        if row.fact in {"attempt_failed", "node_failed"}
    ]


async def next_attempt_at(story: Installation, run_id: UUID, attempt: int) -> datetime:
    """When the attempt is due, once the run waits for nothing else."""
    run = await story.until(
        run_id, lambda run: (run.wake_name or "").startswith(f"timer: attempt {attempt}") and not run.owned
    )
    assert run.wake_at is not None
    return run.wake_at


async def attempts_pass(story: Installation, run_id: UUID, clock: ManualClock, *attempts: int) -> None:
    for attempt in attempts:
        assert await next_attempt_at(story, run_id, attempt) - clock.now() == timedelta(seconds=10)
        clock.advance(seconds=10)


async def calls_to(story: Installation, host: str) -> Mapping[str, Any]:
    """What reached a partner: all of it came with one key."""
    (calls,) = await story.outside.calls(participant=host)
    return calls


async def becomes_an_incident_and_is_mended(story: Installation, run_id: UUID) -> None:
    run = await story.until(run_id, lambda run: run.status == "blocked" and not run.owned)
    assert run.wake_name == "operator: incident at identity"
    await story.outside.script(KYC, IDENTITY, "*", "clear")
    await story.retry(run_id, new_key=False)
    assert (await story.ended(run_id)).status == "completed"
    assert (await calls_to(story, KYC))["performed"] == 1


@pytest.mark.req("FLO-004")
@pytest.mark.parametrize(
    ("name", "code", "told"),
    [
        ("Customer Truncated", "AnswerCutShort", "the answer of kyc-provider.com ended before its end"),
        ("Customer Lyinglength", "AnswerNotHttp", "what kyc-provider.com answered is not HTTP"),
        ("Customer Reset", "Unreachable", "kyc-provider.com closed the connection without an answer"),
        ("Customer Slow", "TimedOut", "kyc-provider.com did not answer within 1 s"),
    ],
)
async def test_an_answer_that_does_not_come_is_asked_for_again_and_then_an_incident(
    story: Installation, clock: ManualClock, name: str, code: str, told: str
) -> None:
    run_id = await story.start(await story.add(HURRIED), name)
    await attempts_pass(story, run_id, clock, 2, 3)
    await story.until(run_id, lambda run: run.status == "blocked" and not run.owned)
    assert await failures(story, run_id) == [
        ("attempt_failed", code, told),
        ("attempt_failed", code, told),
        ("node_failed", code, told),
    ]
    assert (await calls_to(story, KYC))["count"] == 3
    await becomes_an_incident_and_is_mended(story, run_id)


@pytest.mark.req("FLO-004")
async def test_a_partner_that_fails_for_a_moment_is_asked_until_it_answers(
    story: Installation, clock: ManualClock
) -> None:
    run_id = await story.start(await story.add(CHECK), "Customer Flaky")
    await attempts_pass(story, run_id, clock, 2, 3)
    assert (await story.ended(run_id)).status == "completed"
    calls = await calls_to(story, KYC)
    assert (calls["statuses"], calls["performed"]) == (["503", "503", "200"], 1)


@pytest.mark.req("FLO-004")
@pytest.mark.parametrize(("asked_s", "waited_s"), [(3, 10), (40, 40)], ids=["sooner-than-ours", "later-than-ours"])
async def test_a_busy_partner_is_given_the_time_that_it_asks_for(
    story: Installation, clock: ManualClock, asked_s: int, waited_s: int
) -> None:
    await story.outside.script(KYC, IDENTITY, "*", "busy", times=1, retry_after_s=asked_s)
    run_id = await story.start(await story.add(CHECK), "Customer Clear")
    assert await next_attempt_at(story, run_id, 2) - clock.now() == timedelta(seconds=waited_s)
    clock.advance(seconds=waited_s)
    assert (await story.ended(run_id)).status == "completed"
    assert (await calls_to(story, KYC))["statuses"] == ["429", "200"]


@pytest.mark.req("FLO-315")
async def test_work_whose_answer_was_lost_is_done_once(story: Installation, clock: ManualClock) -> None:
    run_id = await story.start(await story.add(CHECK), "Customer Lost")
    await attempts_pass(story, run_id, clock, 2)
    assert (await story.ended(run_id)).status == "completed"
    calls = await calls_to(story, KYC)
    assert (calls["statuses"], calls["performed"]) == (["none", "200"], 1)


@pytest.mark.req("FLO-315")
async def test_work_whose_answer_was_lost_is_done_once_also_when_a_person_retries_it(story: Installation) -> None:
    await story.outside.script(PLATFORM, REGISTER, "*", "lost", times=1)
    run_id = await story.start(await story.add(CHECK), "Customer Clear")
    run = await story.until(run_id, lambda run: run.status == "blocked" and not run.owned)
    assert run.wake_name == "operator: incident at register"
    await story.retry(run_id, new_key=False)
    assert (await story.ended(run_id)).status == "completed"
    calls = await calls_to(story, PLATFORM)
    assert (calls["statuses"], calls["performed"]) == (["none", "201"], 1)


@pytest.mark.parametrize(
    ("name", "taken"),
    [
        ("Customer Slow", "late"),
        ("Customer Truncated", "cut"),
        ("Customer Html", "other"),
        ("Customer Noscore", "other"),
        ("Customer Nanscore", "other"),
        ("Customer Redirected", "other"),
        ("Customer Oversized", "other"),
        ("Customer Lyinglength", "other"),
        ("Customer Badrequest", "other"),
        ("Customer Down", "other"),
        ("Customer Reset", "other"),
        ("Customer Clear", "known"),
    ],
)
async def test_the_procedure_says_how_to_go_on_after_a_bad_answer(story: Installation, name: str, taken: str) -> None:
    run_id = await story.start(await story.add(GUARDED), name)
    run = await story.ended(run_id)
    assert (run.status, run.outcome_node) == ("completed", taken)
    ended = {row.node for row in await story.facts(run_id) if row.fact == "node_ended"}
    assert ended - {"identity"} == {"register", taken}


def peak_kb(process: asyncio.subprocess.Process) -> int:
    """The most memory that the process has held so far."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process.pid}/status").read_text())
    assert found is not None
    return int(found[1])


async def test_an_answer_of_200_mb_takes_no_memory(tmp_path: Path, database_url: str) -> None:
    async with installation(tmp_path, database_url, works=False) as story:
        procedure = await story.add(CHECK)
        worker = await story.work()
        await story.ended(await story.start(procedure, "Customer Clear"))
        before = peak_kb(worker)
        run_id = await story.start(procedure, "Customer Oversized")
        await story.until(run_id, lambda run: run.status == "blocked")
        assert peak_kb(worker) - before < MEMORY_GROWTH_KB_MAX
        [(_, code, told)] = await failures(story, run_id)
        assert (code, told) == ("AnswerTooLarge", "the answer of kyc-provider.com is larger than 1048576 bytes")
