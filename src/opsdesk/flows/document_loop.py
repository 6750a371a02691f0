"""What a loop goes over, and how often."""

import re
from dataclasses import dataclass

from opsdesk.flows.document_reading import Fields
from opsdesk.flows.procedure import ROUNDS_DEFAULT, EdgeMode, Position
from opsdesk.flows.rounds import ITEMS_MAX, ROUNDS_MAX

LOOP_NAMES = ("iteration", "index", "count", "first", "last", "item")
_NAME = re.compile(r"[A-Za-z_]\w{0,127}\Z", re.ASCII)


START = Position()


@dataclass(frozen=True, slots=True)
class LoopFields:
    for_each: str | None = None
    iterator_var: str = "item"
    rounds_max: int = ROUNDS_DEFAULT
    position: Position = START
    """Of the list."""


def read_loop(fields: Fields, mode: EdgeMode | None) -> LoopFields:
    """The fields of a loop; on an edge of another mode they say nothing."""
    if mode is not EdgeMode.LOOP:
        for field in ("for_each", "iterator_var", "max_iterations"):
            if mode is not None and fields.get(field) is not None:
                fields.not_honoured(field, hint="write mode: loop")
        return LoopFields()
    for_each = fields.text("for_each")
    name: str | None = fields.text("iterator_var")
    limit = fields.number("max_iterations", least=1, most=ROUNDS_MAX, whole=True)
    if for_each is not None and not for_each.strip():
        fields.wrong(fields.entries["for_each"], fields.path("for_each"), "an expression that gives a list")
        for_each = None
    if name is not None and (not _NAME.match(name) or (name in LOOP_NAMES and name != "item")):
        wanted = f"a name of letters, digits and underscores, and none of {', '.join(LOOP_NAMES[:-1])}"
        fields.wrong(fields.entries["iterator_var"], fields.path("iterator_var"), wanted)
        name = None
    if for_each is None:
        if name is not None:
            fields.not_honoured("iterator_var", hint="write for_each: <list>")
        return LoopFields(rounds_max=int(limit or ROUNDS_DEFAULT))
    return LoopFields(for_each, name or "item", int(limit or ITEMS_MAX), fields.entries["for_each"].position)
