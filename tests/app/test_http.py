"""The API as a whole: who is let in, what every answer carries, and the one shape of errors."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from yarl import URL

from opsdesk import benefits
from opsdesk.access.guard import Guard
from opsdesk.app.http import http_api, routers
from opsdesk.app.wiring import open_app
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.http_frame import BODY_BYTES_MAX
from opsdesk.kit.settings import Settings
from tests.app.documents import greet
from tests.app.serving import YAML, Api, served, serving, serving_for

OPEN_TO_ALL = {"healthz", "readyz", "answer_callback", "deliver_webhook", "fetch_settlement_file"}
"""By name: two for machines that watch, two whose address is the right to use it, and one whose senders sign."""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


def calls_of(dependant: Dependant) -> Iterator[object]:
    for inner in dependant.dependencies:
        yield inner.call
        yield from calls_of(inner)


def all_routes(api: Api) -> list[APIRoute]:
    routes = [route for router in routers(api.installation) for route in router.routes]
    assert all(isinstance(route, APIRoute) for route in routes)
    return [route for route in routes if isinstance(route, APIRoute)]


SAMPLE = {
    **{"application": "cash_loan", "scene": "activation", "size": 5},
    **{"decided_from": "2026-01-01T00:00:00Z", "decided_to": "2026-01-02T00:00:00Z"},
}
SERVICE = {"provider": "airport", "name_zh": "贵宾厅", "name_en": "Lounge", "points": 1, "settle_fen": 1}
CONTENT_TYPES = {"import_list": {"Content-Type": "text/csv"}, "load_customer_list": {"Content-Type": "text/csv"}}
"""Of routes that take something else than JSON and YAML."""


async def test_every_route_asks_for_a_scope(api: Api) -> None:
    unguarded = [
        route.name
        for route in all_routes(api)
        if not any(isinstance(call, Guard) for call in calls_of(route.dependant))
    ]
    assert set(unguarded) == OPEN_TO_ALL | {route.name for route in all_routes(api) if is_signed(route)}


def is_signed(route: APIRoute) -> bool:
    """Whether a partner has to sign for it."""
    return benefits.partners.guard.signed_partner in calls_of(route.dependant)


async def test_every_route_of_the_open_platform_refuses_who_has_not_signed(api: Api) -> None:
    signed = [route for route in all_routes(api) if is_signed(route)]
    assert signed
    for route in signed:
        for method in route.methods or ():
            path = re.sub(r"\{\w+\}", "1", route.path)
            answer = await api.call(method, path, json={} if route.body_field else None)
            assert (route.name, answer.status, answer.code) == (route.name, 422, "RequestInvalid")


def sent_as(route: APIRoute, method: str) -> dict[str, str]:
    """The content type of what is no JSON."""
    if route.body_field or method != "POST":
        return {}
    return CONTENT_TYPES.get(route.name, YAML)


async def test_every_route_refuses_a_stranger(api: Api) -> None:
    for route in all_routes(api):
        if route.name in OPEN_TO_ALL or is_signed(route):
            continue
        path = route.path.replace("{run_id}", "x").replace("{ticket_id}", "x")
        for method in route.methods or ():
            answer = await api.call(method, path, json={} if route.body_field else None, headers=sent_as(route, method))
            assert (route.name, answer.status, answer.code) == (route.name, 401, "Unauthenticated")
            assert answer.headers["WWW-Authenticate"] == "Bearer"


async def test_every_route_refuses_an_actor_without_its_scope(api: Api) -> None:
    key = await api.key("personal:read")
    id_ = "0190a0b0-0000-7000-8000-000000000001"
    bodies = {
        "start_run": {"procedure": "greet"},
        "signal_run": {"node": "ask", "answer": {}},
        "cancel_run": {"reason": "no"},
        "send_event": {"name": "paid", "subject": "someone"},
        "retry_run": {},
        "pause_run": {"reason": "no"},
        "resume_run": {},
        "skip_node": {"node": "ask", "reason": "no"},
        "rerun_node": {"node": "ask", "reason": "no"},
        "correct_run": {"values": {}, "reason": "no"},
        "decide_ticket": {"answers": {}},
        "give_verdict": {"verdict": "pass"},
        "assign_tickets": {"ticket_ids": [id_], "person": "eve@example.com"},
        "release_tickets": {"ticket_ids": [id_], "reason": "no"},
        "reveal_values": {},
        "draw_sample": SAMPLE,
        "judge_sampled": {"verdict": "pass"},
        "put_partner": {"booking_url": "https://a.test", "cancellation_url": "https://a.test"},
        "add_partner_key": {"algorithm": "ed25519", "public_key": "AAAA"},
        "revoke_partner_key": {},
        "amend_ticket": {"values": {}, "reason": "no"},
        "make_key": {"name": "eve", "scopes": ["keys:write"]},
        "create_person": {"email": "eve@example.com", "name": "Eve", "roles": ["admin"]},
        "change_roles": {"roles": ["admin"]},
        "hold_endpoint": {"endpoint": "https://a.test", "reason": "no"},
        "release_outage": {"reason": "no"},
        "simulate_procedure": {},
        "migrate_run": {"to": "1", "reason": "no"},
        "migrate_runs": {"from": "1", "to": "2", "reason": "no"},
        "backtest_procedure": {},
        **{f"{verb}_trigger": {} for verb in ("activate", "move", "pause", "fire")},
        "retry_delivery": {},
        "put_benefit_provider": {"name_zh": "机场", "name_en": "Airport"},
        "put_benefit_service": {**SERVICE},
        "propose_for_dispute": {"proposal": "pay", "reason": "no"},
        "decide_dispute": {"proposal": "pay"},
    }
    for route in all_routes(api):
        if route.name in OPEN_TO_ALL or is_signed(route):
            continue
        path = re.sub(r"\{\w+\}", id_, route.path)
        for method in route.methods or ():
            headers = {"Idempotency-Key": "1"} | sent_as(route, method)
            body = bodies.get(route.name, {} if route.body_field else None)
            answer = await api.call(method, path, key=key, json=body, headers=headers)
            assert (route.name, answer.status, answer.code) == (route.name, 403, "ScopeMissing")


async def test_the_description_covers_every_route_and_its_errors(api: Api) -> None:
    answer = await api.get("/v1/openapi.json")
    described = {
        (method.upper(), path): operation
        for path, operations in answer.body["paths"].items()
        for method, operation in operations.items()
    }
    assert set(described) == {
        (method, route.path_format) for route in all_routes(api) for method in route.methods or ()
    }
    for operation in described.values():
        assert operation["description"]
        assert {"500", "503"} <= set(operation["responses"])
    guarded = [route for route in all_routes(api) if route.name not in OPEN_TO_ALL and not is_signed(route)]
    for route in guarded:
        for method in route.methods or ():
            operation = described[method, route.path_format]
            assert operation["security"] == [{"apiKey": []}]
            error = operation["responses"]["401"]["content"]["application/json"]["schema"]
            assert error == {"$ref": "#/components/schemas/ErrorBody"}
    assert answer.body["components"]["securitySchemes"]["apiKey"]["scheme"] == "bearer"
    assert "examples" in answer.body["components"]["schemas"]["RunStart"]


async def test_each_answer_protects_its_reader(api: Api) -> None:
    for path in ("/healthz", "/v1/runs", "/nowhere"):
        headers = (await api.get(path)).headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cache-Control"] == "no-store"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "Server" not in headers
        assert not [name for name in headers if name.lower().startswith("access-control-")]


async def test_a_request_keeps_the_id_that_it_came_with(api: Api) -> None:
    given = await api.get("/healthz", headers={"X-Request-Id": "abc-1.2_3"})
    assert given.headers["X-Request-Id"] == "abc-1.2_3"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "a\tb"])
async def test_an_id_that_could_harm_a_log_is_replaced(api: Api, given: str) -> None:
    answer = await api.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["X-Request-Id"] not in ("", given)


async def test_an_unknown_address_has_the_one_shape(api: Api) -> None:
    answer = await api.get("/v1/runs/")
    assert (answer.status, answer.code) == (404, "RouteUnknown")


async def test_a_wrong_method_is_told_the_right_ones(api: Api) -> None:
    answer = await api.call("PUT", "/v1/runs")
    assert (answer.status, answer.code) == (405, "MethodRefused")
    assert answer.headers["Allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"procedure": "greet", "inputs": {"a": NaN}}',
        b'{"procedure": "greet", "inputs": {"a": -Infinity}}',
        b'{"procedure": "greet", "inputs": {"a": 1e999}}',
        b'{"procedure": "greet", "inputs": {"a": 9223372036854775808}}',
        b'{"procedure": "greet", "inputs": {"a": ' + b"9" * 5000 + b"}}",
        b'{"procedure": "greet", "procedure": "greet"}',
        b'{"procedure": "gr\\u0000eet"}',
        b'{"procedure": "greet", "inputs": {"a\\u0000": 1}}',
        b'{"procedure": "greet", "inputs": {"a": "\\ud800"}}',
        b'{"procedure": "greet", "inputs": {"a": ' + b"[" * 100 + b"]" * 100 + b"}}",
        b"[" * 100_000,
    ],
)
async def test_json_that_others_would_read_differently_is_refused(api: Api, body: bytes) -> None:
    key = await api.key()
    headers = {"Content-Type": "application/json", "Idempotency-Key": "1"}
    answer = await api.call("POST", "/v1/runs", key=key, data=body, headers=headers)
    assert (answer.status, answer.code) == (422, "BodyUnreadable")


@pytest.mark.parametrize("path", ["/v1/procedures/a%00b", "/v1/runs?procedure=a%00b", "/v1/keys/%00"])
async def test_a_nul_character_in_an_address_is_refused(api: Api, path: str) -> None:
    async with api.session.get(URL(api.url + path, encoded=True)) as response:
        assert response.status == 422


async def test_a_nul_character_in_a_cursor_is_refused(api: Api) -> None:
    answer = await api.get("/v1/procedures?cursor=WyJcdTAwMDAiXQ", key=await api.key())
    assert (answer.status, answer.code) == (422, "BadCursor")


async def test_another_content_type_is_refused(api: Api) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Idempotency-Key": "1"}
    answer = await api.call("POST", "/v1/runs", key=await api.key(), data=b"procedure=greet", headers=headers)
    assert (answer.status, answer.code) == (415, "ContentTypeRefused")


async def test_what_is_wrong_with_a_request_is_told_without_repeating_it(api: Api) -> None:
    body = {"procedure": "greet", "inputs": "li@example.com", "more": "secret-value"}
    answer = await api.post("/v1/runs", body, key=await api.key(), once="1")
    assert (answer.status, answer.code) == (422, "RequestInvalid")
    assert [found["where"] for found in answer.body["error"]["detail"]["problems"]] == ["body.inputs", "body.more"]
    assert "li@example.com" not in str(answer.body)
    assert "secret-value" not in str(answer.body)


@pytest.mark.parametrize("once", [None, "", "a b", "x" * 201, "ü"])
async def test_a_write_without_a_usable_key_is_refused(api: Api, once: str | None) -> None:
    await api.store(greet(), key=(key := await api.key()))
    answer = await api.post("/v1/runs", {"procedure": "greet", "inputs": {"email": "a"}}, key=key, once=once)
    assert (answer.status, answer.code) == (422, "RequestInvalid")
    assert "idempotency-key" in answer.body["error"]["detail"]["problems"][0]["where"]


async def test_a_body_over_the_limit_is_refused_before_it_is_read(api: Api) -> None:
    answer = await api.store("#" * (BODY_BYTES_MAX + 1), key=await api.key())
    assert (answer.status, answer.code) == (413, "RequestTooLarge")


async def test_a_body_that_does_not_say_how_large_it_is_is_cut_off(api: Api) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(BODY_BYTES_MAX // 65_536 + 1):
            yield b"#" * 65_536

    headers = {"Content-Type": "text/yaml"}
    answer = await api.call("POST", "/v1/procedures/lint", key=await api.key(), data=endless(), headers=headers)
    assert (answer.status, answer.code) == (413, "RequestTooLarge")


async def test_a_body_at_the_limit_is_read(api: Api) -> None:
    answer = await api.store("#" * BODY_BYTES_MAX, key=await api.key())
    assert (answer.status, answer.code) == (422, "ProcedureRefused")


async def test_a_bug_is_told_by_its_request_id_only(api: Api) -> None:
    app = http_api(api.installation)

    async def broken() -> None:
        raise RuntimeError("password=hunter2")

    app.add_api_route("/v1/broken", broken)
    async with served(app) as url, api.session.get(f"{url}/v1/broken", headers={"X-Request-Id": "r-1"}) as response:
        body = await response.json()
    assert response.status == 500
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert body["error"]["code"] == "InternalError"
    assert body["error"]["detail"] == {"request_id": "r-1"}


@pytest.mark.parametrize(
    ("base_url", "told"), [("https://ops.example.com", "max-age=31536000"), ("http://127.0.0.1:8700", None)]
)
async def test_browsers_are_told_to_stay_with_tls_where_there_is_any(
    database_url: str, tmp_path: Path, clock: ManualClock, base_url: str, told: str | None
) -> None:
    settings = Settings(database_url=database_url, data_dir=tmp_path, base_url=base_url)
    async with open_app(settings, clock=clock) as opsdesk, serving_for(opsdesk) as api:
        for path in ("/healthz", "/nothing", "/v1/runs"):
            assert (await api.get(path)).headers.get("Strict-Transport-Security") == told
