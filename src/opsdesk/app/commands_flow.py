"""`opsdesk flow`: procedures as files, and the versions that are stored."""

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_data, print_json, print_table, say
from opsdesk.kit.errors import Invalid

if TYPE_CHECKING:
    from opsdesk import flows

STANDARD_INPUT = "-"


File = Annotated[
    str, typer.Argument(help="A procedure (.osop, .osop.yaml, .osop.json); `-` reads standard input.", metavar="FILE")
]
Out = Annotated[Path | None, typer.Option("--out", help="Write to this file instead of standard output.")]


@dataclass(eq=False)
class DocumentUnreadable(Invalid):
    """The document cannot be read as a procedure."""

    file: str
    findings: list[dict[str, Any]]


@command
def lint_files(
    files: Annotated[
        list[str], typer.Argument(help="Procedures or collections (.sop); `-` reads standard input.", metavar="FILE…")
    ],
    as_json: AsJson = False,
    sarif: Annotated[
        Path | None, typer.Option("--sarif", help="Write the findings as SARIF 2.1.0 to this file.")
    ] = None,
) -> int:
    """Check procedures, and say everything that is to be said at once. Exit 1 if any has errors.

    Each finding is one line: file:line:column: severity CODE message (hint). docs/reference/lint.md explains the codes.
    Of a collection, every procedure in it is checked too. References to other files are followed in the folder only.

    Example: `opsdesk flow lint procedures/customer-onboarding.osop.yaml --sarif findings.sarif`
    """
    from opsdesk import flows

    checked = dict(each for file in files for each in flows.lint.check_file(file, load=load_document))
    findings = {shown_name(name): each.findings for name, each in checked.items()}
    procedures = {shown_name(name): each.procedure for name, each in checked.items()}
    collections = {shown_name(name) for name, each in checked.items() if each.is_collection}
    if sarif is not None:
        import json

        sarif.write_text(json.dumps(flows.lint.sarif(findings), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    if as_json:
        print_json({"files": [_linted(name, procedures[name], found) for name, found in findings.items()]})
    else:
        for name, found in findings.items():
            for finding in found:
                print_data(flows.lint.format_finding(finding, file=name))
            say(_summary(name, procedures[name], found, is_collection=name in collections))
    return int(any(flows.lint.has_errors(found) for found in findings.values()))


def shown_name(file: str) -> str:
    return "<stdin>" if file == STANDARD_INPUT else file


def load_document(file: str) -> "flows.document.Loaded":
    """A file, or standard input, where a document that begins with a brace is JSON."""
    from opsdesk import flows

    if file != STANDARD_INPUT:
        return flows.document.load_file(file)
    text = document_bytes(STANDARD_INPUT)
    return flows.document.load(text, name="stdin.json" if text.lstrip().startswith(b"{") else "stdin.yaml")


def _summary(
    name: str, procedure: "flows.document.Procedure | None", findings: Sequence[Any], *, is_collection: bool
) -> str:
    from opsdesk import flows

    counts = Counter(finding.severity.value for finding in findings)
    told = [f"{counts[kind]} {kind}{'' if counts[kind] == 1 else 's'}" for kind in ("error", "warning", "note")]
    if procedure is None:
        return f"{name}: {', '.join(told)}; {'a collection' if is_collection else 'not a procedure'}"
    runs = "cannot run" if flows.lint.has_errors(findings) or flows.document.executable(procedure) else "can run"
    return f"{name}: {', '.join(told)}; conformance level {procedure.conformance}; {runs}"


def _linted(name: str, procedure: "flows.document.Procedure | None", findings: Sequence[Any]) -> dict[str, Any]:
    from opsdesk import flows

    runnable = (
        procedure is not None and not flows.lint.has_errors(findings) and not flows.document.executable(procedure)
    )
    view = flows.views.LintView(
        procedure=procedure.id if procedure else None,
        runnable=runnable,
        findings=list(map(flows.views.FindingView.of, findings)),
    )
    return {"file": name, "conformance": procedure.conformance if procedure else None, **view.model_dump()}


def read_procedure(file: str) -> "flows.document.Procedure":
    """The procedure of a file, also one with errors, so long as it can be read at all. Raises DocumentUnreadable."""
    from opsdesk import flows

    loaded = load_document(file)
    if loaded.procedure is None:
        findings = [flows.views.FindingView.of(finding).model_dump() for finding in loaded.findings]
        raise DocumentUnreadable(shown_name(file), findings)
    if errors := len(loaded.errors):
        say(f"{shown_name(file)} has {errors} error{'' if errors == 1 else 's'}: opsdesk flow lint shows them")
    return loaded.procedure


@command
def draw_file(
    file: File,
    out: Out = None,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Mermaid text instead of SVG.")] = False,
    language: Annotated[str, typer.Option("--language", help="Of the words in the SVG: `en` or `zh`.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Draw a procedure as SVG, or as Mermaid text.

    Example: `opsdesk flow draw procedures/customer-onboarding.osop.yaml --language zh --out onboarding.svg`
    """
    from opsdesk import flows

    if language not in ("en", "zh", "zh-CN"):
        raise typer.BadParameter("is en or zh", param_hint="--language")
    procedure = read_procedure(file)
    kind = "mermaid" if mermaid else "svg"
    text = flows.draw.mermaid(procedure) if mermaid else flows.draw.svg(procedure, language=language)
    if out is not None:
        out.write_text(text, encoding="utf-8")
        say(f"drawn in {out}")
    if as_json:
        print_json({"procedure": procedure.id, "kind": kind, "file": out, **({} if out else {"text": text})})
    elif out is None:
        print_data(text)


@command
def show_file(
    file: File,
    language: Annotated[str, typer.Option("--language", help="Of the words: `en` or `zh`.")] = "en",
    as_json: AsJson = False,
) -> None:
    """Read a procedure as text: its steps, and where each leads.

    Example: `opsdesk flow show procedures/customer-onboarding.osop.yaml`
    """
    from opsdesk import flows

    procedure = read_procedure(file)
    if as_json:
        print_json(_described(procedure))
        return
    print_data(flows.text_view.describe(procedure, language=language))


def _described(procedure: "flows.document.Procedure") -> dict[str, Any]:
    return {
        **{
            name: getattr(procedure, name) for name in ("id", "name", "version", "digest", "description", "conformance")
        },
        "inputs": [
            {"name": field.name, "required": field.required, "json_schema": dict(field.schema)}
            for field in procedure.inputs
        ],
        "nodes": [
            {"id": node.id, "type": node.type, "name": node.name, "purpose": node.purpose, "role": node.approval.role}
            for node in procedure.nodes.values()
        ],
        "edges": [
            {"source": edge.source, "target": edge.target, "mode": edge.mode, "condition": edge.condition}
            for edge in procedure.edges
        ],
    }


def document_bytes(file: str) -> bytes:
    """The bytes as they are stored, and not more than one past what a document may have. Raises OSError."""
    from opsdesk import flows

    enough = flows.document.SIZE_BYTES_MAX + 1
    if file == STANDARD_INPUT:
        return sys.stdin.buffer.read(enough)
    with Path(file).open("rb") as opened:
        return opened.read(enough)


def stored_name(file: str) -> str:
    """What a version remembers of its file: the name without its folder."""
    return "stdin" if file == STANDARD_INPUT else Path(file).name


@command
async def add_file(file: File, as_json: AsJson = False) -> None:
    """Store a procedure: from now on, new runs of it use this version. The same text is stored once.

    Example: `opsdesk flow add procedures/customer-onboarding.osop.yaml`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    text = document_bytes(file)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PROCEDURES_WRITE)
        definition = await flows.definitions.store_procedure(
            conn, text=text, file_name=stored_name(file), actor=actor, now=opsdesk.clock.now()
        )
    if as_json:
        print_json({**flows.views.DefinitionView.of(definition).model_dump(), "new": definition.new})
        return
    print_data(definition.procedure_id)
    say(f"{'stored' if definition.new else 'known already'}: {definition.name} ({definition.digest[:12]})")


@command
async def list_stored(
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the stored procedures, each with its newest version.

    Example: `opsdesk flow list`
    """
    from opsdesk import flows
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PROCEDURES_READ)
        page = await flows.definitions.list_procedures(conn, limit=limit, cursor=cursor)
    views = [flows.views.DefinitionView.of(definition) for definition in page.items]
    if as_json:
        print_json(flows.views.DefinitionPage(items=views, next=page.next))
        return
    now = opsdesk.clock.now()
    rows = [(view.id, view.name, view.version, view.digest[:12], local_time(view.stored_at, now=now)) for view in views]
    print_table(("PROCEDURE", "NAME", "VERSION", "DIGEST", "STORED"), rows)
    _say_more(len(views), page.next, none="no procedure is stored: opsdesk flow add FILE")


def _say_more(count: int, following: str | None, *, none: str) -> None:
    if not count:
        say(none)
    if following:
        say(f"more follow: --cursor {following}")
