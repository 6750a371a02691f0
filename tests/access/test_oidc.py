"""Signing in through an identity provider, against one on this machine."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from joserfc.jwk import ECKey

from opsdesk.access import people
from opsdesk.access.errors import OidcMisconfigured, OidcRefused, OidcUnavailable
from opsdesk.access.oidc import LASTS_S, OidcSignIn, OidcStart, oidc_sign_in
from opsdesk.access.people import Person
from opsdesk.access.sessions import visit
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.kit.http_client import HttpClient, http_client
from tests.access.identity_provider import CLIENT_ID, CLIENT_SECRET, IdentityProvider, identity_provider
from tests.access.staff import BROWSER, KEEPER, LIMITS, RULES, person


@pytest.fixture
async def provider(clock: ManualClock) -> AsyncIterator[IdentityProvider]:
    async with identity_provider(clock) as provider:
        yield provider


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    async with http_client(allow_networks="127.0.0.0/8") as http:
        yield http


def set_up(http: HttpClient, issuer: str, **settings: Any) -> OidcSignIn:
    common: dict[str, Any] = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "base_url": "http://127.0.0.1:8700/",
        "roles_claim": "groups",
        "roles": "",
        "creates": False,
    }
    made = oidc_sign_in(http, issuer=issuer, **{**common, **settings})
    assert made is not None
    return made


async def begin(oidc: OidcSignIn, clock: ManualClock) -> OidcStart:
    return await oidc.begin(next_path="/runs", rules=RULES, now=clock.now())


async def come_back(
    oidc: OidcSignIn, db: Database, clock: ManualClock, start: OidcStart, brought: dict[str, str]
) -> Person:
    signed_in, next_path = await oidc.finish(
        db,
        code=brought.get("code"),
        state=brought.get("state"),
        kept=start.kept,
        caller=BROWSER,
        rules=RULES,
        now=clock.now(),
    )
    assert next_path == "/runs"
    async with db.transaction() as conn:
        session, seen = await visit(conn, token=signed_in.session.token, limits=LIMITS, now=clock.now())
    assert session.method == "oidc"
    return seen


async def whole(oidc: OidcSignIn, db: Database, clock: ManualClock, provider: IdentityProvider) -> Person:
    start = await begin(oidc, clock)
    return await come_back(oidc, db, clock, start, await provider.sign_in(start.url))


async def test_somebody_with_an_account_signs_in(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock, "reviewer", email="reviewer@example.com")
    provider.user["email"] = "Reviewer@Example.com"
    seen = await whole(set_up(http, provider.issuer), db, clock, provider)
    assert (seen.id, seen.roles, seen.has_provider) == (made.id, ["reviewer"], True)


async def test_the_provider_knows_people_by_its_own_name_for_them(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
    oidc = set_up(http, provider.issuer)
    await whole(oidc, db, clock, provider)
    provider.user["email"] = "married@example.com"
    assert (await whole(oidc, db, clock, provider)).id == made.id
    provider.user = {"sub": "another", "email": "reviewer@example.com", "email_verified": True}
    with pytest.raises(OidcRefused, match="another account"):
        await whole(oidc, db, clock, provider)
    assert provider.asked.count("metadata") == provider.asked.count("keys") == 1


async def test_details_may_come_apart_from_the_token(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
    provider.details_apart = True
    assert (await whole(set_up(http, provider.issuer), db, clock, provider)).id == made.id


@pytest.mark.parametrize(
    ("user", "problem"),
    [
        ({"sub": "1", "email": "nobody@example.com", "email_verified": True}, "nobody here"),
        ({"sub": "1", "email": "reviewer@example.com", "email_verified": False}, "vouch"),
        ({"sub": "1", "email": "reviewer@example.com"}, "vouch"),
        ({"sub": "1"}, "vouch"),
        ({"sub": "a\0b", "email": "reviewer@example.com", "email_verified": True}, "names nobody"),
    ],
)
async def test_who_is_not_known_here_does_not_come_in(
    db: Database,
    clock: ManualClock,
    http: HttpClient,
    provider: IdentityProvider,
    user: dict[str, Any],
    problem: str,
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock)
    provider.user = user
    with pytest.raises(OidcRefused, match=problem):
        await whole(set_up(http, provider.issuer), db, clock, provider)


async def test_accounts_are_made_where_the_settings_say_so(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    provider.user |= {"name": "评审\n一", "groups": ["desk", "unknown"]}
    oidc = set_up(http, provider.issuer, creates=True, roles="desk=reviewer, desk=support_agent, audit = auditor")
    seen = await whole(oidc, db, clock, provider)
    assert (seen.email, seen.name, seen.roles) == (
        "reviewer@example.com",
        "评审一",
        ["reviewer", "support_agent"],
    )
    provider.user["groups"] = "audit"
    assert (await whole(oidc, db, clock, provider)).roles == ["auditor"]
    del provider.user["groups"]
    assert (await whole(oidc, db, clock, provider)).roles == []


async def test_the_provider_cannot_take_the_last_admin_away(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock, "admin")
    provider.user["groups"] = ["desk"]
    seen = await whole(set_up(http, provider.issuer, roles="desk=reviewer"), db, clock, provider)
    assert seen.roles == ["admin", "reviewer"]


async def test_who_is_disabled_here_stays_out(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        made = await person(conn, clock)
    oidc = set_up(http, provider.issuer)
    await whole(oidc, db, clock, provider)
    async with db.transaction() as conn:
        await people.disable_person(conn, person_id=made.id, actor=KEEPER, now=clock.now())
    with pytest.raises(OidcRefused, match="disabled"):
        await whole(oidc, db, clock, provider)


async def test_a_sign_in_ends_in_the_browser_that_began_it(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock)
    oidc = set_up(http, provider.issuer)
    mine, others = await begin(oidc, clock), await begin(oidc, clock)
    brought = await provider.sign_in(others.url)
    for kept in (mine.kept, "", "x", others.kept[:-8] + "AAAAAAA="):
        with pytest.raises(OidcRefused, match="this browser"):
            await come_back(oidc, db, clock, OidcStart(url="", kept=kept), brought)
    await come_back(oidc, db, clock, others, brought)


async def test_a_code_signs_in_once_and_only_for_a_while(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock)
    oidc = set_up(http, provider.issuer)
    start = await begin(oidc, clock)
    brought = await provider.sign_in(start.url)
    await come_back(oidc, db, clock, start, brought)
    with pytest.raises(OidcRefused, match="took no code"):
        await come_back(oidc, db, clock, start, brought)
    clock.advance(seconds=LASTS_S)
    with pytest.raises(OidcRefused, match="too long"):
        await come_back(oidc, db, clock, start, brought)


async def test_a_sign_in_that_the_provider_refused_is_refused(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    oidc = set_up(http, provider.issuer)
    start = await begin(oidc, clock)
    brought = await provider.sign_in(start.url)
    with pytest.raises(OidcRefused, match="did not let you in"):
        await come_back(oidc, db, clock, start, {"state": brought["state"], "error": "access_denied"})


@pytest.mark.parametrize(
    "lie",
    [
        {"nonce": "another"},
        {"aud": "another client"},
        {"aud": ["opsdesk", "another"], "azp": "another"},
        {"iss": "http://another.example"},
        {"exp": 1},
        {"iat": 99_999_999_999},
        {"sub": None},
    ],
)
async def test_a_token_that_is_for_something_else_is_refused(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider, lie: dict[str, Any]
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock)
    provider.change_claims = lambda claims: {**claims, **lie}
    with pytest.raises(OidcRefused):
        await whole(set_up(http, provider.issuer), db, clock, provider)


async def test_a_token_signed_by_somebody_else_is_refused(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    async with db.transaction() as conn:
        await person(conn, clock)
    oidc = set_up(http, provider.issuer)
    await whole(oidc, db, clock, provider)
    published = provider.key
    provider.key = ECKey.generate_key("P-256", {"kid": str(published.kid)})
    with pytest.raises(OidcRefused, match="not valid"):
        await whole(oidc, db, clock, provider)


async def test_a_wrong_secret_lets_nobody_in(
    db: Database, clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    with pytest.raises(OidcRefused, match="took no code"):
        await whole(set_up(http, provider.issuer, client_secret="another"), db, clock, provider)


async def test_a_provider_that_does_not_answer_is_unavailable(clock: ManualClock, http: HttpClient) -> None:
    with pytest.raises(OidcUnavailable, match="does not answer"):
        await begin(set_up(http, "http://127.0.0.1:1"), clock)


async def test_a_provider_that_is_another_issuer_is_not_believed(
    clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    with pytest.raises(OidcUnavailable, match="another issuer"):
        await begin(set_up(http, provider.issuer + "/"), clock)


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"issuer": "http://provider.example"}, "OPSDESK_OIDC_ISSUER"),
        ({"client_id": ""}, "OPSDESK_OIDC_CLIENT_ID"),
        ({"roles": "desk"}, "OPSDESK_OIDC_ROLES"),
        ({"roles": "desk=emperor"}, "OPSDESK_OIDC_ROLES"),
    ],
)
def test_settings_that_cannot_be_used_are_named(http: HttpClient, settings: dict[str, str], named: str) -> None:
    with pytest.raises(OidcMisconfigured, match=named):
        set_up(http, **{"issuer": "https://provider.example", **settings})


def test_without_an_issuer_there_is_no_provider(http: HttpClient) -> None:
    found = oidc_sign_in(
        http,
        issuer="",
        client_id="",
        client_secret="",
        base_url="",
        roles_claim="",
        roles="",
        creates=False,
    )
    assert found is None


async def test_what_the_browser_keeps_tells_it_nothing(
    clock: ManualClock, http: HttpClient, provider: IdentityProvider
) -> None:
    oidc = set_up(http, provider.issuer)
    start = await begin(oidc, clock)
    other_key = replace(RULES, device_key=b"other")
    assert "verifier" not in start.url
    assert "/runs" not in start.kept
    assert (await oidc.begin(next_path="/runs", rules=other_key, now=clock.now())).kept != start.kept
