"""Screening tickets over HTTP: shown as their readers may see them, passed, rejected, refused as it is described."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from opsdesk.kit.clock import SystemClock
from opsdesk.review.screening import types
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import ScreeningType
from tests import configured
from tests.app.described import DescribedApi, described

ONE = "/v1/tickets/{ticket_id}"


@dataclass(frozen=True, slots=True)
class Desk:
    """A ticket that a key may decide."""

    api: DescribedApi
    found: ScreeningType
    ticket: str
    key: str

    @property
    def path(self) -> str:
        return f"/v1/tickets/{self.ticket}"

    @property
    def reasons(self) -> list[str]:
        return [reason.id for reason in self.found.document.rejection.reasons]

    async def claim(self) -> None:
        assert (await self.api.call("POST", f"{self.path}/claims", key=self.key)).status == 201

    async def judge(self, verdict: str, *reasons: str, once: str = "1", **more: Any) -> Any:
        given = {"verdict": verdict, "reasons": list(reasons), **more}
        return await self.api.post(f"{self.path}/verdict", given, key=self.key, once=once)

    async def edit(self, document: dict[str, Any]) -> None:
        """Save the next version of the type."""
        async with self.api.installation.database.transaction() as conn:
            await types.edit_type(
                conn,
                type_id=self.found.type_id,
                opened_version=self.found.version,
                description=self.found.description,
                document=document,
                actor=configured.OPERATOR,
                now=self.api.installation.clock.now(),
            )


@pytest.fixture
async def desk(database_url: str, tmp_path: Path) -> AsyncIterator[Desk]:
    async with described(database_url, tmp_path, SystemClock()) as api:
        now = api.installation.clock.now()
        async with api.installation.database.transaction() as conn:
            await configured.add_reference(conn, now=now)
            found = await configured.add_type(conn, now=now)
            await configured.add_adapt(conn, found, now=now)
            ticket = await configured.add_ticket(conn, found, now=now)
        yield Desk(api, found, str(ticket), await api.key(name="reviewer", roles=["reviewer"]))


def without(found: ScreeningType, place: int) -> dict[str, Any]:
    document = stored(found.document)
    del document["rejection"]["reasons"][place]
    return document


async def test_a_screening_ticket_says_whom_it_is_about_and_where_it_stands(desk: Desk) -> None:
    [line] = (await desk.api.get("/v1/tickets", key=desk.key)).body["items"]
    assert (line["source"], line["run"], line["title"]) == ("screening", None, "人脸比对")
    wanted = {"flow_no": "F-1", "application": "cash_loan", "scene": "activation", "bucket": "kyc", "user_id": "U-1"}
    assert {name: line["screening"][name] for name in wanted} == wanted
    assert (line["screening"]["status"], line["screening"]["result"]) == ("pending", None)
    await desk.claim()
    held = (await desk.api.get(desk.path, key=desk.key)).body
    assert held["screening"]["status"] == "in_review"
    assert (held["screening"]["type_version"], held["screening"]["adapt_version"]) == (1, 1)


@pytest.mark.req("REV-K07")
async def test_the_rejection_that_is_offered_is_that_of_the_newest_version(desk: Desk) -> None:
    panel = (await desk.api.get(f"{desk.path}/rejection", key=desk.key)).body
    assert (panel["rejection_version"], panel["choice"], panel["code_return"]) == (1, "multiple", "multiple")
    assert [(each["label"], each["code"], each["is_selectable"]) for each in panel["reasons"]] == [
        ("人脸", "AF-1001", True),
        ("证件", "AF-1002", True),
    ]
    await desk.edit(without(desk.found, 0))
    panel = (await desk.api.get(f"{desk.path}/rejection", key=desk.key)).body
    assert (panel["rejection_version"], [each["id"] for each in panel["reasons"]]) == (2, desk.reasons[1:])


@pytest.mark.req("REV-R01", "REV-X47")
async def test_a_verdict_is_given_once_and_tells_the_codes_that_go_back(desk: Desk) -> None:
    await desk.claim()
    given: dict[str, Any] = {"rejection_version": 1, "remark": "两张照片"}
    decided = await desk.judge("reject", *desk.reasons, **given)
    assert (decided.status, decided.body["status"], decided.body["screening"]["result"]) == (201, "decided", "reject")
    [verdict] = decided.body["verdicts"]
    assert (verdict["by"], verdict["codes"], verdict["remark"]) == ("key:reviewer", ["AF-1001", "AF-1002"], "两张照片")
    assert [reason["detail"] for reason in verdict["reasons"]] == ["人脸与证件不一致", "证件为翻拍"]
    again = await desk.judge("reject", *desk.reasons, **given)
    assert (again.status, again.body["verdicts"]) == (201, decided.body["verdicts"])
    assert (await desk.judge("pass", once="2")).code == "TicketNotOpen"


@pytest.mark.req("REV-X48")
async def test_reasons_that_changed_meanwhile_come_back_with_the_new_panel(desk: Desk) -> None:
    await desk.claim()
    await desk.edit(without(desk.found, 0))
    refused = await desk.judge("reject", *desk.reasons, rejection_version=1)
    assert (refused.status, refused.code) == (409, "ReasonsChanged")
    detail = refused.body["error"]["detail"]
    assert (detail["rejection_version"], detail["valid"]) == (2, desk.reasons[1:])
    assert detail["panel"] == (await desk.api.get(f"{desk.path}/rejection", key=desk.key)).body
    decided = await desk.judge("reject", *detail["valid"], rejection_version=2)
    assert decided.status == 201


@pytest.mark.parametrize(
    ("verdict", "given", "code"),
    [
        ("reject", {"rejection_version": 1}, "VerdictInvalid"),
        ("pass", {"reasons": ["r1"]}, "VerdictInvalid"),
        ("pass", {"remark": "a" * 2001}, "RequestInvalid"),
        ("approve", {}, "RequestInvalid"),
        ("pass", {"shown_sha256": "0" * 64}, "DataChanged"),
    ],
)
async def test_what_is_no_verdict_is_refused(desk: Desk, verdict: str, given: dict[str, Any], code: str) -> None:
    await desk.claim()
    sent = {"verdict": verdict, **given}
    refused = await desk.api.post(f"{desk.path}/verdict", sent, key=desk.key, once="1")
    assert (refused.code, refused.status) == (code, 409 if code == "DataChanged" else 422)


async def test_nobody_decides_without_a_claim_or_as_a_procedure_asks(desk: Desk) -> None:
    assert (await desk.judge("pass")).code == "ClaimNeeded"
    answered = await desk.api.post(f"{desk.path}/decisions", {"answers": {"decision": "pass"}}, key=desk.key, once="3")
    assert answered.code == "DecidedWithReasons"
    nowhere = f"/v1/tickets/{'0' * 8}-0000-0000-0000-{'0' * 12}/rejection"
    assert (await desk.api.get(nowhere, key=desk.key)).code == "TicketUnknown"


async def test_values_and_remarks_are_masked_for_whoever_may_not_see_them(desk: Desk) -> None:
    await desk.claim()
    await desk.judge("pass", remark="王小明本人")
    few = await desk.api.key("tickets:read", name="reader")
    masked = (await desk.api.get(desk.path, key=few)).body
    name = desk.found.document.every_key[2].id
    assert (masked["shown"]["values"][name], masked["verdicts"][0]["remark"]) == ("王*", "王*")
    whole = (await desk.api.get(desk.path, key=desk.key)).body
    assert (whole["shown"]["values"][name], whole["verdicts"][0]["remark"]) == ("王小明", "王小明本人")


async def test_every_operation_about_verdicts_is_tried_here(desk: Desk) -> None:
    await desk.claim()
    await desk.judge("resubmit")
    await desk.api.get(f"{desk.path}/rejection", key=desk.key)
    answered = {name for name, status in desk.api.description.seen if status < 300}
    assert {f"POST {ONE}/verdict", f"GET {ONE}/rejection"} <= answered
