"""Whom a run is about: the values by which a customer's runs are found.

Kept beside the run as digests of one spelling, written with the facts that they come from. They are looked up whole and
never by a part: whoever knows a value finds its runs, and nobody learns one by trying.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from hashlib import sha256
from typing import Any

from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Procedure

NAMES = frozenset(
    {
        *("customer_id", "user_id", "member_id", "account_id", "application_id", "order_id", "order_no"),
        *("email", "email_address", "customer_email", "phone", "phone_number", "customer_phone", "mobile"),
    }
)
"""Inputs and outputs of these names say whom a run is about, in every procedure."""
DECLARED = "x-subject"
"""More of them, as a list at the top of a document."""
VALUE_CHARACTERS_MAX = 200

_PHONE = re.compile(r"[+(\d][\d\s().-]{5,}")
_CHINESE_MOBILE = re.compile(r"(?:\+|00)?86(1[3-9]\d{9})")
_FINDABLE = (str, int)
_WITH_VALUES = {
    FactKind.RUN_STARTED: "inputs",
    FactKind.RUN_CORRECTED: "values",
    FactKind.NODE_ENDED: "outputs",
    FactKind.NODE_BLOCKED: "outputs",
}


def subject_names(procedure: Procedure) -> frozenset[str]:
    """The names that say whom a run of this procedure is about."""
    declared = procedure.raw.get(DECLARED)
    more = declared if isinstance(declared, list) else []
    return NAMES.union(name for name in more if isinstance(name, str))


def subjects_of(names: Collection[str], facts: Iterable[Fact]) -> list[int]:
    """The digests of the values under these names in the facts."""
    return digests_of(names, (fact.payload.get(_WITH_VALUES.get(fact.kind, ""), {}) for fact in facts))


def digests_of(names: Collection[str], values: Iterable[Mapping[str, Any]]) -> list[int]:
    """The digests of what stands under these names."""
    digests: dict[int, None] = {}
    for given in values:
        for name in given.keys() & names:
            text = normalised(given[name])
            if text is not None:
                digests[_digest(text)] = None
    return list(digests)


def subject_digest(value: Any) -> int:
    """The first 64 bits of the SHA-256 of the value in its one spelling, as the database has integers."""
    return _digest(normalised(value) or "")


def _digest(text: str) -> int:
    return int.from_bytes(sha256(text.encode()).digest()[:8], "big", signed=True)


def normalised(value: Any) -> str | None:
    """The spelling in which a value is kept and looked up; None: it is nothing that somebody is found by."""
    if isinstance(value, bool) or not isinstance(value, _FINDABLE):
        return None
    text = str(value)
    text = (text if text.isascii() else unicodedata.normalize("NFKC", text)).strip().casefold()
    if _PHONE.fullmatch(text):
        text = re.sub(r"[\s().-]", "", text)
        text = _CHINESE_MOBILE.sub(r"\1", text) if _CHINESE_MOBILE.fullmatch(text) else text
    return text if 0 < len(text) <= VALUE_CHARACTERS_MAX and "\0" not in text else None
