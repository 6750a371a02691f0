"""What an `api` node makes of the answer, and of answers that are malformed, oversized, slow, redirecting or lying."""

import asyncio
import gzip
import json
import tracemalloc
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from aiohttp import web

from opsdesk.flows.calls import Done, Failed, Wait
from opsdesk.flows.nodes.api_answer import RETRY_AFTER_MAX_S
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.nodes.json_object import ANSWER_BYTES_MAX
from opsdesk.flows.procedure import Field, Security

PERSONAL = "zhang.wei@example.cn"
OUTPUTS = ("kyc_status", "kyc_score")
GOOD = json.dumps({"kyc_status": "verified", "kyc_score": 0.93, "more": PERSONAL})
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@pytest.mark.req("FLO-002")
async def test_declared_outputs_are_bound_by_name_and_others_dropped(partner: Any) -> None:
    partner.answers(GOOD, status=201)
    assert await partner.call(outputs=OUTPUTS) == Done({"kyc_status": "verified", "kyc_score": 0.93})


@pytest.mark.req("FLO-003")
async def test_202_means_that_the_answer_comes_later(partner: Any) -> None:
    partner.answers("", status=202)
    assert await partner.call(outputs=OUTPUTS) == Wait()


async def test_a_node_without_outputs_needs_no_body(partner: Any) -> None:
    partner.answers("<p>thanks</p>", content_type="text/html")
    assert await partner.call() == Done({})


async def test_204_has_no_outputs_to_give(partner: Any) -> None:
    partner.answers(b"", status=204)
    assert await partner.call(outputs=OUTPUTS) == Failed(
        Failure.OUTPUT_MISSING, "the answer lacks kyc_status, kyc_score"
    )


async def test_a_mapping_says_where_in_the_answer_an_output_is(partner: Any) -> None:
    partner.answers(json.dumps({"data": {"id": "c-1", "scores": [{"value": 0.5}]}}))
    mapping = {"customer_id": "$.data.id", "score": "$.data.scores[0].value"}
    outcome = await partner.call(outputs=("customer_id", "score"), runtime={"response_mapping": mapping})
    assert outcome == Done({"customer_id": "c-1", "score": 0.5})


@pytest.mark.parametrize(
    ("status", "expected", "result"),
    [
        (404, [200, 404], Done({})),
        (
            200,
            201,
            Failed(Failure.UNEXPECTED_STATUS, "kyc-provider.com answered 200, and the node expects another status"),
        ),
        (201, "201", Done({})),
        (202, 202, Wait()),
        (500, 200, Failed(Failure.PARTNER_FAILING, "kyc-provider.com answered 500", retryable=True)),
    ],
)
async def test_the_expected_status_of_the_node_is_honoured(
    partner: Any, status: int, expected: Any, result: Any
) -> None:
    partner.answers("{}", status=status)
    assert await partner.call(runtime={"expected_status": expected}) == result


@pytest.mark.req("FLO-004")
@pytest.mark.parametrize(
    ("status", "code", "retryable"),
    [
        (400, Failure.REFUSED_4XX, False),
        (401, Failure.REFUSED_4XX, False),
        (404, Failure.REFUSED_4XX, False),
        (409, Failure.REFUSED_4XX, False),
        (408, Failure.REFUSED_4XX, True),
        (425, Failure.REFUSED_4XX, True),
        (429, Failure.REFUSED_4XX, True),
        (500, Failure.PARTNER_FAILING, True),
        (503, Failure.PARTNER_FAILING, True),
        (599, Failure.PARTNER_FAILING, True),
    ],
)
async def test_only_refusals_that_may_pass_are_retryable(
    partner: Any, status: int, code: Failure, retryable: bool
) -> None:
    partner.answers(f'{{"error": "{PERSONAL}"}}', status=status)
    outcome = await partner.call(outputs=OUTPUTS)
    assert outcome == Failed(code, f"kyc-provider.com answered {status}", retryable=retryable, outage=status == 503)


