"""The procedures that are known: stored by content, never changed, and made ready to run once a process."""

import asyncio
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.document import executable, load
from opsdesk.flows.errors import ProcedureNotFound, ProcedureRefused
from opsdesk.flows.expressions import compile_conditions
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import lint
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.program import Program
from opsdesk.flows.triggers.declaring import declare
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.paging import Page, decode_place, page_of, page_rows
from opsdesk.kit.sql import backwards, statements

_SQL = statements(__file__)
INSERT_DEFINITION = _SQL["insert_definition"]
STORED_DEFINITION = _SQL["stored_definition"]
READ_DEFINITION = _SQL["read_definition"]
LATEST_DEFINITION = _SQL["latest_definition"]
LIST_DEFINITIONS = _SQL["list_definitions"]
LIST_BEFORE = backwards(LIST_DEFINITIONS)
LIST_VERSIONS = _SQL["list_versions"]
FIND_NAMED_VERSION = _SQL["find_named_version"]
FIND_VERSION = _SQL["find_version"]

CALLED_MAX = 100
"""Procedures that are looked into for a circle of procedures that run each other."""
PROGRAMS_MAX = 500
"""Procedures kept ready in one process; the one that was used longest ago goes first."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A stored version of a procedure."""

    definition_id: int
    procedure_id: str
    name: str
    version: str
    digest: str
    file_name: str
    created_at: datetime
    stored_by: str | None = None
    """The id of the actor; None where that was not kept yet."""
    new: bool = False
    """The call that returned it stored it."""


def check(text: str | bytes, *, file_name: str) -> tuple[Procedure | None, list[Finding]]:
    """Everything that is to be said about a document, sorted by place; the procedure if it can be read at all."""
    loaded = load(text, name=file_name)
    if loaded.procedure is None:
        return None, list(loaded.findings)
    return loaded.procedure, lint(loaded.procedure, loaded.findings)


async def store_procedure(
    conn: Connection, *, text: str | bytes, file_name: str, actor: access.Actor, now: datetime
) -> Definition:
    """Store a version of a procedure, once for the same text.

    Raises ProcedureRefused with every error at once; a procedure that could not be run is refused too.
    """
    # In a thread: a large document takes longer than other requests of this process should wait.
    procedure, blocking = await asyncio.to_thread(_runnable, text, file_name)
    if procedure is None or blocking:
        raise ProcedureRefused(file_name, [_told(finding) for finding in blocking])
    if any(node.children is not None and node.children.procedure for node in procedure.nodes.values()):
        await _refuse_circles(conn, procedure, file_name)
    values = {
        "digest": procedure.digest,
        "procedure_id": procedure.id,
        "name": procedure.name,
        "version": procedure.version,
        "source": procedure.source,
        "file_name": file_name,
        "now": now,
        "stored_by": actor.id,
    }
    inserted = await conn.execute(INSERT_DEFINITION, values)
    async with conn.cursor(row_factory=class_row(Definition)) as rows:
        stored = await (await rows.execute(STORED_DEFINITION, values)).fetchone()
    assert stored is not None
    if inserted.rowcount == 0:
        return stored
    await access.audit.record(
        conn,
        actor=actor,
        action="procedure.store",
        object_kind="procedure",
        object_id=procedure.id,
        after={"digest": procedure.digest, "version": procedure.version, "file_name": file_name},
        now=now,
    )
    await declare(conn, procedure, actor=actor, now=now)
    return replace(stored, new=True)


async def _refuse_circles(conn: Connection, procedure: Procedure, file_name: str) -> None:
    """Where what it runs leads back to it, by the newest versions that are stored, it would run without an end."""
    ways: dict[str, tuple[str, ...]] = {procedure.id: (procedure.id,)}
    pending = [procedure]
    while pending and len(ways) <= CALLED_MAX:
        current = pending.pop(0)
        for node in current.nodes.values():
            called = node.children.procedure if node.children is not None else None
            if called == procedure.id:
                way = " → ".join((*ways[current.id], called))
                where = next(each for each in procedure.nodes.values() if each.children is not None)
                message = f"{way} goes round in a circle"
                finding = Finding(Code.IMPORT_CYCLE, Severity.ERROR, message, "", where.position, "workflow_ref")
                raise ProcedureRefused(file_name, [_told(finding)])
            if called is not None and called not in ways:
                ways[called] = (*ways[current.id], called)
                with suppress(ProcedureNotFound):
                    pending.append((await latest_definition(conn, called))[1])


