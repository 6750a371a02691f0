"""The ledger of points as the HTTP API shows it."""

from base64 import b64encode
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from pydantic import ConfigDict

from opsdesk.kit.http_shapes import Next, Values, View
from opsdesk.points.auditing import Audit
from opsdesk.points.model import Lot, PostingKind, Wallet
from opsdesk.points.statement import Line
from opsdesk.points.sweeping import SweepDone


class LotView(View):
    """Points that were granted together, and expire together."""

    model_config = ConfigDict(from_attributes=True)

    lot_id: int
    """Its id."""
    granted: int
    """How many points it had."""
    remaining: int
    """How many are left."""
    granted_at: datetime
    """When it was granted."""
    expires_at: datetime
    """From then on it cannot be used."""


class GrantView(LotView):
    """A lot that was granted."""

    customer_id: str
    """Whose it is."""
    is_new: bool
    """Whether this request granted it; false: one with the same key did before."""

    @staticmethod
    def granted_now(lot: Lot, *, is_new: bool) -> "GrantView":
        return GrantView(**asdict(lot), is_new=is_new)


class WalletView(View):
    """What a customer has."""

    customer_id: str
    """Whose it is."""
    available: int
    """Points in lots that are not past their date."""
    held: int
    """Points that are set aside for orders which have not ended."""
    lots: list[LotView]
    """The lots that something is left of and are not past their date; what expires first is used first."""

    @staticmethod
    def of(wallet: Wallet) -> "WalletView":
        lots = [LotView.model_validate(lot) for lot in wallet.lots]
        return WalletView(customer_id=wallet.customer_id, available=wallet.available, held=wallet.held, lots=lots)


class PostingView(View):
    """One movement of points of one lot; it never changes."""

    posting_id: int
    """Its number: those of a wallet are numbered in the order in which they moved it."""
    kind: PostingKind
    """`grant`, `hold` for an order, `return` from it, `forfeit` of what came back too late, `spend`, or `sweep` of
    what was left at the date."""
    points: int
    """How many points it moved."""
    change: int
    """What that added to the wallet or took out of it; 0 for what was held already."""
    balance: int
    """What the wallet held after it, in lots that were past their date and not swept yet as well."""
    lot_id: int
    """Of which lot."""
    expires_at: datetime
    """Until when that can be used."""
    order_id: UUID | None
    """For which order."""
    effective_at: datetime
    """The moment that decided whether the lot was past its date."""
    recorded_at: datetime
    """When it was written."""

    @staticmethod
    def of(line: Line) -> "PostingView":
        return PostingView(**asdict(line))


class StatementPage(View):
    """Some movements of a customer's points, the newest first."""

    items: list[PostingView]
    """The movements."""
    next: Next
    """What to send as `cursor` for older ones; null after the first there was."""


class SweepView(View):
    """What a sweep has done."""

    lots: int
    """How many lots were past their date and are swept now."""
    points: int
    """How many points that took out of wallets."""
    batches: int
    """In how many transactions."""
    is_done: bool
    """Whether nothing is left to be swept; otherwise ask again."""

    @staticmethod
    def of(done: SweepDone) -> "SweepView":
        return SweepView(**asdict(done))


class AuditView(View):
    """An audit of the ledger."""

    id: int
    """Its id."""
    at: datetime
    """When it looked."""
    actor: str
    """Who asked for it."""
    is_full: bool
    """Whether it looked at everything, and not only at what came since the audit before."""
    is_whole: bool
    """Whether it found nothing."""
    findings: int
    """How much it found."""
    report: Values
    """What it looked at and found: the checks by name, the sums of the accounts, the head of the chain."""
    key_id: str
    """Which key has signed the report."""
    signature: str
    """Its Ed25519 signature in base64, of the RFC 8785 form of the report after `opsdesk points audit 1` and a NUL."""

    @staticmethod
    def of(audit: Audit) -> "AuditView":
        facts = asdict(audit)
        facts |= {"id": facts.pop("audit_id"), "signature": b64encode(audit.signature).decode()}
        del facts["seq"]
        return AuditView(**facts)


class AuditPage(View):
    """Some audits of the ledger, the newest first."""

    items: list[AuditView]
    """The audits."""
    next: Next
    """What to send as `cursor` for older ones; null after the first there was."""
