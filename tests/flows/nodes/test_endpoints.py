"""Whom calls are to."""

from typing import Any
from uuid import UUID

import pytest

from opsdesk.flows.calls import NodeCall
from opsdesk.flows.nodes.endpoints import endpoint_by
from opsdesk.flows.procedure import Node, NodeType

SECRETS = {
    "DB": "postgresql://user:pass@db.internal:6432/crm",
    "SOCKET": "host=/run/pg dbname=x",
    "BASE": "https://p.example",
}


def endpoint(kind: str, **runtime: Any) -> str | None:
    node = Node(id="n", type=NodeType(kind), name="n", runtime=runtime)
    call = NodeCall(
        run_id=UUID(int=1),
        procedure_id="p",
        node=node,
        iteration=1,
        attempt=1,
        idempotency_key="k",
        callback_url="",
        scope={"host": "c-4711.example", "id": "4711"},
        outputs={},
        inputs={},
        run_inputs={},
    )
    return endpoint_by(SECRETS.__getitem__)(call)


@pytest.mark.req("FLO-312")
@pytest.mark.parametrize(
    ("kind", "runtime", "expected"),
    [
        ("api", {"url": "https://P.example/v1", "endpoint": "/x/${id}"}, "https://p.example:443"),
        ("api", {"url": "http://p.example:8080"}, "http://p.example:8080"),
        ("api", {"url": "${secrets.BASE}", "endpoint": "/x"}, "https://p.example:443"),
        ("api", {"url": "https://[::1]/x"}, "https://[::1]:443"),
        ("agent", {"url": "https://model.example/v1", "model": "m"}, "https://model.example:443"),
        ("mcp", {"url": "https://tools.example/mcp"}, "https://tools.example:443"),
        ("db", {"connection": "${secrets.DB}"}, "postgresql://db.internal:6432"),
        ("db", {"connection": "${secrets.SOCKET}"}, "postgresql:///run/pg:5432"),
    ],
)
def test_an_endpoint_is_told_without_path_user_or_password(kind: str, runtime: dict[str, Any], expected: str) -> None:
    assert endpoint(kind, **runtime) == expected


@pytest.mark.req("FLO-009")
@pytest.mark.parametrize(
    ("kind", "runtime"),
    [
        ("api", {"url": "https://${host}/x"}),
        ("api", {"url": "https://${inputs.id}.p.example/x"}),
        ("api", {"url": "nothing"}),
        ("cli", {"command": "true"}),
        ("mcp", {"command": "server", "transport": "stdio"}),
        ("data", {"transform": {}}),
    ],
)
def test_a_host_made_of_values_of_the_run_and_a_command_have_no_endpoint(kind: str, runtime: dict[str, Any]) -> None:
    assert endpoint(kind, **runtime) is None
