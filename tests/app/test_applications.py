"""Applications over HTTP: answered once, asked for again, and never passed by what cannot be decided."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import ParseDict
from google.protobuf.message_factory import GetMessageClass

from opsdesk import review
from opsdesk.kit.clock import ManualClock
from opsdesk.review.applications.protobuf import BODY_BYTES_MAX
from opsdesk.review.reference import fields
from opsdesk.review.reference.proto_fields import message_descriptor
from opsdesk.review.screening.types import ScreeningType
from tests.app.applied import APPLICATION, applied, configure, send
from tests.app.serving import Api, serving
from tests.configured import OPERATOR

PROTO = """\
syntax = "proto3";
package loan;
message Card { string front_url = 1; string number = 2; }
message Customer { string full_name = 1; Card id_card = 2; int64 income = 3; }
message Request { Customer customer = 1; }
"""


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def face(api: Api) -> ScreeningType:
    return await configure(api.installation.database)


@pytest.fixture
async def engine(api: Api) -> str:
    return await api.key("applications:write", "applications:read", name="anti-fraud")


async def tickets(api: Api) -> int:
    async with api.installation.database.connection() as conn:
        counts = await review.count_tickets(conn, now=api.installation.clock.now())
    return sum(counts.values())


async def told(api: Api) -> list[str]:
    """The alerts that wait to be delivered."""
    async with api.installation.database.connection() as conn:
        rows = await (await conn.execute("select convert_from(payload, 'UTF8') from pgqueuer")).fetchall()
    return [row[0] for row in rows]


@pytest.mark.req("REV-G01", "REV-K01")
async def test_an_application_that_a_person_looks_at_gets_a_ticket(
    api: Api, face: ScreeningType, engine: str, clock: ManualClock
) -> None:
    answer = await send(api, engine)
    assert (answer.status, answer.body["answer"], answer.body["methods"]) == (201, "verify", ["face"])
    assert answer.body["answered_by"] == {"group_id": 1, "group": "devices", "revision": 1, "rule": "strange device"}
    ticket = answer.body["ticket"]
    assert (ticket["status"], ticket["result"], ticket["codes"]) == ("pending", None, [])
    assert (ticket["screening_type"], ticket["type_version"], ticket["adapt_version"]) == (face.name, 1, 1)
    assert (answer.body["sent_by"], answer.body["received_at"]) == ("key:anti-fraud", "2026-01-05T02:00:00Z")
    async with api.installation.database.connection() as conn:
        kept = await review.show_ticket(conn, ticket_id=ticket["id"])
    assert "王小明" in kept.shown["values"].values()


async def test_what_no_rule_holds_for_passes_and_what_one_rejects_is_rejected(
    api: Api, face: ScreeningType, engine: str
) -> None:
    passed = await send(api, engine, flow_no="A", features={"device_score": 0.9})
    rejected = await send(api, engine, flow_no="B", features={"device_score": 0.05})
    assert (passed.body["answer"], passed.body["answered_by"], passed.body["ticket"]) == ("pass", None, None)
    assert (rejected.body["answer"], rejected.body["answered_by"]["rule"]) == ("reject", "stolen device")
    assert await tickets(api) == 0


@pytest.mark.req("REV-X44", "REV-B05")
async def test_the_same_application_fifty_times_at_once_makes_one_ticket(
    api: Api, face: ScreeningType, engine: str
) -> None:
    answers = await asyncio.gather(*(send(api, engine) for _ in range(50)))
    assert {answer.status for answer in answers} == {201}
    assert len({answer.body["ticket"]["id"] for answer in answers}) == 1
    assert await tickets(api) == 1
    assert (await send(api, engine)).body == answers[0].body


@pytest.mark.req("REV-B05")
async def test_another_application_under_the_same_flow_number_is_refused(
    api: Api, face: ScreeningType, engine: str
) -> None:
    await send(api, engine)
    others: list[dict[str, Any]] = [{"user_id": "U-2"}, {"features": {"device_score": 0.31}}, {"request": {}}]
    for changes in others:
        refused = await send(api, engine, **changes)
        assert (refused.status, refused.code) == (409, "FlowReused")
    assert await tickets(api) == 1


async def test_what_cannot_be_decided_is_refused_and_told_and_can_come_again(
    api: Api, face: ScreeningType, engine: str
) -> None:
    refused = await send(api, engine, features={})
    assert (refused.status, refused.code) == (409, "ApplicationUndecided")
    detail = refused.body["error"]["detail"]
    assert (detail["group"], detail["rule"]) == ("devices", "stolen device")
    assert "device_score" in detail["problem"]
    assert ["RuleUndecided" in each for each in await told(api)] == [True]
    assert (await api.get(f"/v1/applications/{APPLICATION['flow_no']}", key=engine)).status == 404
    assert (await send(api, engine)).body["answer"] == "verify"


@pytest.mark.req("REV-X50")
async def test_a_hit_without_an_adapt_is_refused_and_told(api: Api, face: ScreeningType, engine: str) -> None:
    async with api.installation.database.transaction() as conn:
        # As after an import that brought the group without its adapt.
        await conn.execute("alter table strategy_group_revision disable trigger all")
        await conn.execute(
            "update strategy_group_revision set document = jsonb_set(document, '{rules,1,screening_type}', '999')"
        )
    refused = await send(api, engine)
    assert (refused.status, refused.code) == (409, "ScreeningAdaptMissing")
    assert refused.body["error"]["detail"]["rule"] == "strange device"
    assert ["AdaptMissing" in each for each in await told(api)] == [True]
    assert await tickets(api) == 0


@pytest.fixture
async def message(api: Api, face: ScreeningType) -> bytes:
    """An application as the protobuf message of its scene."""
    async with api.installation.database.transaction() as conn:
        await fields.import_proto(
            conn,
            application="cash_loan",
            scene="activation",
            files={"loan.proto": PROTO},
            message="loan.Request",
            actor=OPERATOR,
            now=api.installation.clock.now(),
        )
        row = await (await conn.execute("select descriptors from scene where message is not null")).fetchone()
    assert row is not None
    made = GetMessageClass(message_descriptor(row[0], "loan.Request"))()
    customer = {"full_name": "王小明", "income": 9_007_199_254_740_993}
    return bytes(ParseDict({"customer": customer}, made).SerializeToString())


def beside(**changes: str) -> dict[str, str]:
    return {
        "Content-Type": "application/x-protobuf",
        "Opsdesk-Features": '{"device_score": 0.3}',
        "Opsdesk-Verifications": '{"liveness_check_result": "pass"}',
        **changes,
    }


NAMED = "/v1/applications?flow_no=P-1&application=cash_loan&scene=activation&user_id=U-1"


async def test_an_application_comes_as_protobuf_with_its_names_in_the_address(
    api: Api, engine: str, message: bytes
) -> None:
    answer = await api.call("POST", NAMED, key=engine, data=message, headers=beside())
    assert (answer.status, answer.body["answer"]) == (201, "verify")
    assert answer.body["content"]["request"]["customer"]["full_name"] == "王*"
    headers = beside(**{"Opsdesk-Flow-No": "P-1", "Opsdesk-Scene": "activation", "Opsdesk-User-Id": "U-1"})
    by_headers = await api.call(
        "POST", "/v1/applications?application=cash_loan", key=engine, data=message, headers=headers
    )
    assert by_headers.body == answer.body
    as_json = applied(flow_no="P-1", user_id="U-1") | {
        "request": {"customer": {"full_name": "王小明", "income": 9007199254740993}}
    }
    assert (await api.post("/v1/applications", as_json, key=engine)).body == answer.body


@pytest.mark.parametrize(
    ("path", "headers", "body", "status", "where"),
    [
        ("/v1/applications?flow_no=1", {}, None, 422, "query.application"),
        (NAMED, {"Opsdesk-Features": "{"}, None, 422, "header.opsdesk-features"),
        (NAMED, {"Opsdesk-Features": "[]"}, None, 422, "header.opsdesk-features"),
        (NAMED, {}, b"\xff\xff", 422, "ProtoInvalid"),
        (NAMED, {"Content-Type": "text/plain"}, None, 415, "application/x-protobuf"),
        (NAMED.replace("=activation", "=borrow"), {}, None, 422, "ProtoInvalid"),
        (NAMED.replace("=activation", "=moon"), {}, None, 404, "SceneUnknown"),
        (NAMED, {}, bytes(BODY_BYTES_MAX + 1), 413, "RequestTooLarge"),
    ],
)
async def test_what_is_wrong_with_protobuf_is_said_with_its_place(
    api: Api,
    engine: str,
    message: bytes,
    path: str,
    headers: Mapping[str, str],
    body: bytes | None,
    status: int,
    where: str,
) -> None:
    sent = message if body is None else body
    refused = await api.call("POST", path, key=engine, data=sent, headers=beside(**headers))
    assert refused.status == status
    assert where in str(refused.body)


@pytest.mark.parametrize(
    ("changes", "status", "place"),
    [
        ({"flow_no": ""}, 422, "flow_no"),
        ({"flow_no": "x" * 129}, 422, "flow_no"),
        ({"flow_no": "a\u202eb"}, 422, "flow_no"),
        ({"user_id": " "}, 422, "user_id"),
        ({"scene": "moon"}, 404, "moon"),
        ({"application": "a\ud83d\ude00"}, 404, "application"),
        ({"verifications": {"liveness": "pass"}}, 422, "verifications.liveness"),
        ({"features": {"a\tb": 1}}, 422, "features.a"),
        ({"features": {f"f{number}": 1 for number in range(501)}}, 422, "features"),
        ({"request": {"text": "\u0000"}}, 422, "NUL"),
        ({"request": {"text": "x" * BODY_BYTES_MAX}}, 413, "RequestTooLarge"),
        ({"message": "???"}, 422, "body.message"),
        ({"message": "AAAA"}, 422, "body.message"),
        ({"surprise": 1}, 422, "body.surprise"),
        ({"request": []}, 422, "body.request"),
    ],
)
async def test_what_is_wrong_with_an_application_is_said_with_its_place(
    api: Api, face: ScreeningType, engine: str, changes: dict[str, Any], status: int, place: str
) -> None:
    refused = await send(api, engine, **changes)
    assert refused.status == status
    assert place in str(refused.body)
    assert await tickets(api) == 0


async def test_an_application_of_the_largest_size_is_taken(api: Api, face: ScreeningType, engine: str) -> None:
    room = BODY_BYTES_MAX - 2_000
    answer = await send(api, engine, request={"text": "x" * room})
    assert answer.status == 201


async def test_a_field_of_another_type_than_its_rule_reads_passes_nobody(
    api: Api, face: ScreeningType, engine: str
) -> None:
    for number, score in enumerate(("0.9", None, [0.9], {"a": 1}, True)):
        refused = await send(api, engine, flow_no=str(number), features={"device_score": score})
        assert (refused.status, refused.code) == (409, "ApplicationUndecided"), score


async def test_applications_are_listed_by_every_filter_and_page(
    api: Api, face: ScreeningType, engine: str, clock: ManualClock
) -> None:
    for number, score in enumerate((0.9, 0.05, 0.3, 0.3)):
        user = f"U-{number % 2}"
        await send(api, engine, flow_no=f"F-{number}", user_id=user, features={"device_score": score})
        clock.advance(seconds=60)

    async def flows_of(query: str) -> list[str]:
        page = await api.get(f"/v1/applications?{query}", key=engine)
        assert page.status == 200, page.body
        return [item["flow_no"] for item in page.body["items"]]

    assert await flows_of("") == ["F-3", "F-2", "F-1", "F-0"]
    assert await flows_of("answer=verify&user_id=U-1") == ["F-3"]
    assert await flows_of("answer=reject") == ["F-1"]
    assert await flows_of("application=cash_loan&scene=borrow") == []
    assert await flows_of("flow_no=F-2") == ["F-2"]
    assert await flows_of("result=pass") == []
    assert await flows_of("since=2026-01-05T02:01:00Z&until=2026-01-05T02:03:00Z") == ["F-2", "F-1"]
    first = await api.get("/v1/applications?limit=3", key=engine)
    rest = await api.get(f"/v1/applications?limit=3&cursor={first.body['next']}", key=engine)
    assert [item["flow_no"] for item in rest.body["items"]] == ["F-0"]
    assert rest.body["next"] is None
    for wrong in ("user_id=%07", "limit=0", "cursor=x", "answer=maybe", "since=now"):
        assert (await api.get(f"/v1/applications?{wrong}", key=engine)).status == 422


async def test_a_flow_number_may_hold_whatever_can_be_printed(api: Api, face: ScreeningType, engine: str) -> None:
    await send(api, engine, flow_no="2026/01 流水#1?")
    shown = await api.get("/v1/applications/2026%2F01%20%E6%B5%81%E6%B0%B4%231%3F", key=engine)
    assert (shown.status, shown.body["flow_no"]) == (200, "2026/01 流水#1?")


async def test_personal_values_are_shown_to_those_who_may_see_them(api: Api, face: ScreeningType, engine: str) -> None:
    await send(api, engine)
    path = f"/v1/applications/{APPLICATION['flow_no']}"
    outline = (await api.get(path, key=engine)).body["content"]["request"]["customer"]
    seeing = await api.key("applications:read", "personal:read", name="seeing")
    whole = (await api.get(path, key=seeing)).body["content"]
    assert (outline["full_name"], whole["request"]["customer"]["full_name"]) == ("王*", "王小明")
    assert whole["features"] == APPLICATION["features"]


async def test_who_only_reads_hands_nothing_in(api: Api, face: ScreeningType) -> None:
    reader = await api.key("applications:read", name="reader")
    writer = await api.key("applications:write", name="writer")
    assert (await send(api, reader)).status == 403
    assert (await api.get("/v1/applications", key=writer)).status == 403
