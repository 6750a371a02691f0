"""A provider is told of its file by a signed request, and again until it takes it."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

import opsdesk_partner
from opsdesk.benefits.settlement.errors import NoticesUnreadable
from opsdesk.benefits.settlement.files import SettlementFile, find_file
from opsdesk.benefits.settlement.notices import SIGNATURE, Notices, NoticeUndelivered, read_addresses
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.http_client import HttpClient, http_client
from opsdesk.kit.webhook_signatures import is_genuine, read_signed
from tests.app.serving import partner
from tests.benefits.settlement.settling import THIRD, done, settled, settlement_in

FILE = "airport-202512.txt.gz"
SECRET = "shared"


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with http_client(allow_networks="127.0.0.0/8") as client:
        yield client


@pytest.mark.req("PTS-705")
async def test_a_provider_is_told_once_and_can_prove_who_told_it(
    bank: Database, tmp_path: Path, http: HttpClient
) -> None:
    heard: list[tuple[Mapping[str, str], bytes]] = []

    async def listen(request: web.Request) -> web.Response:
        heard.append((request.headers.copy(), await request.read()))
        return web.Response(status=204)

    await _issued(bank, tmp_path)
    async with partner(listen) as url:
        for _ in range(2):
            await _tell(bank, _notices(http, url))
    [(headers, body)] = heard
    told = read_signed({name.lower(): value for name, value in headers.items()})
    assert told is not None
    assert is_genuine(told, body, secrets=[SECRET])
    sent_at = told.sent_at.timestamp()
    assert opsdesk_partner.webhooks.verify_webhook(body, headers[SIGNATURE], secrets=[SECRET], now=sent_at) == sent_at
    assert (await _file(bank)).notified_at == THIRD


@pytest.mark.req("PTS-705")
async def test_a_provider_that_does_not_take_it_is_told_again(bank: Database, tmp_path: Path, http: HttpClient) -> None:
    async def refuse(_request: web.Request) -> web.Response:
        return web.Response(status=500)

    await _issued(bank, tmp_path)
    async with partner(refuse) as url:
        with pytest.raises(NoticeUndelivered):
            await _tell(bank, _notices(http, url))
    file = await _file(bank)
    assert (file.notified_at, file.notice_problem) == (None, "the provider answered 500")


async def test_a_provider_without_an_address_is_not_told(bank: Database, tmp_path: Path, http: HttpClient) -> None:
    await _issued(bank, tmp_path)
    await _tell(bank, Notices(http, lambda _name: SECRET, ManualClock(THIRD)))
    assert (await _file(bank)).notified_at is None


def test_addresses_are_listed_by_provider() -> None:
    text = "airport=https://a.example.com/x, clinic=http://127.0.0.1:80/"
    assert read_addresses(text) == {"airport": "https://a.example.com/x", "clinic": "http://127.0.0.1:80/"}


@pytest.mark.parametrize(
    "text", ["airport", "airport=ftp://a", "A=https://a", "a=http://example.com/", "a=https://u:p@b"]
)
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(NoticesUnreadable):
        read_addresses(text)


def _notices(http: HttpClient, url: str) -> Notices:
    return Notices(http, lambda _name: SECRET, ManualClock(THIRD), {"airport": f"{url}/settlement"})


async def _issued(bank: Database, folder: Path) -> None:
    await done(bank, "2025-12-21 10:00:00")
    await settled(bank, settlement_in(folder))


async def _tell(bank: Database, notices: Notices) -> Any:
    return await notices.job().handler(bank, {"name": FILE})


async def _file(bank: Database) -> SettlementFile:
    async with bank.connection() as conn:
        return await find_file(conn, FILE)
