"""The record of a run as an OSOP execution log (`.osoplog.yaml`): one record for each attempt of each node."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import yaml

from opsdesk.flows import engine
from opsdesk.flows.digests import record_ends, verify_journals
from opsdesk.flows.draw_status import Moment, waited_for
from opsdesk.flows.draw_words import ENGLISH
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import EdgeMode, Field, Procedure
from opsdesk.flows.record_chain import sealed, verify
from opsdesk.flows.record_costs import cost_of
from opsdesk.flows.settle import ANSWERABLE
from opsdesk.flows.state import OPEN, NodePhase, NodeState, RunStatus, State
from opsdesk.kit.masking import mask_mapping, mask_text

__all__ = ["Reveal", "masked", "osop_log", "record_ends", "to_yaml", "verify", "verify_journals"]

OSOPLOG_VERSION = "1.0"
Reveal = Callable[[str, Field | None, Any], Any]
"""What of a value goes into the log: its name, its declaration where there is one, the value."""

_BREAKS = frozenset("\x85\u2028\u2029")
_STATUS = {
    RunStatus.COMPLETED: "COMPLETED",
    RunStatus.TIMED_OUT: "TIMEOUT",
    RunStatus.STOPPED: "BLOCKED",
    RunStatus.CANCELLED: "FAILED",
    RunStatus.RUNNING: "BLOCKED",
    RunStatus.WAITING: "BLOCKED",
    RunStatus.BLOCKED: "BLOCKED",
    RunStatus.PAUSED: "BLOCKED",
    RunStatus.COMPENSATING: "BLOCKED",
}


_STARTED_BY = {"person": "manual", "cli": "manual", "key": "api"}
"""By what the id of an actor begins with; that of a trigger goes on with its kind."""


def masked(name: str, declared: Field | None, value: Any) -> Any:
    """The value with everything personal or secret masked, by its name, its declaration and its looks."""
    personal = (name,) if declared is not None and declared.personal else ()
    return mask_mapping({name: value}, personal=personal)[name]


def osop_log(
    procedure: Procedure,
    run_id: str,
    facts: Sequence[Fact],
    *,
    tamper_evident: bool = False,
    reveal: Reveal = masked,
) -> dict[str, Any]:
    """The log of a run, also of one that is still open: its `ended_at` is then the time of the last fact.

    The specification has no status for a run that stopped, was cancelled or is open; `outcome` says which it is. With
    `tamper_evident` the records form a chain of hashes, which `verify` follows.
    """
    recorder = _Recorder(procedure=procedure, run_id=run_id, reveal=reveal)
    recorder.take(facts)
    log = recorder.log()
    return sealed(log) if tamper_evident else log


def to_yaml(log: Mapping[str, Any]) -> str:
    return yaml.dump(dict(log), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=120)


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Equal values are written out each time."""
        return True

    def represent_str(self, data: str) -> yaml.ScalarNode:
        """Text with the rarer line breaks is written with escapes, as a reader would make spaces of them."""
        style = '"' if _BREAKS.intersection(data) else None
        return self.represent_scalar("tag:yaml.org,2002:str", data, style=style)


_Dumper.add_representer(str, _Dumper.represent_str)


