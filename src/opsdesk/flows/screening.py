"""The screening type that makes the ticket of a human node, and what a verdict is in the outputs of the node. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class VerdictWord(StrEnum):
    """What people say of a ticket that a screening type makes."""

    PASS = "pass"  # noqa: S105 - a verdict, and no password
    REJECT = "reject"
    RESUBMIT = "resubmit"
    """The customer is asked for the documents again; it is offered where the node says what follows from it."""


class Told(StrEnum):
    """What comes back of such a ticket."""

    DECISION = "decision"
    CODES = "codes"
    """The reject codes, as the type says that they go back."""
    REASONS = "reasons"
    """The reasons in words."""
    REMARK = "remark"


TOLD = frozenset(each.value for each in Told)
VERDICTS = frozenset(each.value for each in VerdictWord)
NEEDED = (VerdictWord.PASS, VerdictWord.REJECT)
"""What people can say of every ticket."""
ByVerdict = Mapping[VerdictWord, Any]
OutputSource = Told | ByVerdict
"""What an output is: one of those, or a value for each verdict."""


@dataclass(frozen=True, slots=True)
class Screening:
    """The ticket is made by the screening type of this name, by its adapt to an application and scene."""

    type: str
    application: str
    scene: str
    user: str
    """The input that says whom it is about."""
    outputs: Mapping[str, OutputSource] = field(default_factory=dict)
    """By output of the node. One that is not here is what came back under its own name."""
    may_derive: bool = False
    """Where there is no type of this name, the ticket is derived from the node as if it named none."""

    def source_of(self, output: str) -> OutputSource | None:
        """Where an output comes from; None: from nowhere."""
        if output in self.outputs:
            return self.outputs[output]
        return Told(output) if output in TOLD else None

    @property
    def verdicts(self) -> tuple[VerdictWord, ...]:
        """What can be said: pass, reject, and whatever else every output by verdict has a value for."""
        by_verdict = [source for source in self.outputs.values() if not isinstance(source, Told)]
        resubmit = bool(by_verdict) and all(VerdictWord.RESUBMIT in source for source in by_verdict)
        return (*NEEDED, VerdictWord.RESUBMIT) if resubmit else NEEDED


@dataclass(frozen=True, slots=True)
class TicketVerdict:
    """What people said of a ticket that a screening type made."""

    decision: str
    codes: tuple[str, ...]
    reasons: tuple[str, ...]
    remark: str


def answer_of(screening: Screening, verdict: TicketVerdict) -> dict[str, Any]:
    """The verdict as an answer to the node: everything under its own name, and its outputs as the node says."""
    told: dict[str, Any] = {
        Told.DECISION.value: verdict.decision,
        Told.CODES.value: list(verdict.codes),
        Told.REASONS.value: list(verdict.reasons),
        Told.REMARK.value: verdict.remark,
    }
    answer = dict(told)
    for name, source in screening.outputs.items():
        if isinstance(source, Told):
            answer[name] = told[source.value]
        elif verdict.decision in source:
            answer[name] = source[VerdictWord(verdict.decision)]
        else:
            answer.pop(name, None)
    return answer
