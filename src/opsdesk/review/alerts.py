"""What operators are told of the review desk: events in the transaction of what happened."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from opsdesk import jobs
from opsdesk.kit.db import Connection


class Alert(StrEnum):
    """What somebody has to look at. The facts are ids and names, never a value of a customer's."""

    ADAPT_MISSING = "AdaptMissing"
    """A screening type was to look at an application and has no adapt to its application and scene."""
    RULE_UNDECIDED = "RuleUndecided"
    """A rule of a strategy group could not be decided for an application, which was told so."""
    NEARLY_LATE = "ScreeningTicketNearlyLate"
    """A screening ticket will soon be late: it went to another role, or up in the queue."""


async def tell(conn: Connection, alert: Alert, facts: Mapping[str, Any]) -> None:
    """Tell whoever subscribed, once the transaction commits."""
    await jobs.publish(conn, jobs.Event(alert.value, facts))
