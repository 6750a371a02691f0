"""Triggers as they stand: listed, activated with a version, moved to another, paused, and put out of use."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import class_row

from opsdesk import access
from opsdesk.flows.definitions import Definition, check, find_version
from opsdesk.flows.findings import Severity
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.trigger import Trigger, TriggerKind
from opsdesk.flows.triggers.declaring import declare, packed, unpacked
from opsdesk.flows.triggers.errors import (
    TriggerNotDeclared,
    TriggerNotFound,
    TriggerStateWrong,
    TriggerUnfit,
    WebhookPathTaken,
)
from opsdesk.flows.triggers.schedule import next_due, upcoming
from opsdesk.kit.db import Connection
from opsdesk.kit.paging import Page, decode_cursor, page_of, page_rows
from opsdesk.kit.secrets import BadSecretName, SecretMissing
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
SHOW = _SQL["show"]
BY_NAME = _SQL["by_name"]
PAGE = _SQL["page"]
LOCK = _SQL["lock"]
CHANGE = _SQL["change"]
LOCK_PATH = _SQL["lock_path"]
HOLDER = _SQL["holder"]

OBJECT = "trigger"
"""What the audit chain calls it."""

Secret = Callable[[str], str]
"""Gives the secret of a name. Raises SecretMissing."""


class TriggerState(StrEnum):
    """Whether a trigger starts runs."""

    INACTIVE = "inactive"
    """Declared, and nothing comes of it."""
    ACTIVE = "active"
    PAUSED = "paused"
    """It keeps its version and its path; what comes is asked to come again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A trigger, and the version that it starts. `declared` is what that version says of it."""

    trigger_id: int
    procedure_id: str
    name: str
    kind: TriggerKind
    state: TriggerState
    definition_id: int | None
    digest: str | None
    version: str | None
    declared: Mapping[str, Any]
    due_at: datetime | None
    changed_at: datetime
    changed_by: str
    newest: str
    """The digest of the procedure's newest version."""
    last_at: datetime | None
    last_state: str | None
    last_run_id: UUID | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", TriggerKind(self.kind))
        object.__setattr__(self, "state", TriggerState(self.state))

    @property
    def trigger(self) -> Trigger:
        return unpacked(self.declared)

    @property
    def is_behind(self) -> bool:
        """Whether there is a newer version than the one that it starts."""
        return self.digest is not None and self.digest != self.newest

    @property
    def called(self) -> str:
        return f"{self.procedure_id}/{self.name}"


@dataclass(frozen=True, slots=True)
class TriggerFilter:
    """Which triggers; what is left out does not restrict."""

    procedure_id: str | None = None
    kind: TriggerKind | None = None
    state: TriggerState | None = None


async def list_triggers(
    conn: Connection, *, only: TriggerFilter = TriggerFilter(), limit: int | None = None, cursor: str | None = None
) -> Page[Standing]:
    """A page of triggers, by procedure and name. Raises BadCursor, BadPageSize."""
    size = page_rows(limit)
    after, after_name = decode_cursor(cursor, shape=(str, str)) if cursor else ("", "")
    values = {
        "procedure_id": only.procedure_id,
        "kind": only.kind,
        "state": only.state,
        "after": after,
        "after_name": after_name,
        "limit": size + 1,
    }
    async with conn.cursor(row_factory=class_row(Standing)) as rows:
        found = await (await rows.execute(SHOW + b"\n" + PAGE, values)).fetchall()
    return page_of(found, size=size, key=lambda row: (row.procedure_id, row.name))


async def show_trigger(conn: Connection, procedure_id: str, name: str) -> Standing:
    """Raises TriggerNotFound."""
    async with conn.cursor(row_factory=class_row(Standing)) as rows:
        values = {"procedure_id": procedure_id, "name": name}
        found = await (await rows.execute(SHOW + b"\n" + BY_NAME, values)).fetchone()
    if found is None:
        raise TriggerNotFound(procedure_id, name)
    return found


def next_fires(standing: Standing, *, now: datetime, count: int) -> list[datetime]:
    """When a trigger by the clock fires next, whether it is active or not; none of another kind."""
    trigger = standing.trigger
    if trigger.kind is not TriggerKind.CRON:
        return []
    return upcoming(trigger.cron, trigger.time_zone, after=now, count=count)


async def activate(
    conn: Connection,
    *,
    procedure_id: str,
    name: str,
    secret: Secret,
    actor: access.Actor,
    now: datetime,
    digest: str | None = None,
) -> Standing:
    """Have a trigger start runs: of the version with this digest, else of its own, else of the newest.

    Active with this version already: nothing is done. Raises ProcedureNotFound, TriggerNotFound, TriggerNotDeclared,
    TriggerUnfit, WebhookPathTaken, and TriggerStateWrong where it is active with another version.
    """
    before = await _locked_or_declared(conn, procedure_id, name, digest=digest, actor=actor, now=now)
    definition, procedure = await find_version(conn, procedure_id, digest or before.digest)
    if before.state is TriggerState.ACTIVE:
        if definition.digest == before.digest:
            return before
        raise TriggerStateWrong(procedure_id, name, before.state)
    return await _put(
        conn,
        before,
        action="trigger.activate",
        state=TriggerState.ACTIVE,
        version=(definition, procedure),
        secret=secret,
        actor=actor,
        now=now,
    )


