"""TLS, names, ports, files and their modes."""

import stat
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from opsdesk.sandbox.certificates import DNS_NAMES
from opsdesk.sandbox.server import FolderInUse
from tests.sandbox.outside import CRM, IDENTITY, KYC, PLATFORM, REGISTER, Outside, enter_sandbox


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("host", [*DNS_NAMES, "127.0.0.1"])
async def test_the_certificate_is_valid_for_every_name_it_serves(outside: Outside, host: str) -> None:
    reply = await outside.post(host, "/nothing-here", {})
    assert reply.status in {404, 421}


async def test_a_client_that_does_not_know_the_authority_refuses_the_certificate(outside: Outside) -> None:
    async with aiohttp.ClientSession() as stranger:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await stranger.post(f"https://localhost:{outside.sandbox.https_port}/", json={})


async def test_no_private_file_is_readable_by_others(outside: Outside) -> None:
    folder = outside.sandbox.ca_file.parent
    private = [folder / "server.key", folder / "sandbox.sqlite", *outside.sandbox.secrets_dir.iterdir()]
    assert {_mode(path) for path in private} == {0o600}
    assert _mode(outside.sandbox.secrets_dir) == 0o700


async def test_the_key_of_the_authority_is_not_kept_anywhere(outside: Outside) -> None:
    folder = outside.sandbox.ca_file.parent
    kept = [path.read_bytes() for path in folder.iterdir() if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    server = x509.load_pem_x509_certificate((folder / "server.pem").read_bytes())
    assert [load_pem_private_key(key, None).public_key() for key in kept] == [server.public_key()]


async def test_names_lead_to_https_and_to_plain_http_ports(outside: Outside) -> None:
    https, http = outside.sandbox.https_port, outside.sandbox.http_port
    pairs = dict(entry.split("=") for entry in outside.sandbox.connect_to.split(","))
    assert pairs[f"{KYC}:443"] == f"127.0.0.1:{https}"
    assert pairs[f"{KYC}:80"] == f"127.0.0.1:{http}"
    assert {name.partition(":")[0] for name in pairs} == {
        PLATFORM,
        KYC,
        "email-service.internal",
        CRM,
        "llm-provider.com",
        "pictures.platform.com",
        "credit.internal",
        "channel2.internal",
        "esb.internal",
    }


async def test_a_call_over_plain_http_is_answered_and_recorded_as_such(outside: Outside) -> None:
    body = {"name": "Lin", "email": "customer@example.com", "phone": "138"}
    assert (await outside.post(PLATFORM, REGISTER, body, scheme="http")).status == 201
    assert [call["scheme"] for call in await outside.calls()] == ["http"]


async def test_a_partner_answers_only_at_its_own_addresses(outside: Outside) -> None:
    assert (await outside.post(CRM, REGISTER, {})).status == 404
    assert (await outside.post(PLATFORM, IDENTITY, {})).status == 404


async def test_secrets_are_one_file_each_and_stay_the_same_over_a_restart(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path) as first:
        before = dict(first.sandbox.secrets)
    async with enter_sandbox(tmp_path) as second:
        assert second.sandbox.secrets == before
    files = {path.name: path.read_text(encoding="utf-8") for path in (tmp_path / "secrets").iterdir()}
    assert files == before
    assert set(files) == {
        "KYC_PROVIDER_API_KEY",
        "EMAIL_SERVICE_KEY",
        "LLM_API_KEY",
        "STRIPE_SECRET_KEY",
        "RESULTS_KEY",
        "BUS_KEY",
        "DATABASE_URL",
    }


async def test_two_folders_have_different_secrets_and_authorities(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path / "one") as one, enter_sandbox(tmp_path / "two") as two:
        assert one.sandbox.secrets["KYC_PROVIDER_API_KEY"] != two.sandbox.secrets["KYC_PROVIDER_API_KEY"]
        assert one.sandbox.ca_file.read_bytes() != two.sandbox.ca_file.read_bytes()


async def test_customers_and_certificates_outlive_a_restart(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path) as first:
        customer_id = await first.register("Customer Lowscore")
        authority = first.sandbox.ca_file.read_bytes()
    async with enter_sandbox(tmp_path) as second:
        assert (await second.identity(customer_id)).json["kyc_score"] == 0.41
        assert second.sandbox.ca_file.read_bytes() == authority


async def test_a_start_that_was_cut_off_makes_its_certificates_anew(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path):
        pass
    (tmp_path / "server.pem").unlink()
    async with enter_sandbox(tmp_path) as again:
        assert (await again.post("localhost", "/", {})).status == 421


async def test_a_second_sandbox_in_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path):
        with pytest.raises(FolderInUse):
            await enter_sandbox(tmp_path).__aenter__()


async def test_secrets_are_not_shown_when_a_sandbox_is_printed(outside: Outside) -> None:
    assert outside.sandbox.secrets["STRIPE_SECRET_KEY"] not in repr(outside.sandbox)
