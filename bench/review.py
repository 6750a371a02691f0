"""What the review desk costs: tickets made, lists of a million of them, and fifty reviewers who take the next one.

`generation`: tickets made by the newest versions of one of thousands of types and its adapt, each durable and audited,
beside the bare inserts that this needs (the ticket with its event, and its entry in the audit chain), in turns.
`list_…`: a page of the list with its count, for each filter. `take_next`: reviewers who claim the next ticket at once,
decide it after a while and take another one; no ticket may go to two of them.

    .venv/bin/python bench/review.py [--tickets 1000000] [--types 2000] [--rounds 3] [--seconds 5] [--json]
"""

import asyncio
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from uuid import UUID

from figures import arguments, line, tell
from opsdesk.access import Actor, Scope
from opsdesk.app import process
from opsdesk.app.wiring import MIGRATION_STEPS
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.embedded import EmbeddedServer
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from opsdesk.kit.migrate import migrate
from opsdesk.review import Ticket, TicketDecision
from opsdesk.review.model import ScreeningStatus, Verdict
from opsdesk.review.reference.model import Bucket
from opsdesk.review.screening.deciding import Judgement, decide_screening
from opsdesk.review.screening.review_list import ReviewFilter, count_for_review, list_for_review
from opsdesk.review.screening.taking import claim_next
from review_grounds import REVIEWERS, configure, fill, make

LIMIT_MS = 50.0
WRITERS = 8
LOOKS = 40
"""At each list, with other values each time."""
THINKS_S = 1.0
"""How long a reviewer looks at a ticket, on average: much shorter than people do."""
DECIDING = Judgement(Verdict.PASS)
COLUMNS = b"select json_agg(column_name) from information_schema.columns where table_name = %(table)s"


@dataclass
class Numbers:
    """Flow numbers that no ticket has yet."""

    last: int = 0

    def next(self) -> int:
        self.last += 1
        return self.last


@asynccontextmanager
async def desk() -> AsyncIterator[Database]:
    with tempfile.TemporaryDirectory(prefix="opsdesk-bench-") as folder, EmbeddedServer(Path(folder)) as url:
        await migrate(url, steps=MIGRATION_STEPS)
        db = Database(url)
        await db.open()
        try:
            yield db
        finally:
            await db.close()


async def rate(seconds: float, once: Callable[[], Awaitable[Any]]) -> float:
    """How often a second, by WRITERS at a time."""
    began, done = time.perf_counter(), 0

    async def loop() -> None:
        nonlocal done
        while time.perf_counter() - began < seconds:
            await once()
            done += 1

    await asyncio.gather(*[loop() for _ in range(WRITERS)])
    return done / (time.perf_counter() - began)


