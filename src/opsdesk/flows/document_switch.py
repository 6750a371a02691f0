"""A switch edge: one value, and a way for each case of it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields, same
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Node
from opsdesk.flows.tree import Tree

CASES_MAX = 200
_PLAIN = re.compile(r"[\w.]+\Z")


@dataclass(frozen=True, slots=True)
class Way:
    """One way out of a switch: taken where the condition holds."""

    target: str
    condition: str


def read_ways(fields: Fields, value: str, target: str, nodes: Mapping[str, Node]) -> list[Way]:
    """A way for each case, and one for everything else where there is a `default_to`; at most one of them is taken.

    `target` is the edge's own `to`, which has to be one of those: what it would stand for otherwise nobody says.
    """
    subject = value if _PLAIN.match(value) else f"({value})"
    cases = list(_cases(fields, nodes))
    ways = [Way(target, f"{subject} == {literal}") for target, literal in cases]
    if fields.get("default_to") is not None and (default := fields.node("default_to", nodes)) is not None:
        rest = " && ".join(f"{subject} != {literal}" for _, literal in cases)
        ways.append(Way(default, rest or "true"))
    if ways and target not in {way.target for way in ways}:
        where = fields.path("to")
        message = f"{where}: {target} is no target of a case, and not default_to, so that nothing says when it is taken"
        hint = "name in to one of the targets below"
        fields.reading.error(Code.WRONG_VALUE, message, fields.entries["to"], where=where, hint=hint)
    return ways


def _cases(fields: Fields, nodes: Mapping[str, Node]) -> Iterator[tuple[str, str]]:
    """Target and value, as CEL spells it."""
    if fields.get("cases") is None:
        fields.missing("cases", hint="list what the value can be: cases: [{value: …, to: …}]")
    seen: list[Tree] = []
    for place, case in fields.mappings("cases"):
        if place >= CASES_MAX:
            message = f"{fields.where}: a switch has more than {CASES_MAX} cases"
            fields.reading.error(Code.TOO_LARGE, message, case.tree, where=fields.path("cases"))
            return
        case.check(known.WAY)
        target = case.node("to", nodes)
        value = case.entries.get("value")
        if value is None:
            case.missing("value", hint="null is a value too; for everything else there is default_to")
        elif isinstance(value.value, dict | list):
            case.wrong(value, case.path("value"), "a text, a number, true, false or null")
        elif any(same(value, other) for other in seen):
            where = case.path("value")
            message = f"{where}: there is a case for this value already, and the first of them counts"
            fields.reading.error(Code.WRONG_VALUE, message, value, where=where, hint="remove one of them")
        else:
            seen.append(value)
            if target is not None:
                yield target, json.dumps(value.value, ensure_ascii=False)
