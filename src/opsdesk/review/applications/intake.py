"""An application is taken in: the live groups of its scene are asked in their order, and it is answered once."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row
from psycopg.types.json import Json

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.http_json import unstorable
from opsdesk.kit.sql import statements
from opsdesk.review.alerts import Alert, tell
from opsdesk.review.applications.errors import FlowReused, IncomingInvalid
from opsdesk.review.canonical import canonical, digest_of
from opsdesk.review.groups.document import Answer, Compile, Rule
from opsdesk.review.groups.evaluation import RuleUndecided, compiled_group
from opsdesk.review.groups.groups import Group, live_groups
from opsdesk.review.reference.entries import show_scene
from opsdesk.review.reference.fields import list_fields
from opsdesk.review.screening.generation import AdaptMissing, Hit, check_flow, generate
from opsdesk.review.screening.sources import FEATURE_CHARS_MAX, VERIFY_FIELDS, Facts

CONTENT_CHARS_MAX = 256 * 1024
"""Of request, verifications and features together, as JSON."""
FEATURES_MAX = 500

_SQL = statements(__file__)
_TAKE_TURNS = _SQL["take_turns"]
_SHOW_APPLICATION = _SQL["show_application"]
_INSERT_APPLICATION = _SQL["insert_application"]


class Outcome(StrEnum):
    """What the caller is told."""

    PASS = "pass"  # noqa: S105 - an answer, and no password
    REJECT = "reject"
    VERIFY = "verify"
    UNDECIDED = "undecided"
    """A rule could not be decided. Nothing is kept: sent again once the rule is repaired, it is asked again."""
    ADAPT_MISSING = "adapt_missing"
    """A person has to look at it, and there is no adapt to make a ticket with. Nothing is kept either."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """An application as it comes, with all that is known of it."""

    flow_no: str
    application: str
    scene: str
    user_id: str
    facts: Facts


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer to an application, and the rule that gave it; None: no rule held."""

    outcome: Outcome
    group_id: int | None = None
    revision: int | None = None
    rule: str | None = None
    methods: Sequence[str] = ()
    ticket_id: UUID | None = None
    problem: str | None = None
    """Why a rule could not be decided: names and types, never values."""
    group: str | None = None
    """The name of the group."""


async def take_application(
    conn: Connection, incoming: Incoming, *, actor: Actor, now: datetime, compile_condition: Compile
) -> Answered:
    """Answer an application, once for a flow number: the same content gets the same answer again.

    The first answer of a group that is not pass counts. Where a rule cannot be decided, or a ticket cannot be made,
    the caller and the operators are told so, and nobody passes.

    Raises ScopeMissing, SceneUnknown, FlowInvalid, IncomingInvalid, FlowReused.
    """
    require(actor, Scope.APPLICATIONS_WRITE)
    check_flow(flow_no=incoming.flow_no, user_id=incoming.user_id)
    _check(incoming.facts)
    content = digest_of(asdict(incoming))
    await conn.execute(_TAKE_TURNS, {"flow_no": incoming.flow_no})
    if (before := await _before(conn, incoming.flow_no, content)) is not None:
        return before
    await show_scene(conn, application=incoming.application, scene=incoming.scene)
    answered = await _ask_groups(conn, incoming, actor=actor, now=now, compile_condition=compile_condition)
    if answered.outcome in (Outcome.UNDECIDED, Outcome.ADAPT_MISSING):
        return answered
    values = {
        "flow_no": incoming.flow_no,
        "content_sha256": content,
        "application": incoming.application,
        "scene": incoming.scene,
        "user_id": incoming.user_id,
        "answer": answered.outcome,
        "group_id": answered.group_id,
        "revision": answered.revision,
        "rule": answered.rule,
        "methods": list(answered.methods),
        "ticket_id": answered.ticket_id,
        "now": now,
        "actor": actor.id,
        "content": Json(asdict(incoming.facts)),
    }
    await conn.execute(_INSERT_APPLICATION, values)
    told = ("content_sha256", "answer", "group_id", "revision", "rule", "ticket_id")
    await audit.record(
        conn,
        actor=actor,
        action="application.answer",
        object_kind="application",
        object_id=incoming.flow_no,
        after={name: values[name] for name in told},
        now=now,
    )
    return answered


