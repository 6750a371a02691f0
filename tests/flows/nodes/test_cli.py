"""Commands that really run: what reaches them, what they may see, and how they end."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import psutil
import pytest
import uvloop
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.calls import Done, Failed, NodeOutcome
from opsdesk.flows.nodes.cli import cli_node
from opsdesk.flows.nodes.command_process import STDOUT_BYTES_MAX, run_program
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.procedure import Field, NodeType, Security
from opsdesk.kit.secrets import SecretMissing

SHOW = "import json,sys;print(json.dumps({'argv':sys.argv[1:]}))"
PERSONAL = "zhang.wei@example.cn"
SECRETS = {"STRIPE_SECRET_KEY": "sk_1", "DATABASE_URL": "postgresql://db"}

Run = Callable[..., Coroutine[Any, Any, NodeOutcome]]


def secrets(name: str) -> str:
    if name not in SECRETS:
        raise SecretMissing(name, ())
    return SECRETS[name]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where commands start: `show` prints its arguments as JSON, `env.sh` its environment."""
    made = tmp_path_factory.mktemp("commands")
    (made / "show.py").write_text(SHOW)
    show = made / "show"
    show.write_text(f'#!/bin/sh\nexec {sys.executable} -S -E {made}/show.py "$@"\n')
    show.chmod(0o755)
    return made


@pytest.fixture
def run(folder: Path, new_call: Callable[..., Any], new_node: Callable[..., Any]) -> Run:
    async def run(command: Any, *, outputs: Any = ("argv",), **more: Any) -> NodeOutcome:
        scope = more.pop("scope", {})
        run_inputs = more.pop("run_inputs", {})
        node = new_node(NodeType.CLI, runtime={"command": command}, outputs=outputs, **more)
        return await cli_node(secrets, folder)(new_call(node, run_inputs=run_inputs, **scope))

    return run


NASTY = [
    "; rm -rf ~",
    "$(touch pwned)",
    "`touch pwned`",
    "a b  c",
    "",
    "-n",
    "--help",
    "'",
    '"',
    "\\",
    "a\\",
    "line\nbreak",
    "客户 编号",
    "${customer_id}",
    "$HOME $1 $@",
    "*",
    "~",
    "a=b",
    "|&;<>()",
    "#comment",
    "\x7f\x01\t\r",
    "😀",
]
PLACES = [
    ("${v}", "{}"),
    ("--id=${v}", "--id={}"),
    ('"<${v}>"', "<{}>"),
    ("'<${v}>'", "<{}>"),
    ("a\"b${v}c\"'d${v}'e\\ f", "ab{}cd{}e f"),
]
COMMANDS = [
    "./show WORDS",
    "true && ./show WORDS",
    "./show WORDS 2>&1 | cat",
    'printf %s "$(./show WORDS)"',
    "f() { ./show WORDS; }; f other",
    "set -- other; ./show WORDS",
]


@pytest.mark.req("FLO-007")
@pytest.mark.parametrize(("place", "argument"), PLACES)
@pytest.mark.parametrize("command", COMMANDS)
async def test_a_value_is_part_of_exactly_one_argument(
    run: Run, folder: Path, command: str, place: str, argument: str
) -> None:
    words = " ".join(place.replace("${v}", f"${{v.{index}}}") for index in range(len(NASTY)))
    outcome = await run(command.replace("WORDS", words), scope={"v": NASTY})
    assert outcome == Done({"argv": [argument.replace("{}", value) for value in NASTY]})
    assert not (folder / "pwned").exists()


@pytest.mark.req("FLO-007")
async def test_a_list_of_arguments_is_passed_as_it_is(run: Run) -> None:
    outcome = await run(["./show", "a b | c", "--id=${v}", "${v}", 3, True], scope={"v": "; rm -rf ~"})
    assert outcome == Done({"argv": ["a b | c", "--id=; rm -rf ~", "; rm -rf ~", "3", "true"]})


@pytest.mark.req("FLO-007")
async def test_a_value_in_a_variable_of_the_shell_stays_whole(run: Run) -> None:
    outcome = await run('X=${v}; ./show "$X" "$${X}" $${X:+set}', scope={"v": "a  b*"})
    assert outcome == Done({"argv": ["a  b*", "a  b*", "set"]})


