"""The pages of a running server, as somebody in a browser is sent them."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from string import Formatter

import aiohttp
from fastapi.dependencies.models import Dependant
from yarl import URL

from opsdesk.access import Actor, Scope, people, sessions
from opsdesk.access.sessions import Caller, SessionLimits, SignInMethod
from opsdesk.app.wiring import Opsdesk
from script import reference
from tests.app.test_permissions import all_routes, path_of

KEEPER = Actor(id="cli:keeper", name="keeper", roles=frozenset(), scopes=frozenset(Scope))
STREAM_S = 2.0
"""A page that tells what happens, as it happens, never ends: what it says at first counts."""


async def signed_in(opsdesk: Opsdesk, *roles: str, email: str) -> Mapping[str, str]:
    """The headers of somebody new with these roles, who has signed in and changes something."""
    now = opsdesk.clock.now()
    async with opsdesk.database.transaction() as conn:
        person = await people.create_person(conn, email=email, name="Reader", roles=roles, actor=KEEPER, now=now)
        session = await sessions.begin_session(
            conn,
            person=person,
            method=SignInMethod.PASSWORD,
            caller=Caller(user_agent="Browser", address="127.0.0.1"),
            limits=SessionLimits(idle_s=1800, absolute_s=43_200),
            verified=True,
            now=now,
        )
    name = "__Host-opsdesk" if opsdesk.sign_in_rules.secure else "opsdesk"
    return {
        "Cookie": f"{name}={session.token}",
        "X-CSRF-Token": sessions.csrf_token(session.token),
        "Sec-Fetch-Site": "same-origin",
    }


@dataclass(frozen=True, slots=True)
class Readable:
    """A page that can be read: its path, and the names that may stand in its path and behind it."""

    path: str
    names: Sequence[str]
    questions: Sequence[str]


def readable() -> Iterator[Readable]:
    for route in all_routes(reference.api().routes):
        path = path_of(route).replace(":path}", "}")
        dependant = getattr(route, "dependant", None)
        names = [name for _, name, _, _ in Formatter().parse(path) if name]
        others = ("/v1/", "/open/", "/static", "/metrics")
        if dependant is not None and "GET" in route.methods and not path.startswith(others):  # type: ignore[attr-defined]  # a route with dependencies has methods
            yield Readable(path, names, sorted(set(_questions(dependant))))


def _questions(dependant: Dependant) -> Iterator[str]:
    yield from (parameter.alias for parameter in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _questions(inner)


def addresses(values: Mapping[str, Collection[str]]) -> Iterator[str]:
    """Every page that can be read, with these values in the place of its parameters; those with others are left out."""
    for page in readable():
        if set(page.names) <= set(values):
            for chosen in product(*(values[name] for name in page.names)):
                yield page.path.format(**dict(zip(page.names, chosen, strict=True)))


async def sent(url: str, paths: Sequence[str], headers: Mapping[str, str]) -> Mapping[str, tuple[int, str]]:
    """The status of each, and all that is sent with it."""
    found = {}
    async with aiohttp.ClientSession(url, headers=headers, cookie_jar=aiohttp.DummyCookieJar()) as session:
        for path in paths:
            async with session.get(URL(path, encoded=True), allow_redirects=False) as response:
                found[path] = response.status, f"{dict(response.headers)} {await _beginning(response)}"
    return found


async def _beginning(response: aiohttp.ClientResponse) -> str:
    body = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(STREAM_S):
            async for piece in response.content.iter_any():
                body += piece
    return body.decode()
