"""The pages of orders, customer lists and disputes."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.benefits.disputes import Dispute
from opsdesk.kit.clock import ManualClock
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving
from tests.benefits.desk import disputed

LIST = "customer_id,name,mobile,aum_fen\nC-1,王小明,13812345678,50000000\n"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.fixture
async def dispute(api: Api, clock: ManualClock) -> Dispute:
    found = await disputed(api.installation.database, now=clock.now())
    clock.advance(seconds=60)
    return found


@pytest.fixture
async def operator(api: Api) -> Visit:
    return await visit(api, "rewards_operator")


async def test_orders_are_found_by_what_they_are_and_by_their_number(operator: Visit, dispute: Dispute) -> None:
    path = "/benefits/orders"
    assert "C-1 Airport" not in (await operator.get(f"{path}?status=100")).text
    listed = await operator.get(f"{path}?status=400&service=lounge&provider=airport&channel=mobile&q=C-1")
    assert str(dispute.order_id) in listed.html
    assert "No order is like this" in (await operator.get(f"{path}?q=nobody")).text
    found = await operator.get(f"{path}?q={dispute.order_id}")
    assert found.location == f"{path}/{dispute.order_id}"
    assert "No order is like this" in (await operator.get(f"{path}?day_from=2027-01-01")).text
    assert (await operator.get(f"{path}?q={'x' * 201}")).status == 422


async def test_an_order_shows_its_steps_its_points_and_what_happened(operator: Visit, dispute: Dispute) -> None:
    shown = await operator.get(f"/benefits/orders/{dispute.order_id}")
    assert "100 not booked" in shown.text
    assert "400 cancelled" in shown.text
    assert "returned" in shown.text
    assert "************" in shown.text, "the code is not for whoever does not order"
    assert "13812345678" not in shown.html
    assert "王小明" not in shown.html
    assert "although it is cancelled" in shown.text
    assert '<svg xmlns="http://www.w3.org/2000/svg" class="sequence"' in shown.html
    assert "A cancelled order cannot be completed." in shown.html
    agent = await visit(operator.api, "support_agent", language="zh-CN")
    read = await agent.get(f"/benefits/orders/{dispute.order_id}")
    assert "王小明 13812345678" in read.text
    assert "选择权益服务发起兑换" in read.html
    drawn = await agent.get(f"/benefits/orders/{dispute.order_id}/trace.puml")
    assert drawn.html.startswith("@startuml")
    assert (await agent.get("/benefits/orders/0190a0b0-0000-7000-8000-000000000001")).status == 404


async def test_a_dispute_is_proposed_by_one_and_decided_by_another(operator: Visit, dispute: Dispute) -> None:
    path = f"/benefits/disputes/{dispute.dispute_id}"
    assert str(dispute.dispute_id) in (await operator.get("/benefits/disputes")).html
    assert (await operator.post(f"{path}/propose", proposal="pay", reason=" ")).status == 422
    assert (await operator.post(f"{path}/propose", proposal="", reason="x")).status == 422
    await operator.post(f"{path}/propose", proposal="pay", reason="the customer was there")
    assert "somebody else decides" in (await operator.get(path)).text
    assert (await operator.post(f"{path}/decide", proposal="pay")).location == path
    assert "somebody else decides" in (await operator.get(path)).text, "nobody decides what they proposed"
    admin = await visit(operator.api, "admin")
    await admin.post(f"{path}/decide", proposal="dismiss")
    assert "waits for another person" in (await admin.get(path)).text, "that was not proposed"
    await admin.post(f"{path}/decide", proposal="pay")
    assert "decided" in (await admin.get(path)).text
    assert "No dispute is open" in (await operator.get("/benefits/disputes")).text
    assert str(dispute.dispute_id) in (await operator.get("/benefits/disputes?show=all")).html


async def test_a_list_of_customers_is_loaded_or_its_wrong_line_is_told(operator: Visit) -> None:
    path = "/benefits/customers"
    assert "Nobody can redeem until a list is loaded." in (await operator.get(path)).text
    loaded = await operator.upload(path, "customers.csv", LIST.encode(), day="2026-01-05")
    assert loaded.location == path
    assert "2026-01-05 1 2026-01-05" in (await operator.get(path)).text
    again = await operator.upload(path, "customers.csv", LIST.encode(), day="2026-01-05")
    assert "There is a list of 2026-01-05 already" in again.text
    wrong = (LIST + "C-2,x,1,many\n").encode()
    told = await operator.upload(path, "customers.csv", wrong, day="2026-01-05")
    assert (told.status, "Line 3: aum_fen has to be whole fen." in told.text) == (422, False)
    for content in (b"\xff\xfe", b"a,b\n", b""):
        assert (await operator.upload(path, "customers.csv", content, day="2026-01-05")).status == 422
    assert "Choose a file." in (await operator.post(path, day="2026-01-05")).text
    assert "This is no day." in (await operator.post(path, day="soon")).text
    auditor = await visit(operator.api, "auditor")
    assert "Load a list" not in (await auditor.get(path)).text
    assert (await auditor.post(path, day="2026-01-05")).status == 403


async def test_the_line_that_is_wrong_is_named_in_the_language_of_who_loads(operator: Visit) -> None:
    wrong = (LIST + "C-2,x,1,many\n").encode()
    told = await operator.upload("/benefits/customers", "customers.csv", wrong, day="2026-01-05")
    assert "Line 3: aum_fen has to be whole fen." in told.text
    chinese = await visit(operator.api, "rewards_operator", language="zh-CN")
    told = await chinese.upload("/benefits/customers", "customers.csv", wrong, day="2026-01-05")
    assert "第 3 行：aum_fen 须为整数（分）。" in told.text