async def test_a_script_sees_none_of_our_positions(run: Run) -> None:
    assert await run('true; ./show ${v} "$#" "$*"', scope={"v": "a"}) == Done({"argv": ["a", "0", ""]})


ANY_TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)
SHELL_TEXT = st.text(st.sampled_from("$`\"'\\ \n\t;|&<>()*?[]{}~#!=-ax1@客"), max_size=40)


@pytest.mark.req("FLO-007")
@settings(max_examples=25, deadline=None)
@given(value=ANY_TEXT | SHELL_TEXT)
def test_any_text_reaches_the_command_as_one_argument_in_every_mode_and_quote(
    folder: Path, new_call: Callable[..., Any], new_node: Callable[..., Any], value: str
) -> None:
    words = "${v} --a=${v} \"q ${v} q\" 's ${v} s' b\"${v}\"'${v}'"
    expected = [value, f"--a={value}", f"q {value} q", f"s {value} s", f"b{value}{value}"]

    async def both() -> list[NodeOutcome]:
        commands = (f"./show {words}", f"./show {words} | cat", f': "$(true)"; ./show {words}')
        nodes = [new_node(NodeType.CLI, runtime={"command": each}, outputs=("argv",)) for each in commands]
        return [await cli_node(secrets, folder)(new_call(node, v=value)) for node in nodes]

    assert asyncio.run(both()) == [Done({"argv": expected})] * 3


@pytest.mark.req("FLO-007", "FLO-303")
async def test_every_kind_of_reference_but_a_secret_works(run: Run) -> None:
    command = "./show ${inputs.email} ${outputs.register.n} ${metadata.node_id} ${flag} ${deep.list.1}"
    scope = {"n": 0.5, "flag": True, "deep": {"list": [1, "two"]}}
    outcome = await run(command, scope=scope, run_inputs={"email": PERSONAL})
    assert outcome == Done({"argv": [PERSONAL, "0.5", "kyc", "true", "two"]})


@pytest.mark.req("FLO-007")
async def test_the_command_of_the_reference_procedure_is_one_program_with_its_arguments(run: Run) -> None:
    command = "./show \\\n  --customer-id ${customer_id} \\\n  --tier free \\\n  --setup-defaults\n"
    outcome = await run(command, scope={"customer_id": "c 1"})
    assert outcome == Done({"argv": ["--customer-id", "c 1", "--tier", "free", "--setup-defaults"]})


@pytest.mark.req("FLO-007", "FLO-009")
@pytest.mark.parametrize("command", ["env -0", "cat /proc/self/environ"])
async def test_the_environment_is_exactly_the_declared_one(run: Run, folder: Path, command: str) -> None:
    (folder / "environment").write_text(
        f"#!{sys.executable} -IS\nimport json,subprocess\n"
        f"out=subprocess.run({command.split()!r},capture_output=True,check=True).stdout.decode()\n"
        "print(json.dumps({'env':dict(x.split('=',1) for x in out.split(chr(0)) if x)}))\n"
    )
    (folder / "environment").chmod(0o755)
    security = Security(credentials=("STRIPE_SECRET_KEY", "DATABASE_URL"))
    outcome = await run("./environment", outputs=("env",), security=security)
    assert isinstance(outcome, Done)
    seen = {name: value for name, value in outcome.outputs["env"].items() if name != "LC_CTYPE"}
    assert seen.keys() == {"PATH", "HOME", "LANG", "STRIPE_SECRET_KEY", "DATABASE_URL"}
    assert seen["STRIPE_SECRET_KEY"] == "sk_1"
    assert seen["PATH"] == os.environ["PATH"]


async def test_a_credential_that_is_not_set_fails_by_name(run: Run) -> None:
    outcome = await run("./show", security=Security(credentials=("NO_SUCH_KEY",)))
    assert outcome == Failed(Failure.SECRET_MISSING, "the secret NO_SUCH_KEY is not set")


