"""What happened to an order as the text of a sequence diagram. Pure."""

from collections.abc import Sequence
from uuid import UUID

from opsdesk.benefits.rules import BUSINESS_ZONE
from opsdesk.benefits.sequence import PARTICIPANTS, Exchange, Language, called, participants

_SHAPES = {"Customer": "actor", "Scheduler": "database", "ReconFile": "database"}


def plantuml(order_id: UUID, told: Sequence[Exchange], *, language: Language = "zh") -> str:
    """The participants are named as in the bank's drawing; times are those of Shanghai."""
    lines = ["@startuml", f"title {order_id}"]
    for name in participants(told):
        shape = _SHAPES.get(name, "participant")
        lines.append(f'{shape} "{_line(called(name, language))}" as {name if name in PARTICIPANTS else _line(name)}')
    for each in told:
        moment = f"{each.at.astimezone(BUSINESS_ZONE):%Y-%m-%d %H:%M:%S}"
        lines.append(f"== {each.name} {moment}{' ' + each.trace_id if each.trace_id else ''} ==")
        for message in each.messages:
            arrow = "-->" if message.kind == "return" else "->"
            lines.append(f"{message.source} {arrow} {message.target}: {_line(message.label)}")
    return "\n".join([*lines, "@enduml", ""])


def _line(text: str) -> str:
    return " ".join(text.replace('"', "'").split())
