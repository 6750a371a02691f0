"""A store keeps what it is given, gives any part of it back, and writes over nothing: a folder, and a bucket of S3."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import urllib3

from opsdesk.benefits.settlement.errors import StoreInvalid, StoreUnavailable
from opsdesk.benefits.settlement.stores import AlreadyStored, FolderStore, NotStored, Store, Stored, open_store
from opsdesk.kit.secrets import SecretMissing

NAME = "airport-202512.txt.gz"
CONTENT = bytes(range(256)) * 40_000
"""More than is read from a service at once."""


def no_secret(name: str) -> str:
    raise SecretMissing(name=name, looked_in=())


@pytest.fixture(scope="module")
def s3_service() -> Iterator[str]:
    """The address of a service on this machine that speaks S3."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            asked(f"{address}/moto-api/")
            yield address
        finally:
            server.terminate()


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "folder":
        return FolderStore(tmp_path / "store")
    address = request.getfixturevalue("s3_service")
    return _bucket(address, tmp_path.name.replace("_", "-").lower()[:40] + "-bucket")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "made"
    path.write_bytes(CONTENT)
    return path


async def test_what_is_put_is_there(store: Store, file: Path) -> None:
    await store.put(NAME, file)
    assert await store.size(NAME) == len(CONTENT)
    assert await _read(store, 0, len(CONTENT)) == CONTENT


@pytest.mark.req("PTS-710")
@pytest.mark.parametrize(("begin", "end"), [(0, 1), (7, 300), (5_000_000, 5_000_001), (len(CONTENT) - 1, len(CONTENT))])
async def test_any_part_can_be_read(store: Store, file: Path, begin: int, end: int) -> None:
    await store.put(NAME, file)
    assert await _read(store, begin, end) == CONTENT[begin:end]


@pytest.mark.req("PTS-709")
async def test_nothing_is_written_over(store: Store, file: Path) -> None:
    await store.put(NAME, file)
    file.write_bytes(b"other")
    with pytest.raises(AlreadyStored):
        await store.put(NAME, file)
    assert await store.size(NAME) == len(CONTENT)


async def test_what_is_there_is_listed_by_name(store: Store, file: Path) -> None:
    assert list(await store.list()) == []
    await store.put("b", file)
    await store.put("a", file)
    assert list(await store.list()) == [Stored("a", len(CONTENT)), Stored("b", len(CONTENT))]


async def test_what_is_not_there_is_told(store: Store) -> None:
    with pytest.raises(NotStored):
        await store.size(NAME)
    with pytest.raises(NotStored):
        await _read(store, 0, 1)


async def test_a_service_that_does_not_answer_is_told(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    nobody = f"s3://bucket?endpoint=http://127.0.0.1:{port}&retries=0"
    store = open_store(nobody, default=Path(), secret=lambda _name: "given")
    with pytest.raises(StoreUnavailable):
        await store.put(NAME, file)


@pytest.mark.parametrize(
    "url", ["s3://", "s3://UPPER", "s3://a", "http://bucket", "s3://bucket/a b", "s3://bucket?colour=red"]
)
def test_an_address_that_names_no_place_is_refused(url: str) -> None:
    with pytest.raises(StoreInvalid):
        open_store(url, default=Path(), secret=no_secret)


def test_a_folder_is_named_by_its_path(tmp_path: Path) -> None:
    named = open_store(str(tmp_path / "named"), default=tmp_path, secret=no_secret)
    assert (named, open_store("", default=tmp_path, secret=no_secret)) == (
        FolderStore(tmp_path / "named"),
        FolderStore(tmp_path),
    )


def asked(url: str, *, method: str = "GET") -> None:
    """Ask as often as it takes until the service is up."""
    retrying = urllib3.Retry(total=None, connect=200, backoff_factor=0.1, backoff_max=0.2)
    assert urllib3.request(method, url, retries=retrying).status == 200


def _bucket(address: str, name: str) -> Store:
    asked(f"{address}/{name}", method="PUT")
    return open_store(f"s3://{name}/settlement?endpoint={address}", default=Path(), secret=lambda _name: "given")


async def _read(store: Store, begin: int, end: int) -> bytes:
    return b"".join([piece async for piece in store.read(NAME, begin=begin, end=end)])
