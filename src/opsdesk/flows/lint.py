"""Lint: everything that can be said about documents and collections before anything of them runs."""

from opsdesk.flows.document_collections import Checked, Collection, Entry, check_file, load_collection
from opsdesk.flows.lint_document import format_finding, has_errors, lint
from opsdesk.flows.sarif import sarif

__all__ = [
    "Checked",
    "Collection",
    "Entry",
    "check_file",
    "format_finding",
    "has_errors",
    "lint",
    "load_collection",
    "sarif",
]
