"""What verifying may find, each by what it is about."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from opsdesk.access.audit.chain import Head

FINDINGS_KEPT_MAX = 1000
"""The rest is counted."""


class FindingKind(StrEnum):
    """What is wrong with a place of the chain."""

    ENTRY_CHANGED = "entry_changed"
    """The entry is not what was sealed."""
    ENTRY_MISSING = "entry_missing"
    """The entry that was sealed is gone."""
    ENTRY_INSERTED = "entry_inserted"
    """The entry was neither sealed nor does it wait for it: whoever wrote it went around the application."""
    ENTRY_MOVED = "entry_moved"
    """The entry was sealed at another place."""
    SEAL_CHANGED = "seal_changed"
    """The entry is what it was, and its hash is not."""
    SEAL_MISSING = "seal_missing"
    """Nothing is at this place."""
    BATCH_CHANGED = "batch_changed"
    """The signature does not fit: the batch, or the chain up to it, was made by somebody without the key."""
    BATCH_MISSING = "batch_missing"
    """These places belong to no batch."""
    KEY_UNKNOWN = "key_unknown"
    """The batch was signed with a key that is not here."""
    HEAD_DIFFERS = "head_differs"
    """The place that was noted elsewhere has another hash now, or is gone."""
    WAITING_FOR_NOTHING = "waiting_for_nothing"
    """An entry that was still to be sealed is gone, or was sealed already."""
    JOURNAL_CHANGED = "journal_changed"
    """The journal of a run is not what it was when the run ended."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. `seq` is the place in the chain, `entry_id` the row of `audit_entry`."""

    kind: FindingKind
    what: str
    seq: int | None = None
    entry_id: int | None = None
    run_id: str | None = None


@dataclass(slots=True)
class Report:
    """What verifying has seen."""

    entries: int = 0
    """How many are in the chain."""
    batches: int = 0
    signatures_checked: bool = False
    journals: int | None = None
    """How many journals were compared; None: they were not looked at."""
    unsealed: int = 0
    oldest_unsealed_s: float | None = None
    head: Head | None = None
    last_sealed_at: datetime | None = None
    findings: list[Finding] = field(default_factory=list)
    """At most FINDINGS_KEPT_MAX of them."""
    found: int = 0
    """How many there are."""

    @property
    def whole(self) -> bool:
        return self.found == 0

    def add(self, finding: Finding) -> None:
        self.found += 1
        if len(self.findings) < FINDINGS_KEPT_MAX:
            self.findings.append(finding)


Tell = Callable[[Finding], None]
