"""The ways in through pages, as a browser goes them: what is given, what is kept, where one arrives."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opsdesk.access import links, people
from opsdesk.app.http import http_api
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.settings import Settings
from tests.access.identity_provider import CLIENT_ID, CLIENT_SECRET, identity_provider
from tests.access.staff import KEEPER
from tests.app.serving import served

LOOPBACK = "http://127.0.0.1:8700"
PASSWORD = "correct horse battery"


@dataclass(frozen=True, slots=True)
class Shown:
    status: int
    headers: Mapping[str, str]
    text: str


@dataclass(frozen=True, slots=True)
class Browser:
    """Keeps cookies, and goes nowhere by itself."""

    session: aiohttp.ClientSession
    installation: Opsdesk

    async def get(self, path: str, **more: Any) -> Shown:
        return await self._ask("GET", path, **more)

    async def post(self, path: str, **more: Any) -> Shown:
        return await self._ask("POST", path, **more)

    async def _ask(self, method: str, path: str, **more: Any) -> Shown:
        async with self.session.request(method, path, allow_redirects=False, **more) as response:
            return Shown(response.status, response.headers.copy(), await response.text())

    async def newcomer(self) -> str:
        """The one-time code of a new person, reviewer@example.com."""
        now = self.installation.clock.now()
        async with self.installation.database.transaction() as conn:
            person = await people.create_person(
                conn, email="reviewer@example.com", name="Reviewer", roles=["reviewer"], actor=KEEPER, now=now
            )
            return (await links.make_link(conn, person_id=person.id, actor=KEEPER, now=now)).code


@asynccontextmanager
async def browsing(settings: Settings, clock: ManualClock) -> AsyncIterator[Browser]:
    async with open_app(settings, clock=clock) as installation, served(http_api(installation)) as url:
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(url, cookie_jar=jar, headers={"Accept-Language": "en"}) as session:
            yield Browser(session, installation)


@pytest.fixture
async def browser(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Browser]:
    async with browsing(Settings(database_url=database_url, data_dir=tmp_path, base_url=LOOPBACK), clock) as browser:
        yield browser


async def test_somebody_comes_in_through_the_identity_provider(
    database_url: str, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPSDESK_SECRET_OIDC_CLIENT_SECRET", CLIENT_SECRET)
    async with identity_provider(clock) as provider:
        settings = Settings(
            database_url=database_url,
            data_dir=tmp_path,
            base_url=LOOPBACK,
            allow_networks="127.0.0.0/8",
            oidc_issuer=provider.issuer,
            oidc_client_id=CLIENT_ID,
        )
        async with browsing(settings, clock) as browser:
            await browser.newcomer()
            assert 'href="/sign-in/oidc?next=%2Ftickets"' in (await browser.get("/sign-in?next=/tickets")).text
            sent = await browser.get("/sign-in/oidc?next=/tickets")
            assert sent.status == 303
            brought = await provider.sign_in(sent.headers["Location"])
            back = await browser.get("/sign-in/oidc/callback", params=brought)
            assert (back.status, back.headers["Location"]) == (303, "/tickets")
            assert (await browser.get("/tickets")).status == 200
            again = await browser.get("/sign-in/oidc/callback", params=brought)
            assert again.status == 401
            assert "The identity provider did not say who this is" in again.text


async def test_without_an_identity_provider_there_is_no_such_page(browser: Browser) -> None:
    assert "/sign-in/oidc" not in (await browser.get("/sign-in")).text
    assert (await browser.get("/sign-in/oidc")).status == 404
    assert (await browser.get("/sign-in/oidc/callback?code=x&state=y")).status == 404


async def test_a_one_time_code_sets_the_password_and_lets_in(browser: Browser) -> None:
    form = {"code": await browser.newcomer(), "password": PASSWORD, "again": PASSWORD}
    shown = await browser.post("/welcome", data=form)
    assert (shown.status, shown.headers["Location"]) == (303, "/")
    assert (await browser.post("/welcome", data=form)).status == 403


async def test_a_password_that_is_refused_says_why_beside_its_field(browser: Browser) -> None:
    form = {"code": await browser.newcomer(), "password": "short", "again": "short"}
    shown = await browser.post("/welcome", data=form)
    assert shown.status == 422
    assert "At least 12 characters are needed." in shown.text
    assert form["code"] in shown.text
    different = await browser.post("/welcome", data={**form, "password": PASSWORD})
    assert (different.status, "The two are not the same." in different.text) == (422, True)


async def test_guessing_has_to_wait_and_is_told_for_how_long(browser: Browser) -> None:
    form = {"email": "reviewer@example.com", "password": "wrong horse battery"}
    shown = [await browser.post("/sign-in", data=form) for _ in range(12)]
    assert shown[0].status == 401
    assert shown[-1].status == 429
    assert "Too many attempts failed. Try again in" in shown[-1].text


async def test_a_form_without_its_token_changes_nothing(browser: Browser) -> None:
    form = {"code": await browser.newcomer(), "password": PASSWORD, "again": PASSWORD}
    await browser.post("/welcome", data=form)
    wanted = {"name": "Changed", "language": "en", "time_zone": "Asia/Shanghai", "theme": "dark"}
    refused = await browser.post("/account/preferences", data={**wanted, "csrf_token": "guessed"})
    assert refused.status == 403
    assert 'value="Reviewer"' in (await browser.get("/account")).text


async def test_a_form_that_another_site_sends_is_refused(browser: Browser) -> None:
    form = {"email": "reviewer@example.com", "password": PASSWORD}
    refused = await browser.post("/sign-in", data=form, headers={"Sec-Fetch-Site": "cross-site"})
    assert refused.status == 403
    assert "did not come from a page of this installation" in refused.text


async def test_an_address_to_go_on_to_never_leads_elsewhere(browser: Browser) -> None:
    shown = await browser.get("/sign-in", params={"next": "https://evil.example/"})
    assert 'value="https://evil.example/"' not in shown.text
    form = {"code": await browser.newcomer(), "password": PASSWORD, "again": PASSWORD}
    await browser.post("/welcome", data=form)
    assert (await browser.get("/sign-in?next=//evil.example")).headers["Location"] == "/"


async def test_what_is_said_on_the_next_page_is_said_once(browser: Browser) -> None:
    form = {"code": await browser.newcomer(), "password": PASSWORD, "again": PASSWORD}
    await browser.post("/welcome", data=form)
    page = (await browser.get("/account")).text
    token = page.partition('name="csrf_token" value="')[2].partition('"')[0]
    wanted = {"name": "Reviewer", "language": "en", "time_zone": "Europe/Oslo", "theme": "dark", "csrf_token": token}
    saved = await browser.post("/account/preferences", data=wanted)
    assert (saved.status, saved.headers["Location"]) == (303, "/account")
    first, second = await browser.get("/account"), await browser.get("/account")
    assert ("Your settings were saved." in first.text, "Your settings were saved." in second.text) == (True, False)
    assert 'data-theme="dark"' in first.text
