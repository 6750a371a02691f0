"""What an installation is when it is open."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from opsdesk.app.wiring import MigrationsPending, migrate_database, open_app
from opsdesk.flows.procedure import NodeType
from opsdesk.kit.db import Database
from opsdesk.kit.settings import Settings
from tests.servers import Server


@pytest.fixture
def empty_database_url(server: Server) -> Iterator[str]:
    name = f"test_{uuid4().hex}"
    server.execute(f"CREATE DATABASE {name}")
    yield server.database(name)
    server.drop(name)


async def test_the_embedded_database_is_migrated_when_it_is_opened(session_folder: Path) -> None:
    settings = Settings(data_dir=session_folder / uuid4().hex)
    async with open_app(settings) as installation, installation.database.connection() as conn:
        assert await (await conn.execute("select count(*) from flow_run")).fetchone() == (0,)


async def test_a_database_of_others_is_migrated_when_that_is_asked_for(empty_database_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=empty_database_url, data_dir=tmp_path)
    with pytest.raises(MigrationsPending) as refused:
        async with open_app(settings):
            pass
    assert refused.value.names[0] == "0001_flows"
    assert "flows" in await migrate_database(settings)
    assert await migrate_database(settings) == []
    async with open_app(settings) as installation:
        assert isinstance(installation.database, Database)


async def test_two_processes_make_the_same_callback_addresses(database_url: str, tmp_path: Path) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path)
    run = uuid4()
    async with open_app(settings) as one, open_app(settings) as other:
        assert one.callbacks.url(run, "ask", 1) == other.callbacks.url(run, "ask", 1)


async def test_each_type_of_node_but_human_is_executed_by_a_function(database_url: str, tmp_path: Path) -> None:
    async with open_app(Settings(database_url=database_url, data_dir=tmp_path)) as installation:
        assert set(installation.nodes()) == set(NodeType) - {NodeType.HUMAN}
