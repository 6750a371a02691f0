"""A file is fetched in pieces if it must be, and has its name only once its digest is right."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from bank_line import Line, open_line
from opsdesk_partner import Bank, Unreachable, download
from opsdesk_partner.errors import Misconfigured, SignatureError
from opsdesk_partner.manifests import signed_text
from opsdesk_partner.signing import Ed25519Signer

KEY, CONTENT, NAME = Ed25519PrivateKey.generate(), bytes(range(256)) * 40, "spa-one-202512.txt.gz"


def manifest(content: bytes = CONTENT, *, name: str = NAME) -> dict[str, Any]:
    fields = {"name": name, "bytes": len(content), "sha256": sha256(content).hexdigest(), "rows": 1, "total_fen": 5}
    return fields | {"signature": b64encode(KEY.sign(signed_text(fields))).decode()}


@contextmanager
def files(told: dict[str, Any], *, broken_after: int | None = None) -> Iterator[tuple[Line, Bank]]:
    with open_line((200, told), (201, {"url": "/content"})) as line:
        line.content, line.broken_after = CONTENT, broken_after
        with Bank(line.url, partner="spa-one", key_id="k", signer=Ed25519Signer(KEY)) as bank:
            yield line, bank


@pytest.mark.req("PTS-710")
def test_a_file_that_breaks_off_is_continued_where_it_ended(tmp_path: Path) -> None:
    with files(manifest(), broken_after=4_000) as (line, bank):
        path = download(bank, NAME, tmp_path, bank_key=KEY.public_key())
    assert path.read_bytes() == CONTENT
    asked = [headers.get("range") for _, target, headers, _ in line.asked if target == "/content"]
    assert asked == [None, "bytes=4000-", "bytes=8000-"]
    assert (tmp_path / f"{NAME}.manifest.json").exists()


def test_what_an_earlier_attempt_left_is_continued(tmp_path: Path) -> None:
    (tmp_path / f"{NAME}.part").write_bytes(CONTENT[:10_000])
    with files(manifest()) as (line, bank):
        assert download(bank, NAME, tmp_path).read_bytes() == CONTENT
    assert [headers["range"] for _, target, headers, _ in line.asked if target == "/content"] == ["bytes=10000-"]


def test_a_file_that_is_there_is_not_fetched_again(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(CONTENT)
    with files(manifest()) as (line, bank):
        download(bank, NAME, tmp_path)
    assert len(line.asked) == 1


@pytest.mark.req("PTS-707")
def test_a_file_with_another_digest_is_thrown_away(tmp_path: Path) -> None:
    with files(manifest(CONTENT[:-1] + b"!")) as (_line, bank), pytest.raises(SignatureError, match="thrown away"):
        download(bank, NAME, tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "told",
    [manifest() | {"rows": 2}, manifest() | {"signature": ""}, manifest(name="other"), manifest() | {"sha256": "x"}],
    ids=["changed", "unsigned", "another file", "no digest"],
)
def test_a_manifest_that_is_not_the_banks_is_not_followed(tmp_path: Path, told: dict[str, Any]) -> None:
    with files(told) as (line, bank), pytest.raises(SignatureError):
        download(bank, NAME, tmp_path, bank_key=KEY.public_key())
    assert len(line.asked) == 1


def test_a_line_that_always_breaks_ends_in_an_error(tmp_path: Path) -> None:
    with files(manifest(), broken_after=0) as (_line, bank), pytest.raises(Unreachable):
        download(bank, NAME, tmp_path)


@pytest.mark.parametrize("name", ["../x", "a/b", "", ".."])
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with files(manifest()) as (_line, bank), pytest.raises(Misconfigured):
        download(bank, name, tmp_path)
