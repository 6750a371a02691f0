"""Collections of procedures, and references between files: inside one folder, and never in a circle."""

from pathlib import Path

import pytest

from opsdesk.flows.findings import Finding
from opsdesk.flows.folders import Folder, lint_references_to_files
from opsdesk.flows.lint import load_collection
from tests.flows.documents import document, node

HEAD = 'sop_version: "1.0"\nid: desk\nname: Desk\nversion: 1.2\nx-own: kept\nauthor: a team\n'
SECTIONS = """sections:
  - name: First
    description: What comes first
    workflows:
      - {ref: ./one.osop.yaml, title: Number one}
      - {ref: inner/two.osop.yaml}
"""


def written(folder: Path, name: str, *, head: str = "", ref: str = "") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    more = {"workflow_ref": ref} if ref else {}
    text = document(node(**more), "", head).replace("id: small", f"id: {path.name.partition('.')[0]}")
    path.write_text(text, encoding="utf-8")
    return path


def about_files(folder: Path, name: str) -> list[Finding]:
    return lint_references_to_files(Folder(folder), folder / name)


@pytest.mark.req("FLO-106")
def test_a_collection_lists_its_procedures_by_section(tmp_path: Path) -> None:
    written(tmp_path, "one.osop.yaml")
    written(tmp_path, "inner/two.osop.yaml")
    (tmp_path / "desk.sop").write_text(HEAD + SECTIONS, encoding="utf-8")
    collection = load_collection(tmp_path / "desk.sop")
    assert (collection.id, collection.name, collection.version, collection.findings) == ("desk", "Desk", "1.2", ())
    assert [(entry.section, entry.title, entry.ref) for entry in collection.entries] == [
        ("First", "Number one", "./one.osop.yaml"),
        ("First", "Small", "inner/two.osop.yaml"),
    ]
    assert [entry.loaded and entry.loaded.procedure and entry.loaded.procedure.id for entry in collection.entries] == [
        "one",
        "two",
    ]


@pytest.mark.req("FLO-104")
def test_what_nobody_looks_at_in_a_collection_is_named(tmp_path: Path) -> None:
    written(tmp_path, "one.osop.yaml")
    sections = "sections:\n  - {name: First, colour: red, workflows: [{ref: one.osop.yaml, titel: One}]}\n"
    (tmp_path / "desk.sop").write_text(f"{HEAD}mood: good\n{sections}", encoding="utf-8")
    found = load_collection(tmp_path / "desk.sop").findings
    where = ["mood", "sections.0.colour", "sections.0.workflows.0.titel"]
    assert [(str(finding.code), finding.where) for finding in found] == [("OSOP120", each) for each in where]
    assert found[-1].hint == "did you mean title?"


@pytest.mark.req("FLO-106")
@pytest.mark.parametrize(
    "ref", ["../outside.osop.yaml", "/etc/hostname", "https://example.com/a.osop.yaml", "link.osop.yaml", "inner/../.."]
)
def test_nothing_outside_the_folder_is_read(tmp_path: Path, ref: str) -> None:
    written(tmp_path, "outside.osop.yaml")
    folder = tmp_path / "desk"
    folder.mkdir()
    (folder / "link.osop.yaml").symlink_to(tmp_path / "outside.osop.yaml")
    sections = f"sections:\n  - {{name: First, workflows: [{{ref: '{ref}'}}]}}\n"
    (folder / "desk.sop").write_text(HEAD + sections, encoding="utf-8")
    collection = load_collection(folder / "desk.sop")
    assert [str(finding.code) for finding in collection.findings] == ["OSOP210"]
    assert [entry.loaded for entry in collection.entries] == [None]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "OSOP112"),
        ("id: x", "OSOP111"),
        (HEAD.replace("1.0", "9.0") + SECTIONS, "OSOP115"),
        (HEAD + "sections: 3", "OSOP112"),
        (HEAD + "sections: [{name: A}]", "OSOP111"),
        (HEAD + "sections: [{name: A, workflows: [{title: B}]}]", "OSOP111"),
        (HEAD + "sections: [", "OSOP102"),
        (HEAD + "sections: [{name: A, workflows: [{ref: none.osop.yaml}]}]", "OSOP210"),
    ],
)
def test_a_collection_that_is_none_says_why(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "desk.sop").write_text(text, encoding="utf-8")
    assert code in {str(finding.code) for finding in load_collection(tmp_path / "desk.sop").findings}


@pytest.mark.req("FLO-106")
def test_references_lead_to_files_and_to_ids_of_the_folder(tmp_path: Path) -> None:
    written(tmp_path, "base.osop.yaml")
    written(tmp_path, "deep/other.osop.yaml")
    written(tmp_path, "main.osop.yaml", head="imports: [./deep/other.osop.yaml]\nextends: base", ref="other")
    assert about_files(tmp_path, "main.osop.yaml") == []
    assert Folder(tmp_path).find("other", beside=tmp_path / "main.osop.yaml").name == "other.osop.yaml"


@pytest.mark.req("FLO-106")
@pytest.mark.parametrize(
    ("head", "ref", "where"),
    [
        ("imports: [a, ../up.osop.yaml]", "", ["imports.0", "imports.1"]),
        ("extends: none", "", ["extends"]),
        ("", "https://example.com/x.osop", ["nodes.0.workflow_ref"]),
        ("extends: plain.txt", "", ["extends"]),
    ],
)
def test_a_reference_that_leads_nowhere_is_named_where_it_stands(
    tmp_path: Path, head: str, ref: str, where: list[str]
) -> None:
    (tmp_path / "plain.txt").write_text("x", encoding="utf-8")
    written(tmp_path, "main.osop.yaml", head=head, ref=ref)
    found = about_files(tmp_path, "main.osop.yaml")
    assert [(str(finding.code), finding.where) for finding in found] == [("OSOP210", each) for each in where]
    assert all(finding.position.line > 1 for finding in found)


@pytest.mark.req("FLO-106")
def test_files_that_import_each_other_are_refused_with_the_way_round(tmp_path: Path) -> None:
    written(tmp_path, "a.osop.yaml", head="imports: [b.osop.yaml]")
    written(tmp_path, "b.osop.yaml", head="extends: c")
    written(tmp_path, "c.osop.yaml", ref="a")
    (found,) = about_files(tmp_path, "a.osop.yaml")
    assert str(found.code) == "OSOP211"
    assert found.message.startswith("imports.0: a.osop.yaml → b.osop.yaml → c.osop.yaml → a.osop.yaml goes round")
    written(tmp_path, "own.osop.yaml", ref="own")
    assert [str(finding.code) for finding in about_files(tmp_path, "own.osop.yaml")] == ["OSOP211"]


def test_a_circle_that_a_document_only_leads_to_is_not_its_own(tmp_path: Path) -> None:
    written(tmp_path, "a.osop.yaml", head="imports: [b.osop.yaml]")
    written(tmp_path, "b.osop.yaml", head="imports: [c.osop.yaml]")
    written(tmp_path, "c.osop.yaml", head="imports: [b.osop.yaml]")
    assert about_files(tmp_path, "a.osop.yaml") == []
    assert len(about_files(tmp_path, "b.osop.yaml")) == 1
