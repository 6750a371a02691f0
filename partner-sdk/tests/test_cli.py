"""The command line: data on stdout, words on stderr, and an exit status that scripts can rely on."""

import json
import stat
from pathlib import Path

import pytest

from bank_line import open_line
from opsdesk_partner.cli import main
from opsdesk_partner.webhooks import sign_webhook
from test_reconcile import row, written

Output = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path, capsys: Output) -> Path:
    assert main(["keygen", "--out", str(tmp_path / "keys")]) == 0
    capsys.readouterr()
    path = tmp_path / "partner.toml"
    path.write_text(
        'bank = "http://127.0.0.1:9"\npartner = "spa-one"\nkey_id = "k1"\n'
        'signing_key = "keys/signing.pem"\nagreement_key = "keys/agreement.pem"\n',
        encoding="utf-8",
    )
    return path


@pytest.mark.parametrize("algorithm", ["ed25519", "rsa2", "sm2"])
def test_keys_are_made_for_nobody_else_to_read(tmp_path: Path, algorithm: str) -> None:
    assert main(["keygen", "--out", str(tmp_path / "keys"), "--algorithm", algorithm]) == 0
    for name in ("signing", "agreement"):
        private = tmp_path / "keys" / f"{name}.pem"
        assert stat.S_IMODE(private.stat().st_mode) == 0o600
        assert b"PRIVATE KEY" in private.read_bytes()


def test_keys_are_never_written_over(config: Path, capsys: Output) -> None:
    before = (config.parent / "keys" / "signing.pem").read_bytes()
    assert main(["keygen", "--out", str(config.parent / "keys")]) == 2
    assert (config.parent / "keys" / "signing.pem").read_bytes() == before
    assert "exists" in capsys.readouterr().err


def test_what_sign_shows_is_what_explain_finds_right(config: Path, capsys: Output) -> None:
    body = config.parent / "body.json"
    body.write_bytes(b'{"service":"spa"}')
    request = ["--target", "/open/v1/bookings", "--body", str(body)]
    assert main(["--config", str(config), "sign", *request, "--key", "visit-1"]) == 0
    headers = [part for line in capsys.readouterr().out.splitlines() for part in ("--header", line)]
    key = ["--public-key", str(config.parent / "keys" / "signing.pub.pem")]
    assert main(["explain", *request, *headers, *key]) == 0
    body.write_bytes(b'{"service": "spa"}')
    assert main(["explain", *request, *headers, *key]) == 1
    assert "重新序列化" in capsys.readouterr().out


def test_a_message_of_the_bank_is_verified_from_its_raw_body(tmp_path: Path, capsys: Output) -> None:
    import time

    body, secret = tmp_path / "body", tmp_path / "secret"
    body.write_bytes(b"{}")
    secret.write_text("s3cret\n", encoding="utf-8")
    header = sign_webhook(b"{}", secret="s3cret", now=time.time())
    files = ["--body", str(body), "--secret-file", str(secret)]
    assert main(["verify", "--header", header, *files]) == 0
    body.write_bytes(b"{ }")
    assert main(["verify", "--header", header, *files]) == 1
    assert "signature_invalid" in capsys.readouterr().err


@pytest.mark.parametrize(("fen", "status"), [(100, 0), (101, 1)])
def test_a_month_that_differs_ends_with_one(tmp_path: Path, capsys: Output, fen: int, status: int) -> None:
    bank = written(tmp_path / "bank.gz", [row(1)])
    local = tmp_path / "rows.csv"
    text = f"benefit_code,service,completed_at,settle_fen\n{row(1).benefit_code},spa,20251215120000,{fen}\n"
    local.write_text(text, encoding="utf-8")
    assert main(["reconcile", str(bank), str(local), "--format", "json"]) == status
    assert json.loads(capsys.readouterr().out)["clean"] is (status == 0)


def test_files_are_listed_one_a_line(config: Path, capsys: Output) -> None:
    file = {"name": "f", "month": "2025-12", "generated_at": "x", "bytes": 1, "sha256": "0", "rows": 0, "total_fen": 0}
    with open_line((200, {"items": [file]})) as line:
        config.write_text(config.read_text(encoding="utf-8").replace("http://127.0.0.1:9", line.url), encoding="utf-8")
        assert main(["--config", str(config), "list"]) == 0
    assert json.loads(capsys.readouterr().out) == file


def test_a_link_that_is_cut_off_ends_with_one(config: Path, capsys: Output) -> None:
    assert main(["--config", str(config), "open-link", "AQEA"]) == 1
    assert "link_invalid [do not]" in capsys.readouterr().err


@pytest.mark.parametrize("change", ['unknown = "x"\n', 'bank = "ftp://x"\n'])
def test_a_configuration_of_another_form_is_misuse(config: Path, change: str) -> None:
    text = config.read_text(encoding="utf-8")
    kept = text if change.startswith("unknown") else text.partition("\n")[2]
    config.write_text(kept + change, encoding="utf-8")
    assert main(["--config", str(config), "list"]) == 2


def test_a_case_that_is_not_there_is_misuse(config: Path, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("k", encoding="utf-8")
    options = ["--against", "http://127.0.0.1:9", "--control", "http://127.0.0.1:9", "--customer", "c"]
    more = ["--service", "s", "--api-key-file", str(tmp_path / "key"), "--case", "nothing"]
    assert main(["--config", str(config), "certify", *options, *more]) == 2
