"""What an `api` node sends."""

import json
from typing import Any
from urllib.parse import unquote

import pytest

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.api import api_node
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.procedure import Security
from opsdesk.kit.http_client import HttpClient

PERSONAL = "zhang.wei@example.cn"
BEARER = Security(auth="bearer_token", secret_ref="KYC_PROVIDER_API_KEY")


@pytest.mark.req("FLO-002")
async def test_a_first_node_without_inputs_sends_what_the_run_was_started_with(partner: Any) -> None:
    await partner.call(run_inputs={"email": PERSONAL, "name": "张伟"})
    assert partner.requests[0].method == "POST"
    assert json.loads(partner.bodies[0]) == {"email": PERSONAL, "name": "张伟"}


async def test_a_later_node_without_inputs_sends_nothing_of_the_run(partner: Any) -> None:
    await partner.call(run_inputs={"email": PERSONAL}, scope={"customer_id": "c-1"}, runtime={"method": "POST"})
    assert json.loads(partner.bodies[0]) == {}


async def test_declared_inputs_are_sent_by_name_and_absent_ones_are_omitted(partner: Any) -> None:
    await partner.call(
        scope={"customer_id": "c-1", "email": None, "x": 1}, inputs=("customer_id", "email", "account_id")
    )
    assert json.loads(partner.bodies[0]) == {"customer_id": "c-1", "email": None}


@pytest.mark.req("FLO-002", "FLO-004")
async def test_every_call_carries_its_key_its_callback_address_and_json_headers(partner: Any) -> None:
    await partner.call(scope={"customer_id": "c-1"}, inputs=("customer_id",), security=BEARER)
    headers = partner.requests[0].headers
    assert headers["Idempotency-Key"] == "0190a0b0-0000-7000-8000-000000000001:kyc:1"
    assert headers["Opsdesk-Callback-Url"] == "https://opsdesk.example/v1/callbacks/abc"
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert headers["User-Agent"].startswith("opsdesk/")
    assert headers["Host"] == "kyc-provider.com"
    assert headers.getall("Authorization") == ["Bearer kyc-token-1"]


async def test_auth_may_be_declared_in_the_runtime_section(partner: Any) -> None:
    auth = {"type": "bearer", "secret_ref": "KYC_PROVIDER_API_KEY"}
    await partner.call(runtime={"auth": auth})
    assert partner.requests[0].headers["Authorization"] == "Bearer kyc-token-1"


async def test_a_node_without_auth_sends_no_authorization(partner: Any) -> None:
    await partner.call()
    assert "Authorization" not in partner.requests[0].headers


@pytest.mark.req("FLO-009")
async def test_a_missing_secret_fails_by_name_before_anything_is_sent(partner: Any) -> None:
    outcome = await partner.call(security=Security(auth="bearer_token", secret_ref="NO_SUCH_KEY"))
    assert outcome == Failed(Failure.SECRET_MISSING, "the secret NO_SUCH_KEY is not set")
    assert partner.requests == []


@pytest.mark.parametrize("auth", ["basic", "oauth2", "mtls"])
async def test_a_kind_of_auth_that_is_not_honoured_is_refused(partner: Any, auth: str) -> None:
    outcome = await partner.call(security=Security(auth=auth, secret_ref="KYC_PROVIDER_API_KEY"))
    assert outcome.code == Failure.BAD_REQUEST
    assert partner.requests == []


@pytest.mark.req("FLO-303")
async def test_references_in_a_body_keep_their_types_and_written_keys_win(partner: Any) -> None:
    body = {
        "id": "${customer_id}",
        "score": "${score}",
        "text": "score ${score} of ${outputs.register.customer_id}",
        "deep": [{"email": "${inputs.email}"}],
        "node": "${metadata.node_id}",
        "customer_id": "written",
    }
    scope = {"customer_id": "c-1", "score": 0.7}
    inputs = {"email": PERSONAL}
    await partner.call(runtime={"body": body}, scope=scope, inputs=("customer_id", "score"), run_inputs=inputs)
    assert json.loads(partner.bodies[0]) == {
        "id": "c-1",
        "score": 0.7,
        "text": "score 0.7 of c-1",
        "deep": [{"email": PERSONAL}],
        "node": "kyc",
        "customer_id": "written",
    }


@pytest.mark.parametrize(
    "template", ['{"id": "${customer_id}", "n": ${score}}', '{"id": "${customer_id}", "n": "${score}"}']
)
async def test_a_body_written_as_text_cannot_be_reshaped_by_a_value(partner: Any, template: str) -> None:
    scope = {"customer_id": '", "admin": true, "x": "', "score": 1}
    await partner.call(runtime={"body_template": template}, scope=scope)
    assert json.loads(partner.bodies[0]) == {"id": '", "admin": true, "x": "', "n": 1}


async def test_a_body_that_is_no_object_is_sent_as_it_is(partner: Any) -> None:
    await partner.call(runtime={"body": ["${customer_id}", 2]}, scope={"customer_id": "c-1"}, inputs=("customer_id",))
    assert json.loads(partner.bodies[0]) == ["c-1", 2]


async def test_a_body_text_that_is_not_json_is_refused(partner: Any) -> None:
    outcome = await partner.call(runtime={"body": '{"id": '})
    assert outcome == Failed(Failure.BAD_REQUEST, "runtime.body is a text that is not JSON")


@pytest.mark.req("FLO-303")
async def test_a_reference_to_nothing_fails_by_name_before_anything_is_sent(partner: Any) -> None:
    outcome = await partner.call(runtime={"body": {"id": "${outputs.register.customer_id}"}}, scope={"x": 1})
    assert outcome == Failed(Failure.REFERENCE_MISSING, "outputs.register.customer_id is missing")
    assert partner.requests == []


