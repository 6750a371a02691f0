"""Managers in turn."""

from opsdesk.sandbox.crm import CSM_COUNT
from tests.sandbox.outside import ASSIGN, CRM, Outside


async def _assign(outside: Outside, account_id: str) -> str:
    reply = await outside.post(CRM, ASSIGN, {"customer_id": "cus_1", "account_id": account_id})
    return str(reply.json["csm_name"])


async def test_accounts_are_given_to_managers_in_turn(outside: Outside) -> None:
    names = [await _assign(outside, f"acc_{number}") for number in range(CSM_COUNT + 1)]
    assert names == [*(f"CSM {number + 1}" for number in range(CSM_COUNT)), "CSM 1"]


async def test_an_account_keeps_the_manager_it_was_given(outside: Outside) -> None:
    first = await _assign(outside, "acc_1")
    await _assign(outside, "acc_2")
    assert await _assign(outside, "acc_1") == first


async def test_an_account_is_needed_for_a_manager(outside: Outside) -> None:
    assert (await outside.post(CRM, ASSIGN, {"customer_id": "cus_1"})).status == 422
