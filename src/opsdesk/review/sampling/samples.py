"""Quality samples: drawn from what was decided in a time, kept with what they were drawn with, and drawn again."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg.rows import class_row, dict_row

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements
from opsdesk.review.answers import text_problem
from opsdesk.review.decisions import check_key
from opsdesk.review.model import Verdict
from opsdesk.review.reference.entries import show_scene
from opsdesk.review.sampling.drawing import Decided, draw, population_digest
from opsdesk.review.sampling.errors import (
    NothingToSample,
    PopulationTooLarge,
    SampleInvalid,
    SampleKeyReused,
    SampleUnknown,
)

SIZE_MAX = 1000
POPULATION_MAX = 100_000
SEED_CHARS_MAX = 64
TYPES_MAX = 100
PAGE_ROWS = 20
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""Nothing was decided before, and times long before it cannot be kept."""

_SQL = statements(__file__)
_POPULATION = _SQL["population"]
_UNKNOWN_TYPES = _SQL["unknown_types"]
_INSERT_SAMPLE = _SQL["insert_sample"]
_INSERT_DRAWN = _SQL["insert_drawn"]
_SAMPLE_OF_KEY = _SQL["sample_of_key"]
_LIST_SAMPLES = _SQL["list_samples"]
_LIST_BEFORE = backwards(_LIST_SAMPLES)
_DRAWN_TICKETS = _SQL["drawn_tickets"]


@dataclass(frozen=True, slots=True)
class DrawnFrom:
    """Which decided tickets a sample is drawn from."""

    application: str
    scene: str
    decided_from: datetime
    decided_to: datetime
    """Not included."""
    type_ids: tuple[int, ...] = ()
    """The screening types; none: all."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample as it was drawn, and how far it is judged."""

    sample_id: int
    application: str
    scene: str
    decided_from: datetime
    decided_to: datetime
    type_ids: Sequence[int]
    wanted: int
    seed: str
    population: int
    """How many tickets it was drawn from."""
    population_sha256: str
    drawn: int
    drawn_at: datetime
    operator: str
    judged: int
    agreed: int

    @property
    def overturned(self) -> int:
        return self.judged - self.agreed

    @property
    def drawn_from(self) -> DrawnFrom:
        return DrawnFrom(self.application, self.scene, self.decided_from, self.decided_to, tuple(self.type_ids))


@dataclass(frozen=True, slots=True)
class DrawnAgain:
    """What drawing a sample again with what is kept of it comes to."""

    population: int
    population_sha256: str
    is_same_population: bool
    is_same_sample: bool


async def draw_sample(
    conn: Connection,
    drawn_from: DrawnFrom,
    *,
    size: int,
    seed: str | None = None,
    actor: Actor,
    key: str,
    now: datetime,
) -> Sample:
    """Draw a sample of tickets that were decided in a time, some of every type, verdict and reviewer.

    Without a `seed` one is drawn that nobody can choose. The same `key` of the same person with the same wishes
    changes nothing.

    Raises SampleInvalid, SceneUnknown, NothingToSample, PopulationTooLarge, SampleKeyReused, AnswerKeyInvalid,
    ScopeMissing.
    """
    require(actor, Scope.QUALITY_WRITE)
    check_key(key)
    if (earlier := await _sample_of_key(conn, actor, key)) is not None:
        return _repeated(earlier, drawn_from, size=size, seed=seed)
    await _check(conn, drawn_from, size=size, seed=seed, now=now)
    population = await _population(conn, drawn_from)
    if not population:
        raise NothingToSample(drawn_from.application, drawn_from.scene)
    seed = seed or secrets.token_hex(16)
    # In a thread: what else this process does should not wait for it.
    drawn, digest = await asyncio.to_thread(_drawn, population, size=size, seed=seed)
    kept = {
        **asdict(drawn_from),
        "type_ids": sorted(set(drawn_from.type_ids)),
        "wanted": size,
        "seed": seed,
        "population": len(population),
        "population_sha256": digest,
        "drawn": len(drawn),
    }
    row = await (await conn.execute(_INSERT_SAMPLE, {**kept, "now": now, "operator": actor.id, "key": key})).fetchone()
    if row is None:  # the same at the same moment: the insert waited for it
        found = await _sample_of_key(conn, actor, key)
        assert found is not None, "the key is taken by what is there"
        return _repeated(found, drawn_from, size=size, seed=seed)
    await conn.execute(_INSERT_DRAWN, {"sample_id": row[0], **_columns(drawn)})
    await audit.record(
        conn,
        actor=actor,
        action="quality_sample.draw",
        object_kind="quality_sample",
        object_id=str(row[0]),
        after={**kept, "tickets": [str(each.ticket_id) for each in drawn]},
        now=now,
    )
    return await show_sample(conn, sample_id=row[0], actor=actor)


async def list_samples(
    conn: Connection, *, actor: Actor, limit: int = PAGE_ROWS, cursor: str | None = None
) -> Page[Sample]:
    """A page of the samples, the last drawn first. Raises BadCursor, ScopeMissing."""
    require(actor, Scope.QUALITY_READ)
    place = decode_place(cursor, shape=(int,))
    values = {"only": None, "after_id": place.key[0] if place.key else None, "rows": limit + 1}
    statement = _LIST_BEFORE if place.backwards else _LIST_SAMPLES
    rows = await (await conn.cursor(row_factory=class_row(Sample)).execute(statement, values)).fetchall()
    return page_of(rows, size=limit, key=lambda sample: (sample.sample_id,), place=place)


