"""Texts that templates take from Python. Marking one with `N_` is what puts it before the translators."""


def N_(text: str) -> str:  # noqa: N802  its name is what extraction looks for
    """The text itself; it is translated where it is shown."""
    return text
