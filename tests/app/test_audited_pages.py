"""Every change on a page is in the audit chain: each form that is sent writes the entries that it should."""

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pyotp
import pytest

from opsdesk import access, flows, review
from opsdesk.access.sessions import Caller, SignInMethod, begin_session, csrf_token
from opsdesk.kit.clock import ManualClock
from tests import configured
from tests.access.staff import KEEPER, PASSWORD
from tests.app.documents import WAITS, greet
from tests.app.serving import Api, serving
from tests.app.test_permissions import all_routes, path_of
from tests.app.triggered import ALWAYS, ORDERS
from tests.review.pictures.kept import kept_ticket
from tests.review.pictures.tickets import add_pictured_type

NEW_PASSWORD = "another horse battery"

WRITES = {
    "/sign-in": ["session.begin"],
    "/sign-in/code": ["session.end", "session.begin"],
    "/sign-out": ["session.end"],
    "/welcome": ["person.set_password", "session.begin"],
    "/language": ["person.set_preferences"],
    "/account/preferences": ["person.set_preferences"],
    "/account/password": ["person.change_password"],
    "/account/sessions/end-others": ["session.end"],
    "/account/sessions/{session_id}/end": ["session.end"],
    "/account/second-factor": ["second_factor.enrol"],
    "/account/second-factor/confirm": ["second_factor.confirm"],
    "/account/second-factor/recovery-codes": ["second_factor.renew_recovery_codes"],
    "/account/second-factor/disable": ["second_factor.remove"],
    "/people": ["person.create", "person.make_code"],
    "/people/{person_id}/roles": ["person.change_roles"],
    "/people/{person_id}/disable": ["person.disable"],
    "/people/{person_id}/enable": ["person.enable"],
    "/people/{person_id}/code": ["person.make_code"],
    "/people/{person_id}/second-factor/remove": ["second_factor.remove"],
    "/people/{person_id}/sessions/end": ["session.end"],
    "/people/{person_id}/sessions/{session_id}/end": ["session.end"],
    "/account/keys": ["key.create"],
    "/account/keys/{key_id}/revoke": ["key.revoke"],
    "/keys": ["key.create"],
    "/keys/{key_id}/revoke": ["key.revoke"],
    "/tickets/next": ["ticket.claim"],
    "/tickets/assign": ["ticket.assign"],
    "/tickets/release": ["ticket.release"],
    "/tickets/{ticket_id}/claim": ["ticket.claim"],
    "/tickets/{ticket_id}/release": ["ticket.release"],
    "/tickets/{ticket_id}/decide": ["ticket.decide", "run.decision"],
    "/tickets/{ticket_id}/reveal": ["ticket.reveal"],
    "/tickets/{ticket_id}/amend": ["ticket.amend", "run.amend"],
    "/tickets/{ticket_id}/result/send": ["result.send_again"],
    "/review/{bucket}/next": ["ticket.claim"],
    "/tickets/{ticket_id}/skip": ["ticket.skip"],
    "/tickets/{ticket_id}/verdict": ["ticket.decide"],
    "/quality/samples": ["quality_sample.draw"],
    "/quality/takes": ["sampled_ticket.take"],
    "/quality/tickets/{sampled_id}/judgement": ["sampled_ticket.judge"],
    "/quality/tickets/{sampled_id}/reveal": ["ticket.reveal"],
    "/runs/{run_id}/{name}": ["run.pause"],
    "/runs/{run_id}/migration": ["run.migrate"],
    "/procedures/{procedure_id}/migration": ["run.migrate"],
    "/triggers/{procedure_id}/{trigger}/{action}": ["trigger.activate"],
    "/triggers/{procedure_id}/{trigger}/fire": ["trigger.deliver", "run.start"],
    "/triggers/{procedure_id}/{trigger}/deliveries/{delivery_id}/retry": ["trigger.deliver_again", "run.start"],
    "/operations/alerts/{alert_id}/close": ["alert.close"],
    "/outages": ["outage.hold"],
    "/outages/{outage_id}/release": ["outage.release"],
    "/screening/reference/{kind}": ["application.put"],
    "/screening/reference/fields": ["pb_fields.import"],
    "/screening/reference/receivers": ["result_receiver.put"],
    "/screening/reference/receivers/remove": ["result_receiver.remove"],
    "/screening/import": ["screening_type.add"],
    "/screening/types/new": ["screening_type.add"],
    "/screening/types/{type_id}/edit": ["screening_type.edit"],
    "/screening/types/{type_id}/restore": ["screening_type.edit"],
    "/screening/types/{type_id}/adapts/new": ["screening_adapt.add"],
    "/screening/adapts/{adapt_id}/edit": ["screening_adapt.edit"],
    "/screening/adapts/{adapt_id}/pause": ["screening_adapt.paused"],
    "/screening/adapts/{adapt_id}/activate": ["screening_adapt.activated"],
    "/groups/new": ["strategy_group.add"],
    "/groups/{group_id}/edit": ["strategy_group.save"],
    "/groups/{group_id}/apply": ["strategy_group.apply"],
    "/groups/{group_id}/restore": ["strategy_group.save"],
    "/groups/{group_id}/activate": ["strategy_group.activate"],
    "/groups/{group_id}/deactivate": ["strategy_group.deactivate"],
    "/groups/{group_id}/place": ["strategy_group.place"],
    "/groups/{group_id}/try": [],
    "/points/grants": ["points.grant"],
    "/benefits/customers": ["benefit_customer_list.load"],
    "/benefits/disputes/{dispute_id}/propose": ["benefit_dispute.propose"],
    "/benefits/disputes/{dispute_id}/decide": ["benefit_dispute.decide"],
    "/benefits/new-provider": ["benefit_provider.put"],
    "/benefits/providers/{provider}": ["benefit_provider.put"],
    "/benefits/providers/{provider}/offer": ["benefit_provider.put"],
    "/benefits/new-service": ["benefit_service.put"],
    "/benefits/services/{service}": ["benefit_service.put"],
    "/benefits/services/{service}/offer": ["benefit_service.put"],
    "/procedures": ["procedure.store"],
    "/procedures/{procedure_id}/start": ["run.start"],
}


