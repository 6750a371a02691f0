"""Audits of the ledger: whether what must always hold does, and whether postings are what they were.

A full audit looks at everything. One of what is new begins where the last one ended that found nothing: it adds to the
sums of that one, and looks at the postings since, at their lots and their wallets, and at the places of the chain
since. Each leaves a signed report.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from opsdesk import access
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.paging import Page, decode_place, page_of
from opsdesk.kit.sql import backwards, statements
from opsdesk.points import chain, invariants, invariants_since, verification
from opsdesk.points.errors import AuditUnknown
from opsdesk.points.signing import AuditKey, Signed

FORMAT = "opsdesk points audit 1"
ACCOUNTS: Mapping[int, str] = {1: "issued", 2: "wallets", 3: "held", 4: "spent", 5: "expired"}
PAGE_ROWS = 20

_SQL = statements(__file__)
_LIST = _SQL["list_audits"]
_BEFORE = backwards(_LIST)


@dataclass(frozen=True, slots=True)
class Checks:
    """What is asked, by name: of everything, and of what came after a posting. Each begins with what it says."""

    full: Mapping[str, bytes]
    since: Mapping[str, bytes]


LEDGER = Checks(full=invariants.INVARIANTS, since=invariants_since.INVARIANTS)


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit that was made, with its report."""

    audit_id: int
    at: datetime
    actor: str
    is_full: bool
    is_whole: bool
    findings: int
    seq: int
    report: Mapping[str, Any]
    key_id: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class _From:
    """Where an audit begins."""

    head: chain.Head
    sums: Mapping[int, int]
    audit_id: int | None = None


_BEGINNING = _From(chain.Head(0, 0, chain.BEFORE_THE_FIRST), {})


async def audit(
    database: Database,
    *,
    full: bool,
    key: AuditKey,
    checks: Checks = LEDGER,
    actor: access.Actor,
    now: datetime,
) -> Audit:
    """Look at the ledger as it is at one moment, and keep the signed report. Locks nothing; seals before what can be.

    An audit of what is new looks at everything where there was none before that found nothing.
    """
    await chain.catch_up(database)
    async with database.transaction() as conn:
        await conn.execute(_SQL["one_snapshot"])
        begin = _BEGINNING if full else await _last_whole(conn, key)
        report = await _report(conn, begin, is_full=begin.audit_id is None, key=key, checks=checks, now=now)
    async with database.transaction() as conn:
        return await _keep(conn, report, key=key, actor=actor, now=now)


async def _last_whole(conn: Connection, key: AuditKey) -> _From:
    """Of the newest audit, if it found nothing and this key has signed it; else the beginning."""
    newest = await newest_audit(conn)
    if newest is None or not newest.is_whole or not key.has_signed(newest.report, newest.signature):
        return _BEGINNING
    told = newest.report["chain"]
    sums = {account: newest.report["sealed_sums"][name] for account, name in ACCOUNTS.items()}
    return _From(chain.Head(told["seq"], told["posting_id"], told["hash"]), sums, newest.audit_id)


async def _report(
    conn: Connection, begin: _From, *, is_full: bool, key: AuditKey, checks: Checks, now: datetime
) -> dict[str, Any]:
    found = await verification.verify(conn, after=begin.head)
    if is_full:
        await _check_signed(conn, found, key)
    head, after = found.head, begin.head.posting_id
    sealed = await _sums(conn, begin.sums, after=after, upto=head.posting_id)
    values = {"after": after, "accounts": list(begin.sums), "sums": list(begin.sums.values())}
    asked = checks.full if is_full else checks.since
    given = None if is_full else values
    told = {
        name: {
            "says": _says(checks.full.get(name, statement)),
            "findings": [what for (what,) in await (await conn.execute(statement, given)).fetchall()],
        }
        for name, statement in asked.items()
    }
    return {
        "format": FORMAT,
        "at": now,
        "is_full": is_full,
        "since_audit": begin.audit_id,
        "after_posting": after,
        "postings": await _count(conn, after),
        "checks": told,
        "only_in_full": sorted(checks.full.keys() - asked.keys()),
        "accounts": _named(await _sums(conn, sealed, after=head.posting_id, upto=2**63 - 1)),
        "sealed_sums": _named(sealed),
        "outstanding": dict(await (await conn.execute(_SQL["outstanding"], {"now": now})).fetchall()),
        "chain": {
            **asdict(head),
            "places": found.places,
            "unsealed": await chain.count_unsealed(conn),
            "found": found.found,
            "findings": found.findings,
        },
        "findings": found.found + sum(len(each["findings"]) for each in told.values()),
    }


