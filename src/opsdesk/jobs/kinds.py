"""What a worker can be given to do, and what may come of it."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from opsdesk.kit.db import Database
from opsdesk.kit.ids import new_id

ATTEMPTS_MAX = 20


@dataclass(frozen=True, slots=True)
class Done:
    """The job has done what it was for."""


@dataclass(frozen=True, slots=True)
class Again:
    """All is well so far; run the job again in so many seconds. Attempts are counted from zero again."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Failed:
    """The job cannot succeed: it is held at once, with this as its cause, until somebody revives it."""

    error: str


JobOutcome = Done | Again | Failed
Handler = Callable[[Database, Mapping[str, Any]], Awaitable[JobOutcome]]


@dataclass(frozen=True, slots=True)
class Backoff:
    """How long to wait after the n-th failed attempt: `first_s`, then `factor` times longer, up to `longest_s`."""

    first_s: float = 1.0
    factor: float = 2.0
    longest_s: float = 300.0

    def delay_s(self, attempt: int) -> float:
        # The exponent is bounded, because a float overflows long after the delay has reached its limit.
        return min(self.longest_s, self.first_s * self.factor ** min(attempt - 1, 64))


@dataclass(frozen=True, slots=True)
class JobKind:
    """A kind of job: its handler gets the database and the payload, and runs at least once for each job.

    A handler takes its transactions itself, and must bear to be run again after it was cut short anywhere.
    `concurrency` is how many of this kind may run at once over all workers; 0: as many as there is room for.
    """

    name: str
    handler: Handler
    concurrency: int = 0
    attempts_max: int = ATTEMPTS_MAX
    backoff: Backoff = field(default_factory=Backoff)


@dataclass(frozen=True, slots=True)
class CronKind:
    """Work that is due at times: a cron expression of five fields, in Shanghai time unless another zone is named.

    Over all workers the handler runs once each time; what was missed while none ran is made up for once.
    Its payload is `{"due_at": …}`, the business time that it was due.
    """

    name: str
    expression: str
    handler: Handler
    timezone: str = "Asia/Shanghai"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened, named by a participle: `TicketDecided`. Its id tells deliveries of it apart."""

    name: str
    payload: Mapping[str, Any]
    id: UUID = field(default_factory=new_id)
