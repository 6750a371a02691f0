"""How screening tickets are spoken of on pages. What the product document calls in English stays so."""

from collections.abc import Mapping

from opsdesk.app.console.words import N_

BUCKETS: Mapping[str, str] = {"kyc": N_("kyc tickets"), "transaction": N_("transaction tickets")}
STATUSES: Mapping[str, tuple[str, str]] = {
    "pending": ("waiting", N_("pending")),
    "in_review": ("running", N_("in review")),
    "awaiting_second": ("person", N_("awaiting second")),
    "completed": ("done", N_("completed")),
    "cancelled": ("stopped", N_("cancelled")),
    "expired": ("skipped", N_("expired")),
}
"""Each with its badge."""
RESULTS: Mapping[str, tuple[str, str]] = {
    "pass": ("done", N_("pass")),
    "reject": ("failed", N_("reject")),
    "resubmit": ("paused", N_("resubmit")),
}
"""Each with its badge."""
