"""Procedures over HTTP: stored, read, checked and drawn."""

import asyncio
from base64 import b64encode
from hashlib import sha256
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic.json_schema import SkipJsonSchema

from opsdesk import access
from opsdesk.flows import definitions, draw
from opsdesk.flows.document import executable
from opsdesk.flows.errors import ProcedureNotFound, ProcedureRefused
from opsdesk.flows.findings import Severity
from opsdesk.flows.views_procedures import DefinitionPage, DefinitionView, FindingView, LintView, ProcedureView
from opsdesk.kit.http_errors import JsonResponse, documented
from opsdesk.kit.http_json import JSON_TYPES, ContentTypeRefused, check_content_type
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Cursor, Limit, named, text_schema
from opsdesk.kit.paging import BadCursor, BadPageSize

YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
FILE_NAME_CHARACTERS_MAX = 200
SVG_POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(draw.STYLE.encode()).digest()).decode()}'"

_RUNTIME = {"url": "https://partner.example", "endpoint": "/hello", "method": "POST"}
_EXAMPLE = {
    "osop_version": "2.0",
    "id": "greet",
    "name": "Greet the customer",
    "nodes": [
        {"id": "hello", "type": "api", "name": "Hello", "purpose": "Say hello", "runtime": _RUNTIME, "timeout_sec": 60}
    ],
    "edges": [],
}


def _documents(schema: dict[str, Any]) -> dict[str, Any]:
    described = {"schema": schema, "example": _EXAMPLE}
    return {
        "requestBody": {
            "required": True,
            "description": "The document itself, as YAML or as JSON.",
            "content": dict.fromkeys((*YAML_TYPES, *JSON_TYPES), described),
        }
    }


SVG_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}, "description": "The picture."}
}

procedure_routes = APIRouter(prefix="/v1", tags=["procedures"])


async def _document(
    request: Request,
    file: Annotated[
        str | SkipJsonSchema[None],
        Query(
            description="The name of the file, for messages.",
            max_length=FILE_NAME_CHARACTERS_MAX,
            json_schema_extra=text_schema(),
        ),
    ] = None,
) -> tuple[bytes, str]:
    """The text and the name of its file, whose ending tells YAML from JSON.

    Routes name it before their guard, so that no connection waits for somebody who sends slowly.
    """
    is_json = check_content_type(request, (*YAML_TYPES, *JSON_TYPES)) in JSON_TYPES
    ending = ".osop.json" if is_json else ".osop.yaml"
    if file is None or file.endswith(".json") != is_json:
        file = (file or "procedure") + ending
    return await request.body(), file


Document = Annotated[tuple[bytes, str], Depends(_document)]
Language = Annotated[Literal["en", "zh-CN"], Query(description="Which language the picture speaks.")]
ProcedureId = Annotated[str, named("The id of the procedure, as its document has it.")]


def svg_response(svg: str) -> Response:
    """A picture that a browser may show and nothing in it may run or be fetched."""
    return Response(svg, media_type="image/svg+xml", headers={"Content-Security-Policy": SVG_POLICY})


@procedure_routes.post(
    "/procedures",
    status_code=201,
    summary="Store a version of a procedure",
    response_model=DefinitionView,
    responses=documented(*access.guard.REFUSALS, ContentTypeRefused, ProcedureRefused)
    | {200: {"model": DefinitionView, "description": "This very text is known already."}},
    openapi_extra=_documents({"type": "object", "description": "A procedure as the OSOP specification has it."}),
)
async def store_procedure(document: Document, actor: access.guard.ProcedureWriter, conn: Conn, now: Now) -> Response:
    """Refused with every error of the document at once. A new version changes nothing about runs under way."""
    text, file_name = document
    definition = await definitions.store_procedure(conn, text=text, file_name=file_name, actor=actor, now=now)
    body = DefinitionView.of(definition).model_dump()
    return JsonResponse(body, status_code=201 if definition.new else 200)


@procedure_routes.get(
    "/procedures",
    summary="List the procedures",
    responses=documented(*access.guard.REFUSALS, BadPageSize, BadCursor),
)
async def list_procedures(
    _: access.guard.ProcedureReader, conn: Conn, limit: Limit = None, cursor: Cursor = None
) -> DefinitionPage:
    """The newest version of each, by id."""
    page = await definitions.list_procedures(conn, limit=limit, cursor=cursor)
    return DefinitionPage(items=list(map(DefinitionView.of, page.items)), next=page.next)


@procedure_routes.post(
    "/procedures/lint",
    summary="Check a document without storing it",
    responses=documented(*access.guard.REFUSALS, ContentTypeRefused),
    openapi_extra=_documents({"description": "Anything: what is wrong with it is the answer."}),
)
async def lint_procedure(document: Document, _: access.guard.ProcedureReader) -> LintView:
    """Also a document with errors is answered with 200: the findings are the answer."""
    text, file_name = document
    # In a thread: a large document takes longer than other requests should wait.
    return await asyncio.to_thread(_linted, text, file_name)


def _linted(text: bytes, file_name: str) -> LintView:
    procedure, findings = definitions.check(text, file_name=file_name)
    runnable = procedure is not None and all(finding.severity is not Severity.ERROR for finding in findings)
    return LintView(
        procedure=procedure.id if procedure else None,
        runnable=runnable and procedure is not None and not executable(procedure),
        findings=list(map(FindingView.of, findings)),
    )


@procedure_routes.get(
    "/procedures/{procedure_id}",
    summary="Show a procedure",
    responses=documented(*access.guard.REFUSALS, ProcedureNotFound),
)
async def show_procedure(_: access.guard.ProcedureReader, procedure_id: ProcedureId, conn: Conn) -> ProcedureView:
    """The newest version."""
    _definition_id, procedure = await definitions.latest_definition(conn, procedure_id)
    newest = await definitions.list_versions(conn, procedure_id, limit=1)
    return ProcedureView.whole(newest[0], procedure)


@procedure_routes.get(
    "/procedures/{procedure_id}/versions",
    summary="List the versions of a procedure",
    responses=documented(*access.guard.REFUSALS, ProcedureNotFound, BadPageSize),
)
async def list_versions(
    _: access.guard.ProcedureReader, procedure_id: ProcedureId, conn: Conn, limit: Limit = None
) -> DefinitionPage:
    """The newest first."""
    versions = await definitions.list_versions(conn, procedure_id, limit=limit)
    return DefinitionPage(items=list(map(DefinitionView.of, versions)), next=None)


@procedure_routes.get(
    "/procedures/{procedure_id}/diagram",
    summary="Draw a procedure",
    response_class=Response,
    responses=documented(*access.guard.REFUSALS, ProcedureNotFound) | SVG_RESPONSE,
)
async def draw_procedure(
    _: access.guard.ProcedureReader, procedure_id: ProcedureId, conn: Conn, language: Language = "en"
) -> Response:
    """The newest version, as SVG."""
    _definition_id, procedure = await definitions.latest_definition(conn, procedure_id)
    return svg_response(draw.svg(procedure, language=language))
