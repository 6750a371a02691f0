"""Providers on the open platform: the links that bring customers to them, their keys, and how their requests are known.

Used noun by noun: `benefits.partners.links.issue_link(…)`. What needs the web framework is imported when it is first
asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opsdesk.benefits.partners import (
        delivery,
        errors,
        guard,
        keys,
        link_keys,
        links,
        partner,
        requests,
        routes,
        signatures,
        tokens,
        views,
    )

__all__ = [
    "delivery",
    "errors",
    "guard",
    "keys",
    "link_keys",
    "links",
    "partner",
    "requests",
    "routes",
    "signatures",
    "tokens",
    "views",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__} has no attribute {name}")
