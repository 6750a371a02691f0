"""A procedure like the onboarding, and journals of its runs, for tests of pictures, texts and records."""

from datetime import UTC, datetime, timedelta
from typing import Any

from opsdesk.flows.approval import Approval
from opsdesk.flows.engine import fold
from opsdesk.flows.facts import Fact, FactKind
from opsdesk.flows.procedure import Edge, EdgeMode, Field, Node, NodeType, Procedure, RetryPolicy
from opsdesk.flows.state import State

BEGIN = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
EMAIL = "wang.xiaoming@example.com"
RUN = "0f8fad5b-d9cb-469f-a165-70867728950e"
WHOLE_CONDITION = (
    "kyc_score < 0.7 || watchlist_match == true || document_type in ['passport', 'residence permit', 'other']"
)


def onboarding() -> Procedure:
    def node(key: str, kind: NodeType = NodeType.API, *, takes: str = "", gives: str = "", **more: Any) -> Node:
        inputs = tuple(Field(item) for item in takes.split())
        outputs = tuple(Field(item) for item in gives.split())
        return Node(id=key, type=kind, name=more.pop("name", key), inputs=inputs, outputs=outputs, **more)

    nodes = [
        node("register", purpose="Accept the customer", gives="customer_id email", timeout_s=10),
        node(
            "kyc_identity", name="核对身份", takes="customer_id", gives="kyc_score", retry=RetryPolicy(3, backoff_s=10)
        ),
        node(
            "compliance_review",
            NodeType.HUMAN,
            takes="customer_id kyc_score",
            gives="decision",
            approval=Approval(role="compliance_officer", required_approvers=2, timeout_s=86400),
        ),
        node("setup_account", NodeType.CLI, takes="customer_id", gives="account_id"),
        node("send_welcome", takes="email account_id", runtime={"url": "https://mail.example.com"}),
        node("assign_csm", takes="customer_id"),
    ]
    edges = [
        Edge(0, "register", "kyc_identity"),
        Edge(1, "kyc_identity", "setup_account", EdgeMode.CONDITIONAL, "kyc_score >= 0.7"),
        Edge(2, "kyc_identity", "compliance_review", EdgeMode.CONDITIONAL, WHOLE_CONDITION),
        Edge(3, "compliance_review", "setup_account", EdgeMode.CONDITIONAL, "decision == 'approved'"),
        Edge(4, "setup_account", "send_welcome", EdgeMode.PARALLEL),
        Edge(5, "setup_account", "assign_csm", EdgeMode.PARALLEL),
    ]
    by_id = {item.id: item for item in nodes}
    return Procedure("onboarding", "客户入门", by_id, tuple(edges), version="1.2", digest="ab" * 32)


def at(seconds: float) -> datetime:
    return BEGIN + timedelta(seconds=seconds)


def fact(kind: FactKind, seconds: float, node: str = "", **payload: Any) -> Fact:
    return Fact(kind, at(seconds), node, payload=payload)


def started(**inputs: Any) -> Fact:
    return fact(FactKind.RUN_STARTED, 0, inputs=inputs, actor="client:portal")


def ended(node: str, seconds: float, taken: list[int], **outputs: Any) -> Fact:
    return fact(FactKind.NODE_ENDED, seconds, node, outputs=outputs, taken=taken)


def until_review() -> list[Fact]:
    """Registered, one failed attempt at the identity, and then the person is waited for."""
    return [
        started(),
        ended("register", 0.4, [0], customer_id="c-1", email=EMAIL),
        fact(
            FactKind.ATTEMPT_FAILED,
            2,
            "kyc_identity",
            code="Answered503",
            message=f"the partner does not know {EMAIL}",
            attempt=1,
            retry_at=at(12).isoformat(),
        ),
        ended("kyc_identity", 14.5, [2], kyc_score=0.4),
        fact(
            FactKind.NODE_WAITING,
            15,
            "compliance_review",
            reason="person",
            role="compliance_officer",
            ticket="t-1",
            attempt=1,
            until=at(86414.5).isoformat(),
        ),
    ]


def automatic() -> list[Fact]:
    """The path without a person, to its end."""
    return [
        started(),
        ended("register", 1, [0], customer_id="c-1", email=EMAIL),
        ended("kyc_identity", 2, [1], kyc_score=0.9),
        ended("setup_account", 3, [4, 5], account_id="a-1"),
        ended("assign_csm", 4, []),
        ended("send_welcome", 5, []),
        run_ended(5, outcome="completed", reason="ended at send_welcome, assign_csm"),
    ]


def run_ended(seconds: float, **payload: Any) -> Fact:
    return Fact(FactKind.RUN_ENDED, at(seconds), payload=payload)


def state_after(facts: list[Fact]) -> State:
    return fold(onboarding(), facts, run_id=RUN)
