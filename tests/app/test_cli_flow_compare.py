"""`opsdesk flow diff`, `flow backtest`: versions beside each other, and beside what runs did."""

import pytest

from tests.app.shell import Shell

ROUTED = """\
osop_version: "2.0"
id: routed
name: Routed
nodes:
  - id: check
    type: cli
    name: Check
    runtime: {command: "printf %s '{\\"score\\": 0.6}'"}
    outputs: [{name: score, required: true, schema: {type: number}}]
    timeout_sec: 20
  - {id: good, type: cli, name: Good, runtime: {command: "echo {}"}, timeout_sec: 20}
  - {id: poor, type: cli, name: Poor, runtime: {command: "echo {}"}, timeout_sec: 20}
edges:
  - {from: check, to: good, when: score >= 0.7}
  - {from: check, to: poor, when: score < 0.7}
"""
STRICTER = ROUTED.replace("0.7", "0.8")
LENIENT = ROUTED.replace("0.7", "0.5")
SPLIT = LENIENT.replace("to: good, when", "to: best, when").replace(
    "edges:", '  - {id: best, type: cli, name: Best, runtime: {command: "echo {}"}, timeout_sec: 20}\nedges:'
)


@pytest.mark.req("FLO-403")
def test_two_versions_are_told_apart_in_words_and_in_a_picture(shell: Shell) -> None:
    old, new = shell.file(ROUTED), shell.file(SPLIT, "b.osop.yaml")
    said = shell("flow", "diff", old, new, "--out", "d.svg", "--text")
    assert (said.code, said.err.splitlines()) == (0, ["drawn in d.svg", "4 differences"])
    assert "node best was added" in said.out
    assert "edge check → poor: condition was score < 0.7, is score < 0.5" in said.out
    assert "+  - {from: check, to: best, when: score >= 0.5}" in said.out
    drawn = (shell.folder / "d.svg").read_text(encoding="utf-8")
    assert "+ Best" in drawn
    assert "− score &gt;= 0.7" in drawn
    shown = shell("flow", "diff", old, new, "--json").json
    assert (shown["procedure"], len(shown["changes"])) == ("routed", 4)
    assert shell("flow", "diff", old, old).err.strip() == "no run would go otherwise"


@pytest.mark.req("FLO-403")
def test_stored_versions_are_named_by_id_and_digest(shell: Shell) -> None:
    first = shell("flow", "add", shell.file(ROUTED), "--json").json["digest"]
    shell("flow", "add", shell.file(LENIENT))
    said = shell("flow", "diff", f"routed@{first[:12]}", "routed@")
    assert "edge check → good: condition was score >= 0.7, is score >= 0.5" in said.out


@pytest.mark.req("FLO-403")
def test_a_version_is_put_beside_what_a_run_did(shell: Shell) -> None:
    run = shell.run(ROUTED)["id"]
    same = shell("flow", "diff", shell.file(STRICTER, "s.osop.yaml"), run)
    assert same.out.splitlines() == [
        "the run: completed at poor",
        "under s.osop.yaml: completed at poor",
        "they go the same way",
    ]
    other = shell("flow", "diff", shell.file(SPLIT, "b.osop.yaml"), run, "--out", "d.svg", "--json").json
    assert (other["recorded_node"], other["outcome"], other["not_recorded"]) == (
        "poor",
        "not recorded",
        ["good", "best"],
    )
    assert other["parting"] == {"node": "check", "recorded": "goes on to poor", "replayed": "goes on to best"}
    assert (shell.folder / "d.svg").read_text(encoding="utf-8").startswith("<svg ")


@pytest.mark.req("FLO-208")
def test_runs_whose_outcome_changes_are_listed_with_the_node_where_they_part(shell: Shell) -> None:
    runs = [shell.run(ROUTED)["id"] for _ in range(2)]
    same = shell("flow", "backtest", shell.file(STRICTER, "s.osop.yaml"))
    assert (same.code, same.out, same.err.strip()) == (0, "", "0 of 2 runs change")
    said = shell("flow", "backtest", shell.file(LENIENT, "l.osop.yaml"))
    assert (said.code, said.err.strip()) == (1, "2 of 2 runs change")
    assert "part at check: the run goes on to poor; the version goes on to good" in said.out
    shown = shell("flow", "backtest", "l.osop.yaml", "--runs", "1", "--json").json
    assert (shown["tried"], shown["more"], shown["changed"][0]["run"]) == (1, True, runs[-1])
    assert shell("flow", "backtest", "l.osop.yaml", "--since", "2999-01-01").code == 0
