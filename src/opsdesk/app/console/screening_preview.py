"""What a ticket of a screening type will look like, with sample values. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from opsdesk import review

BASE_INFO: Sequence[tuple[str, str]] = (
    ("application", "cash_loan"),
    ("scene", "activation"),
    ("platform userid", "10086001"),
    ("create time", "2026-01-05 10:00 +08:00"),
    ("No", "F20260105-0001"),
    ("status", "pending"),
    ("result", ""),
)
"""What every ticket tells, beside what is configured."""
SAMPLES: Mapping[str, str] = {
    "link": "https://example.com/evidence/1",
    "date": "2026-01-05",
    "datetime": "2026-01-05 10:00:00 +08:00",
    "img": "",
    "text": "xxxxxx",
}
"""By display type; a picture is drawn by the page."""


@dataclass(frozen=True, slots=True)
class ReasonGroup:
    """The reasons under one label; without labels there is one group, without a name."""

    label: str
    reasons: Sequence[review.screening.model.Reason]


@dataclass(frozen=True, slots=True)
class Preview:
    base: Sequence[tuple[str, str]]
    modules: Sequence[tuple[str, Sequence[review.screening.model.Key]]]
    """Those that have keys, in the order in which they are shown."""
    groups: Sequence[ReasonGroup]
    is_single: bool


def preview_of(document: review.screening.model.TypeDocument, *, name: str, version: int) -> Preview:
    """The ticket that would be made now."""
    groups: dict[str, list[review.screening.model.Reason]] = {}
    for reason in document.rejection.reasons:
        groups.setdefault(reason.label or "", []).append(reason)
    return Preview(
        base=[("type", name), *BASE_INFO, ("type version", str(version)), ("adapt version", "1")],
        modules=[(module.code.value, module.keys) for module in document.modules if module.keys],
        groups=[ReasonGroup(label, reasons) for label, reasons in groups.items()],
        is_single=document.rejection.choice is review.screening.model.Choice.SINGLE,
    )
