"""Retries, security and approval, whatever the spelling."""

import re
from dataclasses import replace

from opsdesk.flows import document_fields as known
from opsdesk.flows.approval import Approval
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.document_reasons import read_reasons
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Backoff, NodeType, RateLimit, RetryPolicy, Security
from opsdesk.flows.tree import Tree

RETRIES_MAX = 10_000
APPROVERS_MAX = 100
RATE_CALLS_MAX = 1_000_000

_RATE = re.compile(r"\s*(?P<calls>\d{1,9})\s*(?:/|per)\s*(?P<number>\d{0,6})\s*(?P<unit>[a-z]+)\s*\Z", re.IGNORECASE)
_RATE_UNIT_S = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3_600),
    **dict.fromkeys(("d", "day", "days"), 86_400),
}
_BACKOFFS = {
    "fixed": Backoff.FIXED,
    "exponential": Backoff.EXPONENTIAL,
    "exponential_backoff": Backoff.EXPONENTIAL,
}
_BEARER = frozenset({"bearer_token", "bearer"})


def read_retry(owner: Fields) -> RetryPolicy | None:
    """`retry` or `retry_policy`; None where neither is given."""
    if (found := owner.one_of("retry_policy", "retry")) is None:
        return None
    if (policy := owner.mapping(found[0])) is None:
        return None
    policy.check(known.RETRY)
    backoff = _Backoff(policy)
    delay_s = policy.duration_s("backoff_sec") if _positive(policy.get("backoff_sec")) else None
    return RetryPolicy(
        max_retries=_max_retries(policy),
        backoff=backoff.kind(),
        backoff_s=_agreeing(policy, delay_s, backoff.seconds("initial_delay"), "backoff_sec", "backoff") or 0.0,
        max_backoff_s=backoff.seconds("max_delay"),
    )


def _positive(tree: Tree | None) -> bool:
    """A pause of nothing is none; anything else that is wrong is found when it is read."""
    return tree is not None and tree.value != 0


def _max_retries(policy: Fields) -> int:
    """`max_attempts` counts the first call too."""
    retries = policy.number("max_retries", most=RETRIES_MAX, whole=True)
    attempts = policy.number("max_attempts", least=1, most=RETRIES_MAX + 1, whole=True)
    after_first = None if attempts is None else attempts - 1
    return int(_agreeing(policy, retries, after_first, "max_retries", "max_attempts - 1") or 0)


def _agreeing(owner: Fields, one: float | None, other: float | None, name: str, other_name: str) -> float | None:
    if one is not None and other is not None and one != other:
        message = f"{owner.where}: {name} and {other_name} say the same thing, and their values differ"
        owner.reading.error(Code.SPELLINGS_DIFFER, message, owner.tree, where=owner.where, hint="keep one of them")
    return other if one is None else one


class _Backoff:
    """`strategy`, and `backoff` as a name, as a duration, or as a mapping."""

    def __init__(self, policy: Fields) -> None:
        self.policy = policy
        tree = policy.get("backoff")
        self.nested = policy.mapping("backoff") if tree is not None and isinstance(tree.value, dict) else None
        self.plain = tree if self.nested is None else None
        if self.nested is not None:
            self.nested.check(known.BACKOFF)

    def kind(self) -> Backoff:
        names = [self.policy.text("strategy")]
        if self.nested is not None:
            names.append(self.nested.text("type"))
        elif self.plain is not None and isinstance(self.plain.value, str) and not self.plain.value[:1].isdigit():
            names.append(self.plain.value)
        given = [name for name in names if name is not None]
        if len({_BACKOFFS.get(name) for name in given}) > 1:
            message = f"{self.policy.where} names two kinds of backoff"
            self.policy.reading.error(Code.SPELLINGS_DIFFER, message, self.policy.tree, where=self.policy.where)
        if given and given[0] not in _BACKOFFS:
            message = f"{self.policy.where}: the backoff {given[0][:40]} cannot be run yet"
            hint = "fixed and exponential can"
            self.policy.reading.warning(Code.NOT_RUN, message, self.policy.tree, where=self.policy.where, hint=hint)
        return _BACKOFFS.get(given[0], Backoff.FIXED) if given else Backoff.FIXED

    def seconds(self, name: str) -> float | None:
        if self.nested is not None:
            return self.nested.duration_s(name) if _positive(self.nested.get(name)) else None
        if name == "initial_delay" and self.plain is not None:
            is_name = isinstance(self.plain.value, str) and not self.plain.value[:1].isdigit()
            return self.policy.duration_s("backoff") if not is_name and _positive(self.plain) else None
        return None


def read_security(node: Fields, *, node_type: NodeType | None, runtime: Fields | None) -> Security:
    """The node's `security`, with `runtime.auth` of an api node."""
    security = node.mapping("security")
    result = Security()
    if security is not None:
        security.check(known.SECURITY)
        _name_unused(security, node_type)
        names = [*security.texts("credentials"), *security.texts("secrets")]
        result = Security(
            auth=_auth(security, "auth"),
            secret_ref=security.text("secret_ref"),
            require_ssl=security.boolean("require_ssl") or False,
            rate_limit=_rate_limit(security),
            credentials=tuple(dict.fromkeys(names)),
        )
    if runtime is not None and runtime.get("auth") is not None:
        result = _with_runtime_auth(result, runtime)
    return result


