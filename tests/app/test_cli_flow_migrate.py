"""`opsdesk flow migrate` at the command line: what is misused, what does not fit, what is told as JSON."""

from pathlib import Path

import pytest

from tests.app.shell import Shell

FIRST = """
osop_version: "2.0"
id: memo
name: Memo
version: "1"
nodes:
  - {id: write, type: human, name: Write}
  - {id: read, type: human, name: Read}
edges:
  - {from: write, to: read}
"""
SECOND = FIRST.replace('version: "1"', 'version: "2"').replace("name: Read}", "name: Read it}")
THIRD = (
    FIRST.replace('version: "1"', 'version: "3"')
    .replace("id: write", "id: compose")
    .replace("from: write", "from: compose")
)


def stored(shell: Shell, folder: Path, text: str) -> None:
    (folder / "memo.osop.yaml").write_text(text)
    assert shell("flow", "add", str(folder / "memo.osop.yaml")).code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--to", "2"],
        ["RUN", "--to", "2"],
        ["RUN"],
        ["RUN", "--to", "2", "--check", "--all-of", "memo@1"],
        ["--all-of", "memo", "--to", "2", "--check"],
    ],
)
def test_what_says_not_enough_or_too_much_is_misuse(shell: Shell, words: list[str]) -> None:
    assert shell("flow", "migrate", *words).code == 2


@pytest.mark.req("FLO-308")
def test_a_run_is_looked_at_and_moved_and_found_in_its_new_version(shell: Shell, tmp_path: Path) -> None:
    run = shell.run(FIRST)["id"]
    stored(shell, tmp_path, SECOND)
    seen = shell("flow", "migrate", run[-12:], "--to", "2", "--check", "--json")
    assert (seen.code, seen.json["fits"], seen.json["moved"]) == (0, True, False)
    moved = shell("flow", "migrate", run[-12:], "--to", "2", "--reason", "mended", "--json")
    assert (moved.code, moved.json["moved"]) == (0, True)
    assert shell("run", "show", run, "--json").json["digest"] == moved.json["after"]
    again = shell("flow", "migrate", run, "--to", "2", "--reason", "mended", "--json")
    assert (again.code, again.error["code"]) == (1, "VersionIsTheSame")


@pytest.mark.req("FLO-308")
def test_a_run_that_does_not_fit_stays_and_the_reason_is_told(shell: Shell, tmp_path: Path) -> None:
    run = shell.run(FIRST)["id"]
    stored(shell, tmp_path, THIRD)
    said = shell("flow", "migrate", run, "--to", "3", "--reason", "try")
    assert (said.code, "write is not there any more" in said.out) == (1, True)
    all_ = shell("flow", "migrate", "--all-of", "memo@1", "--to", "3", "--reason", "try", "--json")
    assert (all_.code, all_.json["moved"], all_.json["fitting"]) == (1, 0, 0)
    assert all_.json["items"][0]["misfits"][0]["node"] == "write"
