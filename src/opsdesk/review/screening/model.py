"""What a screening type is made of: the outer layer, which says what a ticket shows and how it is rejected."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from typing import Any


class DisplayType(StrEnum):
    """How a value is shown."""

    LINK = "link"
    DATE = "date"
    DATETIME = "datetime"
    IMG = "img"
    TEXT = "text"


class ModuleCode(StrEnum):
    """The modules of the screening info, in the order that they have unless somebody moves them."""

    PICTURE = "picture"
    PERSONAL = "personal"
    OTHERS = "others"

    @property
    def display(self) -> DisplayType:
        """What a new key of the module is shown as."""
        return DisplayType.IMG if self is ModuleCode.PICTURE else DisplayType.TEXT


class Choice(StrEnum):
    """How many: of the reasons that a reviewer ticks, or of the codes that go back."""

    SINGLE = "single"
    MULTIPLE = "multiple"


@dataclass(frozen=True, slots=True)
class Key:
    """A field of the ticket. Its `id` stays through every edit; its name never changes."""

    id: str
    name: str
    display: DisplayType


@dataclass(frozen=True, slots=True)
class Module:
    code: ModuleCode
    keys: tuple[Key, ...]


@dataclass(frozen=True, slots=True)
class Reason:
    """A reason to reject for. What the switches of `Rejection` hide is None here."""

    id: str
    detail: str
    label: str | None = None
    code: str | None = None
    priority: int | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """How a ticket is rejected: five switches, and the reasons in their order."""

    choice: Choice
    with_code: bool
    code_return: Choice | None
    """None: no codes."""
    with_priority: bool | None
    """A larger number goes first. None: no codes."""
    with_label: bool
    reasons: tuple[Reason, ...]


class SecondReview(StrEnum):
    """Of which tickets a second person judges as well, without having seen what the first one said."""

    OFF = "off"
    REJECT = "reject"
    """Of those that the first person rejects."""
    RANDOM = "random"
    """Of a share of them, drawn by their ids."""
    ALL = "all"


class Counted(StrEnum):
    """Which time passes for a ticket until it is due."""

    PLAIN = "plain"
    WORKING = "working"
    """Only while the desk works."""


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """When the desk works, in the zone of the business: on some weekdays (1 is Monday), from opening to closing."""

    days: tuple[int, ...] = (1, 2, 3, 4, 5)
    opens: str = "09:00"
    closes: str = "18:00"
    """`24:00` is the midnight that ends the day."""
    closed_days: tuple[date, ...] = ()
    """On which it does not, whatever weekday they are."""
    open_days: tuple[date, ...] = ()
    """On which it does."""


@dataclass(frozen=True, slots=True)
class Escalation:
    """What happens to an open ticket before it is due."""

    minutes: int
    """How long before, in the time that is counted."""
    priority: int | None
    """1 to 9: it goes up in the queue."""
    role: str | None
    """It is for holders of this role from then on."""


@dataclass(frozen=True, slots=True)
class DueRules:
    """When tickets are due. An adapt may say another time for its application and scene; the rest counts there too."""

    minutes: int | None = None
    """None: at no time."""
    counted: Counted = Counted.PLAIN
    hours: WorkingHours = WorkingHours()
    escalation: Escalation | None = None


@dataclass(frozen=True, slots=True)
class ReviewRules:
    """How the tickets are reviewed. What was saved before there were such rules has these."""

    second: SecondReview = SecondReview.OFF
    share: int | None = None
    """In per cent; None: nothing is drawn."""
    remark_required: bool = False
    """Whether whoever rejects has to say something in their own words."""
    due: DueRules = DueRules()


@dataclass(frozen=True, slots=True)
class TypeDocument:
    """One version of a screening type, whole. The modules stand in the order in which they are shown."""

    modules: tuple[Module, ...]
    rejection: Rejection
    review: ReviewRules = ReviewRules()

    @property
    def every_key(self) -> tuple[Key, ...]:
        """All keys, in the order in which they are shown."""
        return tuple(key for module in self.modules for key in module.keys)


def stored(document: TypeDocument) -> dict[str, Any]:
    """The document as it is kept: JSON, with no field left out."""
    rejection = document.rejection
    return {
        "modules": [
            {
                "code": module.code.value,
                "keys": [{"id": key.id, "name": key.name, "display": key.display.value} for key in module.keys],
            }
            for module in document.modules
        ],
        "rejection": {
            "choice": rejection.choice.value,
            "with_code": rejection.with_code,
            "code_return": rejection.code_return and rejection.code_return.value,
            "with_priority": rejection.with_priority,
            "with_label": rejection.with_label,
            "reasons": [
                {
                    "id": reason.id,
                    "label": reason.label,
                    "detail": reason.detail,
                    "code": reason.code,
                    "priority": reason.priority,
                }
                for reason in rejection.reasons
            ],
        },
        "review": rules_stored(document.review),
    }


def rules_stored(rules: ReviewRules) -> dict[str, Any]:
    """The rules as they are kept."""
    due, hours, escalation = rules.due, rules.due.hours, rules.due.escalation
    return {
        "second": rules.second.value,
        "share": rules.share,
        "remark_required": rules.remark_required,
        "due_minutes": due.minutes,
        "due_counted": due.counted.value,
        "work_days": list(hours.days),
        "work_opens": hours.opens,
        "work_closes": hours.closes,
        "closed_days": [day.isoformat() for day in hours.closed_days],
        "open_days": [day.isoformat() for day in hours.open_days],
        "escalate_minutes": escalation and escalation.minutes,
        "escalate_priority": escalation and escalation.priority,
        "escalate_role": escalation and escalation.role,
    }


def read_stored(kept: Mapping[str, Any]) -> TypeDocument:
    """The document out of what `stored` made of it."""
    rejection = kept["rejection"]
    return TypeDocument(
        modules=tuple(
            Module(
                ModuleCode(module["code"]),
                tuple(Key(key["id"], key["name"], DisplayType(key["display"])) for key in module["keys"]),
            )
            for module in kept["modules"]
        ),
        rejection=Rejection(
            choice=Choice(rejection["choice"]),
            with_code=rejection["with_code"],
            code_return=Choice(rejection["code_return"]) if rejection["code_return"] else None,
            with_priority=rejection["with_priority"],
            with_label=rejection["with_label"],
            reasons=tuple(Reason(**reason) for reason in rejection["reasons"]),
        ),
        review=_stored_rules(kept["review"]) if "review" in kept else ReviewRules(),
    )


def _stored_rules(kept: Mapping[str, Any]) -> ReviewRules:
    rules = ReviewRules(
        second=SecondReview(kept["second"]), share=kept["share"], remark_required=kept["remark_required"]
    )
    if "due_minutes" not in kept:  # saved before tickets were due at times
        return rules
    hours = WorkingHours(
        days=tuple(kept["work_days"]),
        opens=kept["work_opens"],
        closes=kept["work_closes"],
        closed_days=tuple(map(date.fromisoformat, kept["closed_days"])),
        open_days=tuple(map(date.fromisoformat, kept["open_days"])),
    )
    minutes = kept["escalate_minutes"]
    escalation = minutes and Escalation(minutes, kept["escalate_priority"], kept["escalate_role"])
    return replace(rules, due=DueRules(kept["due_minutes"], Counted(kept["due_counted"]), hours, escalation))