def _runnable(text: str | bytes, file_name: str) -> tuple[Procedure | None, list[Finding]]:
    """The procedure if it can be read, and why it cannot be run."""
    procedure, findings = check(text, file_name=file_name)
    blocking = [finding for finding in findings if finding.severity is Severity.ERROR]
    return procedure, blocking or (executable(procedure) if procedure is not None else [])


def _told(finding: Finding) -> dict[str, object]:
    return {
        "code": finding.code,
        "severity": finding.severity.value,
        "line": finding.position.line,
        "column": finding.position.column,
        "message": finding.message,
        "hint": finding.hint,
    }


async def latest_definition(conn: Connection, procedure_id: str) -> tuple[int, Procedure]:
    """The newest version of a procedure. Raises ProcedureNotFound."""
    row = await (await conn.execute(LATEST_DEFINITION, {"procedure_id": procedure_id})).fetchone()
    if row is None:
        raise ProcedureNotFound(procedure_id)
    return row[0], _reread(row[1], row[2])


async def read_definition(conn: Connection, definition_id: int) -> Procedure:
    row = await (await conn.execute(READ_DEFINITION, {"definition_id": definition_id})).fetchone()
    assert row is not None, "runs refer to definitions that exist"
    return _reread(row[1], row[2])


def _reread(source: str, file_name: str) -> Procedure:
    procedure = load(source, name=file_name).procedure
    assert procedure is not None, "only documents without errors are stored"
    return procedure


async def list_procedures(conn: Connection, *, limit: int | None = None, cursor: str | None = None) -> Page[Definition]:
    """The latest version of each procedure, by id."""
    size = page_rows(limit)
    place = decode_place(cursor, shape=(str,))
    (after,) = place.key or ("",)
    statement = LIST_BEFORE if place.backwards else LIST_DEFINITIONS
    async with conn.cursor(row_factory=class_row(Definition)) as rows:
        await rows.execute(statement, {"after": after, "limit": size + 1})
        return page_of(await rows.fetchall(), size=size, key=lambda row: (row.procedure_id,), place=place)


async def list_versions(conn: Connection, procedure_id: str, *, limit: int | None = None) -> list[Definition]:
    """The versions of a procedure, newest first. Raises ProcedureNotFound."""
    async with conn.cursor(row_factory=class_row(Definition)) as rows:
        await rows.execute(LIST_VERSIONS, {"procedure_id": procedure_id, "limit": page_rows(limit)})
        versions = await rows.fetchall()
    if not versions:
        raise ProcedureNotFound(procedure_id)
    return versions


async def find_version(conn: Connection, procedure_id: str, digest: str | None) -> tuple[Definition, Procedure]:
    """The version with this digest, or a beginning of it; without one the newest. Raises ProcedureNotFound."""
    async with conn.cursor(row_factory=class_row(Definition)) as rows:
        values = {"procedure_id": procedure_id, "digest": digest or ""}
        found = await (await rows.execute(FIND_VERSION, values)).fetchone()
    if found is None:
        raise ProcedureNotFound(procedure_id)
    return found, await read_definition(conn, found.definition_id)


async def find_named_version(conn: Connection, procedure_id: str, named: str) -> Definition:
    """By what the document calls its version, or by its digest or the beginning of it. Raises ProcedureNotFound."""
    async with conn.cursor(row_factory=class_row(Definition)) as rows:
        values = {"procedure_id": procedure_id, "named": named}
        found = await (await rows.execute(FIND_NAMED_VERSION, values)).fetchone()
    if found is None or not named:
        raise ProcedureNotFound(f"{procedure_id}@{named}")
    return found


class Definitions:
    """Procedures made ready to run, kept in memory: they never change."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._programs: OrderedDict[int, Program] = OrderedDict()

    async def program(self, definition_id: int) -> Program:
        program = self._programs.get(definition_id)
        if program is None:
            async with self._db.connection() as conn:
                procedure = await read_definition(conn, definition_id)
            program = self._programs[definition_id] = Program(procedure, compile_conditions(procedure))
            if len(self._programs) > PROGRAMS_MAX:
                self._programs.popitem(last=False)
        self._programs.move_to_end(definition_id)
        return program
