"""The node types `git`, `docker`, `infra` and `cicd`: commands of their tool, made from declared fields."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from opsdesk.flows.calls import Failed, NodeCall, NodeFunction, NodeOutcome
from opsdesk.flows.nodes.cli import (
    argument_of,
    command_environment,
    command_timeout_s,
    exit_failure,
    find_program,
    run_command,
)
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.nodes.json_object import json_object
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for
from opsdesk.flows.nodes.outputs import bind_outputs
from opsdesk.flows.nodes.problems import check_fields
from opsdesk.flows.nodes.tool_commands import commands_of, tool_problems
from opsdesk.flows.nodes.tool_words import JsonArgument, Words
from opsdesk.flows.procedure import NodeType
from opsdesk.flows.references import Lookup, ReferenceMissing

TOOL_ENVIRONMENT = {
    # A tool that asks somebody would wait until its time is over.
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_EDITOR": "true",
    # Without `ext`, which runs what an address says.
    "GIT_ALLOW_PROTOCOL": "file:git:http:https:ssh",
    "GH_PROMPT_DISABLED": "1",
    "NO_COLOR": "1",
    "TF_IN_AUTOMATION": "1",
}


def tool_node(secrets: SecretLookup, commands_dir: Path, env: Mapping[str, str] = NO_ENV) -> NodeFunction:
    """The function of all four types; their commands start in `commands_dir`, as those of `cli` nodes do."""

    async def run(call: NodeCall) -> NodeOutcome:
        try:
            check_fields(call.node, tool_problems)
            lookup = lookup_for(call, secrets=secrets, env=env)
            commands = [_argv(words, lookup) for words in commands_of(call.node)]
            if call.node.runtime.get("dry_run"):
                return _told(call, commands)
            return await _run_all(call, commands, secrets, commands_dir)
        except NodeFailure as failure:
            return failure.failed
        except ReferenceMissing as error:
            return Failed(Failure.REFERENCE_MISSING, str(error))

    return run


def _told(call: NodeCall, commands: list[list[bytes]]) -> NodeOutcome:
    """What would be run, and nothing is."""
    told = [[word.decode() for word in argv] for argv in commands]
    return bind_outputs(call.node, {"dry_run": True, "commands": told})


async def _run_all(
    call: NodeCall, commands: list[list[bytes]], secrets: SecretLookup, commands_dir: Path
) -> NodeOutcome:
    """One after the other, within one time limit. The outputs come from what the last one prints."""
    environment = {**command_environment(call.node, secrets), **TOOL_ENVIRONMENT}
    ends_at = asyncio.get_running_loop().time() + command_timeout_s(call.node)
    printed = b""
    for program, *arguments in commands:
        name = program.decode()
        left_s = max(ends_at - asyncio.get_running_loop().time(), 0.0)
        argv = [find_program(program, commands_dir), *arguments]
        ended = await run_command(argv, environment, cwd=commands_dir, name=name, timeout_s=left_s)
        if (failure := exit_failure(ended, name)) is not None:
            return failure
        printed = ended.stdout
    return bind_outputs(call.node, _answer(call.node.type, printed) if call.node.outputs else {})


def _answer(node_type: NodeType, printed: bytes) -> dict[str, Any]:
    """The JSON object that the tool printed, if it is one, and its whole text as `stdout`."""
    text = printed.decode(errors="replace").strip()
    answer: dict[str, Any] = {"stdout": text, "dry_run": False}
    if text.startswith("{"):
        answer = {**json_object(printed, what=f"the output of the {node_type} node"), **answer}
    return answer


def _argv(words: Words, lookup: Lookup) -> list[bytes]:
    argv = []
    for argument in words.arguments:
        if isinstance(argument, JsonArgument):
            text = argument.text(lookup)
            if "\0" in text:
                raise NodeFailure(Failure.BAD_ARGUMENT, f"the value of {argument.before} holds a NUL character")
            argv.append(text.encode())
            continue
        word = argument_of(argument.word, lookup)
        if argument.bare and word.startswith(b"-"):
            # The tool would take it for an option.
            raise NodeFailure(Failure.BAD_ARGUMENT, f"argument {len(argv)} of {argv[0].decode()} begins with a hyphen")
        if argument.bare and not word:
            raise NodeFailure(Failure.BAD_ARGUMENT, f"argument {len(argv)} of {argv[0].decode()} is empty")
        argv.append(word)
    return argv