async def test_get_sends_its_inputs_as_the_query_and_no_body(partner: Any) -> None:
    scope = {"customer_id": "张 &=?", "deep": {"a": 1}, "flag": True, "mode": "slow"}
    runtime = {"method": "get", "endpoint": "/verify?mode=fast"}
    await partner.call(runtime=runtime, scope=scope, inputs=("customer_id", "deep", "flag", "mode"))
    assert dict(partner.requests[0].query) == {
        "mode": "fast",
        "customer_id": "张 &=?",
        "deep": '{"a":1}',
        "flag": "true",
    }
    assert partner.bodies[0] == b""


async def test_without_a_method_or_anything_to_send_it_is_get(partner: Any) -> None:
    await partner.call()
    assert partner.requests[0].method == "GET"


@pytest.mark.parametrize("value", ["a/b", "a?b=1", "a#b", "a%2Fb", "中文", "a b", "a&b", ";x", "a\\b", "a\nb"])
async def test_a_value_in_the_path_stays_one_segment(partner: Any, value: str) -> None:
    await partner.call(runtime={"endpoint": "/customers/${customer_id}/close"}, scope={"customer_id": value})
    root, customers, segment, close = partner.requests[0].rel_url.raw_path.split("/")
    assert (root, customers, unquote(segment), close) == ("", "customers", value, "close")
    assert partner.requests[0].query_string == ""


@pytest.mark.parametrize("value", ["..", ".", ""])
async def test_a_value_that_would_change_the_path_is_refused(partner: Any, value: str) -> None:
    outcome = await partner.call(runtime={"endpoint": "/customers/${customer_id}/close"}, scope={"customer_id": value})
    assert outcome.code == Failure.BAD_REQUEST
    assert partner.requests == []


async def test_a_value_cannot_choose_the_host_but_the_environment_can(partner: Any) -> None:
    refused = await partner.call(runtime={"url": "${where}"}, scope={"where": "https://other.example"})
    assert refused.code == Failure.BAD_REQUEST
    appended = await partner.call(runtime={"url": "https://kyc-provider.com${x}"}, scope={"x": "@other.example/"})
    assert not isinstance(appended, Done)
    assert partner.requests == []
    assert await partner.call(runtime={"url": "${env.KYC_URL}"}) == Done({})


@pytest.mark.parametrize(
    ("runtime", "code"),
    [
        ({"url": "http://kyc-provider.com"}, Failure.INSECURE_URL),
        ({"url": "ftp://kyc-provider.com"}, Failure.BAD_REQUEST),
        ({"url": "", "endpoint": "/verify"}, Failure.BAD_REQUEST),
        ({"url": "https://user:word@kyc-provider.com"}, Failure.BAD_REQUEST),
        ({"url": "https://kyc-provider.com:port"}, Failure.BAD_REQUEST),
        ({"method": "BREW"}, Failure.BAD_REQUEST),
        ({"expected_status": "fine"}, Failure.BAD_REQUEST),
        ({"headers": {"Idempotency-Key": "mine"}}, Failure.BAD_REQUEST),
        ({"headers": {"Traceparent": "mine"}}, Failure.BAD_REQUEST),
        ({"headers": {"Content-Type": "text/xml"}}, Failure.BAD_REQUEST),
        ({"headers": {"X-Note": "${note}"}}, Failure.BAD_REQUEST),
        ({"headers": {"X Note": "a"}}, Failure.BAD_REQUEST),
    ],
)
@pytest.mark.req("FLO-002")
async def test_a_request_that_must_not_be_made_is_refused_before_connecting(
    partner: Any, runtime: dict[str, Any], code: Failure
) -> None:
    security = Security(require_ssl=True)
    outcome = await partner.call(runtime=runtime, scope={"note": f"{PERSONAL}\r\nX-Admin: 1"}, security=security)
    assert outcome.code == code
    assert not outcome.retryable
    assert PERSONAL not in outcome.message
    assert partner.requests == []


async def test_headers_of_the_document_are_sent_with_their_values(partner: Any) -> None:
    headers = {"X-Customer": "${customer_id}", "accept": "application/vnd.kyc+json", "X-Count": 3}
    await partner.call(runtime={"headers": headers}, scope={"customer_id": "c-1"})
    sent = partner.requests[0].headers
    assert (sent["X-Customer"], sent["X-Count"]) == ("c-1", "3")
    assert sent.getall("Accept") == ["application/vnd.kyc+json"]


async def test_an_endpoint_that_is_a_whole_url_stands_alone(partner: Any) -> None:
    await partner.call(runtime={"url": "https://other.example", "endpoint": "https://kyc-provider.com/v2"})
    assert partner.requests[0].path == "/v2"
    assert partner.requests[0].host == "kyc-provider.com"


async def test_an_address_inside_fails_the_node_for_good(unused_tcp_port: int, new_call: Any, new_node: Any) -> None:
    http = HttpClient()
    for host in ("127.0.0.1", "localhost", "0x7f.1", "169.254.169.254", "[::ffff:10.0.0.1]"):
        call = new_call(new_node(runtime={"url": f"http://{host}:{unused_tcp_port}/"}))
        outcome = await api_node(http, lambda name: name)(call)
        assert isinstance(outcome, Failed)
        assert (outcome.code, outcome.retryable) == ("AddressRefused", False)
        assert "OPSDESK_ALLOW_NETWORKS" in outcome.message
    await http.close()


@pytest.mark.req("FLO-302")
async def test_the_kind_of_json_that_the_document_names_is_sent(partner: Any) -> None:
    runtime = {"method": "PATCH", "content_type": "application/merge-patch+json"}
    await partner.call(runtime=runtime)
    assert partner.requests[0].headers["Content-Type"] == "application/merge-patch+json"