async def show_sample(conn: Connection, *, sample_id: int, actor: Actor) -> Sample:
    """Raises SampleUnknown, ScopeMissing."""
    require(actor, Scope.QUALITY_READ)
    return await _sample(conn, sample_id)


async def draw_again(conn: Connection, *, sample_id: int, actor: Actor) -> DrawnAgain:
    """Draw a sample again from what was decided in its time, and compare; nothing is written.

    Raises SampleUnknown, PopulationTooLarge, ScopeMissing.
    """
    sample = await show_sample(conn, sample_id=sample_id, actor=actor)
    population = await _population(conn, sample.drawn_from)
    drawn, digest = await asyncio.to_thread(_drawn, population, size=sample.wanted, seed=sample.seed)
    again = [each.ticket_id for each in drawn]
    rows = await (await conn.execute(_DRAWN_TICKETS, {"sample_id": sample_id})).fetchall()
    return DrawnAgain(
        population=len(population),
        population_sha256=digest,
        is_same_population=digest == sample.population_sha256,
        is_same_sample=again == [ticket_id for (ticket_id,) in rows],
    )


def _drawn(population: Sequence[Decided], *, size: int, seed: str) -> tuple[Sequence[Decided], str]:
    """The sample, and the digest of what it was drawn from."""
    return draw(population, size=size, seed=seed), population_digest(population)


async def _sample(conn: Connection, sample_id: int) -> Sample:
    values = {"only": sample_id, "after_id": None, "rows": 1}
    found = await (await conn.cursor(row_factory=class_row(Sample)).execute(_LIST_SAMPLES, values)).fetchone()
    if found is None:
        raise SampleUnknown(sample_id)
    return found


async def _population(conn: Connection, drawn_from: DrawnFrom) -> list[Decided]:
    """Raises PopulationTooLarge."""
    values = {**asdict(drawn_from), "type_ids": list(drawn_from.type_ids), "rows": POPULATION_MAX + 1}
    rows = await (await conn.cursor(row_factory=dict_row).execute(_POPULATION, values)).fetchall()
    if len(rows) > POPULATION_MAX:
        raise PopulationTooLarge(POPULATION_MAX)
    return [Decided(**row | {"verdict": Verdict(row["verdict"])}) for row in rows]


async def _check(conn: Connection, drawn_from: DrawnFrom, *, size: int, seed: str | None, now: datetime) -> None:
    """Raises SampleInvalid, SceneUnknown."""
    problems: dict[str, list[str]] = {}
    if not 1 <= size <= SIZE_MAX:
        problems["size"] = [f"is not a number from 1 to {SIZE_MAX}"]
    if seed is not None and (problem := _seed_problem(seed)):
        problems["seed"] = [problem]
    if drawn_from.decided_from < EARLIEST:
        problems["decided_from"] = [f"is before the year {EARLIEST.year}"]
    if drawn_from.decided_from >= drawn_from.decided_to:
        problems["decided_to"] = ["is not after the beginning"]
    elif drawn_from.decided_to > now:
        problems["decided_to"] = ["has not come yet: more may be decided until then"]
    if len(drawn_from.type_ids) > TYPES_MAX:
        problems["types"] = [f"are more than {TYPES_MAX}"]
    elif unknown := await _unknown_types(conn, drawn_from.type_ids):
        problems["types"] = [f"{type_id} is no screening type" for type_id in unknown]
    if problems:
        raise SampleInvalid(problems)
    await show_scene(conn, application=drawn_from.application, scene=drawn_from.scene)


async def _unknown_types(conn: Connection, type_ids: Sequence[int]) -> list[int]:
    rows = await (await conn.execute(_UNKNOWN_TYPES, {"type_ids": list(type_ids)})).fetchall()
    return [type_id for (type_id,) in rows]


def _seed_problem(seed: str) -> str | None:
    if not seed.strip():
        return "is empty"
    if problem := text_problem(seed, chars_max=SEED_CHARS_MAX):
        return problem
    return None if seed.isprintable() else "holds characters that cannot be printed"


async def _sample_of_key(conn: Connection, actor: Actor, key: str) -> Sample | None:
    row = await (await conn.execute(_SAMPLE_OF_KEY, {"operator": actor.id, "key": key})).fetchone()
    return None if row is None else await _sample(conn, row[0])


def _repeated(earlier: Sample, drawn_from: DrawnFrom, *, size: int, seed: str | None) -> Sample:
    """Raises SampleKeyReused."""
    wished = asdict(drawn_from) | {"type_ids": tuple(sorted(set(drawn_from.type_ids)))}
    if asdict(earlier.drawn_from) != wished or earlier.wanted != size or seed not in (None, earlier.seed):
        raise SampleKeyReused
    return earlier


def _columns(drawn: Sequence[Decided]) -> Mapping[str, Any]:
    ids: list[UUID] = [each.ticket_id for each in drawn]
    return {
        "ticket_ids": ids,
        "numbers": [each.number for each in drawn],
        "type_ids": [each.type_id for each in drawn],
        "verdicts": [each.verdict.value for each in drawn],
        "reviewers": [each.reviewer for each in drawn],
    }
