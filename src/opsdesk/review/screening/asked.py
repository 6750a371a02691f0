"""What a screening ticket asks for: a verdict, reasons, a remark."""

from collections.abc import Sequence

from opsdesk.review.model import TicketField, Verdict

REMARK_CHARS_MAX = 2000


def asked_fields(
    *, verdicts: Sequence[Verdict], remark_required: bool, remark_chars_max: int = REMARK_CHARS_MAX
) -> tuple[TicketField, ...]:
    """The fields, of which `reasons` holds the ids of those that are ticked."""
    remark = {"type": "string", "maxLength": remark_chars_max} | ({"minLength": 1} if remark_required else {})
    texts = {"type": "array", "items": {"type": "string"}}
    return (
        TicketField("decision", "decision", {"enum": [*map(str, verdicts)]}, required=True, personal=False),
        TicketField("reasons", "reasons", texts, required=False, personal=False),
        TicketField("remark", "remark", remark, required=remark_required, personal=True),
    )
