"""A settlement file, fetched in one piece or in several, and believed only if its digest is right."""

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from urllib3.exceptions import HTTPError

from opsdesk_partner.client import Bank
from opsdesk_partner.errors import Misconfigured, SignatureError, Unreachable
from opsdesk_partner.manifests import check_manifest
from opsdesk_partner.signing import PublicKey
from opsdesk_partner.transport import Connections

CHUNK_BYTES = 262_144
ATTEMPTS_MAX = 8
PARTIAL, OVER, GONE = 206, 416, frozenset({401, 403, 404, 410})


def download(bank: Bank, name: str, folder: Path, *, bank_key: PublicKey | None = None) -> Path:
    """Fetch a file into `folder`, with its manifest beside it; where it is.

    What an earlier attempt left in `name.part` is continued. `bank_key` is the key that the bank signs manifests with;
    without it only the digest is compared. Nothing takes the file's name before its digest is right.
    Raises SignatureError, Unreachable, and what a Bank raises.
    """
    if Path(name).name != name or name in {"", ".", ".."}:
        raise Misconfigured("the name of a file is no path")
    manifest = bank.manifest(name)
    digest = check_manifest(manifest, name=name, bank_key=bank_key)
    target, part = folder / name, folder / f"{name}.part"
    if not (target.exists() and digest_of(target) == digest):
        _fetch(bank, name, part, size=_size(manifest))
        if digest_of(part) != digest:
            part.unlink()
            raise SignatureError("what was downloaded is not what the manifest names; it was thrown away")
        part.replace(target)
    (folder / f"{name}.manifest.json").write_bytes(_written(manifest))
    return target


def digest_of(path: Path) -> str:
    hashed = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            hashed.update(chunk)
    return hashed.hexdigest()


def _fetch(bank: Bank, name: str, part: Path, *, size: int | None) -> None:
    reason, url = "not asked", bank.download_url(name)
    for _attempt in range(ATTEMPTS_MAX):
        have = part.stat().st_size if part.exists() else 0
        if size is not None and have > size:
            part.unlink()
            have = 0
        if have == size and size:
            return
        try:
            status = _fetch_from(bank.connections, url, part, have)
        except (HTTPError, OSError) as error:
            reason = type(error).__name__
            continue
        if status in GONE:  # the address is short-lived: take a new one
            url = bank.download_url(name)
        elif status < 300 and (size is None or part.stat().st_size == size):
            return
        reason = f"HTTP {status}"
    raise Unreachable(reason=reason, attempts=ATTEMPTS_MAX)


def _fetch_from(connections: Connections, url: str, part: Path, have: int) -> int:
    headers = {"Range": f"bytes={have}-"} if have else {}
    response = connections.request("GET", url, headers=headers, redirect=False, preload_content=False)
    try:
        if response.status == OVER:
            part.unlink(missing_ok=True)
        if response.status >= 300:
            return response.status
        with part.open("ab" if response.status == PARTIAL else "wb") as file:
            for chunk in response.stream(CHUNK_BYTES, decode_content=False):
                file.write(chunk)
        return response.status
    finally:
        response.close()


def _size(manifest: Mapping[str, Any]) -> int | None:
    size = manifest.get("bytes")
    return size if isinstance(size, int) else None


def _written(manifest: Mapping[str, Any]) -> bytes:
    import json

    return json.dumps(manifest, ensure_ascii=False, indent=2, sort_keys=True).encode() + b"\n"