@pytest.mark.req("FLO-004")
@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("120", 120.0),
        ("3600", RETRY_AFTER_MAX_S),
        ("3601", RETRY_AFTER_MAX_S),
        ("9" * 40, RETRY_AFTER_MAX_S),
        ("-5", None),
        ("soon", None),
        ("１２", None),
        ("", None),
    ],
)
async def test_retry_after_in_seconds_is_honoured_up_to_an_hour(
    partner: Any, status: int, text: str, seconds: float | None
) -> None:
    partner.answers("{}", status=status, headers={"Retry-After": text})
    assert (await partner.call()).retry_after_s == seconds


@pytest.mark.req("FLO-004")
@pytest.mark.parametrize(("later_s", "seconds"), [(90, 90.0), (-90, 0.0), (86_400, RETRY_AFTER_MAX_S)])
async def test_retry_after_as_a_date_counts_from_the_date_of_the_answer(
    partner: Any, later_s: int, seconds: float
) -> None:
    partners_clock = datetime(2031, 5, 1, tzinfo=UTC)
    again_at = format_datetime(partners_clock + timedelta(seconds=later_s), usegmt=True)
    headers = {"Retry-After": again_at, "Date": format_datetime(partners_clock, usegmt=True)}
    partner.answers("{}", status=503, headers=headers)
    assert (await partner.call()).retry_after_s == seconds


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 304])
async def test_redirects_are_never_followed(partner: Any, status: int) -> None:
    location = f"https://other.example/?email={PERSONAL}"
    partner.answers(b"", status=status, headers={"Location": location})
    security = Security(auth="bearer_token", secret_ref="KYC_PROVIDER_API_KEY")
    outcome = await partner.call(outputs=OUTPUTS, security=security)
    assert outcome == Failed(Failure.REDIRECTED, f"kyc-provider.com answered {status}: redirects are not followed")
    assert len(partner.requests) == 1


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "is empty"),
        ("{", "is not JSON"),
        (f'{{"kyc_status": "{PERSONAL}", "kyc_score": }}', "is not JSON"),
        ("[]", "is JSON and not an object"),
        ('"text"', "is JSON and not an object"),
        ("null", "is JSON and not an object"),
        ('{"kyc_status": "a", "kyc_score": NaN}', "holds NaN or Infinity"),
        ('{"kyc_status": "a", "kyc_score": -Infinity}', "holds NaN or Infinity"),
        ('{"kyc_score": 0.1, "kyc_status": "a", "kyc_score": 0.9}', "holds an object with the same key twice"),
        (b'{"kyc_status": "\xff"}', "is not UTF-8"),
        ("[" * 200_000, "is nested too deeply"),
        ("{} {}", "is not JSON"),
    ],
)
async def test_a_body_that_is_not_one_json_object_fails_by_what_is_wrong(
    partner: Any, body: str | bytes, message: str
) -> None:
    partner.answers(body)
    outcome = await partner.call(outputs=OUTPUTS)
    assert outcome == Failed(Failure.ANSWER_NOT_JSON, f"the answer of kyc-provider.com {message}")


@pytest.mark.parametrize(
    ("content_type", "told"),
    [
        ("text/html; charset=utf-8", "the content type text/html"),
        ("application/octet-stream", "the content type application/octet-stream"),
        ("application/json; charset=gb18030", "the content type application/json"),
        (f"a {PERSONAL}", "an unknown content type"),
        ("text/lin.clear", "an unknown content type"),
        ("", "no content type"),
    ],
)
async def test_the_wrong_content_type_is_refused_by_name(partner: Any, content_type: str, told: str) -> None:
    partner.answers(GOOD, content_type=content_type)
    outcome = await partner.call(outputs=OUTPUTS)
    assert outcome == Failed(Failure.ANSWER_NOT_JSON, f"kyc-provider.com answered 200 with {told}")


@pytest.mark.parametrize(
    "content_type", ["application/json", "Application/JSON; charset=UTF-8", "application/problem+json"]
)
async def test_json_content_types_are_taken(partner: Any, content_type: str) -> None:
    partner.answers(GOOD, content_type=content_type)
    assert isinstance(await partner.call(outputs=OUTPUTS), Done)


