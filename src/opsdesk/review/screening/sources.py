"""Where the value of a key is read from when a ticket is made: the sources that an adapt can name. Pure.

A further source is one more entry of `SOURCES`.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from opsdesk.review.answers import text_problem

FEATURE_CHARS_MAX = 128


class Source(StrEnum):
    """The kinds of `value type`."""

    PB = "pb"
    """A field of the request."""
    VERIFY = "verify"
    """What a step-up verification produced."""
    FEATURE = "feature"
    """A feature of the group's strategy."""


class Verification(StrEnum):
    """The step-up verifications whose results tickets show."""

    LIVENESS = "lc"
    FACE_MATCHING = "fm"


VERIFY_FIELDS: Mapping[str, Verification] = {
    "liveness_check_url1": Verification.LIVENESS,
    "liveness_check_url2": Verification.LIVENESS,
    "liveness_check_result": Verification.LIVENESS,
    "face_matching_result": Verification.FACE_MATCHING,
}
"""Front and side picture of the face and the result of the liveness check; the result of the face matching."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be chosen for one application and scene with these methods."""

    pb_fields: Collection[str] = ()
    verifications: Collection[Verification] = ()
    """What the chosen methods contain."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of an application when its ticket is made. What is missing in it is shown empty."""

    request: Mapping[str, Any] = field(default_factory=dict)
    verifications: Mapping[str, Any] = field(default_factory=dict)
    """By the names of VERIFY_FIELDS."""
    features: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Mapped:
    """The source and, in it, the field that the value of a key is read from."""

    source: Source
    value: str


def _request_value(facts: Facts, path: str) -> Any:
    """The field at a path of names such as `customer.id_card.front_url`; None where there is nothing."""
    found: Any = facts.request
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return None
        found = found[name]
    return found


def _feature_problem(value: str, _offer: Offer) -> str | None:
    problem = text_problem(value, chars_max=FEATURE_CHARS_MAX)
    return problem or (None if value.isprintable() else "holds characters that cannot be printed")


@dataclass(frozen=True, slots=True)
class SourceRules:
    problem: Callable[[str, Offer], str | None]
    """Why the value cannot be chosen; None: it can."""
    options: Callable[[Offer], list[str]] | None
    """None: it is typed."""
    read: Callable[[Facts, str], Any]


SOURCES: Mapping[Source, SourceRules] = {
    Source.PB: SourceRules(
        problem=lambda value, offer: None if value in offer.pb_fields else "is no field of this application and scene",
        options=lambda offer: list(offer.pb_fields),
        read=_request_value,
    ),
    # A field of a method that was taken away may stay: it is a warning, and is shown empty.
    Source.VERIFY: SourceRules(
        problem=lambda value, _offer: None if value in VERIFY_FIELDS else "is no field of a verification",
        options=lambda offer: [name for name, kind in VERIFY_FIELDS.items() if kind in offer.verifications],
        read=lambda facts, value: facts.verifications.get(value),
    ),
    Source.FEATURE: SourceRules(
        problem=_feature_problem, options=None, read=lambda facts, value: facts.features.get(value)
    ),
}