async def move(
    conn: Connection,
    *,
    procedure_id: str,
    name: str,
    secret: Secret,
    actor: access.Actor,
    now: datetime,
    digest: str | None = None,
) -> Standing:
    """Have a trigger start another version, the newest unless one is named. One that is paused stays so.

    Raises as `activate` does; TriggerStateWrong where it is not in use.
    """
    before = await _locked(conn, procedure_id, name)
    if before.state is TriggerState.INACTIVE:
        raise TriggerStateWrong(procedure_id, name, before.state)
    definition, procedure = await find_version(conn, procedure_id, digest)
    if definition.digest == before.digest:
        return before
    return await _put(
        conn,
        before,
        action="trigger.move",
        state=before.state,
        version=(definition, procedure),
        secret=secret,
        actor=actor,
        now=now,
    )


async def pause(conn: Connection, *, procedure_id: str, name: str, actor: access.Actor, now: datetime) -> Standing:
    """Keep a trigger from starting runs until it is activated again. Times that go by meanwhile are not made up for.

    Raises TriggerNotFound, and TriggerStateWrong unless it is active.
    """
    before = await _locked(conn, procedure_id, name)
    if before.state is not TriggerState.ACTIVE:
        raise TriggerStateWrong(procedure_id, name, before.state)
    after = replace(before, state=TriggerState.PAUSED, due_at=None)
    return await _written(conn, before, after, action="trigger.pause", actor=actor, now=now)


async def deactivate(conn: Connection, *, procedure_id: str, name: str, actor: access.Actor, now: datetime) -> Standing:
    """Put a trigger out of use: its path is free for another, and its deliveries stay listed.

    Raises TriggerNotFound, and TriggerStateWrong where it is out of use already.
    """
    before = await _locked(conn, procedure_id, name)
    if before.state is TriggerState.INACTIVE:
        raise TriggerStateWrong(procedure_id, name, before.state)
    after = replace(before, state=TriggerState.INACTIVE, definition_id=None, digest=None, version=None, due_at=None)
    return await _written(conn, before, after, action="trigger.deactivate", actor=actor, now=now)


async def _locked(conn: Connection, procedure_id: str, name: str) -> Standing:
    await conn.execute(LOCK, {"procedure_id": procedure_id, "name": name})
    return await show_trigger(conn, procedure_id, name)


async def _locked_or_declared(
    conn: Connection, procedure_id: str, name: str, *, digest: str | None, actor: access.Actor, now: datetime
) -> Standing:
    """Versions that were stored before triggers were known are looked into when one of theirs is asked for."""
    try:
        return await _locked(conn, procedure_id, name)
    except TriggerNotFound:
        _definition, procedure = await find_version(conn, procedure_id, digest)
        await declare(conn, procedure, actor=actor, now=now)
        return await _locked(conn, procedure_id, name)


async def _put(
    conn: Connection,
    before: Standing,
    *,
    action: str,
    state: TriggerState,
    version: tuple[Definition, Procedure],
    secret: Secret,
    actor: access.Actor,
    now: datetime,
) -> Standing:
    """In use with a version, which is checked once more, as if it were stored now."""
    definition, procedure = version
    trigger = next((each for each in procedure.triggers if each.id == before.name and each.fires), None)
    if trigger is None:
        raise TriggerNotDeclared(procedure.id, before.name, definition.digest)
    if problems := _problems(definition, procedure, trigger, secret):
        raise TriggerUnfit(procedure.id, before.name, problems)
    if trigger.path:
        await _take_path(conn, before, trigger.path)
    due_at = None
    if trigger.kind is TriggerKind.CRON and state is TriggerState.ACTIVE:
        due_at = next_due(trigger.cron, trigger.time_zone, after=now)
    after = replace(
        before,
        kind=trigger.kind,
        state=state,
        definition_id=definition.definition_id,
        digest=definition.digest,
        version=definition.version,
        due_at=due_at,
    )
    return await _written(conn, before, after, action=action, actor=actor, now=now, trigger=trigger)


def _problems(definition: Definition, procedure: Procedure, trigger: Trigger, secret: Secret) -> list[str]:
    """What lint says today, and what only this installation knows."""
    _procedure, findings = check(procedure.source, file_name=definition.file_name)
    problems = [
        f"{finding.position.line}:{finding.position.column}: {finding.code} {finding.message}"
        for finding in findings
        if finding.severity is Severity.ERROR
    ]
    if trigger.secret_ref:
        try:
            secret(trigger.secret_ref)
        except (SecretMissing, BadSecretName):
            problems.append(f"the secret {trigger.secret_ref} is not set")
    return problems


async def _take_path(conn: Connection, before: Standing, path: str) -> None:
    await conn.execute(LOCK_PATH, {"path": path})
    holder = await (await conn.execute(HOLDER, {"path": path, "trigger_id": before.trigger_id})).fetchone()
    if holder is not None:
        raise WebhookPathTaken(path, holder[0], holder[1])


async def _written(
    conn: Connection,
    before: Standing,
    after: Standing,
    *,
    action: str,
    actor: access.Actor,
    now: datetime,
    trigger: Trigger | None = None,
) -> Standing:
    said, in_use = trigger or before.trigger, after.state is not TriggerState.INACTIVE
    values = {
        "trigger_id": before.trigger_id,
        "kind": said.kind.value,
        "state": after.state.value,
        "definition_id": after.definition_id,
        "declared": packed(said),
        "path": (said.path or None) if in_use else None,
        "event": (said.event or None) if in_use else None,
        "due_at": after.due_at,
        "by": actor.id,
        "now": now,
    }
    await conn.execute(CHANGE, values)
    await access.audit.record(
        conn,
        actor=actor,
        action=action,
        object_kind=OBJECT,
        object_id=before.called,
        before={"state": before.state, "digest": before.digest},
        after={"state": after.state, "digest": after.digest},
        now=now,
    )
    return await show_trigger(conn, before.procedure_id, before.name)