@pytest.mark.req("FLO-304")
async def test_an_output_that_breaks_its_schema_fails_by_place_and_never_by_value(partner: Any) -> None:
    partner.answers(json.dumps({"kyc_score": PERSONAL}))
    outcome = await partner.call(outputs=(Field("kyc_score", {"type": "number"}),))
    assert outcome == Failed(Failure.OUTPUT_INVALID, "output kyc_score is not of type number")


def _of_size(size: int) -> bytes:
    frame = b'{"kyc_score":"%s"}'
    return frame % (b"x" * (size - len(frame) + 2))


@pytest.mark.parametrize("compressed", [False, True])
async def test_the_largest_answer_is_taken_and_one_byte_more_is_not(partner: Any, compressed: bool) -> None:
    headers = {"Content-Encoding": "gzip"} if compressed else {}
    pack = gzip.compress if compressed else bytes
    partner.answers(pack(_of_size(ANSWER_BYTES_MAX)), headers=headers)
    assert isinstance(await partner.call(outputs=("kyc_score",)), Done)
    partner.answers(pack(_of_size(ANSWER_BYTES_MAX + 1)), headers=headers)
    outcome = await partner.call(outputs=("kyc_score",))
    assert outcome == Failed(
        Failure.ANSWER_TOO_LARGE, f"the answer of kyc-provider.com is larger than {ANSWER_BYTES_MAX} bytes"
    )


async def test_a_stream_without_end_is_given_up_at_the_limit(partner: Any) -> None:
    written = 0
    hung_up = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        nonlocal written
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        while request.transport is not None and not request.transport.is_closing():
            await response.write(b" " * 65_536)
            written += 65_536
            await asyncio.sleep(0)
        hung_up.set()
        return response

    partner.answer = answer
    assert (await partner.call(outputs=OUTPUTS)).code == Failure.ANSWER_TOO_LARGE
    await hung_up.wait()
    assert written < 50 * 1024 * 1024


async def test_an_announced_length_past_the_limit_is_not_waited_for(raw_partner: Any) -> None:
    outcome = await raw_partner(HEAD + b"Content-Length: %d\r\n\r\n" % (ANSWER_BYTES_MAX + 1))
    assert outcome.code == Failure.ANSWER_TOO_LARGE


async def test_a_small_gzip_that_would_unpack_to_200_mb_takes_no_memory(partner: Any) -> None:
    bomb = gzip.compress(b" " * (200 * 1024 * 1024))
    partner.answers(bomb, headers={"Content-Encoding": "gzip"})
    tracemalloc.start()
    try:
        assert (await partner.call(outputs=OUTPUTS)).code == Failure.ANSWER_TOO_LARGE
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak_bytes < 10 * ANSWER_BYTES_MAX


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", GOOD.encode()),
        ("br", GOOD.encode()),
        ("gzip", gzip.compress(GOOD.encode(), mtime=0)[:-9]),
        ("gzip", b""),
    ],
)
async def test_an_answer_not_in_its_encoding_is_refused(raw_partner: Any, encoding: str, body: bytes) -> None:
    head = HEAD + f"Content-Encoding: {encoding}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    outcome = await raw_partner(head + body)
    assert outcome == Failed(
        Failure.ANSWER_NOT_JSON, "the answer of kyc-provider.com is not in the encoding that it claims"
    )


async def test_a_partner_that_never_answers_times_out(partner: Any) -> None:
    release = asyncio.Event()

    async def answer(_: web.Request) -> web.Response:
        await release.wait()
        return web.Response()

    partner.answer = answer
    outcome = await partner.call(outputs=OUTPUTS, timeout_s=0.05)
    release.set()
    message = "kyc-provider.com did not answer within 0.05 s"
    assert outcome == Failed(Failure.TIMED_OUT, message, retryable=True, timeout=True, outage=True)


