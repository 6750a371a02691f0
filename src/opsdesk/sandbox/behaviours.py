"""What a partner does with a request, and the customers' names that choose it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Behaviour(StrEnum):
    CLEAR = "clear"
    BORDERLINE = "borderline"
    LOWSCORE = "lowscore"
    WATCHLISTED = "watchlisted"
    WHOLE = "whole"
    NULLSCORE = "nullscore"
    TEXTSCORE = "textscore"
    NOSCORE = "noscore"
    NANSCORE = "nanscore"
    SLOW = "slow"
    """Holds the connection for a long time and then ends it without an answer."""
    FLAKY = "flaky"
    """503 as often as `times` says, then as usual."""
    DOWN = "down"
    """500, always."""
    BUSY = "busy"
    """429 with Retry-After, then as usual."""
    BADREQUEST = "badrequest"
    HTML = "html"
    OVERSIZED = "oversized"
    REDIRECTED = "redirected"
    TRUNCATED = "truncated"
    """The connection ends in the middle of the announced body."""
    LYINGLENGTH = "lyinglength"
    """Content-Length is smaller than the body."""
    RESET = "reset"
    """The connection is reset before anything is done."""
    LOST = "lost"
    """The work is done and the answer never arrives: only an idempotency key keeps it from being done twice."""
    GONE = "gone"
    """410: there was something once."""
    SVG = "svg"
    """200 with a picture of a form that can hold scripts."""
    DUPLICATED = "duplicated"
    """The bus delivers the message twice at the same moment."""
    REORDERED = "reordered"
    """The bus holds the message back until a later one has passed it."""
    ANSWER = "answer"
    """A given status and body, through the control API only."""


FLAKY_TIMES = 2
BUSY_TIMES = 1
LOST_TIMES = 1
RETRY_AFTER_S = 1

VERDICTS: Mapping[Behaviour, Mapping[str, Any]] = {
    Behaviour.CLEAR: {"kyc_status": "passed", "kyc_score": 0.93, "watchlist_match": False},
    Behaviour.BORDERLINE: {"kyc_status": "passed", "kyc_score": 0.7, "watchlist_match": False},
    Behaviour.LOWSCORE: {"kyc_status": "unsure", "kyc_score": 0.41, "watchlist_match": False},
    Behaviour.WATCHLISTED: {"kyc_status": "match", "kyc_score": 0.97, "watchlist_match": True},
    Behaviour.WHOLE: {"kyc_status": "passed", "kyc_score": 1, "watchlist_match": False},
    Behaviour.NULLSCORE: {"kyc_status": "unsure", "kyc_score": None, "watchlist_match": False},
    Behaviour.TEXTSCORE: {"kyc_status": "passed", "kyc_score": "0.93", "watchlist_match": False},
    Behaviour.NOSCORE: {"kyc_status": "passed", "watchlist_match": False},
    Behaviour.NANSCORE: {"kyc_status": "passed", "kyc_score": float("nan"), "watchlist_match": False},
}
"""What only the KYC provider does: an answer with status 200."""

WELL_FORMED = frozenset(
    {Behaviour.CLEAR, Behaviour.BORDERLINE, Behaviour.LOWSCORE, Behaviour.WATCHLISTED, Behaviour.WHOLE}
)
"""Verdicts that are remembered under their idempotency key. The others are thought over at every call."""

ALIASES: Mapping[str, Behaviour] = {
    "通过": Behaviour.CLEAR,
    "临界": Behaviour.BORDERLINE,
    "低分": Behaviour.LOWSCORE,
    "名单": Behaviour.WATCHLISTED,
    "整数": Behaviour.WHOLE,
    "空分": Behaviour.NULLSCORE,
    "文字分": Behaviour.TEXTSCORE,
    "缺分": Behaviour.NOSCORE,
    "非数": Behaviour.NANSCORE,
    "超时": Behaviour.SLOW,
    "波动": Behaviour.FLAKY,
    "故障": Behaviour.DOWN,
    "限流": Behaviour.BUSY,
    "拒收": Behaviour.BADREQUEST,
    "网页": Behaviour.HTML,
    "超大": Behaviour.OVERSIZED,
    "跳转": Behaviour.REDIRECTED,
    "截断": Behaviour.TRUNCATED,
    "谎长": Behaviour.LYINGLENGTH,
    "断线": Behaviour.RESET,
    "失联": Behaviour.LOST,
    "失踪": Behaviour.GONE,
    "矢量": Behaviour.SVG,
}

SCRIPTED_ONLY = frozenset({Behaviour.ANSWER, Behaviour.DUPLICATED, Behaviour.REORDERED})
"""What no customer's name asks for."""

_LATIN = frozenset(behaviour.value for behaviour in set(Behaviour) - SCRIPTED_ONLY)
_TIMES = {Behaviour.FLAKY: FLAKY_TIMES, Behaviour.BUSY: BUSY_TIMES, Behaviour.LOST: LOST_TIMES}


@dataclass(frozen=True, slots=True)
class Plan:
    """A behaviour and its details: `seconds` (slow), `status` and `body` (answer), `retry_after_s` (busy)."""

    behaviour: Behaviour = Behaviour.CLEAR
    detail: Mapping[str, Any] = field(default_factory=dict)


def behaviour_of(name: str) -> Behaviour:
    """The behaviour that a customer's name asks for: its last word in Latin script, or how it ends in Chinese."""
    words = name.casefold().split()
    if words and words[-1] in _LATIN:
        return Behaviour(words[-1])
    ending = name.strip()
    return next((behaviour for alias, behaviour in ALIASES.items() if ending.endswith(alias)), Behaviour.CLEAR)


def times_of(behaviour: Behaviour) -> int | None:
    """How many calls it lasts when a name asks for it; None: always."""
    return _TIMES.get(behaviour)


def named_plan(name: str, *, calls_before: int) -> Plan:
    """What to do with a customer's next call, after so many calls before it."""
    behaviour = behaviour_of(name)
    times = times_of(behaviour)
    return Plan(behaviour) if times is None or calls_before < times else Plan()
