"""Procedures that refer to each other by file or by id: within one folder, and never in a circle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from opsdesk.flows.document import SUFFIXES, Loaded, load_file
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position, Procedure

FILES_MAX = 2_000
"""In one folder; more are not looked through for an id."""
ENTRIES_MAX = 20_000
"""Of any kind, in a folder and those inside it."""


@dataclass(eq=False)
class ReferenceRefused(Exception):
    """A reference that leads to no procedure of the folder; the text says why."""

    why: str

    def __str__(self) -> str:
        return self.why


@dataclass(slots=True)
class Folder:
    """The procedures of one folder and of those inside it, each read once and only when it is asked for."""

    root: Path
    _loaded: dict[Path, Loaded] = field(default_factory=dict)
    _by_id: dict[str, Path] | None = None

    def __post_init__(self) -> None:
        self.root = self.root.resolve()

    def load(self, path: Path) -> Loaded:
        """What came of a document of the folder."""
        if path not in self._loaded:
            self._loaded[path] = load_file(path)
        return self._loaded[path]

    def find(self, reference: str, *, beside: Path) -> Path:
        """The file that a reference from the file `beside` means: by path, or by the id of a procedure of the folder.

        Raises ReferenceRefused.
        """
        if "://" in reference or "\0" in reference:
            raise ReferenceRefused(f"{reference[:80]!r} is an address, and nothing is fetched")
        named = (beside.parent / reference).resolve()
        if not named.is_relative_to(self.root):
            raise ReferenceRefused(f"{reference[:80]} lies outside the folder")
        if named.is_file():
            if not named.name.endswith(SUFFIXES):
                raise ReferenceRefused(f"{reference[:80]} is not a procedure: {', '.join(SUFFIXES)}")
            return named
        if (found := self._ids().get(reference)) is not None:
            return found
        is_path = "/" in reference or reference.endswith(SUFFIXES)
        what = "there is no file" if is_path else "neither a file nor a procedure of the folder is called"
        raise ReferenceRefused(f"{what} {reference[:80]}")

    def _ids(self) -> dict[str, Path]:
        if self._by_id is None:
            self._by_id = {}
            for path in self._files():
                procedure = self.load(path).procedure
                if procedure is not None:
                    self._by_id.setdefault(procedure.id, path)
        return self._by_id

    def _files(self) -> Iterator[Path]:
        count = 0
        for number, path in enumerate(self.root.rglob("*")):
            if number >= ENTRIES_MAX or count >= FILES_MAX:
                return
            # A link may lead out of the folder.
            if path.name.endswith(SUFFIXES) and path.is_file() and path.resolve().is_relative_to(self.root):
                count += 1
                yield path.resolve()


@dataclass(frozen=True, slots=True)
class _Use:
    """A reference in a document: the field, what it says, and where."""

    where: str
    reference: str
    position: Position


def lint_references_to_files(folder: Folder, path: Path) -> list[Finding]:
    """What is wrong with the imports, the base and the sub-procedures of a document, and of those that it refers to."""
    path = path.resolve()
    procedure = folder.load(path).procedure
    if procedure is None:
        return []
    found = []
    for use in _uses(procedure):
        try:
            target = folder.find(use.reference, beside=path)
        except ReferenceRefused as refused:
            message = f"{use.where}: {refused}"
            hint = "name a file beside this one, or the id of a procedure of the folder"
            found.append(Finding(Code.FILE_REFERENCE, Severity.ERROR, message, hint, use.position, use.where))
            continue
        if (way := _way_back(folder, target, path)) is not None:
            names = " → ".join(each.name for each in (path, *way))
            message = f"{use.where}: {names} goes round in a circle"
            found.append(Finding(Code.IMPORT_CYCLE, Severity.ERROR, message, "", use.position, use.where))
    return found


def _way_back(folder: Folder, start: Path, goal: Path) -> tuple[Path, ...] | None:
    """A way from one document to another along references; None if there is none."""
    ways: dict[Path, tuple[Path, ...]] = {start: (start,)}
    pending = [start]
    while pending:
        current = pending.pop(0)
        if current == goal:
            return ways[current]
        procedure = folder.load(current).procedure
        for use in _uses(procedure) if procedure is not None else ():
            try:
                target = folder.find(use.reference, beside=current)
            except ReferenceRefused:
                continue
            if target not in ways:
                ways[target] = (*ways[current], target)
                pending.append(target)
    return None


def _uses(procedure: Procedure) -> Iterator[_Use]:
    raw = procedure.raw
    imports = raw.get("imports")
    texts = [(f"imports.{index}", text) for index, text in enumerate(imports)] if isinstance(imports, list) else []
    texts.append(("extends", raw.get("extends")))
    nodes = raw.get("nodes")
    for index, node in enumerate(nodes if isinstance(nodes, list) else ()):
        if isinstance(node, dict):
            texts.append((f"nodes.{index}.workflow_ref", node.get("workflow_ref")))
    for where, text in texts:
        if isinstance(text, str) and text.strip():
            yield _Use(where, text.strip(), procedure.positions.get(where, Position()))
