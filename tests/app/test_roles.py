"""Whatever a role does not allow is refused on the page, by the API and at the command line alike."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from opsdesk import access
from opsdesk.access import Role, Scope, guard, keys, people, sessions
from opsdesk.access.guard import Guard, PageGuard
from opsdesk.access.people import Person
from opsdesk.access.roles import SCOPES
from opsdesk.access.sessions import SignInMethod, csrf_token
from opsdesk.kit.clock import ManualClock
from script import reference
from tests.access.staff import BROWSER, KEEPER
from tests.app.serving import Api, serving
from tests.app.shell import Shell
from tests.app.test_permissions import NO_DEPENDANT, all_routes, calls

NOTHING = "0190a0b0-0000-7000-8000-000000000001"
LISTS = {
    "flow list": Scope.PROCEDURES_READ,
    "run list": Scope.RUNS_READ,
    "ticket list": Scope.TICKETS_READ,
    "application list": Scope.APPLICATIONS_READ,
    "quality list": Scope.QUALITY_READ,
    "benefits service list": Scope.BENEFITS_READ,
    "key list": Scope.KEYS_WRITE,
    "person list": Scope.PEOPLE_READ,
}

OF_A_SCENE = {"/v1/screening-reference/fields"}
"""Lists that have to be asked for with the scene that they belong to."""


@dataclass(frozen=True)
class Address:
    method: str
    path: str
    scope: Scope
    of_page: bool

    @property
    def is_list(self) -> bool:
        return self.method == "GET" and "{" not in self.path and self.path not in OF_A_SCENE

    def filled(self) -> str:
        parts = [NOTHING if part.startswith("{") else part for part in self.path.split("/")]
        return "/".join(parts)


@pytest.fixture(scope="module")
def addresses() -> list[Address]:
    """Everything that needs a scope, but for bodies of the API, which it wants right before it looks who sends them."""
    return [address for address in guarded() if address.of_page or address.method == "GET"]


def guarded() -> Iterator[Address]:
    for route in all_routes(reference.api().routes):
        for call in calls(getattr(route, "dependant", NO_DEPENDANT)):
            if isinstance(call, Guard | PageGuard) and call.scope is not None:
                for method in sorted(getattr(route, "methods", ())):
                    yield Address(method, str(getattr(route, "path", "")), call.scope, isinstance(call, PageGuard))


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@dataclass(frozen=True)
class Entered:
    """A person who is signed in, and has a key of their own with every scope."""

    person: Person
    session_token: str
    cookie: str
    key: str

    def headers(self, address: Address) -> dict[str, str]:
        if not address.of_page:
            return {"Authorization": f"Bearer {self.key}", "Idempotency-Key": "1"}
        return {"Cookie": f"{self.cookie}={self.session_token}", "X-CSRF-Token": csrf_token(self.session_token)}


async def entered(api: Api, *roles: str) -> Entered:
    rules, now = api.installation.sign_in_rules, api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        person = await people.create_person(
            conn, email="somebody@example.com", name="Somebody", roles=roles, actor=KEEPER, now=now, language="en"
        )
        session = await sessions.begin_session(
            conn,
            person=person,
            method=SignInMethod.PASSWORD,
            caller=BROWSER,
            limits=rules.limits,
            verified=True,
            now=now,
        )
        key = await keys.create_key(
            conn, name="own", scopes=list(Scope), roles=(), actor=KEEPER, now=now, person=person
        )
    return Entered(person, session.token, guard.cookie_name(guard.SESSION_COOKIE, rules), key.key)


async def status(api: Api, who: Entered, address: Address) -> int:
    answer = await api.call(address.method, address.filled(), headers=who.headers(address), allow_redirects=False)
    return answer.status


@pytest.mark.parametrize("role", list(Role))
async def test_a_role_opens_what_it_allows_and_nothing_else(api: Api, addresses: list[Address], role: Role) -> None:
    who = await entered(api, role)
    allowed = [address for address in addresses if address.is_list and address.scope in SCOPES[role]]
    refused = [address for address in addresses if address.scope not in SCOPES[role]]
    assert allowed
    assert refused
    assert [(each, found) for each in allowed if (found := await status(api, who, each)) not in (200, 204)] == []
    assert [(each, found) for each in refused if (found := await status(api, who, each)) != 403] == []


async def test_who_has_no_role_opens_nothing_that_needs_one(api: Api, addresses: list[Address]) -> None:
    who = await entered(api)
    assert [(each, found) for each in addresses if (found := await status(api, who, each)) != 403] == []


@pytest.mark.parametrize("role", list(Role))
def test_a_role_allows_at_the_command_line_what_it_allows_elsewhere(shell: Shell, role: Role) -> None:
    shell("person", "create", "--email", "somebody@example.com", "--name", "S", "--role", role)
    scopes = [word for scope in Scope for word in ("--scope", scope)]
    made = shell("key", "create", "--name", "own", "--person", "somebody@example.com", *scopes, "--json")
    found = {command: shell(*command.split(), "--json", OPSDESK_API_KEY=made.json["key"]).code for command in LISTS}
    assert found == {command: int(scope not in SCOPES[role]) for command, scope in LISTS.items()}


async def test_a_session_is_no_key_for_programs(api: Api) -> None:
    who = await entered(api, "admin")
    as_page = who.headers(Address("GET", "/people", Scope.PEOPLE_READ, of_page=True))
    for path in ("/v1/people", "/v1/runs", "/metrics"):
        assert (await api.get(path, headers=as_page)).status == 401


async def test_a_stolen_session_opens_nothing_once_it_was_ended(api: Api) -> None:
    thief = await entered(api, "auditor")
    page = Address("GET", "/people", Scope.PEOPLE_READ, of_page=True)
    assert await status(api, thief, page) == 200
    async with api.installation.database.transaction() as conn:
        ended = await access.sessions.end_all_sessions(
            conn, person_id=thief.person.id, actor=thief.person.actor, now=api.installation.clock.now()
        )
    assert ended == 1
    assert await status(api, thief, page) in (303, 401)