def _name_unused(security: Fields, node_type: NodeType | None) -> None:
    """What nodes of this type do not look at."""
    for name, types in known.SECURITY_TYPES.items():
        tree = security.get(name)
        if node_type is not None and node_type.value not in types and tree is not None and tree.value != "none":
            security.not_honoured(name, hint=f"it is honoured for {', '.join(sorted(types))}")


def _with_runtime_auth(security: Security, runtime: Fields) -> Security:
    tree = runtime.get("auth")
    if tree is not None and isinstance(tree.value, str):
        auth, secret_ref = _auth(runtime, "auth"), None
    elif (mapping := runtime.mapping("auth")) is not None:
        mapping.check(known.AUTH)
        auth, secret_ref = _auth(mapping, "type"), mapping.text("secret_ref")
    else:
        return security
    for name, one, other in (("auth", security.auth, auth), ("secret_ref", security.secret_ref, secret_ref)):
        if one is not None and other is not None and one != other:
            message = f"security.{name} and {runtime.path('auth')} differ"
            runtime.reading.error(Code.SPELLINGS_DIFFER, message, runtime.tree, where=runtime.path("auth"))
    return replace(security, auth=auth or security.auth, secret_ref=secret_ref or security.secret_ref)


def _auth(owner: Fields, name: str) -> str | None:
    """`bearer_token`, or None."""
    kind = owner.text(name)
    if kind is None or kind == "none":
        return None
    if kind in _BEARER:
        return "bearer_token"
    where = owner.path(name)
    tree = owner.get(name)
    assert tree is not None
    hint = "bearer_token can be used"
    owner.reading.warning(Code.NOT_RUN, f"{where}: {kind[:40]} cannot be run yet", tree, where=where, hint=hint)
    return kind


def _rate_limit(security: Fields) -> RateLimit | None:
    if (tree := security.get("rate_limit")) is None:
        return None
    found = _RATE.match(tree.value) if isinstance(tree.value, str) and len(tree.value) <= 60 else None
    unit_s = _RATE_UNIT_S.get(found["unit"].lower()) if found else None
    if found is None or unit_s is None or not 1 <= int(found["calls"]) <= RATE_CALLS_MAX or found["number"] == "0":
        where = security.path("rate_limit")
        hint = 'write "10/second", "10/minute", "100/hour", "1000/day" or "10/30s"'
        message = f"{where} is not a number of calls in a time"
        security.reading.error(Code.RATE_LIMIT, message, tree, where=where, hint=hint)
        return None
    return RateLimit(int(found["calls"]), float(unit_s * int(found["number"] or 1)))


def read_approval(node: Fields, *, runtime: Fields | None, node_timeout_s: float | None) -> Approval:
    """Who answers a human node. The time limit is that of the gate, else of `runtime`, else of the node."""
    gate = _gate(node)
    counts = []
    people: list[tuple[Fields, tuple[str, ...]]] = []
    for owner, names in ((gate, ("required_approvers", "min_approvals")), (runtime, ("min_approvals",))):
        if owner is None:
            continue
        tree = owner.get("approvers")
        if tree is not None and isinstance(tree.value, list):
            people.append((owner, owner.texts("approvers")))
            counts.append(owner.number(*names, least=1, most=APPROVERS_MAX, whole=True))
        else:
            counts.append(owner.number(*names, "approvers", least=1, most=APPROVERS_MAX, whole=True))
    given = [count for count in counts if count is not None]
    if len(set(given)) > 1:
        message = f"{node.where}: approval_gate and runtime ask for different numbers of approvers"
        node.reading.error(Code.SPELLINGS_DIFFER, message, node.tree, where=node.where)
    return Approval(
        role=_role(node, gate, people),
        required_approvers=int(given[0]) if given else 1,
        timeout_s=_approval_timeout_s(node, gate, runtime, node_timeout_s),
        reasons=read_reasons(gate),
    )


def _gate(node: Fields) -> Fields | None:
    """`approval_gate: true` is a gate with nothing to say."""
    tree = node.get("approval_gate")
    if tree is None or isinstance(tree.value, bool):
        return None
    gate = node.mapping("approval_gate")
    if gate is None:
        return None
    gate.check(known.APPROVAL)
    return gate


def _role(node: Fields, gate: Fields | None, people: list[tuple[Fields, tuple[str, ...]]]) -> str | None:
    """The gate's role, else the node's, else the only approver named."""
    role = (gate.text("approver_role", "role") if gate is not None else None) or node.text("role")
    for owner, names in people:
        if role is None and len(names) == 1:
            role = names[0]
        elif names and names != (role,):
            hint = f"the role {role} decides who may answer" if role else "name one role"
            owner.not_honoured("approvers", hint=hint)
    return role


def _approval_timeout_s(
    node: Fields, gate: Fields | None, runtime: Fields | None, node_timeout_s: float | None
) -> float | None:
    found: list[float | None] = []
    if gate is not None:
        minutes, hours = gate.duration_s("timeout_min", unit_s=60), gate.duration_s("timeout_hours", unit_s=3_600)
        found.extend((minutes, hours, gate.duration_s("timeout_sec")))
    if runtime is not None:
        found.append(runtime.duration_s("timeout"))
    found.append(node_timeout_s)
    given = [value for value in found if value is not None]
    if len(set(given)) > 1:
        message = f"{node.where} has several time limits, and they differ"
        node.reading.error(Code.SPELLINGS_DIFFER, message, node.tree, where=node.where, hint="keep one of them")
    return given[0] if given else None
