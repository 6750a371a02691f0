"""Each flow and branch of the drawing, run through all participants, says what is drawn, in the order drawn."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from opsdesk.benefits.model import Status
from opsdesk.kit.clock import ManualClock
from tests.stories.bank import LATE_DAYS, SOON_DAYS, Bank, a_bank, differences
from tests.stories.deviations import as_it_runs
from tests.stories.drawing import Arrow, path_through, read_document, read_table
from tests.stories.installation import ROOT
from tests.stories.point_steps import POINTS, drawn_path, own_steps, paths

DOCUMENT = ROOT.parent / "shared" / "seeds" / "points-benefit-service.puml"
CHAIN_A, CHAIN_B = "链路A: 手机银行/电话银行渠道", "链路B: CRM零售渠道(不经过渠道二期)"
BY_PROVIDER = "服务商侧处理"
EXPIRED = "存在过期幸福点"

needs_document = pytest.mark.skipif(not DOCUMENT.is_file(), reason="the source document is not here")


@pytest.fixture
async def bank(tmp_path: Path, database_url: str, clock: ManualClock) -> AsyncIterator[Bank]:
    async with a_bank(tmp_path, database_url, clock) as made:
        yield made


def drawn(flow: int, *taken: str, deviating: Sequence[str] = ()) -> list[Arrow]:
    return as_it_runs(path_through(read_table(), flow, *taken), *deviating)


async def last_trace_is_as(bank: Bank, arrows: Sequence[Arrow]) -> None:
    """What was said in the last trace is what is drawn, and the points system knows by which way it came."""
    trace = (await bank.traces())[-1]
    assert differences(arrows, await bank.said(trace)) == []
    async with bank.story.opsdesk.database.connection() as conn:
        stored = set(await paths(conn, trace))
    assert stored <= {drawn_path(arrows)}


async def last_traces_are_as(bank: Bank, arrows: Sequence[Arrow]) -> None:
    """The same for what began at a desk of the bank and went on at the provider, who knows nothing of that trace."""
    *_, begun, went_on = await bank.traces()
    assert differences(arrows, await bank.said(begun, went_on)) == []


@needs_document
def test_our_table_has_the_arrows_of_the_document() -> None:
    assert list(read_table()) == list(read_document(DOCUMENT.read_text(encoding="utf-8")))


def test_every_flow_of_the_drawing_has_arrows() -> None:
    assert {arrow.flow for arrow in read_table()} == {1, 2, 3, 4, 5, 6, 7}


@pytest.mark.req("PTS-103")
@pytest.mark.parametrize("desk", ["mobile", "phone"])
async def test_a_redemption_goes_by_the_second_channel_as_chain_a_is_drawn(bank: Bank, desk: str) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.redeem(desk)
    await last_trace_is_as(bank, drawn(1, CHAIN_A))


@pytest.mark.req("PTS-402")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_refund_that_brings_all_back_is_as_drawn(bank: Bank, desk: str, deviating: list[str]) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.redeem()
    await bank.press(f"{await bank.order_page(desk)}/refund")
    await last_trace_is_as(bank, drawn(4, deviating=deviating))


@pytest.mark.req("PTS-401", "PTS-402")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_refund_of_what_has_not_expired_is_as_drawn(bank: Bank, desk: str, deviating: list[str]) -> None:
    path, question = await asked_about_expired_points(bank, desk)
    await bank.press(path, on=question)
    await last_trace_is_as(bank, drawn(4, EXPIRED, "客户确认退还", deviating=deviating))


@pytest.mark.req("PTS-403")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_refund_that_is_given_up_ends_there(bank: Bank, desk: str, deviating: list[str]) -> None:
    path, question = await asked_about_expired_points(bank, desk)
    await bank.press(path, on=question, which=1)
    await last_trace_is_as(bank, drawn(4, EXPIRED, "客户取消操作", deviating=[*deviating, "PTS-403"]))


async def asked_about_expired_points(bank: Bank, desk: str) -> tuple[str, str]:
    """The page of a refund, and the question that its form leads to."""
    await bank.grant(100, days=SOON_DAYS)
    await bank.grant(200, days=LATE_DAYS)
    await bank.redeem()
    bank.clock.advance(seconds=SOON_DAYS * 86_400)
    path = f"{await bank.order_page(desk)}/refund"
    return path, (await bank.press(path)).content.decode()


@pytest.mark.req("PTS-104", "PTS-110")
async def test_a_manager_redeems_as_chain_b_is_drawn_and_asks_for_a_link(bank: Bank) -> None:
    await bank.grant(300, days=LATE_DAYS)
    await bank.redeem("crm")
    arrows = drawn(1, CHAIN_B, deviating=["PTS-110"])
    (trace,) = await bank.traces()
    assert differences(arrows, await bank.said(trace)) == []


@pytest.mark.req("PTS-202")
@pytest.mark.parametrize("desk", ["mobile", "phone"])
async def test_a_customer_is_brought_to_the_provider_as_drawn(bank: Bank, desk: str) -> None:
    await bank.linked(desk)
    await last_trace_is_as(bank, drawn(2, "手机银行渠道预约"))


@pytest.mark.req("PTS-203")
async def test_a_manager_shows_the_code_to_book_as_drawn(bank: Bank) -> None:
    await bank.linked("crm")
    await last_trace_is_as(bank, drawn(2, "CRM零售渠道预约"))


@pytest.mark.req("PTS-204", "PTS-205")
@pytest.mark.parametrize("desk", ["mobile", "phone", "crm"])
async def test_a_booking_in_time_is_as_drawn(bank: Bank, desk: str) -> None:
    await bank.press(await bank.linked(desk))
    assert (await bank.order()).status is Status.BOOKED
    await last_trace_is_as(bank, drawn(2, BY_PROVIDER, "20分钟内完成预约"))


@pytest.mark.req("PTS-206")
@pytest.mark.parametrize(
    ("desk", "told"), [("mobile", "手机银行/电话银行渠道"), ("phone", "手机银行/电话银行渠道"), ("crm", "CRM渠道")]
)
async def test_a_booking_that_is_too_late_is_as_drawn_for_each_channel(bank: Bank, desk: str, told: str) -> None:
    address = await bank.linked(desk)
    page = await bank.page(address)
    bank.pass_time(seconds=1200, provider_behind_s=120)
    await bank.press(address, on=page)
    assert (await bank.order()).status is Status.UNBOOKED
    await last_trace_is_as(bank, drawn(2, BY_PROVIDER, "超过20分钟权益码失效", told))


@pytest.mark.req("PTS-302", "PTS-304")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_cancellation_that_brings_all_back_is_as_drawn(bank: Bank, desk: str, deviating: list[str]) -> None:
    await bank.press(await bank.linked(desk))
    await bank.press(await bank.cancelling(desk))
    assert (await bank.order()).status is Status.CANCELLED
    await last_traces_are_as(bank, drawn(3, "不存在过期幸福点", deviating=deviating))


async def asked_whether_to_cancel(bank: Bank, desk: str) -> tuple[str, str]:
    await bank.grant(100, days=SOON_DAYS)
    await bank.grant(200, days=LATE_DAYS)
    await bank.redeem()
    await bank.press(await bank.using(desk))
    bank.pass_time(seconds=SOON_DAYS * 86_400)
    address = await bank.cancelling(desk)
    return address, (await bank.press(address)).content.decode()


@pytest.mark.req("PTS-301", "PTS-303")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_cancellation_with_expired_points_is_as_drawn(bank: Bank, desk: str, deviating: list[str]) -> None:
    address, question = await asked_whether_to_cancel(bank, desk)
    await bank.press(address, on=question)
    assert (await bank.order()).status is Status.CANCELLED
    await last_traces_are_as(bank, drawn(3, EXPIRED, "客户坚持取消", deviating=deviating))


@pytest.mark.req("PTS-303")
@pytest.mark.parametrize(("desk", "deviating"), [("mobile", []), ("phone", []), ("crm", ["PTS-307"])])
async def test_a_cancellation_that_is_given_up_is_as_drawn(bank: Bank, desk: str, deviating: list[str]) -> None:
    address, question = await asked_whether_to_cancel(bank, desk)
    await bank.press(address, on=question, which=1)
    assert (await bank.order()).status is Status.BOOKED
    await last_traces_are_as(bank, drawn(3, EXPIRED, "客户放弃取消", deviating=deviating))


@pytest.mark.req("PTS-501", "PTS-502")
async def test_a_completion_is_as_drawn(bank: Bank) -> None:
    await bank.press(await bank.linked("mobile"))
    assert (await bank.complete())["done"]
    await last_trace_is_as(bank, drawn(5, "订单状态为已预约(200)"))


@pytest.mark.req("PTS-502")
async def test_a_completion_after_a_cancellation_is_refused_as_drawn(bank: Bank) -> None:
    await bank.press(await bank.linked("mobile"))
    await bank.press(await bank.cancelling("mobile"))
    assert (await bank.complete())["message"] == "订单已取消,不支持完成操作"
    await last_trace_is_as(bank, drawn(5, "订单状态为已取消(400)"))


@pytest.mark.req("PTS-502")
async def test_a_second_completion_is_refused_as_drawn(bank: Bank) -> None:
    await bank.press(await bank.linked("mobile"))
    await bank.complete()
    assert (await bank.complete())["message"] == "订单已完成,请勿重复操作"
    await last_trace_is_as(bank, drawn(5, "订单状态为已完成(300)"))


@pytest.mark.req("PTS-702")
async def test_a_provider_fetches_and_compares_its_month_as_drawn(bank: Bank) -> None:
    """What the scheduler, the points system and the store of files say to each other is inside of the product."""
    await bank.press(await bank.linked("mobile"))
    await bank.complete()
    bank.pass_time(seconds=29 * 86_400)
    settled = await bank.scheduled("/v1/settlement-periods")
    control = bank.story.outside.control
    files = (await control("providers/airport/files"))["items"]
    assert [file["name"] for file in files] == settled["issued"]
    compared = await control("providers/airport/reconciliations", {"name": files[0]["name"], "month": "202601"})
    assert compared["clean"], compared["report"]
    *_, listed, fetched = await bank.traces()
    outside = {"ServiceProvider", "OpenPlatform"}
    arrows = [arrow for arrow in drawn(7) if {arrow.source, arrow.target} <= outside]
    assert differences(arrows, await bank.said(listed, fetched)) == []


@pytest.mark.req("PTS-602")
@pytest.mark.parametrize(
    ("days", "taken"), [(SOON_DAYS, "存在幸福点已过期"), (LATE_DAYS, "幸福点全部未过期")], ids=["some", "none"]
)
async def test_an_order_that_nobody_booked_expires_by_the_steps_drawn(bank: Bank, days: int, taken: str) -> None:
    await bank.grant(300, days=days)
    await bank.redeem()
    bank.clock.advance(seconds=90 * 86_400)
    trace = "0af7651916cd43dd8448eb211c80319c"
    headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01", "Idempotency-Key": "night"}
    assert (await bank.scheduled("/v1/benefit-expiry-runs", **headers))["expired"] == 1
    assert (await bank.order()).status is Status.EXPIRED
    async with bank.story.opsdesk.database.connection() as conn:
        steps = await own_steps(conn, trace, "扫描过期订单")
    arrows = [arrow for arrow in drawn(6, "遍历每笔过期订单", taken) if arrow.source == arrow.target == POINTS]
    assert differences(arrows, [(POINTS, POINTS, "self", step) for step in steps]) == []