@dataclass
class Browser:
    """Somebody's browser: what it sends, and what that wrote in the audit chain."""

    api: Api
    token: str = ""

    async def send(self, path: str, **form: str) -> tuple[list[str], str]:
        """The actions that were recorded, and the page that came back."""
        form = form | ({"csrf_token": csrf_token(self.token)} if self.token else {})
        headers = {"Cookie": f"__Host-opsdesk={self.token}"} if self.token else {}
        async with self.api.session.post(
            self.api.url + path, data=form, headers=headers, allow_redirects=False
        ) as response:
            page = await response.text()
            assert response.status < 400, (path, response.status, page)
            if (cookie := response.cookies.get("__Host-opsdesk")) and cookie.value:
                self.token = cookie.value
            request_id = response.headers["X-Request-Id"]
        async with self.api.installation.database.connection() as conn:
            found = await access.audit.list_entries(conn, access.audit.EntryFilter(request_id=request_id))
        return [entry.action for entry in reversed(found.items)], page

    async def wrote(self, path: str, **form: str) -> list[str]:
        return (await self.send(path, **form))[0]


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


async def someone(api: Api, *roles: str, email: str = "reviewer@example.com") -> access.people.Person:
    """Somebody with a password."""
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        made = await access.people.create_person(conn, email=email, name="Reviewer", roles=roles, actor=KEEPER, now=now)
        link = await access.links.make_link(conn, person_id=made.id, actor=KEEPER, now=now)
        return await access.links.use_link(conn, code=link.code, password=PASSWORD, now=now)


async def session_of(api: Api, person: access.people.Person) -> tuple[UUID, str]:
    async with api.installation.database.transaction() as conn:
        session = await begin_session(
            conn,
            person=person,
            method=SignInMethod.PASSWORD,
            caller=Caller(user_agent="Browser", address="127.0.0.1"),
            limits=api.installation.sign_in_rules.limits,
            verified=True,
            now=api.installation.clock.now(),
        )
    return session.id, session.token


async def browser_of(api: Api, *roles: str) -> Browser:
    person = await someone(api, *roles, email=f"{roles[0]}@example.com")
    return Browser(api, (await session_of(api, person))[1])


