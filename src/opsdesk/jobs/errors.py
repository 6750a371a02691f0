"""What can be wrong with a job."""

from dataclasses import dataclass

from pgqueuer.domain.errors import RetryRequested

from opsdesk.kit.errors import Invalid, NotFound


@dataclass(eq=False)
class PayloadTooLarge(Invalid):
    """The payload of a job is larger than a job may carry: store it and pass its id."""

    kind: str
    size_bytes: int
    limit_bytes: int


@dataclass(eq=False)
class JobNotHeld(NotFound):
    """No job with this id is held."""

    job_id: int


class JobHeld(Exception):
    """Tells PgQueuer to hold the job; its text is the cause that people are shown, masked already."""


class NotBegun(RetryRequested):
    """Tells PgQueuer to put the job back as it was: it is not due, or the worker is stopping."""
