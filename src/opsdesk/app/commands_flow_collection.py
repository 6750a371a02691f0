"""`opsdesk flow collection`: what a collection of procedures holds."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import flows


@command
def show_collection(
    file: Annotated[str, typer.Argument(help="A collection (.sop).", metavar="FILE")], as_json: AsJson = False
) -> int:
    """List the procedures of a collection by section. Exit 1 if the collection has errors, or any of them.

    A collection refers to procedures in its own folder only; `opsdesk flow lint FILE` tells all that is to be said.

    Example: `opsdesk flow collection procedures/support.sop`
    """
    from opsdesk import flows

    collection = flows.lint.load_collection(file)
    found = [*collection.findings, *(finding for entry in collection.entries for finding in entry.findings)]
    if as_json:
        print_json(_described(collection))
        return int(flows.lint.has_errors(found))
    print_data(" ".join(filter(None, (collection.name, f"({collection.id})", collection.version))))
    rows = [
        (
            entry.section,
            entry.title,
            entry.loaded.procedure.id if entry.loaded and entry.loaded.procedure else "",
            entry.ref,
            _standing(entry),
        )
        for entry in collection.entries
    ]
    print_table(("SECTION", "TITLE", "PROCEDURE", "FILE", "STANDING"), rows)
    for finding in collection.findings:
        say(flows.lint.format_finding(finding, file=file))
    return int(flows.lint.has_errors(found))


def _standing(entry: "flows.lint.Entry") -> str:
    from opsdesk import flows

    if entry.loaded is None:
        return "not found"
    errors = sum(finding.severity == "error" for finding in entry.findings)
    if errors:
        return f"{errors} error{'' if errors == 1 else 's'}"
    procedure = entry.loaded.procedure
    return "can run" if procedure is not None and not flows.document.executable(procedure) else "cannot run"


def _described(collection: "flows.lint.Collection") -> dict[str, object]:
    from opsdesk import flows

    view = flows.views.FindingView
    return {
        "id": collection.id,
        "name": collection.name,
        "version": collection.version,
        "description": collection.description,
        "findings": [view.of(finding) for finding in collection.findings],
        "procedures": [
            {
                "section": entry.section,
                "title": entry.title,
                "description": entry.description,
                "ref": entry.ref,
                "procedure": entry.loaded.procedure.id if entry.loaded and entry.loaded.procedure else None,
                "standing": _standing(entry),
                "findings": [view.of(finding) for finding in entry.findings],
            }
            for entry in collection.entries
        ],
    }
