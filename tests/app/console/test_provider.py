"""The pages of a sign-in through the identity provider, against one on this machine."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from opsdesk.app.http import http_api
from opsdesk.app.wiring import open_app
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.settings import Settings
from tests.access.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.access.staff import person
from tests.app.serving import served


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[IdentityProvider]:
    async with identity_provider(clock) as provider:
        yield provider


@pytest.fixture
async def browser(
    database_url: str, tmp_path: Path, clock: ManualClock, provider: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[aiohttp.ClientSession]:
    """A browser at the server of an installation in which a reviewer has an account."""
    monkeypatch.setenv("OPSDESK_SECRET_OIDC_CLIENT_SECRET", CLIENT_SECRET)
    settings = Settings(
        database_url=database_url,
        data_dir=tmp_path,
        allow_networks="127.0.0.0/8",
        oidc_issuer=provider.issuer,
        oidc_client_id=CLIENT_ID,
    )
    jar = aiohttp.CookieJar(unsafe=True)
    async with open_app(settings, clock=clock) as installation:
        async with installation.database.transaction() as conn:
            await person(conn, clock, "reviewer")
        async with served(http_api(installation)) as url, aiohttp.ClientSession(url, cookie_jar=jar) as browser:
            yield browser


async def follow(browser: aiohttp.ClientSession, path: str, **query: str) -> tuple[int, str]:
    """The status, and where it leads."""
    async with browser.get(path, params=query, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_somebody_signs_in_through_the_provider_and_gets_where_they_wanted(
    browser: aiohttp.ClientSession, provider: IdentityProvider
) -> None:
    async with browser.get("/sign-in", params={"next": "/runs"}) as page:
        assert "/sign-in/oidc" in await page.text()
    status, away = await follow(browser, "/sign-in/oidc", next="/runs")
    assert (status, away.partition("?")[0]) == (303, f"{provider.issuer}/authorize")
    brought = await provider.sign_in(away)
    assert await follow(browser, "/sign-in/oidc/callback", **brought) == (303, "/runs")
    assert (await follow(browser, "/runs"))[0] == 200
    assert (await follow(browser, "/people"))[0] == 403


async def test_what_another_browser_brings_back_opens_nothing(
    browser: aiohttp.ClientSession, provider: IdentityProvider
) -> None:
    _, away = await follow(browser, "/sign-in/oidc")
    brought = await provider.sign_in(away)
    browser.cookie_jar.clear()
    assert (await follow(browser, "/sign-in/oidc/callback", **brought))[0] == 401
    assert (await follow(browser, "/sign-in/oidc/callback"))[0] == 401
    assert (await follow(browser, "/runs"))[0] == 303


async def test_nobody_is_led_elsewhere_by_a_sign_in(browser: aiohttp.ClientSession, provider: IdentityProvider) -> None:
    _, away = await follow(browser, "/sign-in/oidc", next="https://evil.example/")
    brought = await provider.sign_in(away)
    assert await follow(browser, "/sign-in/oidc/callback", **brought) == (303, "/")