@dataclass(slots=True)
class _Recorder:
    """Takes the facts one by one, as the engine does, and writes down each attempt as it ends."""

    procedure: Procedure
    run_id: str
    reveal: Reveal
    state: State = field(init=False)
    records: list[dict[str, Any]] = field(default_factory=list)
    started: dict[str, datetime] = field(default_factory=dict)
    attempts: dict[tuple[str, int], int] = field(default_factory=dict)
    retried_by: dict[str, str] = field(default_factory=dict)
    last_at: datetime | None = None
    about: NodeState | None = None
    """The node that is being recorded, where its state is another's by now."""

    def __post_init__(self) -> None:
        self.state = engine.fold(self.procedure, (), run_id=self.run_id)

    def take(self, facts: Iterable[Fact]) -> None:
        for fact in facts:
            before = {key: (node, node.phase) for key, node in self.state.nodes.items()}
            if fact.kind is FactKind.NODE_RERUN:
                self._begun_again(fact)
            engine.apply(self.procedure, self.state, fact)
            self.last_at = fact.at
            if fact.node:
                self._record(fact, before[fact.node][0])
            for key, node in self.state.nodes.items():
                was, phase = before[key]
                if node.phase is NodePhase.ACTIVE and (phase is NodePhase.PENDING or self._undoes_more(was, node)):
                    self.started[key] = fact.at
                elif phase is not NodePhase.SKIPPED and node.phase is NodePhase.SKIPPED:
                    self._skipped(key, fact.at)

    def log(self) -> dict[str, Any]:
        assert self.last_at is not None, "a run has at least the fact that it was started"
        state, status = self.state, engine.status(self.state)
        begin, end = state.started_at or self.last_at, state.ended_at or self.last_at
        procedure = self.procedure
        head = {
            "osoplog_version": OSOPLOG_VERSION,
            "run_id": self.run_id,
            "workflow_id": procedure.id,
            "workflow_version": procedure.version,
            "workflow_hash": f"sha256:{procedure.digest}" if procedure.digest else "",
            "mode": "live",
            "status": _STATUS[status],
            "outcome": status.value,
            "trigger": self._trigger(begin),
            "started_at": _stamp(begin),
            "ended_at": _stamp(end),
            "duration_ms": _milliseconds(begin, end),
            "runtime": {"agent": "opsdesk", "source": "executor"},
            "inputs": self._revealed(state.inputs, procedure.inputs),
            "node_records": [*self.records, *self._unfinished(status)],
            "result_summary": self._summary(status),
            "cost": cost_of(self.records) or "",
        }
        return {key: value for key, value in head.items() if value != ""}

    @staticmethod
    def _undoes_more(was: NodeState, node: NodeState) -> bool:
        return node is not was and node.undoes is not None

    def _record(self, fact: Fact, was: NodeState) -> None:
        """`was`: as the node stood; one that undoes several goes on to the next by the fact that ends it."""
        payload = fact.payload
        self.about = was if self._undoes_more(was, self.state.nodes[fact.node]) else None
        match fact.kind:
            case FactKind.NODE_ENDED:
                skipped = self._stands(fact.node).skipped_because
                reason = "" if skipped is None else f"skipped: {mask_text(skipped)}"
                self._ended(fact, "COMPLETED", outputs=payload["outputs"], reason=reason)
            case FactKind.NODE_BLOCKED:
                reason = f"where to go on could not be decided: {payload['expression']}"
                self._ended(fact, "ERROR", outputs=payload["outputs"], error=_error(payload), reason=reason)
            case FactKind.ATTEMPT_FAILED:
                retry_at = datetime.fromisoformat(payload["retry_at"])
                self._ended(fact, "FAILED", error=_error(payload), reason=f"tried again at {_stamp(retry_at)}")
                self.started[fact.node] = retry_at
            case FactKind.NODE_FAILED:
                status = "TIMEOUT" if payload.get("timeout") else "FAILED"
                reason = "" if payload["taken"] else "nothing in the procedure says how to go on"
                self._ended(fact, status, error=_error(payload), reason=reason)
            case FactKind.CHILD_ENDED:
                self._child(fact)
            case FactKind.NODE_RETRIED | FactKind.NODE_RERUN:
                self.started[fact.node] = fact.at
                self.retried_by[fact.node] = str(payload.get("actor") or "")
            case _:
                pass

    def _trigger(self, begin: datetime) -> dict[str, Any]:
        """Who started the run; how, in the words of the specification, where it has one."""
        actor, parent = self.state.actor, self.state.parent
        told = {"actor": actor, "timestamp": _stamp(begin)}
        if parent is None:
            way, _, rest = str(actor).partition(":")
            kind = rest.partition(":")[0] if way == "trigger" else _STARTED_BY.get(way)
            return ({"type": kind} if kind else {}) | told
        return told | {"parent_run_id": parent.run, "parent_id": parent.node, "spawn_index": parent.index}

    def _child(self, fact: Fact) -> None:
        """A run of its own, as far as its parent knows it."""
        payload, node = fact.payload, self.procedure.nodes[fact.node]
        began = min(self.started.get(fact.node, fact.at), fact.at)
        record = {
            "node_id": fact.node,
            "node_type": node.type.value,
            "status": {"completed": "COMPLETED", "timed_out": "TIMEOUT"}.get(payload["outcome"], "FAILED"),
            "started_at": _stamp(began),
            "ended_at": _stamp(fact.at),
            "duration_ms": _milliseconds(began, fact.at),
            "child_run_id": payload["run"],
            "spawn_index": payload["index"],
        }
        if fact.iteration > 1:
            record["iteration"] = fact.iteration
        spawned_by = [edge.source for edge in self.procedure.incoming[fact.node] if edge.mode is EdgeMode.SPAWN]
        if spawned_by:
            record["parent_id"] = spawned_by[0]
        outputs = node.children.outputs if node.children is not None else ()
        record["outputs"] = self._revealed(payload["outputs"], outputs)
        if payload.get("reason"):
            record["reason"] = mask_text(payload["reason"])
        self.records.append(record)

    def _begun_again(self, fact: Fact) -> None:
        """The attempt that is under way, where there is one, ends here."""
        phase = self.state.nodes[fact.node].phase
        if phase in ANSWERABLE:
            self._ended(fact, "FAILED", reason=f"run again: {mask_text(str(fact.payload['reason']))}")

    def _ended(
        self, fact: Fact, status: str, *, outputs: Mapping[str, Any] | None = None, error: str = "", reason: str = ""
    ) -> None:
        begin = min(self.started.get(fact.node, fact.at), fact.at)
        record = self._begun(fact.node, begin) | {
            "status": status,
            "ended_at": _stamp(fact.at),
            "duration_ms": _milliseconds(begin, fact.at),
        }
        if outputs is not None:
            record["outputs"] = self._revealed(outputs, self.procedure.nodes[fact.node].outputs)
        sends = self._stands(fact.node).sends
        more = {
            "error": error,
            "reason": reason,
            "actor": fact.payload.get("actor"),
            "sends": sends if sends > 1 else 0,
        }
        more |= {"ai_metadata": fact.payload.get("usage")}
        self.records.append(record | {key: value for key, value in more.items() if value})

    def _begun(self, node_id: str, begin: datetime) -> dict[str, Any]:
        """What a record says of an attempt from its start; counts the attempt."""
        node, state = self.procedure.nodes[node_id], self._stands(node_id)
        key = (node_id, state.iteration)
        self.attempts[key] = self.attempts.get(key, 0) + 1
        given = {item.name: state.scope[item.name] for item in node.inputs if item.name in state.scope}
        record: dict[str, Any] = {"node_id": node_id, "node_type": node.type.value}
        record |= {"attempt": self.attempts[key], "status": "RUNNING"}
        if state.iteration > 1:
            record["iteration"] = state.iteration
        if state.undoes is not None:
            record["undoes"] = {"node_id": state.undoes[0], "iteration": state.undoes[1]}
        if retried_by := self.retried_by.pop(node_id, ""):
            record["retried_by"] = retried_by
        return record | {"started_at": _stamp(begin), "inputs": self._revealed(given, node.inputs)}

    def _skipped(self, node_id: str, at: datetime) -> None:
        record = {"node_id": node_id, "node_type": self.procedure.nodes[node_id].type.value, "status": "SKIPPED"}
        times = {"started_at": _stamp(at), "ended_at": _stamp(at), "duration_ms": 0}
        cut_off = self.state.nodes[node_id].cut_off
        reason = "the join behind it did not wait for it" if cut_off else "no edge that leads here was taken"
        if self.state.undoing is not None:
            reason = "the run was being undone before it had ended"
        self.records.append(record | times | {"reason": reason})

    def _unfinished(self, status: RunStatus) -> list[dict[str, Any]]:
        """Records of the nodes that the end of the run, or of the journal so far, finds under way or not reached."""
        records = []
        for key, node in self.state.nodes.items():
            if node.phase in (NodePhase.ACTIVE, NodePhase.WAITING):
                records.append(self._under_way(key, status))
            elif node.phase is NodePhase.PENDING and status not in OPEN:
                records.append(self._not_reached(key))
        return records

    def _not_reached(self, node_id: str) -> dict[str, Any]:
        record = {"node_id": node_id, "node_type": self.procedure.nodes[node_id].type.value}
        if node_id in self.procedure.undo_nodes:
            return record | {"status": "SKIPPED", "reason": "nothing was to be undone by it"}
        return record | {"status": "BLOCKED", "reason": "the run did not come this far"}

    def _stands(self, node_id: str) -> NodeState:
        return self.about or self.state.nodes[node_id]

    def _under_way(self, node_id: str, status: RunStatus) -> dict[str, Any]:
        assert self.last_at is not None
        begin = min(self.started.get(node_id, self.last_at), self.last_at)
        record = self._begun(node_id, begin)
        if status in OPEN:
            waits = self.state.nodes[node_id].phase is NodePhase.WAITING
            return record | ({"reason": self._waits(node_id)} if waits else {})
        ended = {"ended_at": _stamp(self.last_at), "duration_ms": _milliseconds(begin, self.last_at)}
        kind = "TIMEOUT" if status is RunStatus.TIMED_OUT else "FAILED"
        return record | {"status": kind} | ended | {"reason": f"the run ended before: {status.value}"}

    def _waits(self, node_id: str) -> str:
        node = self.state.nodes[node_id]
        says = waited_for(self.procedure.nodes[node_id], node, ENGLISH)
        until = node.wait.until if node.wait else None
        return f"{says} until {Moment().stamp(until)} UTC" if until else says

    def _summary(self, status: RunStatus) -> str:
        state = self.state
        head = ENGLISH[f"run_{status.value}"]
        if status not in OPEN:
            where = f" at {state.outcome_node}" if state.outcome_node else ""
            return mask_text(f"{head}{where}: {state.outcome_reason}" if state.outcome_reason else f"{head}{where}")
        parts = [f"set aside: {state.set_aside}"] if state.set_aside is not None else []
        if state.undoing is not None:
            done, end = len(state.undoing.undone), ENGLISH[f"run_{state.undoing.outcome.value}"]
            parts.append(f"{done} undone so far, then: {end}: {mask_text(state.undoing.reason)}")
        if state.pause is not None:
            parts.append(f"paused by {state.pause.actor}: {state.pause.reason}")
        for key, node in state.nodes.items():
            if node.phase is NodePhase.WAITING:
                parts.append(f"{key}: {self._waits(key)}")
            elif node.phase is NodePhase.RETRYING and node.retry_at:
                parts.append(f"{key}: tried again at {Moment().stamp(node.retry_at)} UTC")
            elif node.phase is NodePhase.BLOCKED:
                parts.append(f"{key}: {_error(node.error or {})}")
            elif node.phase is NodePhase.ACTIVE:
                parts.append(f"{key}: running")
        return mask_text(f"{head}. {'; '.join(parts)}" if parts else head)

    def _revealed(self, values: Mapping[str, Any], declared: Sequence[Field]) -> dict[str, Any]:
        fields = {item.name: item for item in declared}
        return {name: self.reveal(name, fields.get(name), value) for name, value in values.items()}


def _error(payload: Mapping[str, Any]) -> str:
    return mask_text(": ".join(str(payload[key]) for key in ("code", "message") if payload.get(key)))


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _milliseconds(begin: datetime, end: datetime) -> int:
    return max(round((end - begin).total_seconds() * 1000), 0)
