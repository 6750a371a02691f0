"""The places of the chain, one after the other: which of them do not hold, and whose fault it is.

A place fits if its hash is that of its entry and of the hash before. Where one does not, the entry or the hash may have
been changed; the next place tells, because it was sealed over the true hash. So nothing is blamed for its neighbour.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from opsdesk.access.audit.chain import BEFORE_THE_FIRST, hash_of, sealed_content
from opsdesk.access.audit.findings import FINDINGS_KEPT_MAX, Finding, FindingKind, Tell

MOVED_LOOKED_FOR_MAX = 100
"""Places that do not fit and are compared with each other, to tell what was moved from what was changed."""


@dataclass(frozen=True, slots=True)
class Place:
    """One place: what was sealed there, and what is there now."""

    seq: int
    entry_id: int
    hash: str
    entry: Any
    """None: it is gone."""


@dataclass(frozen=True, slots=True)
class _Doubtful:
    place: Place
    previous: str
    computed: str


class Places:
    """Takes the places in their order, and says what is wrong through `tell`.

    `content` is what the hash of a place is made of, by default of one of the audit chain; `noun` what is sealed there.
    The first place comes after the one whose number and hash are `after`.
    """

    def __init__(
        self,
        tell: Tell,
        *,
        content: Callable[..., Mapping[str, Any]] = sealed_content,
        noun: str = "entry",
        after: tuple[int, str] = (0, BEFORE_THE_FIRST),
    ) -> None:
        self._tell = tell
        self._content = content
        self._noun = noun
        self._seq, self._previous = after
        self._doubtful: _Doubtful | None = None
        self._changed: list[_Doubtful] = []

    def take(self, place: Place) -> None:
        """The next place."""
        gap = place.seq != self._seq + 1
        if gap:
            self._settle(seal_is_wrong=False)
            self._tell_gap(self._seq + 1, place.seq - 1)
        if place.entry is None:
            self._settle(seal_is_wrong=False)
            what = f"{self._noun} {place.entry_id} was sealed at place {place.seq} and is gone"
            self._tell(Finding(FindingKind.ENTRY_MISSING, what, seq=place.seq, entry_id=place.entry_id))
        elif not gap:  # what a place after a gap was sealed over is gone, and nothing can be said of it
            self._check(place, place.entry)
        self._seq, self._previous = place.seq, place.hash

    def _check(self, place: Place, entry: Any) -> None:
        computed = hash_of(self._content(entry, seq=place.seq, previous=self._previous))
        if computed == place.hash:
            self._settle(seal_is_wrong=False)
            return
        before = self._doubtful
        if before is not None and hash_of(self._content(entry, seq=place.seq, previous=before.computed)) == place.hash:
            self._settle(seal_is_wrong=True)
            return
        self._settle(seal_is_wrong=False)
        self._doubtful = _Doubtful(place, self._previous, computed)

    def end(self, *, last_hash_is_signed: bool) -> None:
        """No more places. Whether the last hash is what was signed tells whose fault the last place is."""
        self._settle(seal_is_wrong=not last_hash_is_signed)
        moved = self._changed if len(self._changed) <= MOVED_LOOKED_FOR_MAX else []
        for doubtful in self._changed:
            self._tell_changed(doubtful, moved)

    def _settle(self, *, seal_is_wrong: bool) -> None:
        doubtful, self._doubtful = self._doubtful, None
        if doubtful is None:
            return
        if not seal_is_wrong:
            self._changed.append(doubtful)
            if len(self._changed) > FINDINGS_KEPT_MAX:  # nobody reads so many one by one
                self._tell_changed(self._changed.pop(), [])
            return
        place = doubtful.place
        what = f"the hash at place {place.seq} was changed; {self._noun} {place.entry_id} is what it was"
        self._tell(Finding(FindingKind.SEAL_CHANGED, what, seq=place.seq, entry_id=place.entry_id))

    def _tell_changed(self, doubtful: _Doubtful, others: list[_Doubtful]) -> None:
        place = doubtful.place
        for other in others:
            entry = other.place.entry
            assert entry is not None
            if hash_of(self._content(entry, seq=place.seq, previous=doubtful.previous)) == place.hash:
                entry_id = other.place.entry_id
                what = f"{self._noun} {entry_id} was sealed at place {place.seq} and is at place {other.place.seq} now"
                self._tell(Finding(FindingKind.ENTRY_MOVED, what, seq=place.seq, entry_id=entry_id))
                return
        what = f"{self._noun} {place.entry_id} at place {place.seq} is not what was sealed"
        self._tell(Finding(FindingKind.ENTRY_CHANGED, what, seq=place.seq, entry_id=place.entry_id))

    def _tell_gap(self, first: int, last: int) -> None:
        if last < first:
            what = f"place {last + 1} comes twice"
            self._tell(Finding(FindingKind.SEAL_CHANGED, what, seq=last + 1))
            return
        which = f"place {first} is" if first == last else f"places {first} to {last} are"
        what = f"{which} missing from the chain, and place {last + 1} cannot be checked"
        self._tell(Finding(FindingKind.SEAL_MISSING, what, seq=first))
