"""The form of a page as a browser without scripts has it: its fields, filled in, and a button pressed."""

from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser

from tests.app.console.visiting import Shown, Visit


@dataclass
class Filled:
    """The fields of the form with this id, in their order."""

    action: str
    fields: list[tuple[str, str]]
    buttons: list[str]

    def __getitem__(self, name: str) -> str:
        return next(value for other, value in self.fields if other == name)

    def all(self, name: str) -> Sequence[str]:
        return [value for other, value in self.fields if other == name]

    def set(self, **values: str) -> "Filled":
        """By the name of each field; `__` stands for a dot."""
        for key, value in values.items():
            self.put(key.replace("__", "."), value)
        return self

    def put(self, name: str, *values: str) -> "Filled":
        """These values instead of those that are there, at the place of the first."""
        place = next((number for number, (other, _) in enumerate(self.fields) if other == name), len(self.fields))
        rest = [field for field in self.fields if field[0] != name]
        self.fields = [*rest[:place], *((name, value) for value in values), *rest[place:]]
        return self

    async def press(self, visit: Visit, op: str, **headers: str) -> Shown:
        return await visit.send(self.action, [*self.fields, ("op", op)], **headers)


class _Reader(HTMLParser):
    def __init__(self, form: str) -> None:
        super().__init__()
        self.form, self.inside = form, False
        self.action = ""
        self.fields: list[tuple[str, str]] = []
        self.buttons: list[str] = []
        self.select: str | None = None
        self.options: list[tuple[str | None, bool]] = []

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes = dict(given)
        if tag == "form" and attributes.get("id") == self.form:
            self.inside, self.action = True, attributes.get("action") or ""
        if not self.inside or "disabled" in attributes:
            return
        name, value = attributes.get("name"), attributes.get("value") or ""
        if tag == "input" and name and (attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes):
            self.fields.append((name, value))
        elif tag == "button":
            self.buttons.append(value)
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option" and self.select:
            self.options.append((attributes.get("value"), "selected" in attributes))

    def handle_data(self, data: str) -> None:
        if self.select and self.options and self.options[-1][0] is None:
            self.options[-1] = (data, self.options[-1][1])

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self.inside = False
        elif tag == "select" and self.select and self.inside:
            chosen = next((value for value, selected in self.options if selected), None)
            self.fields.append((self.select, chosen if chosen is not None else self.options[0][0] or ""))
            self.select = None


def form_of(shown: Shown, form: str = "configuration") -> Filled:
    reader = _Reader(form)
    reader.feed(shown.html)
    return Filled(reader.action, reader.fields, reader.buttons)
