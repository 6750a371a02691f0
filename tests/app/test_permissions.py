"""Nothing goes past the one place that says who may do what: not a route, not a page, not a command."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from fastapi.dependencies.models import Dependant
from starlette.routing import BaseRoute

from opsdesk.access.guard import Guard, PageGuard
from opsdesk.benefits.partners.guard import signed_partner
from script import reference
from tests.app.shell import INPUTS, LETTER, REVIEWED, Shell

OPEN_ROUTES = {
    "/healthz": "tells machines whether the process lives",
    "/readyz": "tells machines whether it can work",
    "/v1/openapi.json": "the description, which is public",
    "/v1/callbacks/{token}": "the address is signed for one answer of one partner",
    "/v1/webhooks/{path:path}": "what comes is signed by its sender",
    "/open/v1/files/{name}/content": "the address is signed, and good for a while",
    "/sign-in": "nobody has signed in yet",
    "/sign-in/code": "the second factor is what is asked for",
    "/sign-in/oidc": "the identity provider is asked who it is",
    "/sign-in/oidc/callback": "the identity provider says who it is",
    "/welcome": "the one-time code is what is asked for",
    "/language": "how pages read before anybody has signed in",
    "/static/{digest}/{name:path}": "the same for everybody",
}
"""What needs no session and no key, and why."""

OPEN_COMMANDS = {
    "flow lint": "reads a file",
    "flow simulate": "reads a file",
    "flow collection": "reads files",
    "flow test": "reads files",
    "flow draw": "reads a file",
    "flow show": "reads a file",
    "partner explain": "reads files",
    "db url": "for who operates the machine",
    "db psql": "for who operates the machine: the database itself asks who it is",
    "serve": "a process, not an actor",
    "worker": "a process, not an actor",
    "migrate": "for who operates the machine",
    "sandbox": "a process, not an actor",
    "demo": "an installation of its own",
}
"""What does nothing in the name of an actor, and why."""

NO_DEPENDANT = Dependant()
ID = "0190a0b0-0000-7000-8000-000000000001"
GUARDED_COMMANDS: dict[str, Sequence[str]] = {
    "flow add": ["a.osop.yaml"],
    "flow list": [],
    "flow log": [ID],
    "flow migrate": [ID, "--to", "1", "--reason", "again"],
    "flow run": ["a.osop.yaml", *INPUTS],
    "run start": ["letter", *INPUTS],
    "run list": [],
    "run show": [ID],
    "run watch": [ID],
    "run journal": [ID],
    "run children": [ID],
    "run signal": [ID, "write", "--answer", "{}"],
    "run cancel": [ID, "--reason", "withdrawn"],
    "run retry": [ID],
    "run pause": [ID, "--reason", "wait"],
    "run resume": [ID],
    "run skip": [ID, "write", "--reason", "by hand"],
    "run rerun": [ID, "write", "--reason", "again"],
    "run correct": [ID, "--input", "a=b", "--reason", "wrong"],
    "run stalled": [],
    "flow diff": ["letter@", "a.osop.yaml"],
    "flow backtest": ["a.osop.yaml"],
    "run report": [ID],
    "event send": ["paid", "--subject", "customer@example.com"],
    "trigger list": [],
    **{f"trigger {verb}": ["letter/cron"] for verb in ("show", "next", "deliveries", "activate", "move", "pause")},
    **{f"trigger {verb}": ["letter/cron"] for verb in ("deactivate", "fire")},
    "trigger retry": ["letter/cron", "1"],
    "settlement close": [],
    "settlement list": [],
    **{f"settlement {verb}": ["a-202512.txt.gz"] for verb in ("show", "verify", "regenerate")},
    "outage list": [],
    "outage show": ["https://partner.test"],
    "outage hold": ["https://partner.test", "--reason", "works"],
    "outage release": ["https://partner.test", "--reason", "back"],
    "ticket list": [],
    "ticket board": [],
    "ticket show": [ID],
    "ticket claim": [ID],
    "ticket assign": [ID, "--to", "a@example.com"],
    "ticket release": [ID, "--reason", "is ill"],
    "ticket decide": [ID],
    "ticket amend": [ID, "--value", "a=b", "--reason", "wrong"],
    "ticket evidence": [ID],
    "application send": ["application.json"],
    "application list": [],
    "application show": ["F-1"],
    "group list": [],
    **{f"group {verb}": ["1"] for verb in ("show", "history", "diff", "activate", "deactivate")},
    "group try": ["1", "application.json"],
    "group add": ["face.json"],
    "group edit": ["1", "face.json", "--opened-revision", "1"],
    "group restore": ["1", "--revision", "1"],
    "group apply": ["1", "--revision", "1"],
    "group place": ["1", "10"],
    "result show": [ID],
    "result send": [ID],
    "result receiver list": [],
    "result receiver put": ["cash_loan", "--url", "https://credit.example.com/results"],
    "result receiver remove": ["cash_loan"],
    "alert list": [],
    "alert close": ["1"],
    "key create": ["--name", "x", "--scope", "runs:read"],
    "screening type list": [],
    **{f"screening type {verb}": ["face"] for verb in ("show", "history", "diff")},
    "screening type add": ["face.json"],
    "screening type edit": ["face", "face.json", "--opened-version", "1"],
    "screening type restore": ["face", "--version", "1"],
    "screening export": ["face"],
    "screening import": ["face.yaml"],
    "screening adapt list": ["face"],
    **{f"screening adapt {verb}": ["1"] for verb in ("show", "history", "diff", "pause", "activate")},
    "screening adapt add": ["face", "face.json"],
    "screening adapt edit": ["1", "face.json", "--opened-version", "1"],
    "screening adapt restore": ["1", "--version", "1"],
    "reference list": ["applications"],
    "reference put": ["applications", "application=cash_loan"],
    "reference import": ["applications", "applications.csv"],
    "benefits expire": [],
    "benefits jobs": [],
    "points grant": ["C-1", "5", "--expires", "2999-01-01T00:00:00Z"],
    "points wallet": ["C-1"],
    "points statement": ["C-1"],
    "points sweep": [],
    "points audit": [],
    "points audits": [],
    "partner list": [],
    "partner show": ["airport"],
    "partner put": ["airport", "--booking-url", "https://a.test", "--cancellation-url", "https://a.test"],
    "partner add-key": ["airport", "a.osop.yaml"],
    "partner revoke-key": ["airport", "pk_0000000000000000"],
    "partner rotate": ["airport"],
    "partner acknowledge": ["airport", "1"],
    "quality draw": ["cash_loan", "activation", "--from", "2026-01-01T00:00:00Z", "--size", "5"],
    "quality list": [],
    **{f"quality {verb}": ["1"] for verb in ("show", "verify", "compare")},
    "quality next": [],
    "quality judge": ["1", "--verdict", "pass"],
    "quality figures": [],
    "key list": [],
    "benefits provider list": [],
    "benefits provider put": ["airport", "--closed"],
    "benefits service list": [],
    "benefits customers load": ["customers.csv"],
    "benefits customers list": [],
    "benefits order list": [],
    "benefits order show": [ID],
    "benefits dispute list": [],
    "benefits dispute show": [ID],
    "benefits dispute propose": [ID, "--proposal", "pay", "--reason", "was there"],
    "benefits dispute decide": [ID, "--proposal", "pay"],
    "benefits trace": [ID],
    "benefits service put": ["lounge", "--closed"],
    "key revoke": ["none"],
    "person create": ["--email", "a@example.com", "--name", "A"],
    "person list": [],
    "person show": ["a@example.com"],
    "person link": ["a@example.com"],
    "person roles": ["a@example.com"],
    "person disable": ["a@example.com"],
    "person enable": ["a@example.com"],
    "person remove-second-factor": ["a@example.com"],
    "person reseal": [],
    "audit list": [],
    "audit show": ["1"],
    "audit compare": ["1"],
    "audit verify": [],
    "audit export": [],
    "audit seal": [],
    "mcp": [],
    "session list": ["a@example.com"],
    "session revoke": ["a@example.com"],
}
"""Words with which each other command does something."""


def all_routes(routes: Sequence[Any]) -> Iterator[BaseRoute]:
    """Also those of routers within routers, whichever way the framework keeps them."""
    for route in routes:
        inner = getattr(route, "original_router", None) or getattr(route, "router", None)
        if inner is not None and not hasattr(route, "dependant"):
            yield from all_routes(inner.routes)
        else:
            yield route


def calls(dependant: Dependant) -> Iterator[Callable[..., Any] | None]:
    yield dependant.call
    for inner in dependant.dependencies:
        yield from calls(inner)


def is_guarded(route: BaseRoute) -> bool:
    dependant = getattr(route, "dependant", None)
    if dependant is None:
        return False
    return any(isinstance(call, Guard | PageGuard) or call is signed_partner for call in calls(dependant))


def path_of(route: BaseRoute) -> str:
    return str(getattr(route, "path", route))


@pytest.fixture(scope="module")
def routes() -> list[BaseRoute]:
    return list(all_routes(reference.api().routes))


def test_every_route_and_page_asks_who_it_is(routes: list[BaseRoute]) -> None:
    unguarded = {path_of(route) for route in routes if not is_guarded(route)}
    assert sorted(unguarded - set(OPEN_ROUTES)) == []
    assert len(routes) > len(unguarded) + 20


def test_no_route_is_open_and_guarded_at_once(routes: list[BaseRoute]) -> None:
    assert [path_of(route) for route in routes if is_guarded(route) and path_of(route) in OPEN_ROUTES] == []


def test_programs_use_keys_and_people_use_sessions(routes: list[BaseRoute]) -> None:
    guards = [
        (path_of(route), call)
        for route in routes
        for call in calls(getattr(route, "dependant", NO_DEPENDANT))
        if isinstance(call, Guard | PageGuard)
    ]
    for_programs = ("/v1/", "/metrics")
    assert [path for path, call in guards if isinstance(call, Guard) != path.startswith(for_programs)] == []


def test_every_command_is_known_to_this_test() -> None:
    known = {
        "flow",
        "run",
        "event",
        "trigger",
        "outage",
        "ticket",
        "application",
        "key",
        "person",
        "session",
        "db",
        "audit",
    }
    nouns = known | {"operations", "screening", "screening type", "screening adapt", "reference"}
    nouns |= {"group", "quality", "result", "result receiver", "alert", "points", "settlement"}
    nouns |= {"benefits", "benefits provider", "benefits service"}
    nouns |= {"partner"}
    nouns |= {"group", "quality", "result", "result receiver", "alert", "points"}
    nouns |= {"benefits", "benefits provider", "benefits service", "benefits customers", "benefits order"}
    nouns |= {"benefits dispute"}
    found = {name.removeprefix("opsdesk ") for name, _ in reference.commands(reference.command_line())} - nouns
    assert found == set(OPEN_COMMANDS) | set(GUARDED_COMMANDS)


@pytest.mark.parametrize("command", sorted(GUARDED_COMMANDS))
def test_an_actor_without_scopes_is_refused_by_every_command(shell: Shell, command: str) -> None:
    shell.file(LETTER)
    shell.file("{}", "application.json")
    shell.file('{"name": "face", "application": "a", "scene": "s"}', "face.json")
    shell.file("opsdesk_screening_type: 1\nname: face\n", "face.yaml")
    shell.file("application,name\ncash_loan,\n", "applications.csv")
    key = shell("key", "create", "--name", "nobody", "--scope", "personal:read", "--json").json["key"]
    said = shell(*command.split(), *GUARDED_COMMANDS[command], "--json", OPSDESK_API_KEY=key)
    assert (said.code, said.error["code"], said.error["detail"]["actor"]) == (1, "ScopeMissing", "key:nobody")


def test_a_command_acts_in_the_name_of_its_key(shell: Shell) -> None:
    key = shell(
        *("key", "create", "--name", "portal", "--json"),
        *(word for scope in ("procedures:write", "runs:write", "runs:read") for word in ("--scope", scope)),
    ).json["key"]
    shell.file(REVIEWED)
    run = shell("flow", "run", "a.osop.yaml", *INPUTS, "--no-watch", "--json", OPSDESK_API_KEY=key).json
    assert run["started_by"] == "key:portal"
    refused = shell("run", "show", run["id"], "--reveal", "--json", OPSDESK_API_KEY=key)
    assert refused.error["detail"]["scope"] == "personal:read"


def test_a_key_names_its_actor_and_its_roles_itself(shell: Shell) -> None:
    key = shell("key", "create", "--name", "desk", "--scope", "tickets:decide", "--json").json["key"]
    for words in (["--role", "editor"], ["--as", "somebody"]):
        said = shell("ticket", "claim", ID, *words, "--json", OPSDESK_API_KEY=key)
        assert (said.code, said.error["code"]) == (1, "NotWithKey")


def test_a_key_that_is_not_valid_does_nothing(shell: Shell) -> None:
    said = shell("run", "list", OPSDESK_API_KEY="opsdesk_none")
    assert (said.code, said.err.splitlines()[-1]) == (1, "Next: OPSDESK_API_KEY holds the key that commands act by")
    assert shell("run", "list", OPSDESK_API_KEY="").code == 1
