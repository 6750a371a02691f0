"""SQL lives in files: statements under `-- name: some_name`, loaded once when their module is imported."""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_ORDER = re.compile(rb"\border by (?!/\* always \*/)(.+?)(?=\s+limit\b|\s*;|\s*\Z)", re.DOTALL)
_AFTER = re.compile(rb"([<>])(?==?\s*\(?%\(after)")
_COMMA = re.compile(rb",(?![^(]*\))")
_FIXED = b"/* fixed */"


def statements(module_file: str) -> dict[str, bytes]:
    """The named statements of the `.sql` file beside a module: call it with `__file__`.

    Raises KeyError at import for a misspelt name, because modules read their statements into constants.
    """
    path = Path(module_file).with_suffix(".sql")
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, texts = parts[1::2], parts[2::2]
    assert len(set(names)) == len(names), f"a statement is named twice in {path}"
    return {name: text.strip().encode() for name, text in zip(names, texts, strict=True)}


def backwards(statement: bytes) -> bytes:
    """The same list from its end: what is before `%(after…)s` and nearest to it, in the opposite order.

    The comparison with `%(after…)s` is turned around, and every `order by`, but for what is marked as fixed in it. One
    that begins with `/* always */`, as of a window, is left alone.
    """
    turned, comparisons = _AFTER.subn(lambda found: b"<" if found[1] == b">" else b">", statement)
    turned, orders = _ORDER.subn(lambda found: b"order by " + b", ".join(map(_turned, _COMMA.split(found[1]))), turned)
    assert comparisons, "a list that is read backwards compares with where it begins"
    assert orders, "a list that is read backwards has an order"
    return turned


def _turned(term: bytes) -> bytes:
    term = term.strip()
    if term.startswith(_FIXED):
        return term
    return term.removesuffix(b" desc") if term.endswith(b" desc") else term + b" desc"