def _check(facts: Facts) -> None:
    """Raises IncomingInvalid."""
    problems: dict[str, list[str]] = {}
    for name in facts.verifications:
        if name not in VERIFY_FIELDS:
            problems[f"verifications.{name[:FEATURE_CHARS_MAX]}"] = [f"is none of {', '.join(VERIFY_FIELDS)}"]
    for name in facts.features:
        if not name or len(name) > FEATURE_CHARS_MAX or not name.isprintable():
            problem = f"a name has 1 to {FEATURE_CHARS_MAX} printable characters"
            problems[f"features.{name[:FEATURE_CHARS_MAX]}"] = [problem]
    if len(facts.features) > FEATURES_MAX:
        problems["features"] = [f"are more than {FEATURES_MAX}"]
    for name, values in asdict(facts).items():
        if (unfit := unstorable(values)) is not None:
            problems[name] = [unfit]
    if not problems and len(canonical(asdict(facts))) > CONTENT_CHARS_MAX:
        problems["content"] = [f"has more than {CONTENT_CHARS_MAX} characters as JSON"]
    if problems:
        raise IncomingInvalid(problems)


async def _before(conn: Connection, flow_no: str, content: str) -> Answered | None:
    found = conn.cursor(row_factory=dict_row)
    row: dict[str, Any] | None = await (await found.execute(_SHOW_APPLICATION, {"flow_no": flow_no})).fetchone()
    if row is None:
        return None
    if row["content_sha256"] != content:
        raise FlowReused(flow_no)
    names = ("group_id", "revision", "rule", "methods", "ticket_id", "group")
    return Answered(Outcome(row["answer"]), **{name: row[name] for name in names})


async def _ask_groups(
    conn: Connection, incoming: Incoming, *, actor: Actor, now: datetime, compile_condition: Compile
) -> Answered:
    at = {"application": incoming.application, "scene": incoming.scene}
    pb_fields = [field.path for field in await list_fields(conn, **at)]
    for group in await live_groups(conn, **at):
        try:
            compiled = compiled_group(group.document, pb_fields=pb_fields, compile_condition=compile_condition)
            verdict = compiled.evaluate(incoming.facts)
        except RuleUndecided as undecided:
            about = {**at, "flow_no": incoming.flow_no, "group": group.name, "rule": undecided.rule.name}
            await tell(conn, Alert.RULE_UNDECIDED, about, now=now)
            return _answered(group, undecided.rule, Outcome.UNDECIDED, problem=undecided.why)
        if verdict.answer is Answer.PASS:
            continue
        assert verdict.rule is not None, "only a rule says anything but pass"
        if verdict.answer is Answer.REJECT:
            return _answered(group, verdict.rule, Outcome.REJECT)
        known = compiled.known_features(incoming.facts)
        return await _verify(conn, incoming, group, verdict.rule, known, actor=actor, now=now)
    return Answered(Outcome.PASS)


async def _verify(
    conn: Connection, incoming: Incoming, group: Group, rule: Rule, facts: Facts, *, actor: Actor, now: datetime
) -> Answered:
    assert rule.type_id is not None, "a rule to verify names a screening type"
    hit = Hit(incoming.flow_no, incoming.application, incoming.scene, rule.type_id, incoming.user_id)
    made = await generate(conn, hit, facts=facts, actor=actor, now=now)
    if isinstance(made, AdaptMissing):
        return _answered(group, rule, Outcome.ADAPT_MISSING)
    return _answered(group, rule, Outcome.VERIFY, ticket_id=made.ticket_id)


def _answered(
    group: Group, rule: Rule, outcome: Outcome, *, ticket_id: UUID | None = None, problem: str | None = None
) -> Answered:
    at = (group.group_id, group.revision, rule.name, rule.methods, ticket_id)
    return Answered(outcome, *at, problem=problem, group=group.name)
