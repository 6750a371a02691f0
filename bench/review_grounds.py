"""What the bench of the review desk stands on: thousands of screening types with their adapts, and a million tickets.

One type, its adapts and one ticket are made by the product itself; the others are copies of them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor, Scope
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.log import bound
from opsdesk.review.reference import entries, fields
from opsdesk.review.reference.proto_fields import PbField
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.generation import Generated, Hit, generate
from opsdesk.review.screening.sources import Facts

KEEPER = Actor(id="person:risk-operator@example.com", name="risk", roles=frozenset(), scopes=frozenset(Scope))
ENGINE = Actor(id="key:anti-fraud", name="anti-fraud", roles=frozenset(), scopes=frozenset())
REVIEWERS = 50
KEYS = 12
PLACES = (
    ("cash_loan", "activation", "kyc"),
    ("cash_loan", "borrow", "transaction"),
    ("credit_line", "activation", "kyc"),
    ("credit_line", "borrow", "transaction"),
    ("instalment", "activation", "kyc"),
)
"""Applications and scenes, each with an adapt of every type."""
FACTS = Facts(
    request={f"field_{number}": "a value as long as most of them are" for number in range(KEYS)},
    verifications={"liveness_check_result": "pass"},
)

COPY_TYPES = b"""
with copied as (
    insert into screening_type (name, name_key, category, version, changed_at, operator)
    select name || ' ' || n, name_key || ' ' || n, category, version, changed_at, operator
    from screening_type, generate_series(2, %(types)s) as n where type_id = 1 order by n
    returning type_id
)
insert into screening_type_version
    (type_id, version, description, document, document_sha256, restored_from, saved_at, operator)
