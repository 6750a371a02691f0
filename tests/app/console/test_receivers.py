"""The page of where results go, and of how the latest of them arrived."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.kit.clock import ManualClock
from opsdesk.review.applications import receivers
from tests.app.applied import configure
from tests.app.console.test_applications import FLOW_NO, come, decide, give_up
from tests.app.console.visiting import Visit, visit
from tests.app.serving import Api, serving

PATH = "/screening/reference/receivers"
URL = "https://credit.example.com/results"


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        await configure(api.installation.database)
        yield api


@pytest.fixture
async def risk(api: Api) -> Visit:
    return await visit(api, "risk_operator")


async def test_a_receiver_is_put_changed_and_switched_off(api: Api, risk: Visit) -> None:
    assert "No receiver yet" in (await risk.get(PATH)).text
    put = await risk.post(PATH, application="cash_loan", url=URL, secret="RESULTS_KEY")
    assert (put.status, put.location) == (303, PATH)
    assert f"{URL} RESULTS_KEY" in (await risk.get(PATH)).text
    form = await risk.get(f"{PATH}?application=cash_loan")
    assert f'value="{URL}"' in form.html
    assert '<option value="cash_loan" selected>' in form.html
    auditor = await visit(api, "auditor")
    read = await auditor.get(PATH)
    assert URL in read.text
    assert "<aside>" not in read.html
    assert (await auditor.post(PATH, application="cash_loan", url=URL)).status == 403
    assert (await auditor.post(f"{PATH}/remove", application="cash_loan")).status == 403
    assert (await risk.post(f"{PATH}/remove", application="cash_loan")).status == 303
    assert (await risk.post(f"{PATH}/remove", application="cash_loan")).status == 303
    async with api.installation.database.connection() as conn:
        assert await receivers.list_receivers(conn) == []


async def test_what_cannot_be_a_receiver_is_told_at_its_field_and_kept(risk: Visit) -> None:
    wrong = await risk.post(PATH, application="cash_loan", url="http://credit.example.com", secret="KEY")
    assert wrong.status == 422
    assert "http:// leads to an address of this machine only" in wrong.text
    assert "This begins with RESULTS_" in wrong.text
    assert 'value="http://credit.example.com"' in wrong.html
    chinese = await visit(risk.api, "risk_operator", language="zh-CN")
    assert "必须以 https:// 开头" in (await chinese.post(PATH, application="cash_loan", url="ftp://x")).text
    assert (await risk.post(PATH, application="\0", url=URL)).status == 422
    assert (await risk.get(f"{PATH}?application=unknown")).status == 200


async def test_the_latest_results_are_listed_and_sent_again_from_there(api: Api, risk: Visit) -> None:
    assert "No ticket of an application has ended yet." in (await risk.get(PATH)).text
    ticket = (await come(api))["ticket"]["id"]
    await decide(api, ticket)
    await give_up(api, ticket, "the secret RESULTS_KEY is not set")
    shown = await risk.get(PATH)
    assert f'href="/applications/{FLOW_NO}"' in shown.html
    assert "given up: 1" in shown.text
    assert "the secret RESULTS_KEY is not set" in shown.text
    sent = await risk.post(f"/tickets/{ticket}/result/send", next=shown.hidden("next"))
    assert (sent.status, sent.location) == (303, PATH)
    assert "about to be sent: 1" in (await risk.get(PATH)).text
    reviewer = await visit(api, "reviewer")
    assert "/result/send" not in (await reviewer.get(PATH)).html
