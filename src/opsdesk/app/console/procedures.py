"""Procedures: listed, read, drawn, compared, stored in new versions, and started."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Query, Request, Response
from markupsafe import Markup
from starlette.datastructures import UploadFile

from opsdesk import access, flows
from opsdesk.app.console import forms, procedure_words, run_words
from opsdesk.app.console.frame import done, formats_of, page, see_other, translate, warning
from opsdesk.app.console.viewer import ProcedureReader, ProcedureWriter, RunWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now

PATH = "/procedures"
PAGE_ROWS = 50
RUNS_SHOWN = 10
VERSIONS_MAX = 100
TEXT_CHARACTERS_MAX = 1_000_000
VIEWS = ("picture", "text", "versions", "times")

routes = APIRouter(include_in_schema=False)
Text = Annotated[str, Query(max_length=200)]


@routes.get(PATH)
async def list_procedures(
    request: Request,
    visitor: ProcedureReader,
    conn: Conn,
    cursor: Annotated[str, Query(max_length=1000)] = "",
) -> Response:
    """The newest version of each."""
    found = await flows.definitions.list_procedures(conn, limit=PAGE_ROWS, cursor=cursor or None)
    return page(
        request,
        visitor,
        "procedures/list.html",
        procedures=found.items,
        next=found.next,
        previous=found.previous,
        cursor=cursor,
        **_rights(visitor),
    )


def _rights(visitor: Visitor) -> dict[str, bool]:
    return {
        "may_write": access.may(visitor.actor, access.Scope.PROCEDURES_WRITE),
        "may_start": access.may(visitor.actor, access.Scope.RUNS_WRITE),
        "may_see_runs": access.may(visitor.actor, access.Scope.RUNS_READ),
    }


@routes.get(PATH + "/new")
async def new_version(
    request: Request, visitor: ProcedureWriter, conn: Conn, of: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """The form for a new procedure, or for a new version of one, which begins with the text of the newest."""
    text, file_name = "", "procedure.osop.yaml"
    if of:
        definition, procedure = await flows.definitions.find_version(conn, of, None)
        text, file_name = procedure.source, definition.file_name
    return _form(request, visitor, text=text, file_name=file_name, of=of)


@routes.post(PATH)
async def store_version(request: Request, visitor: ProcedureWriter, conn: Conn, now: Now) -> Response:
    """Check a text, and store it as a version if that was asked for and it has no errors."""
    given = await request.form()
    try:
        text, file_name = await _document(given)
    finally:
        await request.close()  # and with it the file that came
    of = str(given.get("of") or "")[:200]
    _procedure, findings = await asyncio.to_thread(flows.definitions.check, text, file_name=file_name)
    refused: Sequence[Any] = ()
    if given.get("op") == "store":
        try:
            stored = await flows.definitions.store_procedure(
                conn, text=text, file_name=file_name, actor=visitor.actor, now=now
            )
        except flows.errors.ProcedureRefused as error:
            refused = error.findings
        else:
            return _stored(request, visitor, stored, findings=len(findings))
    told = [procedure_words.Told.of(finding) for finding in findings] or [
        procedure_words.Told.of_refusal(finding) for finding in refused
    ]
    shown = text.decode(errors="replace")
    return _form(
        request, visitor, text=shown, file_name=file_name, of=of, findings=told, refused=bool(refused), checked=True
    )


async def _document(given: Mapping[str, Any]) -> tuple[bytes, str]:
    """The text of the file if one was chosen, else what stands in the form."""
    chosen = given.get("file")
    if isinstance(chosen, UploadFile) and chosen.filename:
        return await chosen.read(), chosen.filename[:200]
    text = str(given.get("text") or "").replace("\r\n", "\n")
    return text.encode(), str(given.get("file_name") or "procedure.osop.yaml")[:200]


def _stored(request: Request, visitor: Visitor, stored: "flows.definitions.Definition", *, findings: int) -> Response:
    _ = translate(request, visitor)
    if not stored.new:
        said = warning(_(N_("This very text is stored already.")))
    elif findings:
        said = warning(_(N_("The version was stored. Lint has something to say about it.")))
    else:
        said = done(_(N_("The version was stored.")))
    return see_other(request, f"{PATH}/{procedure_words.quoted(stored.procedure_id)}", said)


def _form(
    request: Request,
    visitor: Visitor,
    *,
    text: str,
    file_name: str,
    of: str,
    findings: Sequence[procedure_words.Told] = (),
    refused: bool = False,
    checked: bool = False,
) -> Response:
    return page(
        request,
        visitor,
        "procedures/new.html",
        status=422 if refused else 200,
        text=text,
        file_name=file_name,
        of=of,
        findings=findings,
        refused=refused,
        checked=checked,
        characters_max=TEXT_CHARACTERS_MAX,
    )


@routes.get(PATH + "/{procedure_id}")
async def show_procedure(
    request: Request,
    procedure_id: str,
    visitor: ProcedureReader,
    conn: Conn,
    view: Text = "picture",
    version: Text = "",
    to: Text = "",
) -> Response:
    """One version: its picture, its text, what it differs in from another, how long its runs took."""
    definition, procedure = await flows.definitions.find_version(conn, procedure_id, version or None)
    versions = await flows.definitions.list_versions(conn, procedure_id, limit=VERSIONS_MAX)
    shown = view if view in VIEWS else "picture"
    _checked, findings = await asyncio.to_thread(
        flows.definitions.check, procedure.source, file_name=definition.file_name
    )
    language = str(formats_of(request, visitor).locale).replace("_", "-")
    return page(
        request,
        visitor,
        f"procedures/{shown}.html",
        view=shown,
        definition=definition,
        procedure=procedure,
        versions=versions,
        is_newest=versions[0].definition_id == definition.definition_id,
        findings=[procedure_words.Told.of(finding) for finding in findings],
        conformance=flows.reports.conformance_of(procedure.raw, procedure.nodes, procedure.edges, procedure.inputs),
        levels=procedure_words.LEVELS,
        **_rights(visitor),
        **await _more(conn, shown, procedure, versions, definition, to=to, language=language),
        **_run_words(request, visitor),
    )


async def _more(
    conn: Connection,
    view: str,
    procedure: Any,
    versions: Sequence["flows.definitions.Definition"],
    definition: "flows.definitions.Definition",
    *,
    to: str,
    language: str,
) -> dict[str, Any]:
    """What only one of the views shows."""
    if view == "picture":
        drawn = flows.draw.svg(procedure, within_page=True, language=language)
        return {"picture": Markup(drawn)}  # noqa: S704  the drawing quotes
    if view == "text":
        return {"lines": procedure.source.splitlines()}
    if view == "times":
        only = flows.run_list.RunFilter(procedure_id=procedure.id)
        found = await flows.run_list.list_runs(conn, only=only, limit=RUNS_SHOWN)
        return {"times": await flows.reports.durations(conn, procedure), "runs": found.items}
    older = [each for each in versions if each.definition_id < definition.definition_id]
    if not to and not older:
        return {"other": None, "comparison": None, "change_words": procedure_words.change_words}
    other, old = await flows.definitions.find_version(conn, procedure.id, to or older[0].digest)
    compared = flows.reports.compare(old, procedure)
    return {"other": other, "comparison": compared, "change_words": procedure_words.change_words}


def _run_words(request: Request, visitor: Visitor) -> dict[str, Any]:
    _ = translate(request, visitor)
    return {
        "statuses": {status.value: _(text) for status, text in run_words.STATUSES.items()},
        "badges": {status.value: badge for status, badge in run_words.BADGES.items()},
        "_words": _,
    }


@routes.get(PATH + "/{procedure_id}/start")
async def start_form(request: Request, procedure_id: str, visitor: RunWriter, conn: Conn) -> Response:
    """The form with what a run of the newest version is started with."""
    return await _start_form(request, visitor, conn, procedure_id, typed={"key": uuid4().hex}, errors={})


@routes.post(PATH + "/{procedure_id}/start")
async def start(request: Request, procedure_id: str, visitor: RunWriter, conn: Conn, now: Now) -> Response:
    """Start it once, however often the button is pressed, and show the run."""
    typed = {name: value for name, value in (await request.form()).items() if isinstance(value, str)}
    _ = translate(request, visitor)
    _definition_id, procedure = await flows.definitions.latest_definition(conn, procedure_id)
    inputs, errors = forms.read_values(procedure.inputs, typed, _)
    if not errors:
        try:
            run, new = await flows.runs.start_run(
                conn,
                procedure_id=procedure_id,
                inputs=inputs,
                actor=visitor.actor,
                now=now,
                key=flows.arrivals.key_of(visitor.actor, typed.get("key") or uuid4().hex),
            )
        except flows.errors.InputsInvalid as error:
            errors["inputs"] = "; ".join(error.problems)
        else:
            text = _(N_("The run was started.")) if new else _(N_("The run was started before."))
            return see_other(request, f"/runs/{run.run_id}", done(text))
    return await _start_form(request, visitor, conn, procedure_id, typed=typed, errors=errors)


async def _start_form(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    procedure_id: str,
    *,
    typed: Mapping[str, str],
    errors: Mapping[str, str],
) -> Response:
    definition, procedure = await flows.definitions.find_version(conn, procedure_id, None)
    return page(
        request,
        visitor,
        "procedures/start.html",
        status=422 if errors else 200,
        definition=definition,
        procedure=procedure,
        controls=forms.controls(procedure.inputs, typed, translate(request, visitor)),
        key=typed.get("key", ""),
        errors=errors,
    )