async def ticket(api: Api) -> review.Ticket:
    """What a run asks a reviewer."""
    now = api.installation.clock.now()
    customer = access.system_actor("portal")
    async with api.installation.database.transaction() as conn:
        await flows.definitions.store_procedure(conn, text=greet(), file_name="g.yaml", actor=customer, now=now)
        run, _ = await flows.runs.start_run(
            conn, procedure_id="greet", inputs={"email": "a@example.com"}, actor=customer, now=now
        )
        asked = review.TicketField("decision", "Decision", {"enum": ["approved"]}, required=True, personal=False)
        return await review.open_ticket(
            conn,
            review.NewTicket(
                source="run",
                subject=str(run.run_id),
                node="review",
                iteration=1,
                generation=1,
                title="Look",
                purpose="",
                role="reviewer",
                shown={"score": 0.5},
                shown_personal=frozenset(),
                asked=(asked,),
                required_approvers=1,
                due_at=None,
                requested_by="system:portal",
            ),
            now=now,
        )


async def test_signing_in_and_out_is_recorded(api: Api) -> None:
    await someone(api)
    browser = Browser(api)
    assert await browser.wrote("/sign-in", email="reviewer@example.com", password=PASSWORD) == WRITES["/sign-in"]
    assert await browser.wrote("/language", language="en") == WRITES["/language"]
    assert await browser.wrote("/sign-out") == WRITES["/sign-out"]


async def test_what_people_do_to_their_accounts_is_recorded(api: Api) -> None:
    person = await someone(api)
    _, token = await session_of(api, person)
    browser = Browser(api, token)
    wanted = {"name": "Reviewer", "language": "en", "time_zone": "Asia/Shanghai", "theme": "dark"}
    assert await browser.wrote("/account/preferences", **wanted) == WRITES["/account/preferences"]
    await session_of(api, person)
    assert await browser.wrote("/account/sessions/end-others") == WRITES["/account/sessions/end-others"]
    other, _ = await session_of(api, person)
    ended = await browser.wrote(f"/account/sessions/{other}/end")
    assert ended == WRITES["/account/sessions/{session_id}/end"]
    changed = await browser.wrote("/account/password", present=PASSWORD, password=NEW_PASSWORD, again=NEW_PASSWORD)
    assert changed == WRITES["/account/password"]


async def test_what_people_do_to_their_second_factor_is_recorded(api: Api, clock: ManualClock) -> None:
    path = "/account/second-factor"
    browser = await browser_of(api, "reviewer")
    wrote, page = await browser.send(path, password=PASSWORD)
    assert wrote == WRITES[path]
    totp = totp_on(page)
    assert await browser.wrote(f"{path}/confirm", code=totp.at(clock.now())) == WRITES[f"{path}/confirm"]
    clock.advance(seconds=60)
    other = Browser(api)
    await other.send("/sign-in", email="reviewer@example.com", password=PASSWORD)
    assert await other.wrote("/sign-in/code", code=totp.at(clock.now())) == WRITES["/sign-in/code"]
    renewed = await browser.wrote(f"{path}/recovery-codes", password=PASSWORD)
    assert renewed == WRITES[f"{path}/recovery-codes"]
    assert await browser.wrote(f"{path}/disable", password=PASSWORD) == WRITES[f"{path}/disable"]
    await browser.send(
        f"{path}/confirm", code=totp_on((await browser.send(path, password=PASSWORD))[1]).at(clock.now())
    )
    admin, person = await browser_of(api, "admin"), await person_called(api, "reviewer@example.com")
    removed = await admin.wrote(f"/people/{person.id}/second-factor/remove")
    assert removed == WRITES["/people/{person_id}/second-factor/remove"]


def totp_on(page: str) -> pyotp.TOTP:
    """The secret that a page shows for typing in."""
    secret = re.search(r"\b(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}\b", page)
    assert secret is not None
    return pyotp.TOTP(secret[0].replace(" ", ""))


async def person_called(api: Api, email: str) -> access.people.Person:
    async with api.installation.database.connection() as conn:
        return await access.people.find_person(conn, email=email)


