"""Collections (`.sop`): procedures in sections, as a table of contents for people."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from opsdesk.flows import document_fields as known
from opsdesk.flows.document import Loaded
from opsdesk.flows.document_reading import Fields, Reading
from opsdesk.flows.findings import Finding
from opsdesk.flows.folders import Folder, ReferenceRefused, lint_references_to_files
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_document import lint
from opsdesk.flows.procedure import Position, Procedure
from opsdesk.flows.tree import Tree
from opsdesk.flows.yaml_tree import parse, read_source

SUFFIX = ".sop"
VERSIONS = ("1.0",)
ENTRIES_MAX = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """A procedure of a collection."""

    section: str
    ref: str
    title: str
    """What the collection calls it, else its own name."""
    description: str
    path: Path | None
    """None where the reference leads nowhere."""
    loaded: Loaded | None
    findings: tuple[Finding, ...]
    """What lint says about the procedure, with its references to other files."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A collection with everything in it, and what is wrong with the collection itself."""

    id: str
    name: str
    version: str
    description: str
    entries: tuple[Entry, ...]
    findings: tuple[Finding, ...]


def is_collection(path: Path | str) -> bool:
    return str(path).endswith((SUFFIX, f"{SUFFIX}.yaml", f"{SUFFIX}.yml"))


def load_collection(path: Path | str) -> Collection:
    """Reads a collection and the procedures in it, from its own folder only; whatever is wrong is a finding."""
    file = Path(path)
    source = read_source(file)
    if isinstance(source, Finding):
        return Collection("", "", "", "", (), (source,))
    parsed = parse(source, name=f"{file.name}.yaml")
    reading = Reading(list(parsed.findings))
    if parsed.tree is None or not isinstance(parsed.tree.value, dict):
        if not reading.findings:
            wanted = "a collection is a mapping with sop_version, id, name and sections"
            reading.error(Code.WRONG_VALUE, wanted, Position())
        return Collection("", "", "", "", (), tuple(reading.findings))
    document = Fields(reading, parsed.tree, "")
    document.check(known.COLLECTION)
    _check_head(document)
    entries = tuple(_entries(document, Folder(file.resolve().parent), file.resolve()))
    return Collection(
        id=document.text("id") or "",
        name=document.text("name") or "",
        version=_release(document),
        description=document.text("description") or "",
        entries=entries,
        findings=tuple(reading.findings),
    )


def _check_head(document: Fields) -> None:
    for name in ("sop_version", "id", "name", "sections"):
        if document.get(name) is None:
            document.missing(name)
    tree = document.get("sop_version")
    if tree is not None and str(tree.value) not in VERSIONS:
        message, hint = "sop_version is not a version that is known here", f"known are {', '.join(VERSIONS)}"
        document.reading.error(Code.VERSION, message, tree, where="sop_version", hint=hint)


def _release(document: Fields) -> str:
    tree = document.get("version")
    return str(tree.value) if tree is not None and isinstance(tree.value, int | float | str) else ""


def _entries(document: Fields, folder: Folder, file: Path) -> Iterator[Entry]:
    count = 0
    for _, section in document.mappings("sections"):
        section.check(known.SECTION)
        name = section.text("name") or ""
        for field in ("name", "workflows"):
            if section.get(field) is None:
                section.missing(field)
        for _, workflow in section.mappings("workflows"):
            count += 1
            if count > ENTRIES_MAX:
                message = f"the collection has more than {ENTRIES_MAX} procedures"
                document.reading.error(Code.TOO_LARGE, message, workflow.tree, where="sections")
                return
            workflow.check(known.LISTED)
            if workflow.get("ref") is None:
                workflow.missing("ref")
            elif (ref := workflow.text("ref")) is not None:
                yield _entry(workflow, workflow.entries["ref"], ref, name, folder, file)


def _entry(workflow: Fields, tree: Tree, ref: str, section: str, folder: Folder, file: Path) -> Entry:
    title, description = workflow.text("title") or "", workflow.text("description") or ""
    try:
        path = folder.find(ref, beside=file)
    except ReferenceRefused as refused:
        message = f"{workflow.path('ref')}: {refused}"
        workflow.reading.error(Code.FILE_REFERENCE, message, tree, where=workflow.path("ref"))
        return Entry(section, ref, title or ref, description, None, None, ())
    loaded = folder.load(path)
    findings = [*lint(loaded.procedure, loaded.findings), *lint_references_to_files(folder, path)]
    own = loaded.procedure
    return Entry(
        section=section,
        ref=ref,
        title=title or (own.name if own is not None else ref),
        description=description or (own.description if own is not None else ""),
        path=path,
        loaded=loaded,
        findings=tuple(findings),
    )


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said about one file; a collection has no procedure of its own."""

    procedure: Procedure | None
    findings: list[Finding]
    is_collection: bool = False


def check_file(file: str, *, load: Callable[[str], Loaded]) -> Iterator[tuple[str, Checked]]:
    """By file: everything that lint says, with references to other files; of a collection, of every procedure too.

    `load` reads what is not in a folder, such as standard input.
    """
    if is_collection(file):
        collection = load_collection(file)
        yield file, Checked(None, list(collection.findings), is_collection=True)
        for entry in collection.entries:
            if entry.path is not None and entry.loaded is not None:
                yield _shown(entry.path, beside=file), Checked(entry.loaded.procedure, list(entry.findings))
        return
    loaded = load(file)
    findings = lint(loaded.procedure, loaded.findings)
    path = Path(file)
    if loaded.procedure is not None and path.is_file():
        said = {(found.code, found.position) for found in findings}
        about_files = lint_references_to_files(Folder(path.resolve().parent), path)
        about_files = [found for found in about_files if (found.code, found.position) not in said]
        findings = sorted([*findings, *about_files], key=lambda found: (found.position.line, found.position.column))
    yield file, Checked(loaded.procedure, findings)


def _shown(path: Path, *, beside: str) -> str:
    """Relative to where the collection was named from, so that the place can be opened."""
    folder = Path(beside).parent
    return str(folder / path.relative_to(folder.resolve()))
