"""Documents cannot lie: what is public is documented, what is generated is current, what is linked exists."""

import re
from pathlib import Path

import pytest

from opsdesk.kit.settings import Settings
from script import reference
from script.osop_page import unexplained

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[[^\]]*\]\((?!https?:|mailto:)([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def pages() -> dict[str, str]:
    return reference.pages()


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def test_the_generated_pages_are_current(pages: dict[str, str]) -> None:
    """Mend it with `make docs`."""
    stale = [name for name, text in pages.items() if (reference.FOLDER / name).read_text(encoding="utf-8") != text]
    assert stale == []


def test_every_setting_is_explained(pages: dict[str, str]) -> None:
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []
    assert [name for name in Settings.model_fields if f"OPSDESK_{name.upper()}`" not in pages["settings.md"]] == []


def test_every_error_is_in_the_reference(pages: dict[str, str]) -> None:
    names = [error.__name__ for error in reference.error_classes()]
    assert [name for name in names if f"| `{name}` |" not in pages["errors.md"]] == []


def test_every_error_has_a_code_of_its_own() -> None:
    names = [error.__name__ for error in reference.error_classes()]
    assert sorted(names) == sorted(set(names))


def test_every_command_and_parameter_is_explained(pages: dict[str, str]) -> None:
    commands = dict(reference.commands(reference.command_line()))
    assert [name for name, command in commands.items() if not command.help] == []
    parameters = [(name, parameter) for name, command in commands.items() for parameter in command.params]
    assert [f"{name} {parameter.name}" for name, parameter in parameters if not parameter.help] == []
    assert [name for name in commands if f"## {name}\n" not in pages["cli.md"]] == []


def test_every_route_is_explained(pages: dict[str, str]) -> None:
    operations = dict(reference.operations(reference.api()))
    assert [name for name, operation in operations.items() if not operation.get("description")] == []
    assert [name for name in operations if f"## {name}\n" not in pages["http.md"]] == []


@pytest.mark.req("FLO-104")
def test_every_field_of_a_document_is_explained() -> None:
    """Mend it in script/osop_fields.txt; every field there is one that the reader of documents knows."""
    assert list(unexplained()) == []


def test_what_is_linked_exists() -> None:
    broken = [
        f"{document.relative_to(ROOT)}: {link}"
        for document in documents()
        for link in LINK.findall(document.read_text(encoding="utf-8"))
        if not leads_somewhere(document, link)
    ]
    assert broken == []


def leads_somewhere(document: Path, link: str) -> bool:
    path, _, anchor = link.partition("#")
    target = document.parent / path if path else document
    if not anchor or target.suffix != ".md":
        return target.exists()
    return target.exists() and anchor in {
        anchor_of(title) for title in HEADING.findall(target.read_text(encoding="utf-8"))
    }


def anchor_of(title: str) -> str:
    return re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-")


def test_every_test_that_a_document_relies_on_exists() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    exist = set(re.findall(r"def (test_\w+)", sources))
    named = {
        name for document in documents() for name in re.findall(r"`(test_\w+)`", document.read_text(encoding="utf-8"))
    }
    assert named - exist == set()


def test_every_decision_is_in_the_index() -> None:
    folder = ROOT / "docs" / "decisions"
    index = (folder / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in folder.glob("[0-9]*.md") if f"({path.name})" not in index] == []


def test_the_integration_runs_what_the_readme_tells() -> None:
    called = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()[-1].removeprefix("exec ")
    assert called in (ROOT / "README.md").read_text(encoding="utf-8")
