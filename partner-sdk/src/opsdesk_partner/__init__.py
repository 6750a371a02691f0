"""Opsdesk for partners: open links, call the bank, and settle the month."""

from opsdesk_partner.answers import BankFile, Cancellation, Order, Quote
from opsdesk_partner.client import Bank
from opsdesk_partner.downloads import download
from opsdesk_partner.errors import (
    Advice,
    LinkError,
    LinkExpired,
    OutcomeUnknown,
    PartnerError,
    QuoteStale,
    Refused,
    Unreachable,
)
from opsdesk_partner.explain import explain
from opsdesk_partner.link_keys import KeyRing, load_agreement_key
from opsdesk_partner.link_values import FixedKeys, Link, LinkKey, Profile, Purpose
from opsdesk_partner.links import open_link
from opsdesk_partner.reconcile import Row, read_local, reconcile
from opsdesk_partner.report import Report
from opsdesk_partner.signing import load_signer, public_key
from opsdesk_partner.webhooks import verify_webhook

__all__ = [
    "Advice",
    "Bank",
    "BankFile",
    "Cancellation",
    "FixedKeys",
    "KeyRing",
    "Link",
    "LinkError",
    "LinkExpired",
    "LinkKey",
    "Order",
    "OutcomeUnknown",
    "PartnerError",
    "Profile",
    "Purpose",
    "Quote",
    "QuoteStale",
    "Refused",
    "Report",
    "Row",
    "Unreachable",
    "download",
    "explain",
    "load_agreement_key",
    "load_signer",
    "open_link",
    "public_key",
    "read_local",
    "reconcile",
    "verify_webhook",
]
