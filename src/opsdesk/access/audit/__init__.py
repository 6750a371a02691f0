"""The audit chain: who wrote what, in an order that nobody can change unseen."""

from opsdesk.access.audit.entries import Entry, record

__all__ = ["Entry", "record"]