async def _check_signed(conn: Connection, report: verification.ChainReport, key: AuditKey) -> None:
    """Every audit there was: whether its report is what was signed, and its head still in the chain."""
    heads = []
    for row in await (await conn.cursor(row_factory=dict_row).execute(_SQL["signed"])).fetchall():
        told = row["report"]["chain"]
        if row["key_id"] == key.id and not key.has_signed(row["report"], row["signature"]):
            report.add(f"audit {row['audit_id']} is not what was signed")
        elif (told["seq"], told["hash"]) != (row["seq"], row["hash"]):
            report.add(f"audit {row['audit_id']} names another head than its report")
        else:
            heads.append(chain.Head(told["seq"], told["posting_id"], told["hash"]))
    for what in (await verification.differing_heads(conn, heads)).values():
        report.add(what)


def _says(statement: bytes) -> str:
    """What a check says: the comment that it begins with."""
    return " ".join(line[3:] for line in statement.decode().splitlines() if line.startswith("-- "))


async def _sums(conn: Connection, before: Mapping[int, int], *, after: int, upto: int) -> Mapping[int, int]:
    found = dict(await (await conn.execute(_SQL["sums"], {"after": after, "upto": upto})).fetchall())
    return {account: before.get(account, 0) + found.get(account, 0) for account in ACCOUNTS}


async def _count(conn: Connection, after: int) -> int:
    row = await (await conn.execute(_SQL["count"], {"after": after, "upto": 2**63 - 1})).fetchone()
    assert row is not None
    return int(row[0])


def _named(sums: Mapping[int, int]) -> dict[str, int]:
    return {name: sums[account] for account, name in ACCOUNTS.items()}


async def _keep(
    conn: Connection, found: Mapping[str, Any], *, key: AuditKey, actor: access.Actor, now: datetime
) -> Audit:
    # As it will be read, so that what is signed is what is kept.
    report: dict[str, Any] = access.audit.plain(found)
    signed = key.sign(report)
    values = {
        "at": now,
        "actor": actor.id,
        "is_full": report["is_full"],
        "is_whole": report["findings"] == 0,
        "findings": report["findings"],
        "seq": report["chain"]["seq"],
        "key_id": key.id,
        "signature": base64.b64decode(signed.signature),
    }
    stored = values | {"report": Jsonb(report), "hash": bytes.fromhex(report["chain"]["hash"])}
    row = await (await conn.execute(_SQL["insert"], stored)).fetchone()
    assert row is not None
    await access.audit.record(
        conn,
        actor=actor,
        action="points.audit",
        object_kind="points_audit",
        object_id=str(row[0]),
        after={"findings": report["findings"], "signature": signed.signature},
        now=now,
    )
    return Audit(audit_id=row[0], **values, report=report)


async def newest_audit(conn: Connection) -> Audit | None:
    """The last one that was made."""
    return await (await conn.cursor(row_factory=class_row(Audit)).execute(_SQL["newest"])).fetchone()


async def show_audit(conn: Connection, *, audit_id: int, actor: access.Actor) -> Audit:
    """Raises AuditUnknown, ScopeMissing."""
    access.require(actor, access.Scope.POINTS_READ)
    rows = await conn.cursor(row_factory=class_row(Audit)).execute(_SQL["show_audit"], {"audit_id": audit_id})
    if (found := await rows.fetchone()) is None:
        raise AuditUnknown(audit_id)
    return found


async def list_audits(
    conn: Connection,
    *,
    actor: access.Actor,
    broken: bool = False,
    limit: int = PAGE_ROWS,
    cursor: str | None = None,
) -> Page[Audit]:
    """A page of the audits, the newest first; `broken`: only those that found something.

    Raises BadCursor, ScopeMissing.
    """
    access.require(actor, access.Scope.POINTS_READ)
    place = decode_place(cursor, shape=(int,))
    values = {"after": place.key[0] if place.key else None, "broken": broken, "rows": limit + 1}
    statement = _BEFORE if place.backwards else _LIST
    found: Sequence[Audit] = await (
        await conn.cursor(row_factory=class_row(Audit)).execute(statement, values)
    ).fetchall()
    return page_of(found, size=limit, key=lambda each: (each.audit_id,), place=place)


def signed_report(audit: Audit, key: AuditKey) -> Signed:
    """The report with its signature, as a file of it holds both."""
    return Signed(audit.report, audit.key_id, key.public_key, base64.b64encode(audit.signature).decode())