async def test_what_admins_do_to_people_is_recorded(api: Api) -> None:
    admin = await browser_of(api, "admin")
    made = {"email": "new@example.com", "name": "New", "roles": "auditor"}
    assert await admin.wrote("/people", **made) == WRITES["/people"]
    person = await someone(api, "reviewer", email="person@example.com")
    about = f"/people/{person.id}"
    for path, form in (("roles", {"roles": "auditor"}), ("disable", {}), ("enable", {}), ("code", {})):
        assert (path, await admin.wrote(f"{about}/{path}", **form)) == (path, WRITES[f"/people/{{person_id}}/{path}"])
    session, _ = await session_of(api, person)
    ended = await admin.wrote(f"{about}/sessions/{session}/end")
    assert ended == WRITES["/people/{person_id}/sessions/{session_id}/end"]
    await session_of(api, person)
    assert await admin.wrote(f"{about}/sessions/end") == WRITES["/people/{person_id}/sessions/end"]


async def test_a_one_time_code_is_recorded_as_it_is_used(api: Api) -> None:
    now = api.installation.clock.now()
    person = await someone(api)
    async with api.installation.database.transaction() as conn:
        link = await access.links.make_link(conn, person_id=person.id, actor=KEEPER, now=now)
    wrote = await Browser(api).wrote("/welcome", code=link.code, password=NEW_PASSWORD, again=NEW_PASSWORD)
    assert wrote == WRITES["/welcome"]


async def test_keys_that_are_made_and_revoked_on_pages_are_recorded(api: Api) -> None:
    admin = await browser_of(api, "admin")
    assert await admin.wrote("/keys", name="portal", scopes="runs:read", lasts_days="90") == WRITES["/keys"]
    async with api.installation.database.connection() as conn:
        [key] = await access.keys.list_keys(conn)
    assert await admin.wrote(f"/keys/{key.id}/revoke") == WRITES["/keys/{key_id}/revoke"]
    engineer = await browser_of(api, "operations_engineer")
    own = await engineer.wrote("/account/keys", name="own", scopes="runs:read", lasts_days="90", password=PASSWORD)
    assert own == WRITES["/account/keys"]
    async with api.installation.database.connection() as conn:
        key = next(key for key in await access.keys.list_keys(conn) if key.revoked_at is None)
    assert await engineer.wrote(f"/account/keys/{key.id}/revoke") == WRITES["/account/keys/{key_id}/revoke"]


async def test_what_is_done_to_tickets_on_pages_is_recorded(api: Api) -> None:
    reviewer, asked = await browser_of(api, "reviewer"), await ticket(api)
    about = f"/tickets/{asked.id}"
    assert await reviewer.wrote("/tickets/next") == WRITES["/tickets/next"]
    for path, form in (("release", {}), ("claim", {}), ("decide", {"answer-0": "approved", "key": "1"})):
        assert await reviewer.wrote(f"{about}/{path}", **form) == WRITES[f"/tickets/{{ticket_id}}/{path}"]


async def test_what_a_lead_does_to_tickets_on_pages_is_recorded(api: Api) -> None:
    lead, asked = await browser_of(api, "admin"), await ticket(api)
    person = await someone(api, "reviewer", email="person@example.com")
    assert await lead.wrote("/tickets/assign", ticket=str(asked.id), person=person.email) == WRITES["/tickets/assign"]
    assert await lead.wrote("/tickets/release", ticket=str(asked.id), reason="is ill") == WRITES["/tickets/release"]


async def test_what_somebody_asks_to_see_is_recorded_once(api: Api) -> None:
    reviewer, now = await browser_of(api, "reviewer"), api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        await configured.add_reference(conn, now=now)
        pictured = await kept_ticket(conn, await add_pictured_type(conn, now=now), now=now)
    reveal = "/tickets/{ticket_id}/reveal"
    assert await reviewer.wrote(reveal.format(ticket_id=pictured.id)) == WRITES[reveal]
    assert await reviewer.wrote(reveal.format(ticket_id=pictured.id)) == []


async def test_an_amendment_on_its_page_is_recorded(api: Api) -> None:
    engineer, asked = await browser_of(api, "operations_engineer"), await ticket(api)
    amended = await engineer.wrote(f"/tickets/{asked.id}/amend", **{"value-0": "0.9", "reason": "typed wrong"})
    assert amended == WRITES["/tickets/{ticket_id}/amend"]


