"""Orders over HTTP, as channels of the bank redeem, look at and refund them, and as they are described."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk import access
from opsdesk.kit.clock import ManualClock
from tests.app.described import DescribedApi, described
from tests.benefits.making import broken, furnish
from tests.points.moving import NOW, days, granted

PATH = "/v1/benefit-orders"
WISH = {"channel": "mobile", "customer_id": "C-1", "service": "lounge"}
NOTHING = "0190a0b0-0000-7000-8000-000000000001"


@pytest.fixture
async def api(database_url: str, tmp_path: Path) -> AsyncIterator[DescribedApi]:
    async with described(database_url, tmp_path, ManualClock(NOW)) as api:
        async with api.installation.database.transaction() as conn:
            await furnish(conn)
        yield api
        assert await broken(api.installation.database) == {}


@pytest.fixture
async def key(api: DescribedApi) -> str:
    return await api.key("benefits:order", "benefits:read", name="mobile-bank")


async def test_an_order_is_redeemed_looked_at_and_refunded_over_http(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 100)
    made = await api.post(PATH, WISH, key=key, once="1")
    assert made.status == 201, made.body
    again = await api.post(PATH, WISH, key=key, once="1")
    assert (again.status, again.body) == (201, made.body)
    one = f"{PATH}/{made.body['order_id']}"
    assert (await api.get(one, key=key)).body["benefit_code"] == made.body["benefit_code"]
    quote = await api.post(f"{one}/quotes", {}, key=key)
    assert (quote.status, quote.body["returned"], quote.body["message"]) == (201, 100, "")
    ended = await api.post(f"{one}/refunds", {"quote_id": quote.body["quote_id"]}, key=key, once="2")
    assert (ended.status, ended.body["message"]) == (201, "已退还100幸福点")
    shown = (await api.get(one, key=key)).body
    assert [step["status"] for step in shown["steps"]] == [100, 400]


@pytest.mark.req("PTS-105", "PTS-109", "PTS-807")
async def test_a_refusal_has_its_code_and_a_text_to_show(api: DescribedApi, key: str) -> None:
    refused = await api.post(PATH, WISH, key=key, once="1")
    error = refused.body["error"]
    assert (refused.status, error["code"], error["message"], error["retry"]) == (
        409,
        "points_short",
        "幸福点余额不足",
        False,
    )
    assert error["detail"]["message_en"].startswith("The customer has too few")
    other = await api.post(PATH, WISH | {"service": "dental"}, key=key, once="1")
    assert (other.status, other.code) == (422, "key_reused")
    stranger = await api.post(PATH, WISH | {"customer_id": "nobody"}, key=key, once="3")
    assert stranger.code == "customer_not_eligible"


async def test_a_list_of_customers_that_is_too_old_is_no_refusal_for_good(api: DescribedApi, key: str) -> None:
    clock = api.installation.clock
    assert isinstance(clock, ManualClock)
    await granted(api.installation.database, 100)
    clock.advance(seconds=days(5).total_seconds())
    refused = await api.post(PATH, WISH, key=key, once="1")
    assert (refused.status, refused.code, refused.body["error"]["retry"]) == (503, "CustomerListTooOld", True)


async def test_a_quote_that_went_stale_comes_back_with_a_new_one(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 100)
    one = f"{PATH}/{(await api.post(PATH, WISH, key=key, once='1')).body['order_id']}"
    stale = await api.post(f"{one}/refunds", {"quote_id": NOTHING}, key=key, once="2")
    assert (stale.status, stale.code) == (409, "quote_stale")
    new = stale.body["error"]["detail"]["quote"]["quote_id"]
    assert (await api.post(f"{one}/refunds", {"quote_id": new}, key=key, once="3")).status == 201
    late = await api.post(f"{one}/quotes", {}, key=key)
    assert (late.status, late.code) == (409, "already_cancelled")


async def test_orders_are_listed_page_by_page_and_by_what_they_are(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 1000)
    ids = [(await api.post(PATH, WISH, key=key, once=str(each))).body["order_id"] for each in range(3)]
    first = (await api.get(f"{PATH}?limit=2&customer_id=C-1&status=100&channel=mobile&service=lounge", key=key)).body
    rest = (await api.get(f"{PATH}?limit=2&provider=airport&cursor={first['next']}", key=key)).body
    assert [each["order_id"] for each in first["items"] + rest["items"]] == ids[::-1]
    assert rest["next"] is None
    since = "2026-01-05T10:00:00%2B08:00"
    assert len((await api.get(f"{PATH}?since={since}", key=key)).body["items"]) == 3
    assert (await api.get(f"{PATH}?until={since}&status=300", key=key)).body["items"] == []
    assert (await api.get(f"{PATH}?cursor=nonsense", key=key)).code == "BadCursor"


async def test_who_may_only_read_sees_the_end_of_the_code(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 100)
    made = (await api.post(PATH, WISH, key=key, once="1")).body
    reader = await api.key("benefits:read", name="reader")
    shown = (await api.get(f"{PATH}/{made['order_id']}", key=reader)).body["benefit_code"]
    assert shown == "*" * 12 + made["benefit_code"][-4:]
    assert (await api.post(PATH, WISH, key=reader, once="2")).status == 403
    assert (await api.get(f"{PATH}/{NOTHING}", key=reader)).code == "OrderUnknown"


async def test_the_way_that_a_request_came_is_kept_or_refused(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 100)
    headers = {"Opsdesk-Path": "Customer>MobileBank", "Idempotency-Key": "1"}
    made = await api.call("POST", PATH, key=key, json=WISH, headers=headers)
    steps = (await api.get(f"{PATH}/{made.body['order_id']}", key=key)).body["steps"]
    assert [step["path"] for step in steps] == ["Customer>MobileBank"]
    wrong = await api.call("POST", PATH, key=key, json=WISH, headers=headers | {"Opsdesk-Path": "a>>b"})
    assert (wrong.status, wrong.code) == (422, "RequestInvalid")


async def test_many_that_redeem_at_once_each_get_their_own_answer_and_evidence(api: DescribedApi, key: str) -> None:
    await granted(api.installation.database, 500)
    asked = [api.post(PATH, WISH, key=key, once=str(number)) for number in range(12)]
    answers = await asyncio.gather(*asked)
    made = [answer for answer in answers if answer.status == 201]
    assert sorted(answer.status for answer in answers) == [201] * 5 + [409] * 7
    assert sorted(answer.body["balance"] for answer in made) == [0, 100, 200, 300, 400]
    async with api.installation.database.connection() as conn:
        only = access.audit.EntryFilter(action="benefit.redeem")
        entries = {each.object_id: each.request_id for each in (await access.audit.list_entries(conn, only)).items}
    assert entries == {answer.body["order_id"]: answer.headers["X-Request-Id"] for answer in made}
