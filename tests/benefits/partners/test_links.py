"""Links are given out for orders, and judged by the bank's clock when they come back."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from opsdesk import access
from opsdesk.benefits.messages import text
from opsdesk.benefits.model import Answer, Channel, Order
from opsdesk.benefits.partners import links
from opsdesk.benefits.partners.errors import LinkKeyExhausted, LinkKeyMissing, PartnerUnknown
from opsdesk.benefits.partners.link_keys import LINKS_MAX, OPENS_AFTER_S, opening_key
from opsdesk.benefits.partners.links import IssuedLink, Link
from opsdesk.benefits.partners.tokens import Content, Profile, Purpose, derive_key, open_token, seal
from opsdesk.kit.db import Database
from tests.benefits.making import an_order, booked, cancelled, completed, read, refunded
from tests.benefits.partners.partnering import (
    AIRPORT,
    CLINIC,
    LIVES,
    MASTER,
    a_partner,
    acknowledged,
    asked_for_link,
    issued,
    judged,
    put,
    rotated,
)
from tests.points.moving import NOW

MOMENT = timedelta(microseconds=1)


def code_of(answer: object) -> str:
    assert isinstance(answer, Answer), answer
    return answer.code


@pytest.mark.req("PTS-202")
async def test_a_link_leads_to_the_page_with_what_the_provider_can_read(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    link = await issued(bank, order)
    assert link.url.startswith("https://airport.example.com/use?request=")
    assert parse_qs(urlsplit(link.url).query)["request"] == [link.request]
    keys = {1: derive_key(MASTER, provider="airport", kid=1, profile=Profile.GCM)}
    content = open_token(link.request, keys=keys, purpose=Purpose.BOOKING, now=NOW)
    assert isinstance(content, Content)
    assert (content.benefit_code, content.service, content.channel) == (order.benefit_code, "lounge", Channel.MOBILE)


async def test_a_page_that_has_a_query_keeps_it(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    await booked(bank, order)
    link = await issued(bank, await read(bank, order), purpose=Purpose.CANCELLATION)
    assert link.url == f"https://airport.example.com/cancel?lang=zh&request={link.request}"


@pytest.mark.parametrize("profile", list(Profile))
@pytest.mark.req("PTS-209")
async def test_a_link_holds_until_exactly_twenty_minutes_are_over(bank: Database, profile: Profile) -> None:
    await a_partner(bank, profile=profile, is_legacy_allowed=True)
    link = await issued(bank, await an_order(bank))
    assert await judged(bank, link.request, now=NOW + LIVES - MOMENT) == link.link
    assert code_of(await judged(bank, link.request, now=NOW + LIVES)) == "link_expired"


@pytest.mark.req("PTS-209")
async def test_grace_is_a_setting_of_the_partner_and_none_unless_set(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    await put(bank, grace_s=30)
    assert isinstance(await judged(bank, link.request, now=NOW + LIVES + timedelta(seconds=30) - MOMENT), Link)
    assert code_of(await judged(bank, link.request, now=NOW + LIVES + timedelta(seconds=30))) == "link_expired"


@pytest.mark.parametrize(
    ("channel", "prompt"),
    [
        (Channel.MOBILE, "当前页面停留时间过长,请您重新进入该页面"),
        (Channel.PHONE, "当前页面停留时间过长,请您重新进入该页面"),
        (Channel.CRM, "二维码20分钟内有效,现已超时失效,请联系理财经理重新生成二维码!"),
    ],
)
@pytest.mark.req("PTS-206", "PTS-210")
async def test_a_link_that_is_too_old_says_what_to_show_by_where_it_came_from(
    bank: Database, channel: Channel, prompt: str
) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    link = await issued(bank, order, channel=channel)
    found = await judged(bank, link.request, now=NOW + LIVES, order=order)
    assert isinstance(found, Answer)
    assert found.body["message"] == "权益码已失效"
    assert (found.body["channel"], found.body["prompt"]) == (channel, prompt)


@pytest.mark.req("PTS-207", "PTS-208", "PTS-211")
async def test_an_order_has_any_number_of_links_and_its_code_stays(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    first, second = await issued(bank, order), await issued(bank, order, now=NOW + LIVES)
    assert first.request != second.request
    assert (await read(bank, order)).benefit_code == order.benefit_code
    third = await issued(bank, order, now=NOW + LIVES)
    for link in (second, third):
        assert isinstance(await judged(bank, link.request, now=NOW + LIVES), Link)


@pytest.mark.req("PTS-211")
async def test_where_only_the_newest_link_counts_the_one_before_does_not(bank: Database) -> None:
    await a_partner(bank, is_newest_only=True)
    order = await an_order(bank)
    first, second = await issued(bank, order), await issued(bank, order)
    found = await judged(bank, first.request)
    assert isinstance(found, Answer)
    assert (found.code, found.body["why"]) == ("link_expired", "newer_link")
    assert await judged(bank, second.request) == second.link


@pytest.mark.req("PTS-306")
async def test_a_link_for_booking_is_none_for_cancelling(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    found = await judged(bank, link.request, purpose=Purpose.CANCELLATION)
    assert isinstance(found, Answer)
    assert (found.code, found.body["fault"]) == ("link_invalid", "wrong_purpose")


@pytest.mark.req("PTS-306")
async def test_a_link_for_cancelling_holds_as_long_as_one_for_booking(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    await booked(bank, order)
    link = await issued(bank, await read(bank, order), purpose=Purpose.CANCELLATION)
    before, then = [
        await judged(bank, link.request, purpose=Purpose.CANCELLATION, now=now)
        for now in (NOW + LIVES - MOMENT, NOW + LIVES)
    ]
    assert before == link.link
    assert code_of(then) == "link_expired"


@pytest.mark.req("PTS-214")
async def test_the_link_of_another_provider_is_not_theirs(bank: Database) -> None:
    await a_partner(bank)
    await a_partner(bank, CLINIC)
    link = await issued(bank, await an_order(bank))
    assert code_of(await judged(bank, link.request, provider="clinic")) == "not_yours"


async def test_the_link_of_another_order_does_not_book_this_one(bank: Database) -> None:
    await a_partner(bank)
    one, other = await an_order(bank), await an_order(bank)
    link = await issued(bank, one)
    found = await judged(bank, link.request, order=other)
    assert isinstance(found, Answer)
    assert (found.code, found.body["fault"]) == ("link_invalid", "other_order")


async def test_what_a_partner_seals_itself_is_no_link(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    key = derive_key(MASTER, provider="airport", kid=1, profile=Profile.GCM)
    content = Content(order.benefit_code, order.service, Channel.MOBILE, int(NOW.timestamp()), bytes(8))
    made = seal(key, content, purpose=Purpose.BOOKING, expires_at=int(NOW.timestamp()) + 1200)
    found = await judged(bank, made, order=order)
    assert isinstance(found, Answer)
    assert (found.code, found.body["fault"]) == ("link_invalid", "never_issued")


@pytest.mark.parametrize("request_text", ["", "nonsense", "é" * 100, "2.1.1.1.AAAA.AAAA", "A" * 90])
async def test_what_is_no_token_is_invalid(bank: Database, request_text: str) -> None:
    await a_partner(bank)
    assert code_of(await judged(bank, request_text)) == "link_invalid"


@pytest.mark.req("PTS-209")
async def test_without_a_token_the_newest_link_counts_where_that_is_agreed(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    await issued(bank, order)
    newest = await issued(bank, order, now=NOW + LIVES / 2)
    assert code_of(await judged(bank, None, order=order)) == "link_invalid"
    await put(bank, is_token_optional=True)
    assert await judged(bank, None, order=order, now=NOW + LIVES * 1.5 - MOMENT) == newest.link
    assert code_of(await judged(bank, None, order=order, now=NOW + LIVES * 1.5)) == "link_expired"


async def test_without_a_token_and_without_a_link_nothing_is_booked(bank: Database) -> None:
    await a_partner(bank, is_token_optional=True)
    assert code_of(await judged(bank, None, order=await an_order(bank))) == "link_invalid"
    assert code_of(await judged(bank, None)) == "link_invalid"


async def after(bank: Database, *, state: str) -> Order:
    order = await an_order(bank)
    match state:
        case "refunded":
            await refunded(bank, order)
        case "booked":
            await booked(bank, order)
        case "completed":
            await booked(bank, order)
            await completed(bank, order)
        case "cancelled":
            await booked(bank, order)
            await cancelled(bank, order)
    return await read(bank, order)


@pytest.mark.parametrize(
    ("state", "purpose", "code"),
    [
        ("booked", Purpose.BOOKING, "already_booked"),
        ("completed", Purpose.BOOKING, "order_completed"),
        ("cancelled", Purpose.BOOKING, "order_cancelled"),
        ("refunded", Purpose.BOOKING, "order_cancelled"),
        ("redeemed", Purpose.CANCELLATION, "cancel_unbooked"),
        ("completed", Purpose.CANCELLATION, "cancel_completed"),
        ("cancelled", Purpose.CANCELLATION, "already_cancelled"),
    ],
)
@pytest.mark.req("PTS-212")
async def test_no_link_is_given_out_for_an_order_in_another_state(
    bank: Database, state: str, purpose: Purpose, code: str
) -> None:
    await a_partner(bank)
    assert code_of(await asked_for_link(bank, await after(bank, state=state), purpose=purpose)) == code


@pytest.mark.req("PTS-212")
async def test_a_link_for_booking_is_given_out_until_the_order_expires(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    assert isinstance(await asked_for_link(bank, order, now=order.expire_at - MOMENT), IssuedLink)
    assert code_of(await asked_for_link(bank, order, now=order.expire_at)) == "order_expired"


async def test_without_a_partner_or_its_key_there_are_no_links(bank: Database) -> None:
    order = await an_order(bank)
    with pytest.raises(PartnerUnknown):
        await issued(bank, order)
    await put(bank, AIRPORT)
    await rotated(bank)
    with pytest.raises(LinkKeyMissing):
        await issued(bank, order)


async def test_each_link_is_in_the_audit_chain(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    async with bank.connection() as conn:
        entries = await access.audit.entries_about(conn, object_kind="benefit_link", object_id=str(link.link.link_no))
    assert [each.entry.action for each in entries] == ["benefit_link.issue"]
    assert (link.link.trace_id, link.link.path) == ("0" * 31 + "2", "Customer>MobileBank")


async def test_a_key_seals_as_many_links_as_it_may_and_not_one_more(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    first = await issued(bank, order)
    async with bank.transaction() as conn:
        values = {"before": first.link.link_no + 1 - LINKS_MAX}
        await conn.execute(b"update benefit_link_key set links_before = %(before)s", values)
    await issued(bank, order)
    with pytest.raises(LinkKeyExhausted):
        await issued(bank, order)


async def test_a_link_of_a_destroyed_key_is_told_to_be_too_old(bank: Database) -> None:
    await a_partner(bank)
    link = await issued(bank, await an_order(bank))
    await rotated(bank)
    await acknowledged(bank, 2)
    later = NOW + timedelta(seconds=OPENS_AFTER_S)
    async with bank.connection() as conn:
        assert await opening_key(conn, "airport", 1, master=MASTER, now=later) == {1: None}
    assert code_of(await judged(bank, link.request, now=later)) == "link_expired"


@pytest.mark.req("PTS-205", "PTS-209")
async def test_a_booking_asks_for_the_link_while_the_order_is_locked(bank: Database) -> None:
    await a_partner(bank)
    order = await an_order(bank)
    link = await issued(bank, order)
    judge = links.judging(link.request, purpose=Purpose.BOOKING, master=MASTER)
    assert (await booked(bank, order, link=judge, now=NOW + LIVES)).code == "link_expired"
    assert (await booked(bank, order, link=judge, now=NOW + LIVES - MOMENT)).is_ok
    assert (await booked(bank, order, link=judge)).code == "already_booked"


@pytest.mark.req("PTS-206")
def test_the_texts_for_links_that_are_over_are_those_of_the_drawing() -> None:
    assert text("link_expired") == "权益码已失效"
