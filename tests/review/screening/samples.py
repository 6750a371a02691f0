"""A screening type as a form gives it, to be changed by tests."""

from collections.abc import Iterator
from itertools import count
from typing import Any

from opsdesk.review.screening.model import TypeDocument
from opsdesk.review.screening.reading import Problems, read_document

CODES = {"AF-1001": True, "AF-1002": True, "SYS-9": True, "AF-OLD": False}


def ids() -> Iterator[str]:
    return (f"id-{number}" for number in count(1))


def key(name: str, display: str | None = None, key_id: str | None = None) -> dict[str, Any]:
    return {"id": key_id, "name": name} | ({"display": display} if display else {})


def reason(detail: str, **more: Any) -> dict[str, Any]:
    return {"id": None, "detail": detail, **more}


def given(**changes: Any) -> dict[str, Any]:
    """A type with a picture, a name and two reasons with codes and priorities."""
    rejection = {
        "choice": "multiple",
        "with_code": "Y",
        "code_return": "multiple",
        "with_priority": "Y",
        "with_label": "N",
        "reasons": [
            reason("The face is another one", code="AF-1001", priority=10),
            reason("The picture is a screenshot", code="AF-1002", priority=20),
        ],
    }
    modules = [
        {"code": "picture", "keys": [key("front of the card")]},
        {"code": "personal", "keys": [key("full name")]},
    ]
    return {"modules": changes.pop("modules", modules), "rejection": {**rejection, **changes}}


def read(form: Any, *, previous: TypeDocument | None = None) -> tuple[TypeDocument | None, Problems]:
    names = ids()
    prefix = "later-" if previous else ""
    return read_document(form, previous=previous, codes=CODES, new_id=lambda: prefix + next(names))


def document(**changes: Any) -> TypeDocument:
    found, problems = read(given(**changes))
    assert found is not None, problems
    return found


def rule(name: str, when: str, answer: str = "reject", **more: Any) -> dict[str, Any]:
    return {"name": name, "when": when, "answer": answer, **more}


def verify(name: str, when: str, **changes: Any) -> dict[str, Any]:
    return rule(name, when, "verify", **{"methods": ["face"], "screening_type": 7, **changes})