@pytest.mark.parametrize("command", ["./show ${inputs.gone}", "./show ${inputs.gone} | cat"])
async def test_a_reference_to_nothing_fails_by_name(run: Run, command: str) -> None:
    assert await run(command) == Failed(Failure.REFERENCE_MISSING, "inputs.gone is missing")


@pytest.mark.parametrize("command", ["./show ${v}", "./show ${v} | cat"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\0b", "the value of ${v} holds a NUL character"),
        ("\ud800", "the value of ${v} holds half a character"),
        ("x" * 200_000, "a value is too long for an argument of "),
    ],
)
async def test_a_value_that_cannot_be_an_argument_fails_by_name(
    run: Run, command: str, value: str, message: str
) -> None:
    outcome = await run(command, scope={"v": value})
    assert isinstance(outcome, Failed)
    assert outcome.code == Failure.BAD_ARGUMENT
    assert outcome.message.startswith(message)


async def test_a_program_that_is_not_there_fails_by_its_name(run: Run) -> None:
    outcome = await run("no-such-program --now ${v}", scope={"v": PERSONAL})
    assert outcome == Failed(Failure.COMMAND_NOT_FOUND, "the program no-such-program was not found")


async def test_a_file_that_cannot_be_executed_is_told_so(run: Run, folder: Path) -> None:
    (folder / "broken").write_text("#!/no/such/interpreter\n")
    (folder / "broken").chmod(0o755)
    outcome = await run("./broken")
    assert outcome == Failed(Failure.COMMAND_NOT_STARTED, "./broken could not be started: No such file or directory")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        (["sh", "-c", "echo oops >&2; exit 3"], "sh ended with exit code 3 (5 bytes of errors, not kept)"),
        ("echo oops >&2; exit 3", "the command ended with exit code 3 (5 bytes of errors, not kept)"),
        ("false\necho '{}'", "the command ended with exit code 1 (0 bytes of errors, not kept)"),
        (["sh", "-c", "kill -9 $$"], "sh was ended by SIGKILL"),
    ],
)
async def test_a_command_that_fails_tells_its_exit_code_and_nothing_it_said(
    run: Run, command: Any, message: str
) -> None:
    assert await run(command) == Failed(Failure.COMMAND_FAILED, message, retryable=True)


@pytest.mark.parametrize(
    ("printed", "failure"),
    [
        ("", Failed(Failure.ANSWER_NOT_JSON, "the standard output of echo is empty")),
        ("working...", Failed(Failure.ANSWER_NOT_JSON, "the standard output of echo is not JSON")),
        ('{"argv": NaN}', Failed(Failure.ANSWER_NOT_JSON, "the standard output of echo holds NaN or Infinity")),
        ("[]", Failed(Failure.ANSWER_NOT_JSON, "the standard output of echo is JSON and not an object")),
        ('{"other": 1}', Failed(Failure.OUTPUT_MISSING, "the answer lacks argv")),
        ('{"argv": "x"}', Failed(Failure.OUTPUT_INVALID, "output argv is not of type array")),
        ('{"argv": []}', Done({"argv": []})),
    ],
)
async def test_what_is_printed_must_be_one_object_with_the_outputs(run: Run, printed: str, failure: Any) -> None:
    assert await run(["echo", printed], outputs=(Field("argv", {"type": "array"}),)) == failure


async def test_a_command_without_outputs_may_print_what_it_likes(run: Run) -> None:
    assert await run("echo done", outputs=()) == Done({})


async def test_output_is_taken_up_to_its_limit_and_no_further(run: Run) -> None:
    frame = len('{"argv":""}')
    printing = "import sys;sys.stdout.write('{\"argv\":\"'+'x'*int(sys.argv[1])+'\"}')"
    fits = [sys.executable, "-c", printing, STDOUT_BYTES_MAX - frame]
    assert isinstance(await run(fits), Done)
    outcome = await run([*fits[:-1], STDOUT_BYTES_MAX - frame + 1])
    assert isinstance(outcome, Failed)
    assert outcome.code == Failure.ANSWER_TOO_LARGE