async def test_what_is_done_to_runs_on_pages_is_recorded(api: Api) -> None:
    engineer, asked = await browser_of(api, "operations_engineer"), await ticket(api)
    paused = await engineer.wrote(f"/runs/{asked.subject}/pause", reason="asked to", key="1")
    assert paused == WRITES["/runs/{run_id}/{name}"]


async def test_a_move_to_another_version_on_a_page_is_recorded(api: Api) -> None:
    key, engineer = await api.key(), await browser_of(api, "operations_engineer")
    await api.store(WAITS, key=key)
    one, _other = [await api.start("waits", key=key, once=once) for once in ("first", "second")]
    before = (await api.get(f"/v1/runs/{one}", key=key)).body["digest"]
    await api.store(f"{WAITS}version: second\n", key=key)
    moved = await engineer.wrote(f"/runs/{one}/migration", to="second", reason="mended")
    assert moved == WRITES["/runs/{run_id}/migration"]
    form = {"from": before, "to": "second", "reason": "mended"}
    together = await engineer.wrote("/procedures/waits/migration", **form)
    assert together == WRITES["/procedures/{procedure_id}/migration"]


async def test_an_alert_that_is_closed_on_its_page_is_recorded(api: Api) -> None:
    engineer = await browser_of(api, "operations_engineer")
    async with api.installation.database.transaction() as conn:
        alert = review.alerts.Alert.ADAPT_MISSING
        await review.alerts.tell(conn, alert, {"application": "loan"}, now=api.installation.clock.now())
        (found,) = await review.alerts.open_alerts(conn)
    closed = await engineer.wrote(f"/operations/alerts/{found.alert_id}/close")
    assert closed == WRITES["/operations/alerts/{alert_id}/close"]


async def test_what_is_done_to_outages_on_pages_is_recorded(api: Api) -> None:
    engineer = await browser_of(api, "operations_engineer")
    held = await engineer.wrote("/outages", endpoint="https://partner.example.com", reason="at night")
    assert held == WRITES["/outages"]
    async with api.installation.database.connection() as conn:
        (outage,) = await flows.reports.outage_control.list_outages(conn)
    released = await engineer.wrote(f"/outages/{outage.circuit.outage_id}/release", reason="it is back")
    assert released == WRITES["/outages/{outage_id}/release"]


async def test_what_is_done_to_procedures_on_pages_is_recorded(api: Api) -> None:
    engineer = await browser_of(api, "operations_engineer")
    form = {"op": "store", "text": greet(), "file_name": "greet.osop.yaml"}
    assert await engineer.wrote("/procedures", **form) == WRITES["/procedures"]
    started = await engineer.wrote("/procedures/greet/start", **{"value.email": "a@example.com", "key": "1"})
    assert started == WRITES["/procedures/{procedure_id}/start"]


async def test_what_is_done_to_triggers_on_pages_is_recorded(api: Api) -> None:
    engineer, one = await browser_of(api, "operations_engineer"), "/triggers/orders/event"
    await engineer.wrote("/procedures", op="store", text=ORDERS, file_name="orders.osop.yaml")
    path = "/triggers/{procedure_id}/{trigger}"
    assert await engineer.wrote(f"{one}/activate") == WRITES[f"{path}/{{action}}"]
    assert await engineer.wrote(f"{one}/fire", data='{"order": "A-1"}', key="1") == WRITES[f"{path}/fire"]
    await engineer.wrote(f"{one}/fire", data="{}", key="2")
    await engineer.wrote("/procedures", op="store", text=ALWAYS, file_name="orders.osop.yaml")
    assert await engineer.wrote(f"{one}/move") == ["trigger.move"]
    retried = await engineer.wrote(f"{one}/deliveries/2/retry")
    assert retried == WRITES[f"{path}/deliveries/{{delivery_id}}/retry"]


def test_every_form_is_known_to_these_tests(api: Api) -> None:
    from opsdesk.app.http import http_api

    routes = [route for route in all_routes(http_api(api.installation).routes) if "POST" in methods_of(route)]
    forms = {path_of(route) for route in routes if not path_of(route).startswith(("/v1/", "/open/"))}
    assert forms == set(WRITES)


def methods_of(route: object) -> set[str]:
    return set(getattr(route, "methods", None) or ())
