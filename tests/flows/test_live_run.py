"""The key of a call: the same whenever the same thing is asked for again, and never the same for two things."""

from datetime import timedelta
from uuid import UUID

from opsdesk.flows.calls import Done, Wait
from opsdesk.flows.engine import Execute, decide, fold
from opsdesk.flows.live_run import LiveRun
from opsdesk.flows.procedure import RetryPolicy
from opsdesk.flows.settle import Arrival, ArrivalKind, settle, take_in
from tests.flows.graphs import Journal, fields, node, program

RUN = UUID(int=1)


def keys(journal: Journal) -> list[str]:
    """Of what is to be called now, on a worker that has just read the journal."""
    procedure = journal.program.procedure
    live = LiveRun(RUN, journal.program, fold(procedure, journal.facts, run_id=str(RUN)))
    commands = decide(procedure, live.state, journal.now)
    return [live.call(command, "").idempotency_key for command in commands if isinstance(command, Execute)]


def test_a_resend_and_a_retry_with_a_new_key_have_keys_of_their_own_and_a_takeover_has_the_old_one() -> None:
    a = node("a", outputs=fields("x"), timeout_s=86_400, retry=RetryPolicy(2, backoff_s=3600))
    journal = Journal(program([a, node("a-1"), node("b")], [("a", "b", "x > 1")]))
    (first, other) = keys(journal)
    assert (first, other) == (f"{RUN}:a:1", f"{RUN}:a-1:1")
    seen = [first, other]
    for new_key in (False, True, False):
        journal.run(lambda command: Wait() if command.node == "a" else Done({}))
        journal.now += timedelta(hours=1)
        (resent,) = keys(journal)
        assert [resent] == keys(journal), "another worker asks with the same key"
        command = decide(journal.program.procedure, journal.state, journal.now)[0]
        assert isinstance(command, Execute)
        journal.add(*settle(journal.program, journal.state, command, Wait(), journal.now))
        for kind, payload in (
            (ArrivalKind.CALLBACK, {"answer": {"x": "no number"}}),
            (ArrivalKind.RETRY, {"new_key": new_key}),
        ):
            arrival = Arrival(1, kind, "a", 1, payload, "ops", journal.now)
            journal.add(*take_in(journal.program, journal.state, arrival, journal.now))
        (retried,) = keys(journal)
        assert (retried in seen) is not new_key
        assert resent not in seen
        seen += [resent, retried]
