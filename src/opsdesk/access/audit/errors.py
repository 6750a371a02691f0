"""What the audit chain refuses."""

from dataclasses import dataclass

from opsdesk.kit.errors import Invalid, NotFound


@dataclass(eq=False)
class EntryUnknown(NotFound):
    """There is no entry with this number in the audit chain."""

    entry_id: int


@dataclass(eq=False)
class FilterInvalid(Invalid):
    """A filter of the audit chain cannot be used."""

    field: str
    problem: str


@dataclass(eq=False)
class SealingKeyTooShort(Invalid):
    """The secret that the audit chain is signed with is too short."""

    chars: int
    least: int


@dataclass(eq=False)
class HeadInvalid(Invalid):
    """A head of the audit chain is written as its place, a colon, and 64 hexadecimal digits."""

    given: str
