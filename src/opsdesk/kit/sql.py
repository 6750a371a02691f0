"""SQL lives in files: statements under `-- name: some_name`, loaded once when their module is imported."""

import re
from pathlib import Path

_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)


def statements(module_file: str) -> dict[str, bytes]:
    """The named statements of the `.sql` file beside a module: call it with `__file__`.

    Raises KeyError at import for a misspelt name, because modules read their statements into constants.
    """
    path = Path(module_file).with_suffix(".sql")
    parts = _NAME.split(path.read_text(encoding="utf-8"))
    names, texts = parts[1::2], parts[2::2]
    assert len(set(names)) == len(names), f"a statement is named twice in {path}"
    return {name: text.strip().encode() for name, text in zip(names, texts, strict=True)}
