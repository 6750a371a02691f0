"""A provider in the sandbox: its page opens links, its button books, and every arrow is noted.

What the bank answers is said by the test: its rules are tested where they are.
"""

import re
import struct
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from tests.sandbox.outside import Outside, enter_sandbox

CODE, PROVIDER, SECRET = "0123456789ABCDEF", "spa-one", bytes(32)
ORDER = {"benefit_code": CODE, "service": "spa", "status": 200, "settle_fen": 5000}
QUOTE = {"quote_id": "0f0e0d0c-q", "points": 100, "returned": 60, "forfeited": 40, "message": "是否继续取消?"}


class Bank:
    """The open platform as an address: notes what it is asked, and answers what a test says."""

    def __init__(self, agreement: X25519PublicKey) -> None:
        self._to = agreement
        self.asked: list[tuple[str, dict[str, str], Any]] = []
        self.answers: dict[str, tuple[int, dict[str, Any]]] = {}

    def application(self) -> web.Application:
        application = web.Application()
        application.router.add_get("/open/v1/link-keys/1", self._key)
        application.router.add_route("*", "/{path:.*}", self._answer)
        return application

    async def _key(self, _request: web.Request) -> web.Response:
        ephemeral, info = X25519PrivateKey.generate(), f"opsdesk/link-key/v1|{PROVIDER}|1".encode()
        secret = HKDF(SHA256(), length=32, salt=None, info=info).derive(ephemeral.exchange(self._to))
        public = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        sealed = bytes(12) + AESGCM(secret).encrypt(bytes(12), SECRET, info)
        parts = {"ephemeral": b64encode(public).decode(), "sealed": b64encode(sealed).decode()}
        return web.json_response({"kid": 1, "profile": "gcm", **parts})

    async def _answer(self, request: web.Request) -> web.Response:
        body = await request.json() if request.can_read_body else None
        self.asked.append((request.path, {name.lower(): value for name, value in request.headers.items()}, body))
        status, answer = self.answers.get(request.path, (201, ORDER))
        return web.json_response(answer, status=status)

    def keys_at(self, path: str) -> list[str]:
        return [headers["idempotency-key"] for asked, headers, _body in self.asked if asked == path]


def link(*, purpose: int = 1, channel: int = 1, expires_in_s: int = 1200) -> str:
    now = int(time.time())
    head = struct.pack(">BBHI", 1, purpose, 1, now + expires_in_s)
    plain = struct.pack(">16sBI8s", CODE.encode(), channel, now, bytes(8)) + b"spa"
    sealed = AESGCM(SECRET).encrypt(bytes(12), plain, head + PROVIDER.encode())
    return urlsafe_b64encode(head + bytes(12) + sealed).rstrip(b"=").decode()


