"""What is wrong, or worth knowing, in a document: where, in which words, and what to do."""

from dataclasses import dataclass, field
from enum import StrEnum

from opsdesk.flows.procedure import Position


class Severity(StrEnum):
    """How much a finding matters."""

    ERROR = "error"
    """The procedure is refused."""
    WARNING = "warning"
    """The procedure runs, and something is probably not as its author thinks."""
    NOTE = "note"
    """Something that was found out and is good to know, such as a proof."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding; `code` is stable (`OSOP` and three digits) and documented in docs/reference/lint.md."""

    code: str
    severity: Severity
    message: str
    hint: str = ""
    position: Position = field(default_factory=Position)
    where: str = ""
    """The part of the document in its own words, such as `nodes.register.timeout_sec`."""