select copied.type_id, version, description, document, document_sha256, restored_from, saved_at, operator
from copied, screening_type_version as made where made.type_id = 1
"""
COPY_ADAPTS = b"""
with copied as (
    insert into screening_adapt (type_id, application, scene, status, version, changed_at, operator, is_auto)
    select screening_type.type_id, application, scene, status, made.version, made.changed_at, made.operator, is_auto
    from screening_type, screening_adapt as made
    where made.type_id = 1 and screening_type.type_id > 1 order by screening_type.type_id, made.adapt_id
    returning adapt_id, type_id
)
insert into screening_adapt_version (adapt_id, version, type_id, type_version, document, cause, saved_at, operator)
select copied.adapt_id, 1, copied.type_id, 1, document, cause, saved_at, operator
from copied, screening_adapt_version as made where made.adapt_id = 1
"""
# Of a hundred tickets: two wait, one is held, one waits for a second reviewer, two are closed, the others decided.
COPY_TICKETS = b"""
insert into ticket (
    id, source, subject, node, iteration, generation, title, purpose, role, shown, shown_sha256, shown_personal, asked,
    required_approvers, due_at, requested_by, content_sha256, opened_at, status, claimed_by, claimed_until, decision,
    closed_at, application, scene, bucket, user_id, type_id, type_version, adapt_id, adapt_version, result, is_answered,
    reviewer
)
select
    (lpad(to_hex(%(first)s::bigint + n), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid, source, 'B-' || n,
    'adapt:' || adapt.adapt_id, 1, 1, screening_type.name, purpose, role, shown, shown_sha256, shown_personal, asked, 1,
    null, requested_by, content_sha256, opened, kind, case when n %% 100 = 3 then reviewed end,
    case when n %% 100 = 3 then %(now)s::timestamptz + interval '5 minutes' * (n %% 2) end,
    case when kind = 'decided' then '{"decision": "pass", "reasons": [], "remark": ""}'::json end,
    case when kind <> 'open' then opened + interval '3 minutes' end, adapt.application, adapt.scene, scene.bucket,
    'U-' || n %% %(users)s, adapt.type_id, 1, adapt.adapt_id, 1,
    case when kind = 'decided' then case n %% 10 when 6 then 'resubmit' when 7 then 'reject' else 'pass' end end,
    kind = 'decided' or n %% 100 = 4, case when kind = 'decided' or n %% 100 in (3, 4) then reviewed end
from (
    select n, 1 + (n::bigint * 7919) %% (select max(adapt_id) from screening_adapt) as adapt_id,
        case when n %% 100 < 5 then 'open' when n %% 100 = 5 then 'cancelled' when n %% 100 = 6 then 'expired'
            else 'decided' end as kind,
        'person:reviewer-' || (n / 100) %% %(reviewers)s || '@example.com' as reviewed,
        %(now)s::timestamptz - make_interval(secs => n * 7) as opened
    from generate_series(%(from)s::integer, %(to)s::integer) as n
) as one
join screening_adapt as adapt using (adapt_id)
join scene on scene.application = adapt.application and scene.scene = adapt.scene
join screening_type on screening_type.type_id = adapt.type_id
cross join (select * from ticket where ticket.id = %(like)s) as made
"""
BATCH = 100_000


async def configure(db: Database, *, types_wanted: int, now: datetime) -> None:
    """Reference data, and so many types with an adapt to each of PLACES."""
    by: dict[str, Any] = {"actor": KEEPER, "now": now}
    with bound(request_id="bench"):
        async with db.transaction() as conn:
            await _reference(conn, by)
            made = await types.add_type(conn, name="Screening", description="Is it them?", document=_document(), **by)
            mapped = {
                key.id: {"source": "pb", "value": f"field_{number}"}
                for number, key in enumerate(made.document.every_key)
            }
            for application, scene, _ in PLACES:
                document = {"methods": ["face"], "mapped": mapped}
                at: dict[str, Any] = {"application": application, "scene": scene}
                await adapts.add_adapt(conn, type_id=made.type_id, **at, document=document, **by)
            await conn.execute(COPY_TYPES, {"types": types_wanted})
            await conn.execute(COPY_ADAPTS)
    await tidy(db)


async def _reference(conn: Connection, by: dict[str, Any]) -> None:
    for application in dict.fromkeys(place[0] for place in PLACES):
        await entries.put_application(conn, application=application, name=application, **by)
    for application, scene, bucket in PLACES:
        at: dict[str, Any] = {"application": application, "scene": scene}
        await entries.put_scene(conn, **at, name=scene, bucket=bucket, **by)
        await entries.put_method(
            conn, **at, method="face", name="face", with_screening=True, verifications=["lc"], **by
        )
        await fields.import_list(
            conn, **at, fields=[PbField(f"field_{number}", "string") for number in range(KEYS)], **by
        )
    await entries.put_reject_code(
        conn, code="AF-1", category="anti-fraud", description="another face", is_active=True, **by
    )


def _document() -> dict[str, Any]:
    keys = [{"name": f"key {number}"} for number in range(KEYS)]
    reasons = [{"detail": f"reason {number}", "code": "AF-1"} for number in range(10)]
    modules = [{"code": "personal", "keys": keys[:8]}, {"code": "others", "keys": keys[8:]}]
    switches = {
        "choice": "multiple",
        "with_code": "Y",
        "code_return": "single",
        "with_priority": "N",
        "with_label": "N",
    }
    return {"modules": modules, "rejection": {**switches, "reasons": reasons}}


async def make(db: Database, *, number: int, type_id: int, now: datetime) -> UUID:
    """A ticket, as the anti-fraud engine has it made."""
    application, scene, _ = PLACES[number % len(PLACES)]
    hit = Hit(f"F-{number}", application, scene, type_id, f"U-{number}")
    with bound(request_id="bench"):
        async with db.transaction() as conn:
            made = await generate(conn, hit, facts=FACTS, actor=ENGINE, now=now)
    assert isinstance(made, Generated), made
    return made.ticket_id


async def fill(db: Database, *, like: UUID, count: int, now: datetime) -> None:
    """So many copies of a ticket, of all types, over the time before now; each with its first event."""
    first = int(now.timestamp() * 1000) - count
    for start in range(1, count + 1, BATCH):
        values = {"like": like, "from": start, "to": min(start + BATCH - 1, count), "first": first, "now": now}
        async with db.transaction() as conn:
            await conn.execute(COPY_TICKETS, values | {"reviewers": REVIEWERS, "users": max(count // 3, 1)})
    async with db.transaction() as conn:
        await conn.execute(
            b"insert into ticket_event (ticket_id, kind, actor, at) select id, 'opened', source, opened_at from ticket"
            b" where subject like 'B-%'"
        )
    await tidy(db)


async def tidy(db: Database) -> None:
    """As autovacuum would after a while."""
    async with db.connection() as conn:
        await conn.execute(b"vacuum analyze")
