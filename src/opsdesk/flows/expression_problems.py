"""What is wrong with an expression, in words that help: names nearly right, other languages' habits, CEL's messages."""

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

CANDIDATES_MAX = 2_000
"""Names that are compared one by one; of more, only those that begin alike."""
NAME_CHARS_MAX = 200


class ProblemKind(StrEnum):
    SYNTAX = "syntax"
    UNKNOWN_NAME = "unknown_name"
    UNKNOWN_FUNCTION = "unknown_function"
    HABIT = "habit"
    """Another language's spelling."""
    TYPES = "types"
    NOT_BOOLEAN = "not_boolean"
    LIMIT = "limit"


@dataclass(frozen=True, slots=True)
class Problem:
    kind: ProblemKind
    message: str
    hint: str = ""
    offset: int = 0
    """Characters from the start of the expression."""


_FUNCTIONS = """
all bool bytes contains double duration endsWith exists exists_one filter getDate getDayOfMonth getDayOfWeek
getDayOfYear getFullYear getHours getMilliseconds getMinutes getMonth getSeconds has int map matches size
startsWith string timestamp type uint
"""
FUNCTIONS = frozenset(_FUNCTIONS.split())
"""The functions and macros of standard CEL."""

_OSOP_FUNCTIONS = {
    "status": "use an error, timeout or fallback edge",
    "duration_of": "give the node a time limit and a timeout edge",
    "error_of": "use error.code or error.message on an error edge",
    "attempt": "use metadata.attempt",
    "now": "have a node compute it",
}
"""Functions of the OSOP specification that conditions do not have here, and what to do without them."""

_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_NAME = r"[A-Za-z_][\w.\[\]'\"]{0,100}"
_HABITS: tuple[tuple[re.Pattern[str], str, str], ...] = (
    (re.compile(r"\$\{|\{\{"), "a condition is an expression, not a template", "write the name without ${ }"),
    (re.compile(r"!=="), "`!==` is JavaScript's", "write !="),
    (re.compile(r"==="), "`===` is JavaScript's", "write =="),
    (re.compile(r"<>"), "`<>` is SQL's", "write !="),
    (
        re.compile(rf"({_NAME})\s+(?:not\s+)?contains\s+(\S+)"),
        "`contains` is not an operator",
        r"write \1.contains(\2) for a text, \2 in \1 for a list",
    ),
    (
        re.compile(rf"({_NAME})\s+(startsWith|endsWith|matches)\s+(\S+)"),
        "that is a function, not an operator",
        r"write \1.\2(\3)",
    ),
    (
        re.compile(r"([\w.]{1,100})\.includes\(\s*([^()]*)\)"),
        "`includes` is JavaScript's",
        r"write \1.contains(\2) for a text, \2 in \1 for a list",
    ),
    (
        re.compile(r"([\w.]{1,100})\.length\b(?:\(\))?"),
        "`.length` is JavaScript's; CEL has a function for it",
        r"write size(\1)",
    ),
    (re.compile(r"\blen\(\s*([\w.]{1,100})\s*\)"), "`len` is Python's", r"write size(\1)"),
    (re.compile(r"\b(?:undefined|None|nil|NULL|Null)\b"), "that is not how CEL spells nothing", "write null"),
    (re.compile(r"\bnot\s+in\b", re.I), "`not in` is Python's", "write !(x in y)"),
    (re.compile(r"\b(?:and|AND)\b"), "`and` is not an operator", "write &&"),
    (re.compile(r"\b(?:or|OR)\b"), "`or` is not an operator", "write ||"),
    (re.compile(r"\b(?:not|NOT)\s"), "`not` is not an operator", "write !"),
    (re.compile(r"\bIN\b"), "`IN` is SQL's", "write in"),
    (re.compile(r"\bis\b"), "`is` is not an operator", "write =="),
    (re.compile(r"\b(?:True|TRUE)\b"), "that is not how CEL spells true", "write true"),
    (re.compile(r"\b(?:False|FALSE)\b"), "that is not how CEL spells false", "write false"),
    (re.compile(r"(?<![=!<>])=(?![=])"), "`=` does not compare", "write =="),
    (re.compile(r"(?<!&)&(?!&)"), "`&` is not an operator", "write &&"),
    (re.compile(r"(?<!\|)\|(?!\|)"), "`|` is not an operator", "write ||"),
)

_WORDS = re.compile(r"\b([A-Za-z_]\w*)[ \t]+(?=([A-Za-z_]\w*))")
_OPERATOR_WORDS = frozenset({"and", "or", "not", "in", "is", "contains", "startswith", "endswith", "matches"})

NAMES_SEEN = "a condition sees inputs.<name>, outputs.<node>.<name>, and the names of outputs on the way here"
_ERROR = re.compile(r"^(?:INVALID_ARGUMENT: )?ERROR: <input>:(\d+):(\d+): (.*?)(?: \[INVALID_ARGUMENT\])?$", re.M)
_UNDECLARED = re.compile(r"undeclared reference to '([^']*)'")
_OVERLOAD = re.compile(r"found no matching overload for '([^']*)' applied to '(.*)'")


