"""The anti-fraud engine hands applications in, as JSON and as protobuf, and shows what came back."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from google.protobuf.json_format import MessageToDict
from google.protobuf.message_factory import GetMessageClass

from opsdesk.review.reference.proto_fields import compile_proto, message_descriptor
from opsdesk.sandbox.anti_fraud import Application, Case, Form
from opsdesk.sandbox.apply_message import MESSAGE, PROTO_FILE, encoded
from tests.sandbox.outside import Outside


@dataclass(slots=True)
class Desk:
    """Where applications are handed in; it keeps what came, and says the same to all of it."""

    url: str = ""
    came: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: web.BaseRequest) -> web.Response:
        assert request.path == "/v1/applications"
        self.came.append(({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        return web.json_response({"answer": "verify"}, status=201)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    desk = Desk()
    runner = web.ServerRunner(web.Server(desk.take))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    desk.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    yield desk
    await runner.cleanup()


async def handed_in(outside: Outside, desk: Desk, **more: Any) -> Any:
    return await outside.control("applications", {"to": desk.url, "key": "k-1", "person": "Lin", **more})


async def test_an_application_is_handed_in_as_json_with_everything_that_is_known(outside: Outside, desk: Desk) -> None:
    sent = await handed_in(outside, desk, case="differ", flow_no="F-1", features={"blacklisted": True})
    ((headers, body),) = desk.came
    content = json.loads(body)
    assert headers["authorization"] == "Bearer k-1"
    assert (content["flow_no"], content["application"], content["scene"]) == ("F-1", "cash_loan", "activation")
    assert content["request"]["customer"]["full_name"] == "Lin"
    assert "/differ/face_front/" in content["verifications"]["liveness_check_url1"]
    assert content["features"] == {"face_score": 0.41, "device_score": 0.35, "blacklisted": True}
    assert sent == {"flow_no": "F-1", "status": 201, "answer": {"answer": "verify"}}


async def test_as_protobuf_the_message_is_the_body_and_the_rest_is_in_headers(outside: Outside, desk: Desk) -> None:
    await handed_in(outside, desk, form="protobuf", flow_no="F-1")
    ((headers, body),) = desk.came
    assert headers["content-type"] == "application/x-protobuf"
    assert (headers["opsdesk-flow-no"], headers["opsdesk-scene"]) == ("F-1", "activation")
    assert json.loads(headers["opsdesk-features"])["face_score"] == 0.74
    assert body == encoded(Application("Lin", flow_no="F-1").content()["request"])


async def test_what_is_written_by_hand_is_the_message_of_the_proto_file() -> None:
    request = Application("客户 Lin", Case.MATCH).content()["request"]
    descriptors = await compile_proto({PROTO_FILE.name: PROTO_FILE.read_text(encoding="utf-8")})
    read = GetMessageClass(message_descriptor(descriptors, MESSAGE)).FromString(encoded(request))
    assert MessageToDict(read, preserving_proto_field_name=True) == request


async def test_what_was_handed_in_is_shown_with_its_answer_and_never_the_key(outside: Outside, desk: Desk) -> None:
    await handed_in(outside, desk, flow_no="F-1")
    (item,) = (await outside.control("applications"))["items"]
    assert (item["flow_no"], item["status"], item["answer"], item["result"]) == ("F-1", 201, {"answer": "verify"}, None)
    url = f"{outside.sandbox.control_url}/control/applications"
    async with outside.session.get(url, headers={"Accept": "text/html"}) as response:
        page = await response.text()
    assert "F-1" in page
    assert "k-1" not in page + json.dumps(item)


async def test_nobody_there_is_an_answer_too(outside: Outside) -> None:
    sent = await outside.control("applications", {"to": "http://127.0.0.1:9", "key": "k-1"})
    assert (sent["status"], sent["answer"]) == (None, "ClientConnectorError")


@pytest.mark.parametrize(
    "wrong",
    [
        {"to": "ftp://a"},
        {"key": 1},
        {"case": "unsure"},
        {"form": "xml"},
        {"pictures": "clear"},
        {"features": []},
        {"person": ""},
        {"more": 1},
    ],
)
async def test_what_is_no_application_is_refused(outside: Outside, desk: Desk, wrong: dict[str, Any]) -> None:
    url = f"{outside.sandbox.control_url}/control/applications"
    async with outside.session.post(url, json={"to": desk.url, "key": "k-1", **wrong}) as response:
        assert response.status == 422
    assert desk.came == []


def test_every_case_and_form_has_a_name_that_the_control_api_takes() -> None:
    assert {*Case} == {"clear", "match", "differ", "blocked"}
    assert {*Form} == {"json", "protobuf"}
