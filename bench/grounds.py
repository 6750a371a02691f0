"""What benches stand on: partners in a process of their own, and procedures in a database of their own."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from opsdesk import access
from opsdesk.flows.definitions import store_procedure
from opsdesk.kit.db import Database
from opsdesk.kit.log import bound

HERE = Path(__file__).parent
DEFAULT_PARTNER = "http://127.0.0.1:8155"
ACTOR = access.system_actor("bench")


@contextmanager
def partners() -> Iterator[str]:
    """Canned answers over HTTP; the address of them."""
    partner = subprocess.Popen(
        [sys.executable, str(HERE / "partner.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert partner.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(partner.stdout.readline())}"
    finally:
        partner.terminate()
        partner.wait(5)


def reference(partner: str) -> str:
    """The reference path, with these partners."""
    return (HERE / "reference.osop.yaml").read_text().replace(DEFAULT_PARTNER, partner)


async def store(db: Database, text: str, *, now: datetime) -> int:
    """Store a procedure; the id of its definition."""
    with bound(request_id="bench"):
        async with db.transaction() as conn:
            stored = await store_procedure(conn, text=text, file_name="bench.osop.yaml", actor=ACTOR, now=now)
    return stored.definition_id


async def nobody(*_: Any) -> Any:
    raise AssertionError("the automatic path asks nobody")