async def test_a_command_that_prints_for_ever_is_ended(run: Run) -> None:
    outcome = await run("yes")
    assert isinstance(outcome, Failed)
    assert outcome.code == Failure.ANSWER_TOO_LARGE


async def test_errors_without_end_do_not_block_the_command(run: Run) -> None:
    outcome = await run("head -c 3000000 /dev/zero >&2; ./show a")
    assert outcome == Done({"argv": ["a"]})


async def test_standard_input_is_empty(run: Run) -> None:
    assert await run("cat; ./show done") == Done({"argv": ["done"]})


def _gone(pid_file: Path) -> bool:
    """Whether every process named in the file ends, or has ended; a killed one takes a moment."""
    alive = [psutil.Process(pid) for pid in map(int, pid_file.read_text().split()) if pid and psutil.pid_exists(pid)]
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.wait(timeout=10)
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in alive)


async def _written(path: Path, lines: int) -> None:
    while not path.exists() or len(path.read_text().split()) < lines:
        await asyncio.sleep(0.01)


BEGINNING, MOMENTS = f"600.{os.getpid()}", 25
STUBBORN = "trap 'echo 0 >> {file}' TERM; sleep 600 & echo $! >> {file}; echo $$ >> {file}; while :; do wait; done"
MEEK = "sleep 600 & echo $! >> {file}; echo $$ >> {file}; wait"


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_a_time_out_ends_the_command_and_all_that_it_started(
    run: Run, tmp_path: Path, loop: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    outcome = loop(run(MEEK.format(file=tmp_path / "pids"), timeout_s=0.5))
    assert outcome == Failed(Failure.TIMED_OUT, "the command did not end within 0.5 s", retryable=True, timeout=True)
    assert _gone(tmp_path / "pids")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_cancelling_ends_the_command_and_all_that_it_started(
    run: Run, tmp_path: Path, loop: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def cancelled() -> None:
        task = asyncio.create_task(run(MEEK.format(file=tmp_path / "pids")))
        await _written(tmp_path / "pids", 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loop(cancelled())
    assert _gone(tmp_path / "pids")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_cancelling_at_any_moment_of_its_beginning_leaves_no_command_behind(
    run: Run, loop: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    async def cancelled(moment: int) -> None:
        task = asyncio.create_task(run(["sleep", BEGINNING]))
        for _ in range(moment):
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    for moment in range(MOMENTS):
        loop(cancelled(moment))
    commands = [process.info["cmdline"] for process in psutil.process_iter(["cmdline"])]
    assert ["sleep", BEGINNING] not in [command[-2:] for command in commands if command]


async def test_a_command_that_ignores_being_asked_is_killed_by_a_second_cancellation(run: Run, tmp_path: Path) -> None:
    task = asyncio.create_task(run(STUBBORN.format(file=tmp_path / "pids")))
    await _written(tmp_path / "pids", 2)
    task.cancel()
    await _written(tmp_path / "pids", 3)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not psutil.pid_exists(int((tmp_path / "pids").read_text().split()[1])), "not waited for: a zombie"
    assert _gone(tmp_path / "pids")


async def test_a_command_that_ignores_being_asked_is_killed_after_the_grace(tmp_path: Path) -> None:
    argv = [b"sh", b"-c", STUBBORN.format(file=tmp_path / "pids").encode()]
    with pytest.raises(TimeoutError):
        await run_program(argv, env={"PATH": os.environ["PATH"]}, cwd=tmp_path, timeout_s=0.5, grace_s=0.1)
    assert _gone(tmp_path / "pids")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_what_a_command_leaves_running_does_not_hold_the_node(
    run: Run, tmp_path: Path, loop: Callable[[Coroutine[Any, Any, Any]], Any]
) -> None:
    outcome = loop(run(f"sleep 600 & echo $! > {tmp_path}/pids; ./show a", timeout_s=60))
    assert outcome == Done({"argv": ["a"]})
    assert _gone(tmp_path / "pids")


@pytest.mark.parametrize("loop", [asyncio.run, uvloop.run])
def test_commands_run_on_either_event_loop(run: Run, loop: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
    assert loop(run("./show ${v}", scope={"v": "客户"})) == Done({"argv": ["客户"]})
