"""The configuration of tickets as a risk operator leaves it: reference data, a screening type, an adapt."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from opsdesk import flows
from opsdesk.access import Actor, Scope
from opsdesk.kit.db import Connection
from opsdesk.review import Ticket, TicketDecision, claim
from opsdesk.review.applications.intake import Answered, Incoming
from opsdesk.review.applications.intake import take_application as take
from opsdesk.review.groups import groups
from opsdesk.review.groups.document import stored
from opsdesk.review.groups.groups import Group
from opsdesk.review.model import Verdict
from opsdesk.review.pictures.keeping import give_up_picture
from opsdesk.review.pictures.model import WhyNot
from opsdesk.review.pictures.reading import list_pictures
from opsdesk.review.reference import entries, fields
from opsdesk.review.reference.proto_fields import PbField
from opsdesk.review.sampling.judging import judge, take_next
from opsdesk.review.sampling.samples import DrawnFrom, Sample, draw_sample
from opsdesk.review.screening import adapts, types
from opsdesk.review.screening.deciding import Judgement, decide_screening
from opsdesk.review.screening.generation import Generated, Hit, generate
from opsdesk.review.screening.sources import Facts
from opsdesk.review.screening.types import Category, ScreeningType

OPERATOR = Actor(
    id="person:risk-operator@example.com",
    name="risk",
    roles=frozenset({"risk_operator"}),
    scopes=frozenset({Scope.SCREENING_READ, Scope.SCREENING_WRITE}),
)
APPLICATIONS = (("cash_loan", "现金贷"), ("credit_line", "随借随还"))
SCENES = (("activation", "激活环节", "kyc"), ("borrow", "借款环节", "transaction"))
METHODS: Sequence[tuple[str, bool, list[str]]] = (
    ("face", True, ["lc"]),
    ("full", True, ["lc", "fm"]),
    ("sms", False, []),
)
FIELDS = [
    PbField("customer.full_name", "string"),
    PbField("customer.id_card.front_url", "string"),
    PbField("customer.id_card.back_url", "string"),
    PbField("customer.birth_date", "string"),
    PbField("device.ip", "string"),
]
CODES = (
    ("AF-1001", "anti-fraud", "人脸不一致", True),
    ("AF-1002", "anti-fraud", "翻拍照片", True),
    ("SYS-9", "system error", "系统错误", True),
    ("CR-1", "credit", "信用不足", True),
    ("AF-OLD", "anti-fraud", "停用", False),
)


async def add_reference(conn: Connection, *, now: datetime, actor: Actor = OPERATOR) -> None:
    by: dict[str, Any] = {"actor": actor, "now": now}
    for application, name in APPLICATIONS:
        await entries.put_application(conn, application=application, name=name, **by)
        for scene, scene_name, bucket in SCENES:
            at: dict[str, Any] = {"application": application, "scene": scene}
            await entries.put_scene(conn, **at, name=scene_name, bucket=bucket, **by)
            await fields.import_list(conn, **at, fields=FIELDS, **by)
            for method, screening, kinds in METHODS:
                await entries.put_method(
                    conn, **at, method=method, name=method, with_screening=screening, verifications=kinds, **by
                )
    for code, category, text, active in CODES:
        await entries.put_reject_code(conn, code=code, category=category, description=text, is_active=active, **by)


def type_document(**rejection: Any) -> dict[str, Any]:
    return {
        "modules": [
            {"code": "picture", "keys": [{"name": "身份证正面"}, {"name": "活体照片"}]},
            {"code": "personal", "keys": [{"name": "姓名"}, {"name": "出生日期", "display": "date"}]},
            {"code": "others", "keys": [{"name": "登录 IP"}]},
        ],
        "rejection": {
            "choice": "multiple",
            "with_code": "Y",
            "code_return": "multiple",
            "with_priority": "Y",
            "with_label": "Y",
            "reasons": [
                {"label": "人脸", "detail": "人脸与证件不一致", "code": "AF-1001", "priority": 20},
                {"label": "证件", "detail": "证件为翻拍", "code": "AF-1002", "priority": 10},
            ],
        }
        | rejection,
    }


async def add_type(
    conn: Connection, *, now: datetime, name: str = "人脸比对", actor: Actor = OPERATOR, **more: Any
) -> ScreeningType:
    document = more.pop("document", type_document())
    return await types.add_type(
        conn, name=name, description="核对申请人与证件", document=document, actor=actor, now=now, **more
    )


async def add_adapt(
    conn: Connection,
    found: ScreeningType,
    *,
    now: datetime,
    application: str = "cash_loan",
    scene: str = "activation",
    actor: Actor = OPERATOR,
) -> adapts.ScreeningAdapt:
    front, face, name, *_ = found.document.every_key
    mapped = {
        front.id: {"source": "pb", "value": "customer.id_card.front_url"},
        face.id: {"source": "verify", "value": "liveness_check_url1"},
        name.id: {"source": "pb", "value": "customer.full_name"},
    }
    return await adapts.add_adapt(
        conn,
        type_id=found.type_id,
        application=application,
        scene=scene,
        document={"methods": ["face"], "mapped": mapped},
        actor=actor,
        now=now,
    )


ENGINE = Actor(id="key:anti-fraud", name="anti-fraud", roles=frozenset(), scopes=frozenset())
FACTS = Facts(
    request={"customer": {"full_name": "王小明", "id_card": {"front_url": "https://pictures.example.com/front.png"}}},
    verifications={"liveness_check_url1": "https://pictures.example.com/face.png"},
)


async def add_group(conn: Connection, type_id: int, *, now: datetime, actor: Actor = OPERATOR) -> Group:
    """A group that is live, with a newer revision saved."""
    by: dict[str, Any] = {"actor": actor, "now": now, "compile_condition": flows.checks.condition_over}
    features = [
        {"name": "device_score", "type": "number"},
        {"name": "card_name", "type": "text", "source": "pb", "value": "customer.full_name"},
    ]
    rules = [
        {"name": "黑名单设备", "when": "device_score < 0.1", "answer": "reject"},
        {
            "name": "可疑设备需人工核对",
            "when": 'device_score < 0.5 || request.device.ip == ""',
            "answer": "verify",
            "methods": ["face"],
            "screening_type": type_id,
        },
    ]
    made = await groups.add_group(
        conn,
        application="cash_loan",
        scene="activation",
        name="新客激活",
        document={"features": features, "rules": rules},
        **by,
    )
    await groups.apply_group(conn, group_id=made.group_id, opened_revision=1, **by)
    later = [*stored(made.document)["rules"], {"name": "年龄缺失", "when": 'card_name == ""', "answer": "reject"}]
    document = {"features": features, "rules": later}
    return await groups.save_group(conn, group_id=made.group_id, opened_revision=1, document=document, **by)


async def take_application(
    conn: Connection, *, now: datetime, flow_no: str, facts: Facts, user_id: str = "U-1", scene: str = "activation"
) -> Answered:
    """An application of cash_loan as the anti-fraud engine hands it in, and how it was answered."""
    incoming = Incoming(flow_no, "cash_loan", scene, user_id, facts)
    sender = replace(ENGINE, scopes=frozenset({Scope.APPLICATIONS_WRITE}))
    return await take(conn, incoming, actor=sender, now=now, compile_condition=flows.checks.condition_over)


async def add_ticket(
    conn: Connection,
    found: ScreeningType,
    *,
    now: datetime,
    flow_no: str = "F-1",
    facts: Facts = FACTS,
    application: str = "cash_loan",
    scene: str = "activation",
    user_id: str = "U-1",
) -> UUID:
    """A ticket that the anti-fraud engine has made; the id of it."""
    hit = Hit(flow_no, application, scene, found.type_id, user_id)
    made = await generate(conn, hit, facts=facts, actor=ENGINE, now=now)
    assert isinstance(made, Generated), made
    for picture in await list_pictures(conn, ticket_id=made.ticket_id):
        # Before a worker hears of them: nobody decides a ticket whose pictures are on their way.
        await give_up_picture(
            conn, ticket_id=made.ticket_id, key_id=picture.key_id, reason=WhyNot.HOST_NOT_LISTED, now=now
        )
    return made.ticket_id


REVIEWERS = [
    Actor(
        id=f"key:{name}",
        name=name,
        roles=frozenset({"reviewer"}),
        scopes=frozenset({Scope.TICKETS_DECIDE, Scope.QUALITY_READ, Scope.QUALITY_WRITE}),
    )
    for name in ("first-reviewer", "second-reviewer")
]


async def nobody_is_told(conn: Connection, ticket: Ticket, decision: TicketDecision) -> None:
    """What hears of a decision where nothing follows from it."""


async def add_sample(conn: Connection, found: ScreeningType, *, now: datetime) -> Sample:
    """A sample of two tickets, of which one was judged again, and overturned."""
    first, second = REVIEWERS
    for flow_no in ("F-sampled-1", "F-sampled-2"):
        ticket_id = await add_ticket(conn, found, now=now, flow_no=flow_no)
        await claim(conn, ticket_id=ticket_id, actor=first, now=now)
        await decide_screening(
            conn,
            ticket_id=ticket_id,
            judgement=Judgement(Verdict.PASS),
            actor=first,
            key=flow_no,
            now=now,
            on_decided=nobody_is_told,
        )
    later = now + timedelta(seconds=1)
    drawn_from = DrawnFrom("cash_loan", "activation", now - timedelta(days=1), later)
    sample = await draw_sample(conn, drawn_from, size=2, seed="sample", actor=first, key="sample", now=later)
    taken = await take_next(conn, actor=second, now=later)
    assert taken is not None
    reasons = (found.document.rejection.reasons[0].id,)
    judgement = Judgement(Verdict.REJECT, reasons, "翻拍", found.version)
    await judge(conn, sampled_id=taken.sampled_id, judgement=judgement, actor=second, key="sample", now=later)
    return sample


__all__ = [
    "ENGINE",
    "FACTS",
    "OPERATOR",
    "Category",
    "add_adapt",
    "add_reference",
    "add_sample",
    "add_ticket",
    "add_type",
    "type_document",
]
