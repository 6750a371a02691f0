"""Where settlement files are kept: a folder, or a bucket of an S3 service. Nothing there is written over."""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkstemp
from typing import Protocol
from urllib.parse import parse_qsl

from opsdesk.benefits.settlement.errors import StoreInvalid
from opsdesk.kit.secrets import SecretMissing

CHUNK_BYTES = 256 * 1024
ACCESS_KEY_ID = "SETTLEMENT_STORE_KEY_ID"
ACCESS_KEY = "SETTLEMENT_STORE_KEY"

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,99}", re.ASCII)
_BUCKET = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(?P<prefix>[A-Za-z0-9._/-]*))?(?:\?(?P<options>[!-~]*))?",
    re.ASCII,
)
_OPTIONS = frozenset({"endpoint", "region", "retries"})


class AlreadyStored(Exception):
    """Something lies under this name."""


class NotStored(Exception):
    """Nothing lies under this name."""


@dataclass(frozen=True, slots=True)
class Stored:
    """Something in a store."""

    name: str
    bytes: int


class Store(Protocol):
    """What settlement asks of a place for files. A name appears with all that belongs to it, or not at all."""

    async def put(self, name: str, path: Path) -> None:
        """Copy a file there. Raises AlreadyStored, StoreUnavailable."""
        ...

    async def size(self, name: str) -> int:
        """Raises NotStored, StoreUnavailable."""
        ...

    def read(self, name: str, *, begin: int, end: int) -> AsyncIterator[bytes]:
        """The bytes from `begin` to before `end`, in pieces. Raises NotStored, StoreUnavailable."""
        ...

    async def list(self) -> Sequence[Stored]:
        """Everything there, by name. Raises StoreUnavailable."""
        ...


def open_store(url: str, *, default: Path, secret: Callable[[str], str]) -> Store:
    """The store of an address: `s3://bucket/prefix`, a folder, or nothing for the default folder.

    An S3 service other than Amazon's is named behind it, as `?endpoint=https://…&region=…`. Raises StoreInvalid.
    """
    if not url.startswith("s3://"):
        if "://" in url:
            raise StoreInvalid("the address is neither a folder nor begins with s3://")
        return FolderStore(Path(url) if url else default)
    found = _BUCKET.fullmatch(url)
    options = dict(parse_qsl(found["options"] or "")) if found else {}
    if found is None or not options.keys() <= _OPTIONS:
        raise StoreInvalid("the name of the bucket, the prefix, or what is behind them cannot be")
    try:
        from opsdesk.benefits.settlement.store_s3 import S3Store
    except ImportError:
        raise StoreInvalid("S3 needs the package obstore: install opsdesk[s3]") from None
    return S3Store.at(
        found["bucket"],
        prefix=found["prefix"] or "",
        key_id=_secret(secret, ACCESS_KEY_ID),
        key=_secret(secret, ACCESS_KEY),
        **options,
    )


@dataclass(frozen=True, slots=True)
class FolderStore:
    """A folder. What is put there is on the disk before its name appears."""

    folder: Path

    async def put(self, name: str, path: Path) -> None:
        await asyncio.to_thread(self._put, checked(name), path)

    async def size(self, name: str) -> int:
        return await asyncio.to_thread(self._size, checked(name))

    async def read(self, name: str, *, begin: int, end: int) -> AsyncIterator[bytes]:
        try:
            file = await asyncio.to_thread((self.folder / checked(name)).open, "rb")
        except FileNotFoundError:
            raise NotStored(name) from None
        with file:
            file.seek(begin)
            while begin < end and (chunk := await asyncio.to_thread(file.read, min(CHUNK_BYTES, end - begin))):
                begin += len(chunk)
                yield chunk

    async def list(self) -> Sequence[Stored]:
        return await asyncio.to_thread(self._list)

    def _put(self, name: str, path: Path) -> None:
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o750)
        handle, temporary = mkstemp(prefix=".", dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as copy, path.open("rb") as source:
                while chunk := source.read(CHUNK_BYTES):
                    copy.write(chunk)
                copy.flush()
                os.fsync(copy.fileno())
            # Unlike a rename, a link does not take the place of what is there.
            os.link(temporary, self.folder / name)
        except FileExistsError:
            raise AlreadyStored(name) from None
        finally:
            Path(temporary).unlink()
        folder = os.open(self.folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _size(self, name: str) -> int:
        try:
            return (self.folder / name).stat().st_size
        except FileNotFoundError:
            raise NotStored(name) from None

    def _list(self) -> Sequence[Stored]:
        if not self.folder.is_dir():
            return []
        found = [each for each in self.folder.iterdir() if _NAME.fullmatch(each.name) and each.is_file()]
        return [Stored(each.name, each.stat().st_size) for each in sorted(found)]


def checked(name: str) -> str:
    """A name can lead nowhere else."""
    assert _NAME.fullmatch(name), "names are made of a provider and a month"
    return name


def _secret(secret: Callable[[str], str], name: str) -> str | None:
    """None: the service is asked as the machine's own role allows."""
    try:
        return secret(name)
    except SecretMissing:
        return None
