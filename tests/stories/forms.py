"""The forms of a page, as a browser would send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

FIELDS = ("input", "textarea", "select", "button")


@dataclass
class Form:
    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    """By name, with the values that they have on the page."""


class _Reader(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self._page = page
        self.forms: dict[str, Form] = {}
        self._open: Form | None = None

    def handle_starttag(self, tag: str, given: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in given}
        if tag == "form":
            self._open = Form(attributes.get("action") or self._page, attributes.get("method", "get").lower())
            self.forms[attributes.get("id") or f"#{len(self.forms)}"] = self._open
        elif tag in FIELDS and attributes.get("name"):
            # One may stand outside of its form and name it.
            form = self.forms.get(attributes.get("form", ""), self._open)
            if form is not None:
                form.fields.setdefault(attributes["name"], attributes.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None


def forms_of(page: str, html: str) -> list[Form]:
    """Those that change something."""
    reader = _Reader(page)
    reader.feed(html)
    return [form for form in reader.forms.values() if form.method == "post"]
