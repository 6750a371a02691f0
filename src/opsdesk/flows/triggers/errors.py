"""What can be refused about triggers."""

from dataclasses import dataclass
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, Refused, Unavailable


@dataclass(eq=False)
class TriggerNotFound(NotFound):
    """The procedure has no such trigger."""

    procedure: str
    trigger: str


@dataclass(eq=False)
class TriggerNotDeclared(NotFound):
    """This version of the procedure declares no such trigger."""

    procedure: str
    trigger: str
    digest: str


@dataclass(eq=False)
class TriggerUnfit(Invalid):
    """The trigger cannot be activated with this version of the procedure."""

    procedure: str
    trigger: str
    problems: list[str]


@dataclass(eq=False)
class WebhookPathTaken(Refused):
    """Another trigger has this path already; two cannot have one."""

    path: str
    procedure: str
    trigger: str


@dataclass(eq=False)
class TriggerStateWrong(Refused):
    """The trigger is in a state in which this cannot be done."""

    procedure: str
    trigger: str
    state: str


@dataclass(eq=False)
class DeliveryNotFound(NotFound):
    """The trigger has no such delivery."""

    delivery: int


@dataclass(eq=False)
class DeliveryNotRefused(Refused):
    """Only a delivery that was refused can be taken again."""

    delivery: int
    state: str


@dataclass(eq=False)
class WebhookRefused(Refused):
    """The webhook was refused."""

    # The same words, whatever is wrong: a stranger learns neither which paths there are nor how near they came.
    status: ClassVar[int] = 401


@dataclass(eq=False)
class WebhookPaused(Unavailable):
    """The trigger of this webhook is paused; send it again later."""