async def test_a_body_that_never_ends_times_out_too(partner: Any) -> None:
    release = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        await response.write(b'{"kyc_score":')
        await release.wait()
        return response

    partner.answer = answer
    outcome = await partner.call(outputs=OUTPUTS, timeout_s=0.2)
    release.set()
    assert (outcome.code, outcome.timeout) == (Failure.TIMED_OUT, True)


async def test_a_length_that_promises_more_than_comes_is_retryable(raw_partner: Any) -> None:
    outcome = await raw_partner(HEAD + b'Content-Length: 999\r\n\r\n{"kyc_score": 1}')
    message = "the answer of kyc-provider.com ended before its end"
    assert outcome == Failed(Failure.ANSWER_CUT_SHORT, message, retryable=True, outage=True)


async def test_a_chunked_body_that_is_cut_off_is_retryable(raw_partner: Any) -> None:
    outcome = await raw_partner(HEAD + b'Transfer-Encoding: chunked\r\n\r\n10\r\n{"kyc_score": 1}\r\n')
    assert (outcome.code, outcome.retryable) == (Failure.ANSWER_CUT_SHORT, True)


async def test_a_length_that_promises_less_than_comes_fails(raw_partner: Any) -> None:
    outcome = await raw_partner(HEAD + b'Content-Length: 8\r\n\r\n{"kyc_score": 1}')
    assert isinstance(outcome, Failed)
    assert outcome.code in {Failure.ANSWER_NOT_JSON, Failure.ANSWER_NOT_HTTP, Failure.ANSWER_CUT_SHORT}


@pytest.mark.parametrize(
    "answer",
    [
        b"220 mail ready\r\n\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"Content-Length: x\r\n\r\n",
        HEAD + b"X: " + b"y" * 100_000 + b"\r\n\r\n",
        HEAD + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    ],
)
async def test_what_is_not_http_fails_as_that(raw_partner: Any, answer: bytes) -> None:
    outcome = await raw_partner(answer)
    assert outcome == Failed(
        Failure.ANSWER_NOT_HTTP, "what kyc-provider.com answered is not HTTP", retryable=True, outage=True
    )


ANSWER = HEAD + b'Content-Length: 16\r\n\r\n{"kyc_score": 1}'


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_connection_closed_before_the_answer_is_tried_once_more(raw_partner: Any, method: str) -> None:
    assert await raw_partner(b"", ANSWER, method=method) == Done({"kyc_score": 1})


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_a_partner_that_only_hangs_up_is_unreachable(raw_partner: Any, method: str) -> None:
    outcome = await raw_partner(b"", b"", ANSWER, method=method)
    message = "kyc-provider.com closed the connection without an answer"
    assert outcome == Failed(Failure.UNREACHABLE, message, retryable=True, outage=True)


@pytest.mark.req("FLO-004")
async def test_a_refused_connection_is_retryable(partner: Any, unused_tcp_port: int) -> None:
    outcome = await partner.call(runtime={"url": f"https://127.0.0.1:{unused_tcp_port}"})
    assert (outcome.code, outcome.retryable) == (Failure.UNREACHABLE, True)


async def test_a_name_that_does_not_exist_is_retryable(partner: Any) -> None:
    outcome = await partner.call(runtime={"url": "https://nowhere.invalid"})
    assert outcome == Failed(Failure.UNREACHABLE, "the name nowhere.invalid was not found", retryable=True, outage=True)


@pytest.mark.req("FLO-002")
async def test_a_certificate_for_another_name_is_refused(partner: Any) -> None:
    outcome = await partner.call(runtime={"url": "https://other.example"})
    message = "the TLS connection to other.example failed: its certificate is for another name"
    assert outcome == Failed(Failure.TLS_FAILED, message, outage=True)
    assert partner.requests == []


async def test_a_partner_without_tls_where_tls_is_spoken_is_told_so(partner: Any) -> None:
    async def hello(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        writer.close()
        await writer.wait_closed()

    async with await asyncio.start_server(hello, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        outcome = await partner.call(runtime={"url": f"https://127.0.0.1:{port}"})
    assert (outcome.code, outcome.retryable) == (Failure.TLS_FAILED, False)
