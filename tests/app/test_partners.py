"""Partners over HTTP: answered as it is described, signed by whom they are, and each change is in the audit chain."""

import secrets
from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from opsdesk.benefits import catalogue
from opsdesk.benefits.catalogue import Provider
from opsdesk.benefits.partners.signatures import Signed
from opsdesk.kit.clock import SystemClock
from tests.app.described import DescribedApi, described
from tests.app.serving import Answer, Api
from tests.app.test_audited_routes import audited, expected, first_writes
from tests.app.test_openapi import missing
from tests.benefits.partners.partnering import OTHERS_SIGNING, RECEIVING, SIGNING, public_text, signature_of
from tests.points.moving import BANK

PAGES = {
    "booking_url": "https://airport.example.com/use",
    "cancellation_url": "https://airport.example.com/cancel",
}
AIRPORT = "/v1/partners/airport"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        await catalogued(api)
        yield api


async def catalogued(api: Api) -> None:
    async with api.installation.database.transaction() as conn:
        now = api.installation.clock.now()
        await catalogue.put_provider(conn, Provider("airport", "机场", "Airport"), actor=BANK, now=now)


async def signed(api: Api, method: str, target: str, *, key_id: str, nonce: str | None = None, **other: Any) -> Answer:
    stamp, once = str(int(datetime.now(UTC).timestamp())), nonce or secrets.token_hex(16)
    text = Signed(method, target, stamp, once, "", b"").text
    headers = {
        "Opsdesk-Partner": "airport",
        "Opsdesk-Key": key_id,
        "Opsdesk-Timestamp": stamp,
        "Opsdesk-Nonce": once,
        "Opsdesk-Signature": signature_of(text),
        **other,
    }
    return await api.call(method, target, headers=headers)


async def a_partner(api: Api, key: str) -> str:
    """Serve the airport, with a key that signs and a link key on offer; the id of the key that signs."""
    assert (await api.call("PUT", AIRPORT, key=key, json=PAGES)).status == 200
    given: Mapping[str, str] = {"algorithm": "ed25519", "public_key": public_text(SIGNING)}
    added = await api.post(f"{AIRPORT}/keys", given, key=key)
    receiving = {"algorithm": "x25519", "public_key": public_text(RECEIVING)}
    assert (await api.post(f"{AIRPORT}/keys", receiving, key=key)).status == 201
    assert (await api.call("POST", f"{AIRPORT}/link-keys", key=key)).status == 201
    return str(added.body["key_id"])


async def test_partners_and_their_keys_answer_as_they_are_described(api: DescribedApi) -> None:
    key = await api.key("benefits:read", "benefits:write", name="keeper")
    key_id = await a_partner(api, key)
    assert (await api.get("/v1/partners", key=key)).body["items"][0]["provider"] == "airport"
    fetched = await signed(api, "GET", "/open/v1/link-keys/1", key_id=key_id)
    assert (fetched.status, fetched.body["kid"], fetched.body["profile"]) == (200, 1, "gcm")
    taken = await signed(api, "POST", "/open/v1/link-keys/1/acknowledgements", key_id=key_id)
    assert (taken.status, taken.body["state"]) == (201, "current")
    again = await api.call("POST", f"{AIRPORT}/link-keys/1/acknowledgements", key=key)
    assert again.body["acknowledged_at"] == taken.body["acknowledged_at"]
    assert (await api.post(f"{AIRPORT}/keys/{key_id}/revocations", {}, key=key)).status == 201
    shown = (await api.get(AIRPORT, key=key)).body
    assert [each["state"] for each in shown["link_keys"]] == ["current"]
    assert {each["ends_at"] is None for each in shown["keys"]} == {True, False}
    assert missing(api, "/v1/partners", "/open/v1/link-keys") == []


async def test_partners_come_in_pages(api: DescribedApi) -> None:
    key = await api.key("benefits:read", "benefits:write", name="keeper")
    async with api.installation.database.transaction() as conn:
        await catalogue.put_provider(conn, Provider("clinic", "诊所", "Clinic"), actor=BANK, now=datetime.now(UTC))
    for name in ("clinic", "airport"):
        await api.call("PUT", f"/v1/partners/{name}", key=key, json=PAGES)
    first = (await api.get("/v1/partners?limit=1", key=key)).body
    second = (await api.get(f"/v1/partners?limit=1&cursor={first['next']}", key=key)).body
    assert [first["items"][0]["provider"], second["items"][0]["provider"]] == ["airport", "clinic"]
    assert second["next"] is None


