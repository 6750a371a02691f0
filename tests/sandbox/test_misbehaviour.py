"""Behaviours by script: for every partner, for one customer or everybody, for so many calls."""

import aiohttp
import pytest

from opsdesk.sandbox.bank.esb import CARRIES_OUT
from opsdesk.sandbox.behaviours import VERDICTS, Behaviour
from opsdesk.sandbox.misbehaviour import MISDEEDS
from tests.sandbox.outside import ASSIGN, CRM, EMAIL, IDENTITY, KYC, PLATFORM, REGISTER, SEND, VERIFY, Outside

ACCOUNT = {"customer_id": "cus_1", "account_id": "acc_1"}
LIN = {"name": "Lin", "email": "customer@example.com", "phone": "138"}


def test_every_behaviour_is_a_verdict_a_misdeed_or_a_way_of_the_bus() -> None:
    assert MISDEEDS | set(VERDICTS) | CARRIES_OUT == set(Behaviour)
    assert not MISDEEDS & set(VERDICTS)


@pytest.mark.parametrize(("host", "path"), [(PLATFORM, REGISTER), (PLATFORM, VERIFY), (EMAIL, SEND), (CRM, ASSIGN)])
async def test_any_partner_can_be_told_to_be_down(outside: Outside, host: str, path: str) -> None:
    await outside.script(host, path, "*", "down")
    tokens = {"Authorization": f"Bearer {outside.sandbox.secrets['EMAIL_SERVICE_KEY']}"}
    assert (await outside.post(host, path, {}, **tokens)).status == 500


async def test_a_script_lasts_for_as_many_calls_as_it_says(outside: Outside) -> None:
    await outside.script(CRM, ASSIGN, "*", "flaky", times=3)
    assert [(await outside.post(CRM, ASSIGN, ACCOUNT)).status for _call in range(4)] == [503, 503, 503, 200]


async def test_a_script_for_one_customer_leaves_the_others_alone(outside: Outside) -> None:
    lin, mo = await outside.register("Lin"), await outside.register("Mo")
    await outside.script(KYC, IDENTITY, "Lin", "watchlisted")
    await outside.script(KYC, IDENTITY, "*", "lowscore")
    assert (await outside.identity(lin)).json["watchlist_match"] is True
    assert (await outside.identity(mo)).json["kyc_score"] == 0.41


async def test_a_removed_script_leaves_the_usual_answer(outside: Outside) -> None:
    await outside.script(CRM, ASSIGN, "*", "down")
    await outside.script(CRM, ASSIGN, "*", None)
    assert (await outside.post(CRM, ASSIGN, ACCOUNT)).status == 200


async def test_a_script_comes_before_the_name(outside: Outside) -> None:
    customer_id = await outside.register("Customer Down")
    await outside.script(KYC, IDENTITY, "Customer Down", "clear", times=1)
    assert [(await outside.identity(customer_id)).status for _call in range(2)] == [200, 500]


async def test_a_given_answer_is_given_as_it_is(outside: Outside) -> None:
    await outside.script(CRM, ASSIGN, "*", "answer", status=201, body=["no", "object"])
    reply = await outside.post(CRM, ASSIGN, ACCOUNT)
    assert (reply.status, reply.json) == (201, ["no", "object"])


async def test_a_wait_can_be_asked_for_in_seconds(outside: Outside) -> None:
    await outside.script(CRM, ASSIGN, "*", "busy", retry_after_s=7)
    assert (await outside.post(CRM, ASSIGN, ACCOUNT)).headers["Retry-After"] == "7"


async def test_a_lost_registration_is_found_again_under_its_key(outside: Outside) -> None:
    await outside.script(PLATFORM, REGISTER, "*", "lost")
    with pytest.raises(aiohttp.ClientOSError):
        await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k")
    assert (await outside.post(PLATFORM, REGISTER, LIN, Idempotency_Key="k")).status == 201
    (call,) = await outside.calls(path=REGISTER)
    assert (call["count"], call["performed"]) == (2, 1)


async def test_a_malformed_verdict_is_thought_over_under_the_same_key(outside: Outside) -> None:
    customer_id = await outside.register("Lin")
    await outside.script(KYC, IDENTITY, "Lin", "nullscore", times=1)
    assert (await outside.identity(customer_id, Idempotency_Key="k")).json["kyc_score"] is None
    assert (await outside.identity(customer_id, Idempotency_Key="k")).json["kyc_score"] == 0.93
