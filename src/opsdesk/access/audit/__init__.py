"""The audit chain: who wrote what, in an order that nobody can change unseen."""

from opsdesk.access.audit.chain import ChainState, Head, SealingKey, chain_state, hash_of, seal
from opsdesk.access.audit.entries import Entry, record, record_each
from opsdesk.access.audit.evidence import Evidence, compare, entries_about, recorded
from opsdesk.access.audit.export import export_lines, verify_lines
from opsdesk.access.audit.findings import Finding, FindingKind, Report
from opsdesk.access.audit.listing import EntryFilter, ListedEntry, list_entries, show_entry
from opsdesk.access.audit.places import Place, Places
from opsdesk.access.audit.values import canonical, plain
from opsdesk.access.audit.verification import verify

__all__ = [
    "ChainState",
    "Entry",
    "EntryFilter",
    "Evidence",
    "Finding",
    "FindingKind",
    "Head",
    "ListedEntry",
    "Place",
    "Places",
    "Report",
    "SealingKey",
    "canonical",
    "chain_state",
    "compare",
    "entries_about",
    "export_lines",
    "hash_of",
    "list_entries",
    "plain",
    "record",
    "record_each",
    "recorded",
    "seal",
    "show_entry",
    "verify",
    "verify_lines",
]
