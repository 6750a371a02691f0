"""A bucket of an S3 service, through obstore."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from obstore import get_range_async, head_async, put_async
from obstore import list as list_objects
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import S3Store as Bucket

from opsdesk.benefits.settlement.errors import StoreUnavailable
from opsdesk.benefits.settlement.stores import AlreadyStored, NotStored, Stored, checked

READ_BYTES = 4 * 1024 * 1024
"""A request each: larger than what is read from a disk at once."""
RETRY = timedelta(seconds=20)


@dataclass(frozen=True, slots=True)
class S3Store:
    """A bucket, or what begins with a prefix in it. The service itself keeps a name from being taken twice."""

    bucket: Bucket

    @staticmethod
    def at(
        bucket: str,
        *,
        prefix: str,
        key_id: str | None,
        key: str | None,
        endpoint: str = "",
        region: str = "",
        retries: str = "5",
    ) -> "S3Store":
        """`endpoint`: of another service than Amazon's, which may be plain HTTP only on this machine."""
        given: dict[str, Any] = {"region": region or "us-east-1"}
        if endpoint:
            given |= {"endpoint": endpoint}
        if key_id is not None and key is not None:
            given |= {"access_key_id": key_id, "secret_access_key": key}
        return S3Store(
            Bucket(
                bucket,
                prefix=prefix.strip("/") or None,
                client_options={"allow_http": _is_near(endpoint)},
                retry_config={"max_retries": int(retries), "retry_timeout": RETRY},
                **given,
            )
        )

    async def put(self, name: str, path: Path) -> None:
        with _told(name):
            try:
                await put_async(self.bucket, checked(name), path, mode="create", use_multipart=False)
            except AlreadyExistsError:
                raise AlreadyStored(name) from None

    async def size(self, name: str) -> int:
        with _told(name):
            return int((await head_async(self.bucket, checked(name)))["size"])

    async def read(self, name: str, *, begin: int, end: int) -> AsyncIterator[bytes]:
        while begin < end:
            with _told(name):
                piece = await get_range_async(self.bucket, checked(name), start=begin, end=min(begin + READ_BYTES, end))
            begin += len(piece)
            yield bytes(piece)

    async def list(self) -> Sequence[Stored]:
        with _told(""):
            found = [each async for each in list_objects(self.bucket)]
        flat = [Stored(str(each["path"]), int(each["size"])) for part in found for each in part]
        return sorted(flat, key=lambda each: each.name)


@contextmanager
def _told(name: str) -> Iterator[None]:
    try:
        yield
    except (NotFoundError, FileNotFoundError):
        raise NotStored(name) from None
    except BaseError as error:
        raise StoreUnavailable(type(error).__name__) from error


def _is_near(endpoint: str) -> bool:
    return endpoint.startswith(("http://127.0.0.1:", "http://localhost:", "http://[::1]:"))