@pytest.fixture
async def bank(outside: Outside) -> AsyncIterator[Bank]:
    keys = await outside.control(f"providers/{PROVIDER}/keys")
    agreement = load_pem_public_key(keys["agreement"].encode())
    assert isinstance(agreement, X25519PublicKey)
    bank = Bank(agreement)
    runner = web.AppRunner(bank.application(), access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    account = {"provider": PROVIDER, "name": "一号康养", "bank_url": url, "key_id": "pk_0123456789abcdef"}
    await outside.control("providers", {**account, "services": {"spa": {"name": "温泉", "settle_fen": 5000}}})
    yield bank
    await runner.cleanup()


async def seen(outside: Outside, path: str, **query: str) -> str:
    url = f"{outside.sandbox.provider_url}{PROVIDER}{path}"
    async with outside.session.get(url, params=query) as response:
        assert response.status == 200
        return await response.text()


async def pressed(outside: Outside, page: str, action: str) -> str:
    """Send the form of a page that leads to `action`."""
    form = re.search(rf'action="(/provider/{PROVIDER}/{action})">(.*?)</form>', page)
    assert form is not None, page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    url = f"{outside.sandbox.provider_url.removesuffix('/provider/')}{form[1]}"
    async with outside.session.post(url, data=fields) as response:
        return await response.text()


async def labels(outside: Outside) -> list[str]:
    return [f"{hop['source']}>{hop['target']} {hop['label']}" for hop in (await outside.control("hops"))["items"]]


@pytest.mark.req("PTS-204", "PTS-205")
async def test_the_page_shows_the_service_and_its_button_books(outside: Outside, bank: Bank) -> None:
    page = await seen(outside, "/", request=link())
    assert "温泉" in page
    assert "0123 4567 89AB CDEF" in page
    assert "预约成功" in await pressed(outside, page, "use")
    path, headers, body = bank.asked[-1]
    assert (path, body["benefit_code"], body["service"]) == ("/open/v1/bookings", CODE, "spa")
    assert headers["opsdesk-path"] == "Customer>ServiceProvider"
    own = await outside.control(f"providers/{PROVIDER}/orders")
    assert [(each["benefit_code"], each["status"]) for each in own["items"]] == [(CODE, 200)]
    assert await labels(outside) == [
        "Customer>ServiceProvider 点击链接/扫码进入服务商页面【request字段携带加密数据】",
        "ServiceProvider>ServiceProvider AES解密request字段",
        "ServiceProvider>ServiceProvider 获取权益码、服务类型参数",
        'Customer>ServiceProvider 客户点击"使用"按钮',
        "ServiceProvider>OpenPlatform 调用服开平台预约接口",
        "OpenPlatform>ServiceProvider 返回预约成功",
        "ServiceProvider>Customer 显示预约成功",
    ]


async def test_the_same_press_sent_twice_has_one_key(outside: Outside, bank: Bank) -> None:
    page = await seen(outside, "/", request=link())
    await pressed(outside, page, "use")
    await pressed(outside, page, "use")
    assert len(set(bank.keys_at("/open/v1/bookings"))) == 1
    assert bank.keys_at("/open/v1/bookings")[0] != ""


@pytest.mark.req("PTS-206")
@pytest.mark.parametrize(
    ("channel", "prompt"),
    [
        (1, "当前页面停留时间过长,请您重新进入该页面"),
        (2, "当前页面停留时间过长,请您重新进入该页面"),
        (3, "二维码20分钟内有效,现已超时失效,请联系理财经理重新生成二维码!"),
    ],
)
async def test_a_link_that_is_over_shows_the_words_of_its_channel(
    outside: Outside, bank: Bank, channel: int, prompt: str
) -> None:
    assert prompt in await seen(outside, "/", request=link(channel=channel, expires_in_s=0))
    assert [path for path, _headers, _body in bank.asked if path == "/open/v1/bookings"] == []


async def test_a_link_that_was_changed_or_is_for_something_else_is_not_taken(outside: Outside, bank: Bank) -> None:
    for request in (link()[:-2], "x" + link()[1:], link(purpose=2), ""):
        assert "链接无效" in await seen(outside, "/", request=request)


@pytest.mark.req("PTS-303")
async def test_a_customer_who_would_lose_points_is_asked_and_may_go_on(outside: Outside, bank: Bank) -> None:
    bank.answers["/open/v1/quotes"] = (201, QUOTE)
    bank.answers["/open/v1/cancellations"] = (201, {"status": 400, "returned": 60, "forfeited": 40})
    page = await seen(outside, "/cancel", request=link(purpose=2))
    asked = await pressed(outside, page, "cancel")
    assert "是否继续取消?" in asked
    assert "取消成功 已退还60幸福点" in await pressed(outside, asked, "insist")
    assert bank.asked[-1][2]["quote_id"] == QUOTE["quote_id"]
    own = await outside.control(f"providers/{PROVIDER}/orders")
    assert [each["status"] for each in own["items"]] == [400]


@pytest.mark.req("PTS-303")
async def test_a_customer_who_would_lose_points_may_leave_it(outside: Outside, bank: Bank) -> None:
    bank.answers["/open/v1/quotes"] = (201, QUOTE)
    asked = await pressed(outside, await seen(outside, "/cancel", request=link(purpose=2)), "cancel")
    assert "温泉" in await pressed(outside, asked, "abandon")
    assert bank.keys_at("/open/v1/cancellations") == []
    assert "ServiceProvider>Customer 返回服务详情页" in await labels(outside)


@pytest.mark.req("PTS-304")
async def test_a_customer_who_loses_nothing_is_not_asked(outside: Outside, bank: Bank) -> None:
    bank.answers["/open/v1/quotes"] = (201, QUOTE | {"returned": 100, "forfeited": 0})
    bank.answers["/open/v1/cancellations"] = (201, {"status": 400, "returned": 100, "forfeited": 0})
    page = await seen(outside, "/cancel", request=link(purpose=2))
    assert "取消成功 已退还全部幸福点" in await pressed(outside, page, "cancel")
    assert "ServiceProvider>OpenPlatform 直接调用取消接口" in await labels(outside)


@pytest.mark.req("PTS-305")
async def test_a_quote_that_went_stale_is_asked_anew_with_another_key(outside: Outside, bank: Bank) -> None:
    newer = QUOTE | {"quote_id": "ffffffff-q", "returned": 10, "forfeited": 90}
    bank.answers["/open/v1/quotes"] = (201, QUOTE)
    refusal = {"code": "quote_stale", "message": "退还明细已变化", "retry": False, "detail": {"quote": newer}}
    bank.answers["/open/v1/cancellations"] = (409, {"error": refusal})
    asked = await pressed(outside, await seen(outside, "/cancel", request=link(purpose=2)), "cancel")
    again = await pressed(outside, asked, "insist")
    assert "<dd>90</dd>" in again
    await pressed(outside, again, "insist")
    assert len(set(bank.keys_at("/open/v1/cancellations"))) == 2


@pytest.mark.parametrize("fault", ["lost", "duplicated", "reset"])
async def test_a_fault_of_the_line_is_asked_again_with_the_same_key(outside: Outside, bank: Bank, fault: str) -> None:
    await outside.script("provider", "/open/v1/bookings", PROVIDER, fault, times=1)
    assert "预约成功" in await pressed(outside, await seen(outside, "/", request=link()), "use")
    keys = bank.keys_at("/open/v1/bookings")
    assert len(keys) == {"lost": 2, "duplicated": 3, "reset": 1}[fault]
    assert len(set(keys)) == 1


async def test_a_bank_that_never_answers_leaves_a_button_to_ask_again(outside: Outside, bank: Bank) -> None:
    bank.answers["/open/v1/bookings"] = (503, {"error": {"code": "Busy", "message": "", "retry": True}})
    page = await seen(outside, "/", request=link())
    unknown = await pressed(outside, page, "use")
    assert "处理结果未知" in unknown
    bank.answers.clear()
    assert "预约成功" in await pressed(outside, unknown, "use")
    assert len(set(bank.keys_at("/open/v1/bookings"))) == 1


@pytest.mark.req("PTS-502")
async def test_a_service_that_was_performed_is_told_in_the_background(outside: Outside, bank: Bank) -> None:
    await pressed(outside, await seen(outside, "/", request=link()), "use")
    where = f"providers/{PROVIDER}/completions"
    told = await outside.control(where, {"benefit_code": CODE, "completed_at": "202512211030"})
    assert (told["done"], told["message"]) == (True, "服务已完成")
    assert bank.asked[-1][2]["completed_at"] == "20251221103000"
    assert (await labels(outside))[-4:] == [
        "ServiceProvider>ServiceProvider 服务商为客户完成服务",
        "ServiceProvider>OpenPlatform 后台调用服开平台请求服务完成",
        "OpenPlatform>ServiceProvider 返回完成结果",
        "ServiceProvider>ServiceProvider 记录完成状态",
    ]


async def test_a_page_of_another_name_is_not_served(outside: Outside, bank: Bank) -> None:
    url = f"{outside.sandbox.provider_url}nobody/"
    async with outside.session.get(url) as response:
        assert response.status == 404
    async with outside.session.get(f"{outside.sandbox.provider_url}{PROVIDER}/", headers={"Host": "x"}) as response:
        assert response.status == 421


async def test_the_clock_moves_where_its_file_is_known(tmp_path: Path) -> None:
    file = tmp_path / "clock"
    async with enter_sandbox(tmp_path / "sandbox", clock_file=file) as outside:
        assert (await outside.control("clock", {"advance_s": 1200}))["offset_s"] == 1200
        assert (await outside.control("clock", {"advance_s": 0.5}))["offset_s"] == 1200.5
    assert float(file.read_text(encoding="ascii")) == 1200.5


async def test_the_clock_stays_where_nobody_knows_its_file(outside: Outside) -> None:
    assert (await outside.control("clock"))["can_move"] is False
    url = f"{outside.sandbox.control_url}/control/clock"
    async with outside.session.post(url, json={"advance_s": 1}) as response:
        assert response.status == 409
