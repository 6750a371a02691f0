"""`opsdesk flow collection`, and lint over a collection."""

import pytest

from tests.app.shell import REVIEWED, Shell

COLLECTION = """\
sop_version: "1.0"
id: desk
name: Desk
sections:
  - name: Letters
    workflows: [{ref: a.osop.yaml, title: A letter}, {ref: away.osop.yaml}]
"""


@pytest.mark.req("FLO-106")
def test_a_collection_is_listed_and_checked_with_all_that_is_in_it(shell: Shell) -> None:
    shell.file(REVIEWED)
    file = shell.file(COLLECTION, "desk.sop")
    said = shell("flow", "collection", file)
    assert said.code == 1
    assert said.out.splitlines()[0] == "Desk (desk)"
    assert "A letter" in said.out
    assert "desk.sop:6:60: error OSOP210 sections.0.workflows.1.ref: there is no file away.osop.yaml" in said.err
    shown = shell("flow", "collection", file, "--json").json
    assert [each["standing"] for each in shown["procedures"]] == ["can run", "not found"]
    linted = shell("flow", "lint", file)
    assert linted.code == 1
    assert "desk.sop: 1 error, 0 warnings, 0 notes; a collection" in linted.err
    assert "a.osop.yaml: 0 errors" in linted.err


@pytest.mark.req("FLO-106")
def test_lint_follows_references_to_other_files(shell: Shell) -> None:
    said = shell("flow", "lint", shell.file("extends: letter\n" + REVIEWED))
    assert said.code == 1
    assert "a.osop.yaml:1:10: error OSOP211 extends: a.osop.yaml → a.osop.yaml goes round in a circle" in said.out
