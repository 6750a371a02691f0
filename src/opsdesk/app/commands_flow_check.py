"""`opsdesk flow simulate`, `flow test`: procedures are rehearsed, without running them."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_flow import File, load_document, shown_name
from opsdesk.app.output import print_data, print_json, say
from opsdesk.app.values import ValuesInvalid, json_file, typed_values

if TYPE_CHECKING:
    from opsdesk import flows

GIVEN = ("inputs", "answers", "failures", "silent")


@command
def simulate_file(
    file: File,
    inputs: Annotated[
        list[str],
        typer.Option("--input", help="An input of the run; those left out are invented.", metavar="NAME=VALUE"),
    ] = [],  # noqa: B006 - typer reads the default and never changes it
    answers: Annotated[
        list[str],
        typer.Option("--answer", help="An output of a node; those left out are invented.", metavar="NODE.NAME=VALUE"),
    ] = [],  # noqa: B006 - likewise
    fails: Annotated[
        list[str], typer.Option("--fail", help="A node that fails, with this code.", metavar="NODE[=CODE]")
    ] = [],  # noqa: B006 - likewise
    silent: Annotated[list[str], typer.Option("--silent", help="A node that nobody answers.", metavar="NODE")] = [],  # noqa: B006 - likewise
    given_file: Annotated[
        Path | None,
        typer.Option("--given", help="A file with a JSON object of inputs, answers, failures and silent."),
    ] = None,
    walks: Annotated[int, typer.Option("--walks", help="How often to walk through it at most.", min=1)] = 1000,
    as_json: AsJson = False,
) -> None:
    """Walk every path of a procedure with invented answers, or with given ones. Nothing is started, nobody is asked.

    Shown are how each path ends, and the nodes and edges that no path came to. It stops after --walks, and says so.
    Also a document with errors is walked, if its graph can be; of a condition that cannot be read, both ways are.
    An edge that leads back without being a loop is walked as one.

    Example: `opsdesk flow simulate procedures/customer-onboarding.osop.yaml --answer kyc_identity.kyc_score=0.7`
    """
    from opsdesk import flows

    program = flows.checks.walkable(load_document(file), file_name=shown_name(file))
    given = _given(program, inputs=inputs, answers=answers, fails=fails, silent=silent, file=given_file)
    simulation = flows.checks.simulate(program, given=given, walks_max=min(walks, flows.checks.WALKS_MAX))
    if as_json:
        print_json(flows.checks.SimulationView.of(program.procedure.id, simulation))
        return
    print_data(flows.checks.tell_simulation(program.procedure, simulation))


def _given(
    program: "flows.checks.Program",
    *,
    inputs: Sequence[str],
    answers: Sequence[str],
    fails: Sequence[str],
    silent: Sequence[str],
    file: Path | None,
) -> "flows.checks.Given":
    """From a file and from options, which count more. Raises ValuesInvalid, OSError."""
    from opsdesk import flows

    kept = _from_file(file) if file is not None else {}
    schemas: dict[str, Mapping[str, Any]] = {}
    for node in program.procedure.nodes.values():
        schemas |= {f"{node.id}.{output.name}": output.schema for output in node.outputs}
    by_node: dict[str, dict[str, Any]] = {name: dict(outputs) for name, outputs in kept.get("answers", {}).items()}
    for name, value in typed_values(answers, schemas).items():
        node_id, dot, output = name.partition(".")
        if not dot or not output:
            raise ValuesInvalid([f"{name} is not written node.output=value"])
        by_node.setdefault(node_id, {})[output] = value
    failures = {name: code or "Failed" for name, _, code in (text.partition("=") for text in fails)}
    run_inputs = typed_values(inputs, {entry.name: entry.schema for entry in program.procedure.inputs})
    return flows.checks.Given(
        inputs={**kept.get("inputs", {}), **run_inputs},
        answers=by_node,
        failures={**kept.get("failures", {}), **failures},
        silent=frozenset([*kept.get("silent", ()), *silent]),
    )


def _from_file(path: Path) -> dict[str, Any]:
    value = json_file(path)
    problems = [f"{path} has no field {name}; known are {', '.join(GIVEN)}" for name in value if name not in GIVEN]
    for name in ("inputs", "answers", "failures"):
        if not isinstance(value.get(name, {}), dict):
            problems.append(f"{name} in {path} is not an object")
    answers = value.get("answers", {})
    if isinstance(answers, dict) and not all(isinstance(outputs, dict) for outputs in answers.values()):
        problems.append(f"answers in {path} are not objects by node")
    failures = value.get("failures", {})
    if isinstance(failures, dict) and not all(isinstance(code, str) for code in failures.values()):
        problems.append(f"failures in {path} are not codes by node")
    silent = value.get("silent", [])
    if not isinstance(silent, list) or not all(isinstance(name, str) for name in silent):
        problems.append(f"silent in {path} is not a list of nodes")
    if problems:
        raise ValuesInvalid(problems)
    return value


@command
def check_declared_tests(
    files: Annotated[list[str], typer.Argument(help="Procedures; `-` reads standard input.", metavar="FILE…")],
    only: Annotated[
        list[str], typer.Option("--only", help="The id of a test; the others are left alone.", metavar="TEST")
    ] = [],  # noqa: B006 - typer reads the default and never changes it
    junit_file: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML to this file.")] = None,
    as_json: AsJson = False,
) -> int:
    """Run the tests that procedures declare under `tests`. Exit 1 if any fails. Nothing is started, nobody is asked.

    A unit test is about one node, an integration test about one run, a simulation about every path;
    docs/guides/test-a-procedure.md tells how they are written. Tests of type e2e need the world and are left out.

    Example: `opsdesk flow test procedures/customer-onboarding.osop.yaml --junit tests.xml`
    """
    from opsdesk import flows

    tested = {}
    for file in files:
        program = flows.checks.program_of(load_document(file), file_name=shown_name(file))
        known = {case.id for case in program.procedure.cases}
        if unknown := [name for name in only if name not in known and len(files) == 1]:
            raise ValuesInvalid([f"{shown_name(file)} has no test {name}" for name in unknown])
        tested[shown_name(file)] = (program.procedure.id, flows.checks.run_tests(program, only=frozenset(only)))
    if junit_file is not None:
        junit_file.write_text(flows.checks.junit(dict(tested.values())), encoding="utf-8")
    views = {name: flows.checks.TestRunView.of(*each) for name, each in tested.items()}
    if as_json:
        print_json({"files": [{"file": name, **view.model_dump()} for name, view in views.items()]})
    else:
        for name, view in views.items():
            _print_tests(name, view)
    return int(any(not view.passed for view in views.values()))


_MARKS = {"passed": "PASS", "failed": "FAIL", "left out": "SKIP"}


def _print_tests(name: str, view: "flows.checks.TestRunView") -> None:
    for test in view.tests:
        target = f" {test.target_node}" if test.target_node else ""
        print_data(f"[{_MARKS[test.verdict]}] {name}:{test.line} {test.id} ({test.type}{target})")
        for problem in test.problems:
            print_data(f"       {problem}")
    told = ", ".join(f"{count} {verdict}" for verdict, count in view.counts.items() if count)
    say(f"{name}: {told or 'declares no tests'}")
