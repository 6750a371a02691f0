"""Which tickets a sample takes: by lots that follow from its seed, some of every stratum. Pure."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from uuid import UUID

from opsdesk.review.model import Verdict

Stratum = tuple[int, str, str]
"""The screening type, the verdict, and who gave it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A decided ticket as it is drawn from: with the answer that decided it."""

    ticket_id: UUID
    number: int
    """Of that answer."""
    type_id: int
    verdict: Verdict
    reviewer: str
    """Who stands behind that answer."""

    @property
    def stratum(self) -> Stratum:
        return self.type_id, self.verdict.value, self.reviewer


def draw(population: Iterable[Decided], *, size: int, seed: str) -> tuple[Decided, ...]:
    """A sample of `size` tickets, or of all that there are, in the order in which they are judged.

    The same seed and the same tickets come to the same sample, in whichever order the tickets are given: whoever has
    both can draw it again. Within a stratum every ticket is as likely as any other.
    """
    strata: dict[Stratum, list[Decided]] = {}
    for each in population:
        strata.setdefault(each.stratum, []).append(each)
    places = allocation({stratum: len(members) for stratum, members in strata.items()}, size=size, seed=seed)
    drawn = [
        each
        for stratum, count in places.items()
        for each in sorted(strata[stratum], key=lambda member: _lot(seed, "ticket", member.ticket_id.hex))[:count]
    ]
    return tuple(sorted(drawn, key=lambda each: _lot(seed, "order", each.ticket_id.hex)))


def allocation(counts: Mapping[Stratum, int], *, size: int, seed: str) -> dict[Stratum, int]:
    """How many of each stratum are drawn: in proportion to how many it has, and at least one of each.

    Where there are more strata than places, the largest get one each, and lots decide among equal ones.
    """
    strata = sorted(counts, key=lambda each: (-counts[each], _lot(seed, "stratum", *map(str, each))))
    total = sum(counts.values())
    size = min(size, total)
    if size <= len(strata):
        return dict.fromkeys(strata[:size], 1)
    quotas = {each: Fraction(size * counts[each], total) for each in strata}
    places = {each: max(1, int(quotas[each])) for each in strata}
    while (left := size - sum(places.values())) != 0:
        # Whole parts are given first; the rest goes to where most is missing, and comes from where most is too much.
        if left > 0:
            free = [each for each in strata if places[each] < counts[each]]
            places[max(free, key=lambda each: quotas[each] - places[each])] += 1
        else:
            rich = [each for each in strata if places[each] > 1]
            places[max(rich, key=lambda each: places[each] - quotas[each])] -= 1
    return places


def population_digest(population: Iterable[Decided]) -> str:
    """SHA-256 of what was drawn from: a line for each ticket, by their ids."""
    digest = hashlib.sha256()
    for each in sorted(population, key=lambda member: member.ticket_id):
        parts: Sequence[object] = (each.ticket_id, each.number, *each.stratum)
        digest.update("\t".join(map(str, parts)).encode() + b"\n")
    return digest.hexdigest()


def _lot(seed: str, *about: str) -> bytes:
    return hashlib.sha256("\0".join((seed, *about)).encode()).digest()
