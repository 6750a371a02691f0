"""Risks that can be seen in the document: secrets in clear text, shells, and unencrypted ways."""

import re
from collections.abc import Iterator
from typing import Any

from yarl import URL

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_paths import places, position_of
from opsdesk.flows.nodes.command_line import command_problem
from opsdesk.flows.procedure import Node, NodeType, Position, Procedure
from opsdesk.flows.references import parse_all
from opsdesk.kit.http_destinations import inside, literal_address

_SECRET_KEY = re.compile(
    r"(?:^|[_-])(?:password|passwd|passphrase|secret|api[_-]?key|apikey|token|private[_-]?key)\Z", re.IGNORECASE
)
_NAMES_OF_SECRETS = frozenset({"secret_ref", "secrets", "credentials"})
_SECRET_VALUES = (
    re.compile(r"\b(?:sk|rk|pk)_live_[0-9A-Za-z]{8,}"),
    re.compile(r"\bgh[pousr]_[0-9A-Za-z]{20,}"),
    re.compile(r"\bgithub_pat_[0-9A-Za-z_]{20,}"),
    re.compile(r"\bAKIA[0-9A-Z]{16}\b"),
    re.compile(r"\bxox[abprs]-[0-9A-Za-z-]{10,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----"),
    re.compile(r"\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}"),
    re.compile(r"\bBearer\s+(?!\$)[\w.~+/-]{12,}", re.IGNORECASE),
    re.compile(r"://[^\s/:@${}]+:[^\s/@${}]+@"),
)
_NAME_OF_SECRET = re.compile(r"[A-Z][A-Z0-9_]*\Z")
_SECRET_CHARS_MIN = 6
_REFERENCE = re.compile(r"(?<!\$)\$\{([^}]{0,200})\}")
_NEEDS_SHELL = re.compile(r"[|&;<>`*?~]|\$\(|\n(?!\s*\Z)")
COMMAND_CHARS_MAX = 10_000
"""What lies beyond is not looked at."""
_LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_LOOPBACK = "a loopback address"
_CALLS_BY_URL = frozenset({NodeType.API, NodeType.AGENT, NodeType.MCP})


def lint_risk(procedure: Procedure) -> Iterator[Finding]:
    yield from _secrets(procedure, procedure.raw, ())
    for index, node in places(procedure):
        if node.type in _CALLS_BY_URL:
            position = position_of(procedure, "nodes", index, "runtime", "url" if "url" in node.runtime else "endpoint")
            yield from _plain_http(node, position)
            yield from _address_inside(node, position)
        if node.type is NodeType.CLI:
            yield from _command(node, position_of(procedure, "nodes", index, "runtime", "command"))


