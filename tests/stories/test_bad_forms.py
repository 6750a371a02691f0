"""Every form and address of every page, filled in as nobody would: each is answered, and nothing breaks."""

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from aiohttp import web

from opsdesk.kit.clock import SystemClock
from tests import configured
from tests.app.documents import greet
from tests.app.serving import Api, partner, serving, until, working_for
from tests.stories.forms import Form, forms_of
from tests.stories.pages import addresses, readable, sent, signed_in

NASTY = (
    b"",
    b"\0",
    b"\xff\xfe",
    "💥\u202e\ufeff".encode(),
    b"9" * 400,
    b"-1",
    b"9999-12-31T23:59:60Z",
    b"9999-12-31",
    b"0001-01-01",
    b"../../etc/passwd",
    b"<script>alert(1)</script>",
    b"'; --",
    b'{"a": [[[[',
    b"a" * 200_000,
)
ROLES = ("admin", "operations_engineer", "reviewer", "risk_operator")
IN_ADDRESS_MAX = 5000
FORM = "application/x-www-form-urlencoded"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, SystemClock()) as api:
        yield api


async def say_score(_: web.Request) -> web.Response:
    return web.json_response({"score": 0.5})


async def something_to_do(api: Api) -> dict[str, list[str]]:
    """A procedure, a run that waits for a person, its ticket; a screening type, its adapt, a live group."""
    async with api.installation.database.transaction() as conn:
        now = api.installation.clock.now()
        await configured.add_reference(conn, now=now)
        found = await configured.add_type(conn, now=now)
        adapt = await configured.add_adapt(conn, found, now=now)
        group = await configured.add_group(conn, found.type_id, now=now)
    key = await api.key(name="portal")

    async def tickets() -> list[str]:
        return [each["id"] for each in (await api.get("/v1/tickets", key=key)).body["items"]]

    async with partner(say_score) as url, working_for(api.installation):
        await api.store(greet(url).replace("greeter", "reviewer"), key=key)
        run_id = await api.start("greet", key=key, email="customer@example.com")
        opened = await until(tickets)
    return {
        "run_id": [run_id],
        "ticket_id": opened,
        "procedure_id": ["greet"],
        "type_id": [str(found.type_id)],
        "adapt_id": [str(adapt.adapt_id)],
        "group_id": [str(group.group_id)],
    }


def filled_in(form: Form, name: str, value: bytes) -> bytes:
    """The form as it stands, with one of its fields changed."""
    fields = {each: known.encode() for each, known in form.fields.items()} | {name: value}
    return b"&".join(
        f"{quote_from_bytes(each.encode())}={quote_from_bytes(text)}".encode() for each, text in fields.items()
    )


@pytest.mark.timeout(600)
async def test_no_form_breaks_by_what_is_typed_into_it(api: Api) -> None:
    values = await something_to_do(api)
    tried = set()
    for number, page in enumerate(addresses(values)):
        # Some forms end the session: each page is looked at by somebody new, who claims what they may.
        visitor = await signed_in(api.installation, *ROLES, email=f"person-{number}@example.com")
        await api.call("POST", f"{page}/claim", headers=visitor, allow_redirects=False)
        for form in forms_of(page, (await sent(api.url, [page], visitor))[page][1]):
            for name in form.fields.keys() - {"csrf_token"}:
                for value in NASTY:
                    answer = await api.call(
                        "POST",
                        form.action,
                        headers={**visitor, "Content-Type": FORM},
                        data=filled_in(form, name, value),
                        allow_redirects=False,
                    )
                    assert answer.status < 500, (page, form.action, name, value[:20])
                    tried.add((form.action, name))
    actions = {action for action, _ in tried}
    assert {"/people", "/keys", "/procedures", "/procedures/greet/start", "/welcome", "/account/preferences"} <= actions
    assert f"/tickets/{values['ticket_id'][0]}/decide" in actions
    assert {"/screening/types/1/edit", "/screening/adapts/1/edit"} <= actions
    assert {"/groups/new", "/groups/1/edit", "/groups/1/try"} <= actions


@pytest.mark.timeout(600)
async def test_no_page_breaks_by_what_is_in_its_address(api: Api) -> None:
    values = await something_to_do(api)
    visitor = await signed_in(api.installation, *ROLES, email="reader@example.com")
    typed = [quote_from_bytes(value[:IN_ADDRESS_MAX], safe="") for value in NASTY]
    wrong, asked = [], []
    for page in readable():
        own = {name: values.get(name, ["1"])[0] for name in page.names}
        wrong += [page.path.format(**own | {name: value or "-"}) for name in page.names for value in typed]
        asked += [f"{page.path.format(**own)}?{name}={value}" for name in page.questions for value in typed]
    found = await sent(api.url, [*wrong, *asked], visitor)
    assert {path: status for path, (status, _) in found.items() if status >= 500} == {}
    assert len(wrong) > 50
    assert len(asked) > 200
