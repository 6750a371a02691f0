"""Reason codes of an approval: by decision, why it may be taken."""

import re

from opsdesk.flows.approval import ReasonCodes
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.tree import Tree

FIELD = "x-reason-codes"
ANY_DECISION = "*"
CODES_MAX = 50
WORDS_CHARS_MAX = 200
RESERVED = "unspecified"
"""The code of decisions that carry none."""

_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}\Z")


def read_reasons(gate: Fields | None) -> ReasonCodes:
    """A list of codes for every decision, or by decision (`*` for all others) a list, or codes with their words."""
    tree = gate.get(FIELD) if gate is not None else None
    if gate is None or tree is None:
        return {}
    if isinstance(tree.value, list):
        return {ANY_DECISION: _codes(gate, tree, gate.path(FIELD))}
    by_decision = gate.mapping(FIELD)
    if by_decision is None:
        return {}
    return {name: _codes(by_decision, each, by_decision.path(name)) for name, each in by_decision.entries.items()}


def _codes(owner: Fields, tree: Tree, where: str) -> dict[str, str]:
    if isinstance(tree.value, list):
        given = {str(item.value): "" for item in tree.value if isinstance(item.value, str)}
        whole = len(given) == len(tree.value)
    elif isinstance(tree.value, dict):
        given = {code: str(item.value) for code, item in tree.value.items() if isinstance(item.value, str)}
        whole = len(given) == len(tree.value)
    else:
        given, whole = {}, False
    fits = all(
        _CODE.match(code) and code != RESERVED and len(words) <= WORDS_CHARS_MAX for code, words in given.items()
    )
    if not whole or not fits or not 1 <= len(given) <= CODES_MAX:
        wanted = f"1 to {CODES_MAX} codes of letters, digits and _ . -, none of them {RESERVED}, each once"
        owner.wrong(tree, where, wanted)
        return {}
    return given