async def test_a_signed_request_is_taken_once_and_a_wrong_one_says_why(api: DescribedApi) -> None:
    key = await api.key("benefits:read", "benefits:write", name="keeper")
    key_id = await a_partner(api, key)
    target, nonce = "/open/v1/link-keys/1", "0123456789abcdef"
    assert (await signed(api, "GET", target, key_id=key_id, nonce=nonce)).status == 200
    replayed = await signed(api, "GET", target, key_id=key_id, nonce=nonce)
    wrong = await signed(api, "GET", target, key_id=key_id, **{"Opsdesk-Nonce": "fedcba9876543210"})
    other = await signed(api, "GET", target, key_id=key_id, **{"Opsdesk-Signature": signature_of("x", OTHERS_SIGNING)})
    refused = [replayed, wrong, other]
    assert [(each.status, each.code) for each in refused] == [(401, "SignatureRefused")] * 3
    problems = [each.body["error"]["detail"]["problem"] for each in refused]
    assert problems == ["nonce_used", "signature_wrong", "signature_wrong"]


async def test_an_api_key_opens_nothing_of_the_open_platform(api: DescribedApi) -> None:
    key = await api.key(name="keeper")
    assert (await api.get("/open/v1/link-keys/1", key=key)).status == 422


@pytest.mark.parametrize(
    ("method", "path", "body", "code"),
    [
        ("PUT", "/v1/partners/none", PAGES, "ProviderUnknown"),
        ("PUT", AIRPORT, PAGES | {"booking_url": "http://airport.example.com"}, "PartnerInvalid"),
        ("PUT", AIRPORT, PAGES | {"booking_url": "https://airport.example.com/#x"}, "PartnerInvalid"),
        ("PUT", AIRPORT, PAGES | {"profile": "legacy-ecb"}, "PartnerInvalid"),
        ("PUT", AIRPORT, PAGES | {"grace_s": 301}, "RequestInvalid"),
        ("GET", "/v1/partners/none", None, "PartnerUnknown"),
        ("POST", f"{AIRPORT}/keys", {"algorithm": "ed25519", "public_key": "AAAA"}, "PartnerKeyRefused"),
        ("POST", f"{AIRPORT}/keys", {"algorithm": "ed25519", "public_key": public_text(SIGNING)}, "PartnerKeyTaken"),
        ("POST", f"{AIRPORT}/keys/pk_none/revocations", {}, "PartnerKeyUnknown"),
        ("POST", f"{AIRPORT}/link-keys", None, "LinkKeyOffered"),
        ("POST", f"{AIRPORT}/link-keys/2/acknowledgements", None, "LinkKeyUnknown"),
        ("POST", f"{AIRPORT}/link-keys/65536/acknowledgements", None, "RequestInvalid"),
    ],
)
async def test_what_cannot_be_is_refused_as_it_is_described(
    api: DescribedApi, method: str, path: str, body: dict[str, Any] | None, code: str
) -> None:
    key = await api.key("benefits:read", "benefits:write", name="keeper")
    await a_partner(api, key)
    sent = {} if body is None else {"json": body}
    assert (await api.call(method, path, key=key, **sent)).code == code


async def test_each_change_of_partners_writes_exactly_the_entries_that_it_should(
    database_url: str, tmp_path: Path
) -> None:
    async with audited(database_url, tmp_path) as api:
        await catalogued(api)
        key = await api.key("benefits:write", name="keeper")
        key_id = await a_partner(api, key)
        for _ in range(2):
            await signed(api, "POST", "/open/v1/link-keys/1/acknowledgements", key_id=key_id)
        await api.call("POST", f"{AIRPORT}/link-keys", key=key)
        await api.call("POST", f"{AIRPORT}/link-keys/2/acknowledgements", key=key)
        await api.post(f"{AIRPORT}/keys/{key_id}/revocations", {}, key=key)
        assert api.wrote["POST /open/v1/link-keys/{kid}/acknowledgements"][1] == []
        assert first_writes(api) == expected("/v1/partners", "/open/v1/link-keys")
