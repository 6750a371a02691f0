"""What the person who watches the demo sees: three columns on a terminal, plain lines elsewhere."""

import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

WHAT_COLUMNS = 9
WHERE_COLUMNS = 17
STYLES = {
    "done": "green",
    "completed": "bold green",
    "right": "bold green",
    "waits": "yellow",
    "ticket": "yellow",
    "verify": "yellow",
    "codes": "bold green",
    "retry": "yellow",
    "mail": "cyan",
    "account": "cyan",
    "demo": "magenta",
    "wrong": "bold red",
}


class Screen:
    def __init__(self) -> None:
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that cannot show a character shows a question mark, and the demo goes on.
            reconfigure(errors="replace")
        self._console = Console(highlight=False, soft_wrap=False)

    def title(self, text: str) -> None:
        self._console.print()
        self._console.print(Text(text, style="bold"), soft_wrap=True)
        self._console.print()

    def line(self, what: str, where: str = "", text: str = "") -> None:
        """What happened, where, and with what; a long text stays in its column."""
        if not self._console.is_terminal:
            self._console.print(
                Text(f"  {what:<{WHAT_COLUMNS}} {where:<{WHERE_COLUMNS}} {text}".rstrip()), soft_wrap=True
            )
            return
        columns = Table.grid(padding=(0, 1, 0, 0))
        columns.add_column(width=1)
        columns.add_column(width=WHAT_COLUMNS, no_wrap=True)
        columns.add_column(width=WHERE_COLUMNS)
        columns.add_column(overflow="fold")
        columns.add_row("", Text(what, style=STYLES.get(what, "dim")), where, Text(text))
        self._console.print(columns)

    def words(self, text: str = "") -> None:
        """Words that may be copied: never wrapped by us."""
        self._console.print(Text(text), soft_wrap=True)

    def failure(self, text: str) -> None:
        first, _, rest = text.partition("\n")
        self._console.print()
        self._console.print(Text(first, style=STYLES["wrong"]), soft_wrap=True)
        if rest:
            self.words(rest)
