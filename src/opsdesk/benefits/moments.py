"""When a service was performed, as providers write it."""

import re
from datetime import datetime

from opsdesk.benefits.rules import BUSINESS_ZONE
from opsdesk.kit.http_errors import RequestInvalid

_DIGITS = re.compile(r"\d{12}(\d\d)?", re.ASCII)
_RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)


def completion_moment(text: str) -> datetime:
    """Of `YYYYMMDDHHmmss` or `YYYYMMDDHHmm` by the clocks of Shanghai, or RFC 3339. Raises RequestInvalid."""
    try:
        if _DIGITS.fullmatch(text):
            return datetime.strptime(text.ljust(14, "0"), "%Y%m%d%H%M%S").replace(tzinfo=BUSINESS_ZONE)
        if _RFC_3339.fullmatch(text):
            return datetime.fromisoformat(text)
    except ValueError:
        pass
    problem = "has to be YYYYMMDDHHmmss or YYYYMMDDHHmm by the clocks of Shanghai, or a time with its offset"
    raise RequestInvalid([{"where": "body.completed_at", "problem": problem}])
