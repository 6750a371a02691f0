"""Who looks at a page: the session cookie, the scope, and changes that nobody else can have sent."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Annotated, Any

import aiohttp
import pytest
from fastapi import Depends, FastAPI, Form, Response

from opsdesk.access import Scope, guard, people, sign_in
from opsdesk.access.guard import Db, Knocking, PageGuard, Rules, Visitor, from_here
from opsdesk.kit import http_errors, http_requests
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.http_frame import RequestFrame
from opsdesk.kit.http_requests import Now
from tests.access.staff import KEEPER, PASSWORD, RULES, with_password
from tests.app.serving import served

FORM = {"email": "reviewer@example.com", "password": PASSWORD}


def small_app(db: Database, clock: ManualClock) -> FastAPI:
    app = FastAPI()

    @app.post("/sign-in", dependencies=[Depends(from_here)])
    async def come_in(
        email: Annotated[str, Form()],
        password: Annotated[str, Form()],
        caller: Knocking,
        rules: Rules,
        database: Db,
        now: Now,
        response: Response,
    ) -> None:
        signed_in = await sign_in.sign_in(database, email=email, password=password, caller=caller, rules=rules, now=now)
        guard.keep_session(response, signed_in, rules)

    @app.get("/me")
    async def me(visitor: Annotated[Visitor, Depends(PageGuard(None))]) -> dict[str, str]:
        return {"id": visitor.actor.id, "csrf": visitor.csrf_token}

    @app.get("/people")
    async def staff(visitor: Annotated[Visitor, Depends(PageGuard(Scope.PEOPLE_READ))]) -> None: ...

    @app.post("/change")
    async def change(visitor: Annotated[Visitor, Depends(PageGuard(None))], what: Annotated[str, Form()] = "") -> str:
        return what

    http_requests.provide(app, database=db, clock=clock)
    guard.provide(app, rules=RULES)
    http_errors.install(app, routes=app.routes)
    app.add_middleware(RequestFrame)
    return app


@pytest.fixture
async def browser(db: Database, clock: ManualClock) -> AsyncIterator[aiohttp.ClientSession]:
    await with_password(db, clock)
    jar = aiohttp.CookieJar(unsafe=True)
    async with served(small_app(db, clock)) as url, aiohttp.ClientSession(url, cookie_jar=jar) as session:
        yield session


async def ask(browser: aiohttp.ClientSession, method: str, path: str, **more: Any) -> tuple[int, Any]:
    async with browser.request(method, path, **more) as response:
        body = await response.json()
        return response.status, body["error"]["code"] if isinstance(body, dict) and "error" in body else body


async def signed_in(browser: aiohttp.ClientSession) -> str:
    """The token for forms."""
    assert (await ask(browser, "POST", "/sign-in", data=FORM))[0] == 200
    return str((await ask(browser, "GET", "/me"))[1]["csrf"])


async def test_nobody_sees_a_page_without_a_session(browser: aiohttp.ClientSession) -> None:
    assert await ask(browser, "GET", "/me") == (401, "SignInNeeded")
    assert await ask(browser, "GET", "/me", cookies={"opsdesk": "x"}) == (401, "SignInNeeded")


async def test_an_api_key_opens_no_page(browser: aiohttp.ClientSession) -> None:
    headers = {"Authorization": "Bearer opsdesk_ABCDEFGHIJKL_" + "0" * 43}
    assert await ask(browser, "GET", "/me", headers=headers) == (401, "SignInNeeded")


async def test_who_has_signed_in_sees_what_their_roles_allow(browser: aiohttp.ClientSession) -> None:
    await signed_in(browser)
    assert (await ask(browser, "GET", "/me"))[1]["id"] == "person:reviewer@example.com"
    assert await ask(browser, "GET", "/people") == (403, "ScopeMissing")


async def test_roles_that_are_taken_count_from_the_next_request(
    browser: aiohttp.ClientSession, db: Database, clock: ManualClock
) -> None:
    await signed_in(browser)
    async with db.transaction() as conn:
        person = await people.find_person(conn, email="reviewer@example.com")
        await people.change_roles(conn, person_id=person.id, roles=["auditor"], actor=KEEPER, now=clock.now())
    assert (await ask(browser, "GET", "/people"))[0] == 200


async def test_a_change_needs_the_token_of_its_session(browser: aiohttp.ClientSession) -> None:
    token = await signed_in(browser)
    assert await ask(browser, "POST", "/change", data={"what": "a"}) == (403, "RequestForged")
    assert await ask(browser, "POST", "/change", data={"csrf_token": token[::-1]}) == (403, "RequestForged")
    assert await ask(browser, "POST", "/change", data={"what": "a", "csrf_token": token}) == (200, "a")
    assert (await ask(browser, "POST", "/change", headers={"X-CSRF-Token": token}))[0] == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
async def test_a_change_from_another_site_is_refused(browser: aiohttp.ClientSession, site: str) -> None:
    token = await signed_in(browser)
    headers = {"Sec-Fetch-Site": site}
    sent = {"what": "a", "csrf_token": token}
    assert await ask(browser, "POST", "/change", data=sent, headers=headers) == (403, "RequestForged")
    assert await ask(browser, "POST", "/sign-in", data=FORM, headers=headers) == (403, "RequestForged")
    assert (await ask(browser, "GET", "/me", headers=headers))[0] == 200


async def test_an_old_browser_is_judged_by_its_origin(browser: aiohttp.ClientSession) -> None:
    token = await signed_in(browser)
    statuses = {}
    for origin in ("http://evil.example", str(browser._base_url).rstrip("/"), "null"):
        answer = await ask(browser, "POST", "/change", data={"csrf_token": token}, headers={"Origin": origin})
        statuses[origin] = answer[0]
    assert list(statuses.values()) == [403, 200, 200]


async def test_the_token_of_one_session_is_of_no_use_in_another(browser: aiohttp.ClientSession) -> None:
    token = await signed_in(browser)
    assert await signed_in(browser) != token
    assert await ask(browser, "POST", "/change", data={"csrf_token": token}) == (403, "RequestForged")


def test_cookies_are_out_of_reach_of_scripts_and_other_hosts() -> None:
    response = Response()
    guard._set_cookie(response, "opsdesk", "x", replace(RULES, secure=True), lasts_s=None)
    guard._set_cookie(response, "opsdesk", "x", RULES, lasts_s=None)
    secure, plain = response.headers.getlist("set-cookie")
    assert secure == "__Host-opsdesk=x; HttpOnly; Path=/; SameSite=lax; Secure"
    assert plain == "opsdesk=x; HttpOnly; Path=/; SameSite=lax"
