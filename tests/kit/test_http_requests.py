"""What is decided by a clock is decided by the one that all servers share."""

from datetime import timedelta
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock, SystemClock
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import database_now
from tests.points.moving import NOW


@pytest.mark.req("PTS-801")
async def test_the_moment_is_when_the_transaction_began_by_the_database_and_moved_as_the_clock_is(
    conn: Connection, tmp_path: Path
) -> None:
    began = (await (await conn.execute(b"select now()")).fetchall())[0][0]
    assert await database_now(conn, SystemClock()) == began
    (tmp_path / "clock").write_text("3600")
    assert await database_now(conn, SystemClock(tmp_path / "clock")) == began + timedelta(hours=1)
    assert await database_now(conn, ManualClock(NOW)) == NOW