def explain(text: str, error: str, names: Mapping[str, Any]) -> tuple[Problem, ...]:
    """The problems in what CEL said; a habit of another language explains a syntax error better than CEL does."""
    code = _STRINGS.sub(lambda match: match[0][0] + "\0" * (len(match[0]) - 2) + match[0][0], text)
    if _is_prose(code):
        hint = "a condition is an expression, such as score > 1 && flag == true"
        return (Problem(ProblemKind.SYNTAX, "this is not a CEL expression but a sentence", hint),)
    if habits := tuple(_habits(text, code)):
        return habits
    problems: list[Problem] = []
    for line, column, message in _ERROR.findall(error):
        problem = _problem(text, message, _offset(text, int(line), int(column)), names)
        if problem.kind is not ProblemKind.SYNTAX or not any(other.kind is ProblemKind.SYNTAX for other in problems):
            problems.append(problem)
    return tuple(problems) or (Problem(ProblemKind.SYNTAX, "this is not a CEL expression"),)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like this one, if any is near."""
    candidates = sorted(known)
    if len(candidates) > CANDIDATES_MAX:
        candidates = [other for other in candidates if other[:2] == name[:2]][:CANDIDATES_MAX]
    close = difflib.get_close_matches(name[:NAME_CHARS_MAX], candidates, n=1, cutoff=0.7)
    return close[0] if close else None


def _is_prose(code: str) -> bool:
    """Whether two words stand beside each other, neither of which could be meant as an operator."""
    words = _WORDS.findall(code)
    return any(not _OPERATOR_WORDS & {one.lower(), other.lower()} for one, other in words)


def _habits(text: str, code: str) -> Iterable[Problem]:
    for pattern, message, hint in _HABITS:
        if found := pattern.search(code):
            original = pattern.match(text, found.start()) or found
            yield Problem(ProblemKind.HABIT, message, original.expand(hint), found.start())


def _problem(text: str, message: str, offset: int, names: Mapping[str, Any]) -> Problem:
    if found := _UNDECLARED.search(message):
        return _unknown(text, found[1], offset, names)
    if found := _OVERLOAD.search(message):
        operator = found[1].strip("_@")
        return Problem(ProblemKind.TYPES, f"`{operator}` cannot be applied to {found[2]}", _type_hint(found[2]), offset)
    if "reserved identifier" in message:
        name = message.rsplit(" ", 1)[-1]
        hint = f"use its qualified name, outputs.<node>.{name}"
        return Problem(ProblemKind.UNKNOWN_NAME, f"{name} is a word that CEL keeps for itself", hint, offset)
    if "cannot be the operand of a select" in message:
        return Problem(ProblemKind.TYPES, "there are no fields inside this value", "", offset)
    short = re.sub(r"Syntax error: ?", "", message).split(" expecting ")[0]
    return Problem(ProblemKind.SYNTAX, f"this is not a CEL expression: {short}", "", offset)


def _unknown(text: str, name: str, offset: int, names: Mapping[str, Any]) -> Problem:
    at = _start_of(text, name, offset)
    if re.match(rf"\s*{re.escape(name)}\s*\(", text[at:]) or text[max(0, at - 1) : at] == ".":
        near = nearest(name, FUNCTIONS)
        hint = _OSOP_FUNCTIONS.get(name) or (f"did you mean {near}()?" if near else "")
        return Problem(ProblemKind.UNKNOWN_FUNCTION, f"there is no function {name}", hint, at)
    return Problem(ProblemKind.UNKNOWN_NAME, f"nothing provides {name}", _name_hint(text, name, at, names), at)


def _name_hint(text: str, name: str, at: int, names: Mapping[str, Any]) -> str:
    compared = "." not in name and re.search(r"[=!]=\s*$", text[:at])
    if near := nearest(name, names):
        return f"did you mean {near}?" + (f" if it is a text, write '{name}'" if compared else "")
    same_end = sorted(known for known in names if known.endswith("." + name.rsplit(".", 1)[-1]))
    if same_end:
        return f"did you mean {same_end[0]}?"
    if compared:
        return f"if it is a text, write '{name}'"
    if "." in name and (near := nearest(name.rsplit(".", 1)[-1], names)):
        return f"did you mean {near}?"
    if name.startswith("env."):
        return "conditions do not see the environment; pass the value as an input"
    return ""


def _type_hint(types: str) -> str:
    if "null_type" in types:
        return "the declared type excludes null"
    return "compare values of one type; see the schemas of the names used"


def _start_of(text: str, name: str, offset: int) -> int:
    """CEL points at the last dot of a qualified name, or at the bracket of a call; the name begins before that."""
    pattern = re.compile(r"\s*\.\s*".join(re.escape(part) for part in name.split(".")))
    starts = [found.start() for found in pattern.finditer(text) if found.start() <= offset]
    return starts[-1] if starts else offset


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    before = sum(len(part) + 1 for part in lines[: line - 1])
    return min(before + max(column - 1, 0), max(len(text) - 1, 0))
