"""`python -m opsdesk` is the command `opsdesk`."""

from opsdesk.app.cli import main

main()
