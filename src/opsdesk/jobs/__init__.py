"""Background work: jobs that commit with what caused them, timers, cron, events, and the workers that do it all."""

from opsdesk.jobs.errors import JobNotHeld, PayloadTooLarge
from opsdesk.jobs.kinds import Again, Backoff, CronKind, Done, Event, Failed, Handler, JobKind, JobOutcome
from opsdesk.jobs.queue import HeldJob, QueueState, enqueue, held, install, publish, queue_state, revive
from opsdesk.jobs.worker import JobWorker

__all__ = [
    "Again",
    "Backoff",
    "CronKind",
    "Done",
    "Event",
    "Failed",
    "Handler",
    "HeldJob",
    "JobKind",
    "JobNotHeld",
    "JobOutcome",
    "JobWorker",
    "PayloadTooLarge",
    "QueueState",
    "enqueue",
    "held",
    "install",
    "publish",
    "queue_state",
    "revive",
]
