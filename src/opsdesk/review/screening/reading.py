"""From what somebody says of a screening type to its document, or to all that is wrong with it. Pure.

Pages, API and import come through here, so that a rule is said once. Places are named as in the given JSON:
`modules.0.keys.2.name`, `rejection.reasons.1.priority`.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from opsdesk.review.answers import text_problem
from opsdesk.review.screening.model import (
    Choice,
    DisplayType,
    Key,
    Module,
    ModuleCode,
    Reason,
    Rejection,
    ReviewRules,
    SecondReview,
    TypeDocument,
)
from opsdesk.review.screening.reading_due import FIELDS, read_due

KEY_CHARS_MAX = 64
DETAIL_CHARS_MAX = 200
LABEL_CHARS_MAX = 64
KEYS_MAX = 50
"""Of one module."""
REASONS_MAX = 200
PRIORITY_MAX = 99_999
SHARE_MIN, SHARE_MAX = 1, 99
"""In per cent; nothing and everything have words of their own."""

REQUIRED = "is required"
UNKNOWN = "is not known here"
DOUBLED = "is there twice"

_ID = re.compile("[0-9a-f]{32}")
"""As `new_id` makes them."""

Option = TypeVar("Option", bound=StrEnum)
Problems = dict[str, list[str]]
NewId = Callable[[], str]


class _Reader:
    def __init__(
        self,
        previous: TypeDocument | None,
        codes: Mapping[str, bool],
        new_id: NewId,
        earlier: Mapping[str, str] | None,
    ) -> None:
        self.problems: Problems = {}
        self._earlier = earlier
        self._codes = codes
        self._new_id = new_id
        self._keys = {key.id: key for key in previous.every_key} if previous else {}
        self._reasons = {reason.id for reason in previous.rejection.reasons} if previous else set[str]()
        self._used: set[str] = set()

    def document(self, given: Any) -> TypeDocument | None:
        given = self._mapping("", given, {"modules", "rejection", "review"})
        modules = self._modules(given.get("modules"))
        rejection = self._rejection(given.get("rejection"))
        rules = self._review(given["review"]) if given.get("review") is not None else ReviewRules()
        if not any(module.keys for module in modules) and not any(at.startswith("modules") for at in self.problems):
            self._say("modules", "hold no key")
        return None if self.problems or rejection is None else TypeDocument(modules, rejection, rules)

    def _modules(self, given: Any) -> tuple[Module, ...]:
        modules: list[Module] = []
        for place, each in self._list("modules", given, limit=len(ModuleCode)):
            entry = self._mapping(place, each, {"code", "keys"})
            code = self._one_of(f"{place}.code", entry.get("code"), ModuleCode)
            if code is None:
                continue
            if code in [module.code for module in modules]:
                self._say(f"{place}.code", DOUBLED)
            keys = tuple(self._module_keys(f"{place}.keys", entry.get("keys", []), code))
            modules.append(Module(code, keys))
        # A module that is not given has no keys, and stands behind those that have.
        modules += [Module(code, ()) for code in ModuleCode if code not in [module.code for module in modules]]
        return tuple(modules)

    def _module_keys(self, place: str, given: Any, module: ModuleCode) -> Iterator[Key]:
        names = set()
        for at, each in self._list(place, given, limit=KEYS_MAX):
            entry = self._mapping(at, each, {"id", "name", "display"})
            name = self._text(f"{at}.name", entry.get("name"), chars_max=KEY_CHARS_MAX)
            display = self._one_of(f"{at}.display", entry.get("display") or module.display, DisplayType)
            if name is None or display is None:
                continue
            if name in names:
                self._say(f"{at}.name", DOUBLED)
            names.add(name)
            given_id = str(entry.get("id") or "")
            kept = self._keys.get(given_id)
            called = kept.name if kept is not None else (self._earlier or {}).get(given_id, name)
            if called != name:
                self._say(f"{at}.name", f"cannot be changed: it is {called}")
            yield Key(self._id(f"{at}.id", entry.get("id"), known=kept is not None), name, display)

    def _rejection(self, given: Any) -> Rejection | None:
        place = "rejection"
        entry = self._mapping(
            place, given, {"choice", "with_code", "code_return", "with_priority", "with_label", "reasons"}
        )
        choice = self._one_of(f"{place}.choice", entry.get("choice"), Choice)
        with_code = self._switch(f"{place}.with_code", entry.get("with_code"))
        code_return, with_priority = None, None
        if with_code:
            code_return = self._one_of(f"{place}.code_return", entry.get("code_return"), Choice)
            with_priority = self._switch(f"{place}.with_priority", entry.get("with_priority"))
        with_label = self._switch(f"{place}.with_label", entry.get("with_label"))
        reasons = tuple(
            self._reasons_of(
                f"{place}.reasons", entry.get("reasons"), bool(with_code), bool(with_priority), bool(with_label)
            )
        )
        if not reasons and not self.problems:
            self._say(f"{place}.reasons", "hold no reason: nobody could reject")
        if choice is None or with_code is None or with_label is None:
            return None
        return Rejection(choice, with_code, code_return, with_priority, with_label, reasons)

    def _review(self, given: Any) -> ReviewRules:
        """What is left out is as it is in a type that says nothing of it."""
        place = "review"
        entry = self._mapping(place, given, {"second", "share", "remark_required", *FIELDS})
        second = self._one_of(f"{place}.second", entry.get("second", SecondReview.OFF), SecondReview)
        share = None
        if second is SecondReview.RANDOM:
            share = self._number(f"{place}.share", entry.get("share"), SHARE_MIN, SHARE_MAX)
        remark_required = self._switch(f"{place}.remark_required", entry.get("remark_required", False))
        due, problems = read_due(entry)
        for name, texts in problems.items():
            self.problems[f"{place}.{name}"] = texts
        return ReviewRules(second or SecondReview.OFF, share, bool(remark_required), due)

    def _reasons_of(
        self, place: str, given: Any, with_code: bool, with_priority: bool, with_label: bool
    ) -> Iterator[Reason]:
        """What the switches hide is left out, whatever the form still holds of it."""
        told, priorities = set(), set()
        for at, each in self._list(place, given, limit=REASONS_MAX):
            entry = self._mapping(at, each, {"id", "label", "detail", "code", "priority"})
            detail = self._text(f"{at}.detail", entry.get("detail"), chars_max=DETAIL_CHARS_MAX)
            label = code = priority = None
            if with_label:
                label = self._text(f"{at}.label", entry.get("label"), chars_max=LABEL_CHARS_MAX)
            if with_code:
                code = self._code(f"{at}.code", entry.get("code"))
            if with_priority:
                priority = self._number(f"{at}.priority", entry.get("priority"), 0, PRIORITY_MAX)
            if priority is not None and priority in priorities:
                self._say(f"{at}.priority", DOUBLED)
            priorities.add(priority)
            if detail is None:
                continue
            if (label, detail) in told:
                self._say(f"{at}.detail", DOUBLED)
            told.add((label, detail))
            given_id = entry.get("id")
            reason_id = self._id(f"{at}.id", given_id, known=given_id in self._reasons)
            yield Reason(reason_id, detail, label, code, priority)

    def _id(self, place: str, given: Any, *, known: bool) -> str:
        """The id of what was there before; what is new gets one of ours, also if it is called like one removed."""
        is_taken_over = self._earlier is not None and isinstance(given, str) and _ID.fullmatch(given) is not None
        if not known and not is_taken_over:
            return self._new_id()
        if given in self._used:
            self._say(place, DOUBLED)
        self._used.add(str(given))
        return str(given)

    def _code(self, place: str, given: Any) -> str | None:
        code = self._text(place, given, chars_max=LABEL_CHARS_MAX)
        if code is None:
            return None
        if code not in self._codes:
            self._say(place, "is no reject code")
        elif not self._codes[code]:
            self._say(place, "is a code that is not active any more, or not for tickets")
        return code

    def _number(self, place: str, given: Any, least: int, most: int) -> int | None:
        text = str(given).strip() if isinstance(given, str | int) and not isinstance(given, bool) else ""
        if given is None or (isinstance(given, str) and not text):
            self._say(place, REQUIRED)
        elif not (text.isascii() and text.isdecimal()) or not least <= int(text) <= most:
            self._say(place, f"is not a number from {least} to {most}")
        else:
            return int(text)
        return None

    def _switch(self, place: str, given: Any) -> bool | None:
        if given is None or given == "":
            self._say(place, REQUIRED)
        elif given in (True, "Y"):
            return True
        elif given in (False, "N"):
            return False
        else:
            self._say(place, "is neither Y nor N")
        return None

    def _one_of(self, place: str, given: Any, options: type[Option]) -> Option | None:
        if given is None or given == "":
            self._say(place, REQUIRED)
            return None
        try:
            return options(given)
        except ValueError:
            self._say(place, f"is none of {', '.join(options)}")
            return None

    def _text(self, place: str, given: Any, *, chars_max: int) -> str | None:
        text = given.strip() if isinstance(given, str) else given
        if text is None or text == "":
            self._say(place, REQUIRED)
        elif not isinstance(text, str):
            self._say(place, "is no text")
        elif problem := text_problem(text, chars_max=chars_max):
            self._say(place, problem)
        elif not text.isprintable():
            self._say(place, "holds characters that cannot be printed")
        else:
            return text
        return None

    def _list(self, place: str, given: Any, *, limit: int) -> list[tuple[str, Any]]:
        if not isinstance(given, list | tuple):
            self._say(place, REQUIRED if given is None else "is no list")
            return []
        if len(given) > limit:
            self._say(place, f"are more than {limit}")
            return []
        return [(f"{place}.{number}", each) for number, each in enumerate(given)]

    def _mapping(self, place: str, given: Any, fields: set[str]) -> Mapping[str, Any]:
        if not isinstance(given, Mapping):
            self._say(place or "document", REQUIRED if given is None else "is no mapping")
            return {}
        for name in given.keys() - fields:
            self._say(f"{place}.{name}"[:100].lstrip("."), UNKNOWN)
        return given

    def _say(self, place: str, problem: str) -> None:
        self.problems.setdefault(place, []).append(problem)


def read_document(
    given: Any,
    *,
    previous: TypeDocument | None,
    codes: Mapping[str, bool],
    new_id: NewId,
    earlier: Mapping[str, str] | None = None,
) -> tuple[TypeDocument | None, Problems]:
    """The document, or None and everything that is wrong, by place.

    `previous` is the version that is edited: keys and reasons that come with an id of it stay those that they were.
    `codes` are the reject codes that are there; True: a reason may have it. Keys and reasons without such an id are
    new ones, and get theirs from `new_id`; unless `earlier` is there: then an id that comes from a file is taken over.
    `earlier` are the names of all keys that the type ever had, by their ids, which stay those that they were.
    """
    reader = _Reader(previous, codes, new_id, earlier)
    document = reader.document(given)
    return document, reader.problems


def warnings_of(document: TypeDocument) -> Sequence[tuple[str, str]]:
    """What is allowed and may not be meant, by place: keys of one name in two modules, an order that decides."""
    found = []
    modules: dict[str, ModuleCode] = {}
    for number, module in enumerate(document.modules):
        for at, key in enumerate(module.keys):
            if key.name in modules:
                found.append((f"modules.{number}.keys.{at}.name", f"is also a key of {modules[key.name]}"))
            modules.setdefault(key.name, module.code)
    rejection = document.rejection
    if rejection.choice is Choice.MULTIPLE and rejection.code_return is Choice.SINGLE and not rejection.with_priority:
        found.append(("rejection.with_priority", "of several reasons the order here decides which code goes back"))
    return found
