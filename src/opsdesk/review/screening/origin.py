"""What a screening ticket is called and who decides it, where a procedure asks for it and not the anti-fraud engine."""

from dataclasses import dataclass
from datetime import datetime

from opsdesk.review.model import TicketField, Verdict
from opsdesk.review.screening.asked import REMARK_CHARS_MAX, asked_fields


@dataclass(frozen=True, slots=True)
class Origin:
    """Five of them name the ticket, as they do any that a procedure asks for: `source` to `generation`."""

    source: str
    subject: str
    node: str
    iteration: int
    generation: int
    title: str
    purpose: str
    role: str | None
    """Who may decide it; None: everyone who may decide tickets."""
    required_approvers: int
    """A rejection decides alone; whatever else has to be said by so many people."""
    due_at: datetime | None
    requested_by: str
    """Nobody decides what they requested themselves."""
    verdicts: tuple[Verdict, ...]
    """What the procedure has a way on for."""
    remark_required: bool
    remark_chars_max: int = REMARK_CHARS_MAX

    @property
    def asked(self) -> tuple[TicketField, ...]:
        return asked_fields(
            verdicts=self.verdicts, remark_required=self.remark_required, remark_chars_max=self.remark_chars_max
        )