async def generation(db: Database, *, types: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    numbers, now = Numbers(), datetime.now(UTC)
    like = await make(db, number=numbers.next(), type_id=1, now=now)
    inserts = await Inserts.of(db, like)

    async def made() -> None:
        await make(db, number=numbers.next(), type_id=random.randint(1, types), now=now)

    async def bare() -> None:
        await inserts.one(db, f"F-{numbers.next()}")

    found: dict[str, list[float]] = {"made": [], "bare": []}
    await rate(seconds / 4, made)
    for _ in range(rounds):
        found["bare"].append(await rate(seconds, bare))
        found["made"].append(await rate(seconds, made))
    limit = median(found["bare"])
    return [line("generation", median(found["made"]), "tickets/s", limit=limit, at_least=0.5)]


@dataclass(frozen=True, slots=True)
class Inserts:
    """The rows that a ticket is, known beforehand, and nothing but their inserts."""

    statements: tuple[bytes, ...]

    @staticmethod
    async def of(db: Database, like: UUID) -> "Inserts":
        """Such rows as this ticket has."""
        new = {"id": "%(id)s", "subject": "%(subject)s"}
        event, entry = {"ticket_id": "%(id)s"}, {"object_id": "%(id)s::text"}
        rows = (("ticket", "id", new), ("ticket_event", "ticket_id", event), ("audit_entry", "object_id", entry))
        async with db.connection() as conn:
            return Inserts(tuple([await _insert(conn, *row, like=like) for row in rows]))

    async def one(self, db: Database, subject: str) -> None:
        values = {"id": new_id(), "subject": subject}
        async with db.transaction() as conn:
            for statement in self.statements:
                await conn.execute(statement, values)


async def _insert(conn: Connection, table: str, key: str, new: Mapping[str, str], *, like: UUID) -> bytes:
    """An insert of the row that is there, as text, with some of its columns anew."""
    generated = {"ticket_event": {"id"}, "audit_entry": {"entry_id"}}.get(table, set())
    (names,) = await (await conn.execute(COLUMNS, {"table": table})).fetchone() or ([],)
    kept = [name for name in names if name not in generated]
    asked = ", ".join(f"{name} as {name}" if name in new else f"quote_nullable({name}::text)" for name in kept)
    row = await (
        await conn.execute(f"select {asked} from {table} where {key}::text = %(like)s".encode(), {"like": str(like)})
    ).fetchone()
    assert row is not None
    values = [new.get(name) or str(text).replace("%", "%%") for name, text in zip(kept, row, strict=True)]
    return f"insert into {table} ({', '.join(kept)}) values ({', '.join(values)})".encode()


FILTERS: Mapping[str, Callable[[int], ReviewFilter]] = {
    "list_all": lambda _: ReviewFilter(),
    "list_one_type": lambda look: ReviewFilter(type_name=f"Screening {2 + look * 37 % 1900}"),
    "list_types_by_part": lambda look: ReviewFilter(type_name=f"ening {2 + look}"),
    "list_application": lambda look: ReviewFilter(application=("cash_loan", "credit_line", "none")[look % 3]),
    "list_scene": lambda _: ReviewFilter(application="cash_loan", scene="activation"),
    **{
        f"list_{status.value}": lambda _, status=status: ReviewFilter(status=status)  # type: ignore[misc]  # mypy infers no default of a lambda
        for status in ScreeningStatus
    },
    "list_result": lambda look: ReviewFilter(result=list(Verdict)[look % 3]),
    "list_reviewer": lambda look: ReviewFilter(reviewer=f"person:reviewer-{look % REVIEWERS}@example.com"),
    "list_number": lambda look: ReviewFilter(number=f"U-{look * 31}" if look % 2 else f"B-{look * 31}"),
    "list_days": lambda look: ReviewFilter(
        opened_from=datetime.now(UTC) - timedelta(days=look % 30 + 1),
        opened_to=datetime.now(UTC) - timedelta(days=look % 30),
    ),
    "list_several": lambda look: ReviewFilter(
        application="credit_line",
        status=ScreeningStatus.COMPLETED,
        result=Verdict.REJECT,
        reviewer=f"person:reviewer-{look % REVIEWERS}@example.com",
        opened_from=datetime.now(UTC) - timedelta(days=60),
    ),
}


async def lists(db: Database) -> list[dict[str, Any]]:
    """The slowest of the looks at each list but for one in twenty: a page from the beginning, and one after it."""
    lines = []
    for name, filtered in FILTERS.items():
        times = []
        for look in range(LOOKS):
            times.append(await _look_ms(db, filtered(look)))
        lines.append(line(name, quantiles(times, n=20)[18], "ms", limit=LIMIT_MS, at_most=1.0))
    return lines


async def _look_ms(db: Database, only: ReviewFilter) -> float:
    """What the page of the list asks for."""
    now, began = datetime.now(UTC), time.perf_counter()
    async with db.connection() as conn:
        page = await list_for_review(conn, bucket=Bucket.KYC, only=only, now=now)
        await count_for_review(conn, bucket=Bucket.KYC, only=only, now=now)
        took = time.perf_counter() - began
        if page.next is not None:
            again = time.perf_counter()
            await list_for_review(conn, bucket=Bucket.KYC, only=only, cursor=page.next, now=now)
            took = max(took, time.perf_counter() - again)
    return took * 1000


@dataclass
class Taken:
    """What reviewers got, and how long each waited for it."""

    tickets: list[UUID] = field(default_factory=list)
    times_ms: list[float] = field(default_factory=list)

    async def next(self, db: Database, actor: Actor) -> Ticket:
        began = time.perf_counter()
        with bound(request_id="bench"):
            async with db.transaction() as conn:
                ticket = await claim_next(conn, bucket=Bucket.KYC, actor=actor, now=datetime.now(UTC))
        assert ticket is not None, "there are more tickets than reviewers"
        self.times_ms.append((time.perf_counter() - began) * 1000)
        self.tickets.append(ticket.id)
        return ticket


async def _told(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
    """Nobody hears of these decisions."""


async def _reviews(db: Database, taken: Taken, number: int, *, seconds: float) -> None:
    """One reviewer, from when all begin until the time is over."""
    actor = Actor(f"key:reviewer-{number}", f"reviewer-{number}", frozenset({"reviewer"}), frozenset(Scope))
    until = time.perf_counter() + seconds
    await asyncio.sleep(THINKS_S * number / REVIEWERS)
    while time.perf_counter() < until:
        ticket = await taken.next(db, actor)
        await asyncio.sleep(random.uniform(0.5, 1.5) * THINKS_S)
        with bound(request_id="bench"):
            async with db.transaction() as conn:
                await decide_screening(
                    conn,
                    ticket_id=ticket.id,
                    judgement=DECIDING,
                    actor=actor,
                    key=str(ticket.id),
                    now=datetime.now(UTC),
                    on_decided=_told,
                )


async def taking(db: Database, *, seconds: float) -> list[dict[str, Any]]:
    working = Taken()
    await asyncio.gather(*[_reviews(db, working, number, seconds=seconds) for number in range(REVIEWERS)])
    twice = sum(times > 1 for times in Counter(working.tickets).values())
    assert twice == 0, f"{twice} tickets went to two reviewers"
    p99 = quantiles(working.times_ms, n=100)[98]
    return [
        line("take_next_p99", p99, "ms", limit=LIMIT_MS, at_most=1.0),
        line("take_next_median", median(working.times_ms), "ms"),
        line("taken", len(working.tickets) / seconds, "tickets/s"),
    ]


async def measure(*, tickets: int, types: int, rounds: int, seconds: float) -> list[dict[str, Any]]:
    async with desk() as db:
        now = datetime.now(UTC)
        await configure(db, types_wanted=types, now=now)
        lines = await generation(db, types=types, rounds=rounds, seconds=seconds)
        like = await make(db, number=-1, type_id=1, now=now)
        await fill(db, like=like, count=tickets, now=now)
        return [*lines, *await lists(db), *await taking(db, seconds=seconds * rounds)]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--tickets", type=int, default=1_000_000)
    parser.add_argument("--types", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=5.0)
    options = parser.parse_args()
    measured = measure(tickets=options.tickets, types=options.types, rounds=options.rounds, seconds=options.seconds)
    return tell(process.run(measured), options)


if __name__ == "__main__":
    sys.exit(main())
