"""GraphQL, where an answer of 200 may be a failure, and webhooks, which the receiver can check."""

import base64
import hashlib
import hmac
import json
from typing import Any

import pytest

from opsdesk.flows.calls import Done, Failed
from opsdesk.flows.nodes.failures import Failure

QUERY = "query Customer($id: ID!) { customer(id: $id) { email } }"


@pytest.mark.req("FLO-302")
async def test_a_graphql_query_is_sent_with_its_variables(partner: Any) -> None:
    partner.answers(json.dumps({"data": {"customer": {"email": "a@example.cn"}}}))
    runtime = {"query": QUERY, "variables": {"id": "${customer_id}"}, "operation_name": "Customer"}
    runtime["response_mapping"] = {"email": "$.data.customer.email"}
    scope = {"customer_id": '") { x } #'}
    outcome = await partner.call(subtype="graphql", runtime=runtime, scope=scope, outputs=("email", "customer"))
    assert outcome == Done({"email": "a@example.cn", "customer": {"email": "a@example.cn"}})
    sent = {"query": QUERY, "variables": {"id": '") { x } #'}, "operationName": "Customer"}
    assert (json.loads(partner.bodies[0]), partner.requests[0].method) == (sent, "POST")


async def test_the_declared_inputs_are_the_variables_where_none_are_written(partner: Any) -> None:
    partner.answers('{"data": {}}')
    await partner.call(subtype="graphql", runtime={"query": QUERY}, scope={"id": 7}, inputs=("id",))
    assert json.loads(partner.bodies[0])["variables"] == {"id": 7}


@pytest.mark.req("FLO-302")
async def test_graphql_errors_are_a_failure_whatever_the_status_and_the_outputs(partner: Any) -> None:
    partner.answers('{"data": {"email": "a@example.cn"}, "errors": [{"message": "a@example.cn is unknown"}]}')
    outcome = await partner.call(subtype="graphql", runtime={"query": QUERY})
    assert outcome == Failed(Failure.GRAPHQL_ERRORS, "kyc-provider.com answered with 1 GraphQL error(s)")


@pytest.mark.req("FLO-302")
async def test_a_webhook_is_signed_and_its_receiver_can_check_it(partner: Any) -> None:
    partner.answers("", status=202)
    runtime = {"body": {"order": "${order}"}, "signing_secret": "KYC_PROVIDER_API_KEY"}
    assert await partner.call(subtype="webhook", runtime=runtime, scope={"order": "客户"}) == Done({})
    headers = partner.requests[0].headers
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + partner.bodies[0]
    digest = hmac.new(b"kyc-token-1", signed, hashlib.sha256).digest()
    assert headers["webhook-signature"] == f"v1,{base64.b64encode(digest).decode()}"
    assert headers["webhook-id"] == headers["Idempotency-Key"]
    assert "Opsdesk-Callback-Url" not in headers


@pytest.mark.parametrize(
    ("subtype", "runtime", "message"),
    [
        ("grpc", {}, "an api node of subtype grpc (known: rest, graphql, webhook) cannot be run"),
        ("graphql", {}, "a graphql node without runtime.query cannot be run"),
        (
            "graphql",
            {"query": "{ a(id: ${id}) }"},
            "a graphql node whose query holds a ${…}, which belongs into runtime.variables, cannot be run",
        ),
    ],
)
async def test_a_subtype_that_cannot_be_run_says_why(
    partner: Any, subtype: str, runtime: dict[str, Any], message: str
) -> None:
    assert await partner.call(subtype=subtype, runtime=runtime) == Failed(Failure.BAD_NODE, message)
    assert partner.requests == []
