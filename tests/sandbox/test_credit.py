"""Credit is told what became of applications, and believes only what is signed."""

import hmac
import json
from base64 import b64decode, b64encode
from time import time
from typing import Any

import pytest

from opsdesk.sandbox.credit import HOST, PATH, SECRET, TOLERANCE_S
from tests.sandbox.outside import Outside, Reply

RESULT = {"flow_no": "F-1", "result": "reject", "codes": ["AF-1001"]}


async def told(
    outside: Outside,
    body: Any = RESULT,
    *,
    secret: str | None = None,
    delivery: str = "d-1",
    age_s: float = 0,
    **more: str,
) -> Reply:
    key = b64decode((secret or outside.sandbox.secrets[SECRET]).removeprefix("whsec_"))
    stamp = str(int(time() - age_s))
    raw = json.dumps(body)
    signature = b64encode(hmac.digest(key, f"{delivery}.{stamp}.{raw}".encode(), "sha256")).decode()
    headers = {"webhook-id": delivery, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signature}"} | {
        name.replace("_", "-"): value for name, value in more.items()
    }
    url = f"https://{HOST}:{outside.sandbox.https_port}{PATH}"
    async with outside.session.post(url, data=raw.encode(), headers=headers) as response:
        return Reply(response.status, dict(response.headers), await response.read())


async def results(outside: Outside, **query: str) -> list[dict[str, Any]]:
    return list((await outside.control("results", **query))["items"])


async def test_a_signed_result_is_taken_and_shown(outside: Outside) -> None:
    assert (await told(outside)).status == 200
    (kept,) = await results(outside, flow_no="F-1", wait_s="5")
    assert (kept["flow_no"], kept["body"], kept["times"]) == ("F-1", RESULT, 1)
    assert await results(outside, flow_no="F-2") == []


async def test_a_delivery_that_comes_again_is_taken_once(outside: Outside) -> None:
    assert [(await told(outside)).status for _ in range(3)] == [200, 200, 200]
    assert [kept["times"] for kept in await results(outside)] == [3]


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"secret": "whsec_" + b64encode(b"another secret").decode()}, "WrongSignature"),
        ({"webhook_signature": "v1,"}, "WrongSignature"),
        ({"webhook_signature": ""}, "WrongSignature"),
        ({"webhook_timestamp": "soon"}, "NotSigned"),
        ({"webhook_id": ""}, "NotSigned"),
        ({"age_s": TOLERANCE_S + 60}, "TooOld"),
        ({"age_s": -TOLERANCE_S - 60}, "TooOld"),
    ],
)
async def test_what_is_not_signed_rightly_is_refused_and_not_kept(
    outside: Outside, how: dict[str, Any], code: str
) -> None:
    reply = await told(outside, **how)
    assert (reply.status, reply.json["error"]["code"]) == (401, code)
    assert await results(outside) == []


async def test_a_result_without_a_flow_number_is_none(outside: Outside) -> None:
    assert (await told(outside, {"result": "pass"})).status == 422


async def test_the_receiver_can_be_down_like_any_partner(outside: Outside) -> None:
    await outside.script(HOST, PATH, "*", "flaky", times=1)
    assert [(await told(outside)).status for _ in range(2)] == [503, 200]
    assert len(await results(outside)) == 1
