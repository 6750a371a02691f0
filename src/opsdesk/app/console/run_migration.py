"""The pages on which waiting runs are moved to another version: first what fits, then the move."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from opsdesk import flows
from opsdesk.app.console import migration_words, procedure_words
from opsdesk.app.console.frame import done, page, see_other, translate, warning
from opsdesk.app.console.viewer import RunWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

REASON_CHARACTERS_MAX = 2000
VERSIONS_MAX = 100

routes = APIRouter(include_in_schema=False)
Text = Annotated[str, Query(max_length=200)]
Definition = flows.definitions.Definition
migrating = flows.arrivals.migrating


@routes.get("/runs/{run_id}/migration")
async def run_form(request: Request, run_id: UUID, visitor: RunWriter, conn: Conn, to: Text = "") -> Response:
    """Which versions there are, and whether the run fits the one that is chosen."""
    return await _run_page(request, visitor, conn, run_id, to=to, reason="", error="")


@routes.post("/runs/{run_id}/migration")
async def move_run(request: Request, run_id: UUID, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """Move it, and show it; where it does not fit, show why."""
    typed = await _typed(request)
    to, reason, _ = typed.get("to", "")[:200], typed.get("reason", "").strip(), translate(request, visitor)
    if error := _wrong(reason, _):
        return await _run_page(request, visitor, conn, run_id, to=to, reason=reason, error=error)
    try:
        await migrating.migrate(conn, run_id=run_id, to=to, reason=reason, actor=visitor.actor, now=now)
    except flows.errors.RunDoesNotFit:
        return await _run_page(request, visitor, conn, run_id, to=to, reason=reason, error="")
    return see_other(request, f"/runs/{run_id}", done(_(N_("The run goes on in this version."))))


async def _run_page(
    request: Request, visitor: Visitor, conn: Connection, run_id: UUID, *, to: str, reason: str, error: str
) -> Response:
    run = await flows.runs.show_run(conn, run_id)
    versions = await flows.definitions.list_versions(conn, run.procedure_id, limit=VERSIONS_MAX)
    others = [each for each in versions if each.definition_id != run.definition_id]
    chosen = await _chosen(conn, run.procedure_id, to or (others[0].digest if others else ""), others)
    found = await migrating.check(conn, run_id=run_id, to=chosen.digest) if chosen else None
    return page(
        request,
        visitor,
        "migration/run.html",
        status=422 if error or (reason and found and not found.fits) else 200,
        run=run,
        versions=others,
        chosen=chosen,
        found=found,
        reason=reason,
        errors={"reason": error} if error else {},
        why=lambda misfit: migration_words.why(misfit, translate(request, visitor)),
    )


async def _chosen(conn: Connection, procedure_id: str, to: str, others: Sequence[Definition]) -> Definition | None:
    """Raises ProcedureNotFound."""
    if not to:
        return None
    named = await flows.definitions.find_named_version(conn, procedure_id, to)
    return named if named.definition_id in {each.definition_id for each in others} else None


@dataclass(frozen=True, slots=True)
class Asked:
    """Which runs are meant, and where they are to go. `after`: the last run of the batch before."""

    procedure_id: str
    before: str
    to: str
    after: UUID | None = None
    reason: str = ""


@routes.get("/procedures/{procedure_id}/migration")
async def version_form(
    request: Request,
    procedure_id: str,
    visitor: RunWriter,
    conn: Conn,
    now: Now,
    before: Annotated[str, Query(alias="from", max_length=200)] = "",
    to: Text = "",
    after: UUID | None = None,
) -> Response:
    """The open runs by version, and which of those of one fit another."""
    asked = Asked(procedure_id, before, to, after)
    return await _version_page(request, visitor, conn, now, asked)


@routes.post("/procedures/{procedure_id}/migration")
async def move_runs(request: Request, procedure_id: str, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """Move those that fit, so many as one batch has; how many were, is said where the rest is shown."""
    typed = await _typed(request)
    before, to = (typed.get(name, "")[:200] for name in ("from", "to"))
    reason, _ = typed.get("reason", "").strip(), translate(request, visitor)
    asked = Asked(procedure_id, before, to, UUID(typed["after"]) if typed.get("after") else None, reason)
    if error := _wrong(reason, _):
        return await _version_page(request, visitor, conn, now, asked, error=error)
    batch = await migrating.migrate_waiting(
        conn,
        procedure_id=procedure_id,
        before=before,
        to=to,
        reason=reason,
        actor=visitor.actor,
        now=now,
        after=asked.after,
    )
    left = len(batch.items) - batch.moved
    said = _(N_("%(moved)s runs were moved, %(left)s stay.")) % {"moved": batch.moved, "left": left}
    address = f"/procedures/{procedure_words.quoted(procedure_id)}/migration?from={batch.before}&to={batch.after}"
    address += f"&after={asked.after}" if asked.after else ""
    return see_other(request, address, done(said) if batch.moved else warning(said))


async def _version_page(
    request: Request, visitor: Visitor, conn: Connection, now: Now, asked: Asked, *, error: str = ""
) -> Response:
    versions = await flows.definitions.list_versions(conn, asked.procedure_id, limit=VERSIONS_MAX)
    counts = await migrating.open_runs_of_versions(conn, asked.procedure_id)
    others = [each for each in versions[1:] if counts.get(each.definition_id)]
    source = asked.before or (others[0].digest if others else "")
    batch = None
    target = asked.to or versions[0].digest
    if source:
        batch = await migrating.migrate_waiting(
            conn,
            procedure_id=asked.procedure_id,
            before=source,
            to=target,
            reason="",
            actor=None,
            now=now,
            after=asked.after,
        )
    return page(
        request,
        visitor,
        "migration/version.html",
        status=422 if error else 200,
        procedure=versions[0],
        versions=versions,
        counts=counts,
        source=batch.before if batch else "",
        target=batch.after if batch else target,
        batch=batch,
        after=asked.after,
        reason=asked.reason,
        errors={"reason": error} if error else {},
        why=lambda misfit: migration_words.why(misfit, translate(request, visitor)),
    )


async def _typed(request: Request) -> Mapping[str, str]:
    return {name: value for name, value in (await request.form()).items() if isinstance(value, str)}


def _wrong(reason: str, translate_: Any) -> str:
    if 1 <= len(reason) <= REASON_CHARACTERS_MAX:
        return ""
    return str(translate_(N_("A reason of at most 2,000 characters is needed.")))
