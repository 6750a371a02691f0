"""The scalars of YAML 1.2's core schema: no `yes`, no sexagesimal numbers, no dates, and 010 is ten."""

import math
import re

from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Position
from opsdesk.flows.tree import INTEGER_MAX, Scalar

_PREFIX = "tag:yaml.org,2002:"
_CONSTANTS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_NUMBER_STARTS = frozenset("0123456789+-.")
_INTEGER = re.compile(r"[-+]?[0-9]+\Z")
_BASED = re.compile(r"0o[0-7]+\Z|0x[0-9a-fA-F]+\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z")


def read(text: str, tag: str | None, quoted: bool, position: Position, findings: list[Finding]) -> Scalar:
    """The value of a scalar; a tag other than those of the core schema is a finding, and the text stays text."""
    if tag is None:
        return text if quoted else _plain(text, position, findings)
    if tag in ("!", _PREFIX + "str"):
        return text
    kind = tag.removeprefix(_PREFIX)
    value = _plain(text, position, findings)
    fits = {
        "null": value is None,
        "bool": isinstance(value, bool),
        "int": isinstance(value, int) and not isinstance(value, bool),
        "float": isinstance(value, int | float) and not isinstance(value, bool),
    }
    if not tag.startswith(_PREFIX) or kind not in fits:
        _add(findings, Code.TAG, f"the tag {tag} is not allowed", position, "remove it")
        return text
    if not fits[kind]:
        _add(findings, Code.TAG, f"this is not what its tag !!{kind} says", position, "")
        return text
    return float(value) if kind == "float" and isinstance(value, int) else value


def _plain(text: str, position: Position, findings: list[Finding]) -> Scalar:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if text[0] not in _NUMBER_STARTS:
        return text
    if _INTEGER.match(text):
        digits = text.lstrip("+-")
        if len(digits) > 1 and digits[0] == "0":
            message = f"{text} is the number {text.lstrip('+-0') or '0'}: leading zeros are lost"
            _add(findings, Code.LEADING_ZERO, message, position, f'write "{text}" if it is a text', Severity.WARNING)
        return integer(text, 10, position, findings)
    if _BASED.match(text):
        return integer(text[2:], 8 if text[1] == "o" else 16, position, findings)
    if _NOT_FINITE.match(text):
        _add(findings, Code.NUMBER, f"{text} is not a number that JSON has", position, "")
        return 0.0
    return floating(text, position, findings) if _FLOAT.match(text) else text


def integer(digits: str, base: int, position: Position, findings: list[Finding]) -> int:
    """The number; one that does not fit 64 bits is a finding."""
    value = int(digits, base) if len(digits) <= 25 else INTEGER_MAX + 1
    if abs(value) > INTEGER_MAX:
        _add(findings, Code.NUMBER, "the number does not fit 64 bits", position, "write it in quotes if it is a text")
        return 0
    return value


def floating(text: str, position: Position, findings: list[Finding]) -> float:
    """The number; one that is too large for a double is a finding."""
    value = float(text)
    if not math.isfinite(value):
        _add(findings, Code.NUMBER, "the number is too large", position, "")
        return 0.0
    return value


def _add(
    findings: list[Finding],
    code: Code,
    message: str,
    position: Position,
    hint: str,
    severity: Severity = Severity.ERROR,
) -> None:
    findings.append(Finding(code, severity, message, hint, position))
