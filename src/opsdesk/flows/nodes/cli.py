"""The node type `cli`: one command, with what it may see and nothing else, and what it printed."""

import errno
import os
import shutil
import signal
from collections.abc import Mapping
from pathlib import Path

from opsdesk.flows.calls import Done, Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.command_line import Command, CommandUnreadable, read_command
from opsdesk.flows.nodes.command_process import Ended, OutputTooLarge, run_program
from opsdesk.flows.nodes.command_words import Word
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import json_object
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for, secret
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Lookup, Reference, ReferenceMissing, as_text, value_of

COMMAND_TIMEOUT_DEFAULT_S = 300.0
COMMAND_TIMEOUT_MAX_S = 3600.0
SHELL = "/bin/sh"


def cli_node(secrets: SecretLookup, commands_dir: Path, env: Mapping[str, str] = NO_ENV) -> NodeFunction:
    """The function of `cli` nodes, whose commands start in `commands_dir`.

    `env` holds what `${env.NAME}` stands for; the environment of a command is another matter: `command_environment`.
    """

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            command = read_command(call.node.runtime.get("command"))
            name = _program_name(command)
            argv = _argv(command, lookup_for(call, secrets=secrets, env=env), commands_dir)
            timeout_s, environment = command_timeout_s(call.node), command_environment(call.node, secrets)
            ended = await run_command(argv, environment, cwd=commands_dir, name=name, timeout_s=timeout_s)
            return _outcome(call.node, ended, name)
        except NodeFailure as failure:
            return failure.failed
        except CommandUnreadable as error:
            return Failed(Failure.BAD_COMMAND, error.problem)
        except ReferenceMissing as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))

    return run


def command_timeout_s(node: Node) -> float:
    return min(node.timeout_s or COMMAND_TIMEOUT_DEFAULT_S, COMMAND_TIMEOUT_MAX_S)


async def run_command(
    argv: list[bytes], environment: Mapping[str, str], *, cwd: Path, name: str, timeout_s: float
) -> Ended:
    """Raises NodeFailure for all that is not an exit code; `name` is what its messages call the command."""
    try:
        return await run_program(argv, env=environment, cwd=cwd, timeout_s=timeout_s)
    except TimeoutError:
        message = f"{name} did not end within {timeout_s:g} s"
        raise NodeFailure(Failure.TIMED_OUT, message, retryable=True, timeout=True) from None
    except OutputTooLarge as error:
        raise NodeFailure(Failure.ANSWER_TOO_LARGE, f"{name} printed more than {error.bytes_max} bytes") from None
    except OSError as error:
        if error.errno == errno.E2BIG:
            raise NodeFailure(Failure.BAD_ARGUMENT, f"a value is too long for an argument of {name}") from None
        reason = os.strerror(error.errno) if error.errno else "for an unknown reason"
        raise NodeFailure(Failure.COMMAND_NOT_STARTED, f"{name} could not be started: {reason}") from None


def exit_failure(ended: Ended, name: str) -> Failed | None:
    """What an exit code other than 0, or a signal, means for the node."""
    if ended.exit_code < 0:
        number = -ended.exit_code
        known = number in set(signal.Signals)
        how = f"was ended by {signal.Signals(number).name if known else f'signal {number}'}"
        return Failed(Failure.COMMAND_FAILED, f"{name} {how}", retryable=True)
    if ended.exit_code:
        message = f"{name} ended with exit code {ended.exit_code} ({ended.stderr_bytes} bytes of errors, not kept)"
        return Failed(Failure.COMMAND_FAILED, message, retryable=True)
    return None


def _outcome(node: Node, ended: Ended, name: str) -> Done | Failed:
    if (failure := exit_failure(ended, name)) is not None:
        return failure
    if not node.outputs:
        return Done({})
    return bind_outputs(node, json_object(ended.stdout, what=f"the standard output of {name}"))


def _program_name(command: Command) -> str:
    """For messages: the program as the document writes it, which no value can be part of."""
    return "the command" if command.script is not None else "".join(map(str, command.words[0]))


def _argv(command: Command, lookup: Lookup, commands_dir: Path) -> list[bytes]:
    if command.script is not None:
        values = [encoded(as_text(value_of(reference, lookup)), reference) for reference in command.arguments]
        # -e: a script is several commands, and one that fails must not be passed over in silence.
        return [SHELL.encode(), b"-e", b"-c", command.script.encode(), SHELL.encode(), *values]
    program, *arguments = (argument_of(word, lookup) for word in command.words)
    return [find_program(program, commands_dir), *arguments]


def argument_of(word: Word, lookup: Lookup) -> bytes:
    """Raises NodeFailure, ReferenceMissing."""
    parts = (
        part.encode() if isinstance(part, str) else encoded(as_text(value_of(part, lookup)), part) for part in word
    )
    return b"".join(parts)


def encoded(value: str, reference: Reference) -> bytes:
    """The value of a reference in UTF-8, whatever the locale says. Raises NodeFailure."""
    if "\0" in value:
        raise NodeFailure(Failure.BAD_ARGUMENT, f"the value of ${{{reference.text}}} holds a NUL character")
    try:
        return value.encode()
    except UnicodeEncodeError:
        raise NodeFailure(Failure.BAD_ARGUMENT, f"the value of ${{{reference.text}}} holds half a character") from None


def find_program(program: bytes, commands_dir: Path) -> bytes:
    """Raises NodeFailure. A name is looked for in PATH; a path counts from the folder that commands start in."""
    name = os.fsdecode(program)
    found = shutil.which(commands_dir / name if "/" in name else name, path=_path())
    if found is None:
        raise NodeFailure(Failure.COMMAND_NOT_FOUND, f"the program {name} was not found")
    return os.fsencode(os.path.abspath(found))


def command_environment(node: Node, secrets: SecretLookup) -> dict[str, str]:
    """PATH, HOME, LANG, and the declared credentials; nothing else that this process knows."""
    credentials = {name: secret(name, secrets=secrets) for name in node.security.credentials}
    for name, value in credentials.items():
        if not name or "=" in name or "\0" in name + value:
            raise NodeFailure(Failure.SECRET_MISSING, f"the secret {name} cannot be in an environment")
    base = {"PATH": _path(), "HOME": os.environ.get("HOME", "/"), "LANG": os.environ.get("LANG", "C.UTF-8")}
    return {**credentials, **base}


def _path() -> str:
    return os.environ.get("PATH", os.defpath)