def _secrets(procedure: Procedure, value: Any, path: tuple[object, ...]) -> Iterator[Finding]:
    """Every text of the document; the finding names the place, never the text."""
    if isinstance(value, dict):
        for key, item in value.items():
            if _is_field_list(path, key):
                # What an output is called, and where it is found, is no value of it.
                yield from _secret_values(procedure, item, (*path, key))
            elif (
                isinstance(item, str)
                and _SECRET_KEY.search(key)
                and key not in _NAMES_OF_SECRETS
                and _looks_secret(item)
            ):
                yield _in_clear(procedure, (*path, key), Severity.WARNING)
            else:
                yield from _secrets(procedure, item, (*path, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _secrets(procedure, item, (*path, index))
    else:
        yield from _secret_values(procedure, value, path)


def _is_field_list(path: tuple[object, ...], key: str) -> bool:
    return len(path) == 2 and path[0] == "nodes" and key in ("inputs", "outputs")


def _secret_values(procedure: Procedure, value: Any, path: tuple[object, ...]) -> Iterator[Finding]:
    """What is a secret by its form, whatever it is called."""
    if isinstance(value, str) and any(pattern.search(value) for pattern in _SECRET_VALUES):
        yield _in_clear(procedure, path, Severity.ERROR)
    elif isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _secret_values(procedure, item, (*path, key))


def _looks_secret(text: str) -> bool:
    """Not a reference, not the name of a secret, not a sentence."""
    return (
        len(text) >= _SECRET_CHARS_MIN
        and "${" not in text
        and "{{" not in text
        and not text.startswith("$.")
        and not _NAME_OF_SECRET.match(text)
        and not any(character.isspace() for character in text)
    )


def _in_clear(procedure: Procedure, path: tuple[object, ...], severity: Severity) -> Finding:
    where = ".".join(str(part) for part in path)
    message = f"{where} holds what looks like a secret, for everybody who reads the document"
    hint = "keep it as a secret, and write secret_ref or ${secrets.<NAME>}"
    return Finding(Code.SECRET_IN_CLEAR, severity, message, hint, position_of(procedure, *path), where)


def _plain_http(node: Node, position: Position) -> Iterator[Finding]:
    url = str(node.runtime.get("url") or node.runtime.get("endpoint") or "")
    if not url.lower().startswith("http://"):
        return
    where = f"nodes.{node.id}.runtime.url"
    if node.security.require_ssl:
        message = f"{node.id} requires an encrypted connection, and its URL is plain http"
        yield Finding(Code.SSL_REQUIRED, Severity.ERROR, message, "write https://", position, where)
    elif _sends_credentials(node) and _host(url) not in _LOCAL_HOSTS:
        message = f"{node.id} sends a secret over plain http, where everybody on the way can read it"
        yield Finding(Code.PLAIN_HTTP, Severity.ERROR, message, "write https://", position, where)


def _address_inside(node: Node, position: Position) -> Iterator[Finding]:
    """What can be seen without asking for names; where a name leads is judged when it is called."""
    url = str(node.runtime.get("url") or node.runtime.get("endpoint") or "")
    host = _host(url)
    address = literal_address(host)
    kind = _LOOPBACK if host == "localhost" or host.endswith(".localhost") else address and inside(address)
    if kind:
        message = f"{node.id} calls {kind}; the worker refuses it unless OPSDESK_ALLOW_NETWORKS lists its network"
        hint = "write the partner's public name; OPSDESK_CONNECT_TO leads it elsewhere where that is wanted"
        where = f"nodes.{node.id}.runtime.url"
        yield Finding(Code.PRIVATE_ADDRESS, Severity.WARNING, message, hint, position, where)


def _host(url: str) -> str:
    """As the client reads it: other digits than ASCII ones, for one thing, are those that they stand for."""
    try:
        return (URL(url).raw_host or "").rstrip(".")
    except ValueError:
        return ""


def _sends_credentials(node: Node) -> bool:
    headers = node.runtime.get("headers")
    names = {str(name).lower() for name in headers} if isinstance(headers, dict) else set()
    if node.security.auth or node.security.secret_ref or names & {"authorization", "x-api-key"}:
        return True
    return "${secrets." in json_like(node.runtime)


def json_like(value: Any) -> str:
    """All texts of a value, one after the other."""
    match value:
        case str():
            return value
        case dict():
            return "\n".join(json_like(item) for item in value.values())
        case list():
            return "\n".join(json_like(item) for item in value)
        case _:
            return ""


def _command(node: Node, position: Position) -> Iterator[Finding]:
    command = node.runtime.get("command")
    where = f"nodes.{node.id}.runtime.command"
    if "${secrets." in json_like(command):
        message = f"{node.id} puts a secret on the command line, where every process of the machine can read it"
        hint = "list it in security.credentials; the command finds it in its environment"
        yield Finding(Code.SECRET_ON_COMMAND_LINE, Severity.ERROR, message, hint, position, where)
    elif (problem := command_problem(command) if command is not None else None) and not _malformed(command):
        # The worker would refuse it in the middle of a run, by the same function.
        message, hint = f"{node.id} has a command that is not run: {problem}", "write it as a list of words"
        yield Finding(Code.COMMAND_REFUSED, Severity.ERROR, message, hint, position, where)
    words = command if isinstance(command, list) else [command] if isinstance(command, str) else []
    for name in _exposed(node, words):
        message = f"{node.id} puts ${{{name}}} where a shell reads it as part of the command, and not as one word"
        hint = "let it stand alone, or write the command as a list of words"
        yield Finding(Code.SHELL, Severity.WARNING, message, hint, position, where)


def _malformed(command: object) -> bool:
    """What looks like a reference and is none is told where it stands."""
    return any(parse_all(word)[1] for word in json_like(command).split("\n"))


def _exposed(node: Node, words: list[Any]) -> Iterator[str]:
    """The references that stand beside a character of the shell, or inside quotes or substitutions that it reads."""
    script = _script(words) if len(words) > 1 else str(words[0]).replace("\\\n", " ") if words else None
    if script is None:
        return
    script = script[:COMMAND_CHARS_MAX]
    shell = bool(node.runtime.get("shell")) or len(words) > 1
    bare = _REFERENCE.sub("", script)
    if not shell and not _NEEDS_SHELL.search(bare) and not re.search(r"\b(?:sh|bash|zsh)\s+-c\b|\beval\b", bare):
        return
    for found in _REFERENCE.finditer(script):
        before, after = script[: found.start()], script[found.end() :]
        beside = before[-1:] + after[:1]
        quoted = before.count('"') % 2 or before.count("'") % 2 or before.count("`") % 2
        substituted = before.count("$(") > before.count(")")
        if quoted or substituted or any(character in ";|&<>$()`" for character in beside):
            yield found[1]


def _script(words: list[Any]) -> str | None:
    """The script of `sh -c <script>`; a list of words needs no shell otherwise."""
    texts = [str(word) for word in words]
    names = {text.rsplit("/", 1)[-1] for text in texts[:1]}
    if names & {"sh", "bash", "zsh", "dash"} and "-c" in texts[:-1]:
        return '"' + texts[texts.index("-c") + 1]
    return None
