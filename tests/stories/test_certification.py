"""A provider's integration is certified against the real open platform, on a clock that the cases move."""

import asyncio
import json
import re
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from opsdesk.app.http import http_api
from opsdesk.app.server import listening_on, serve_app
from opsdesk.app.wiring import open_app
from opsdesk.benefits import catalogue, customers
from opsdesk.benefits.customers import CustomerLine
from opsdesk.benefits.partners import keys, link_keys, partner
from opsdesk.benefits.partners.keys import Algorithm
from opsdesk.benefits.partners.partner import Partner
from opsdesk.benefits.rules import BUSINESS_ZONE, business_day
from opsdesk.benefits.settlement.notices import SIGNATURE, signed
from opsdesk.kit.settings import Settings
from opsdesk.sandbox.provider.clock import SharedClock
from opsdesk_partner import verify_webhook
from opsdesk_partner.cli import main
from opsdesk_partner.errors import SignatureError
from tests.actors import actor
from tests.app.serving import Api
from tests.sandbox.outside import Outside, enter_sandbox

CUSTOMER, PROVIDER, OTHER = "C-1", "spa-one", "spa-two"
ALGORITHMS = {"signing": Algorithm.ED25519, "agreement": Algorithm.X25519}


class FileClock:
    """The business time by the file that the sandbox moves, without the tenth of a second that a process may lag."""

    def __init__(self, file: Path) -> None:
        self._shared = SharedClock(file)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._shared(), UTC)

    def moved(self, moment: datetime) -> datetime:
        return moment + timedelta(seconds=self._shared.offset_s())


@dataclass
class Scene:
    api: Api
    outside: Outside
    folder: Path
    key: str

    async def certify(self, *more: str) -> tuple[int, list[dict[str, Any]]]:
        """The exit status, and what was told of each case."""
        options = ["--against", self.api.url, "--control", self.outside.sandbox.control_url]
        options += ["--api-key-file", str(self.folder / "api.key"), "--customer", CUSTOMER, "--service", "spa"]
        words = ["--config", str(self.folder / "partner.toml"), "certify", *options, "--other-service", "gym", "--json"]
        program = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "opsdesk_partner.cli",
            *words,
            *more,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parent,
        )
        out, _ = await program.communicate()
        assert program.returncode is not None
        return program.returncode, [json.loads(line) for line in out.splitlines()]


@pytest.fixture
async def scene(tmp_path: Path, database_url: str) -> AsyncIterator[Scene]:
    file = tmp_path / "clock"
    clock = FileClock(file)
    async with (
        serving_by_name(database_url, tmp_path / "data", clock) as api,
        enter_sandbox(tmp_path / "sandbox", clock_file=file) as outside,
    ):
        key = await api.key()
        (tmp_path / "api.key").write_text(key, encoding="utf-8")
        await furnish(api, outside, tmp_path)
        yield Scene(api, outside, tmp_path, key)


@asynccontextmanager
async def serving_by_name(database_url: str, folder: Path, clock: FileClock) -> AsyncIterator[Api]:
    """A server that knows its own address: it gives it out, for files."""
    stop = asyncio.Event()
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    with listening_on("127.0.0.1", 0) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        settings = Settings(database_url=database_url, data_dir=folder, base_url=url)
        async with open_app(settings, clock=clock) as installation, aiohttp.ClientSession() as session:
            app = http_api(installation)
            server = asyncio.create_task(serve_app(app, listening=listening, stop=stop, ready=ready.set_result))
            try:
                either: set[asyncio.Future[Any]] = {server, ready}
                await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
                yield Api(url, installation, session)
            finally:
                stop.set()
                await server


async def furnish(api: Api, outside: Outside, folder: Path) -> None:
    """Two providers with a service each, of whom the second lives in the sandbox, and a customer who may redeem."""
    assert main(["keygen", "--out", str(folder / "keys")]) == 0
    halves = {name: (folder / "keys" / f"{name}.pub.pem").read_text(encoding="utf-8") for name in ALGORITHMS}
    public = {PROVIDER: halves, OTHER: await outside.control(f"providers/{OTHER}/keys")}
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        for provider, service in ((PROVIDER, "spa"), (OTHER, "gym")):
            company = catalogue.Provider(provider, provider, provider)
            await catalogue.put_provider(conn, company, actor=actor(), now=now)
            offered = catalogue.Service(service, provider, service, service, points=101, settle_fen=5000)
            await catalogue.put_service(conn, offered, actor=actor(), now=now)
            page = f"{outside.sandbox.provider_url}{provider}"
            put = Partner(provider, f"{page}/", f"{page}/cancel")
            await partner.put_partner(conn, put, actor=actor(), now=now)
            await link_keys.rotate(conn, provider, actor=actor(), now=now)
        line = CustomerLine(CUSTOMER, "王小明", "13800000000", 60_000_000)
        await customers.load_list(conn, business_day(now), [line], actor=actor(), now=now)
        ids = {}
        for provider, texts in public.items():
            for name, algorithm in ALGORITHMS.items():
                who = {"algorithm": algorithm, "public_key": texts[name], "actor": actor(), "now": now}
                ids[provider, name] = (await keys.add_key(conn, provider, **who)).key_id
    account = {"provider": OTHER, "name": "二号健身", "bank_url": api.url, "key_id": ids[OTHER, "signing"]}
    await outside.control("providers", {**account, "services": {"gym": {"name": "健身月卡", "settle_fen": 5000}}})
    assert (await outside.control(f"providers/{OTHER}/link-keys", {"kid": 1}))["profile"] == "gcm"
    key_id = ids[PROVIDER, "signing"]
    (folder / "partner.toml").write_text(
        f'bank = "{api.url}"\npartner = "{PROVIDER}"\nkey_id = "{key_id}"\n'
        'signing_key = "keys/signing.pem"\nagreement_key = "keys/agreement.pem"\n',
        encoding="utf-8",
    )
    assert await asyncio.to_thread(main, ["--config", str(folder / "partner.toml"), "pick-up", "1"]) == 0


async def test_the_package_itself_passes_every_case(scene: Scene) -> None:
    status, told = await scene.certify()
    assert [(each["case"], each["reason"]) for each in told if each["result"] != "passed"] == []
    assert (status, len(told)) == (0, 15)


async def test_an_integration_that_is_careless_is_told_in_which_cases(scene: Scene) -> None:
    names = ["valid-booking", "over-on-the-page", "over-by-code", "double-submit", "abandoned-cancellation"]
    chosen = [word for name in [*names, "stale-quote"] for word in ("--case", name)]
    status, told = await scene.certify("--integration", "careless_provider:integration", *chosen)
    assert status == 1
    assert [each["case"] for each in told if each["result"] == "passed"] == ["valid-booking"]
    assert {each["result"] for each in told} == {"passed", "failed"}
    assert "请您重新进入该页面" in told[1]["reason"]


@pytest.mark.req("PTS-205", "PTS-502", "PTS-702")
async def test_a_provider_of_the_sandbox_books_performs_and_reconciles_its_month(scene: Scene) -> None:
    order = await redeemed(scene, service="gym")
    to_book = {"purpose": "booking", "channel": "mobile"}
    link = await made(scene, f"/v1/benefit-orders/{order['order_id']}/links", to_book)
    async with scene.outside.session.get(link["url"]) as response:
        page = await response.text()
    assert "健身月卡" in page
    assert "预约成功" in await pressed(scene.outside, page)
    assert (await scene.api.get(f"/v1/benefit-orders/{order['order_id']}", key=scene.key)).body["status"] == 200

    now = scene.api.installation.clock.now().astimezone(BUSINESS_ZONE)
    where, code = f"providers/{OTHER}/completions", order["benefit_code"]
    performed = {"benefit_code": code, "completed_at": now.strftime("%Y%m%d%H%M%S")}
    assert (await scene.outside.control(where, performed))["message"] == "服务已完成"
    third = (now.replace(day=1) + timedelta(days=32)).replace(day=3, hour=6)
    await scene.outside.control("clock", {"advance_s": (third - now).total_seconds()})
    await made(scene, "/v1/settlement-periods", {"month": now.strftime("%Y-%m")})

    (file,) = (await scene.outside.control(f"providers/{OTHER}/files"))["items"]
    chosen = {"name": file["name"], "month": file["month"]}
    report = await scene.outside.control(f"providers/{OTHER}/reconciliations", chosen)
    assert (report["clean"], report["summary"]["matched"]) == (True, 1)


async def redeemed(scene: Scene, *, service: str) -> dict[str, Any]:
    """An order of the customer, who was granted what it costs."""
    until = (scene.api.installation.clock.now() + timedelta(days=365)).isoformat()
    grant = {"customer_id": CUSTOMER, "points": 101, "expires_at": until, "grant_key": f"for {service}"}
    await made(scene, "/v1/points-grants", grant)
    return await made(scene, "/v1/benefit-orders", {"channel": "mobile", "customer_id": CUSTOMER, "service": service})


async def made(scene: Scene, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await scene.api.post(path, body, key=scene.key, once=f"once-{path}")
    assert answer.status == 201, answer.body
    return dict(answer.body)


async def pressed(outside: Outside, page: str) -> str:
    """What the form of a provider's page leads to."""
    form = re.search(r'action="(/provider/[^"]+)">(.*?)</form>', page)
    assert form is not None, page
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[2]))
    url = outside.sandbox.provider_url.removesuffix("/provider/") + form[1]
    async with outside.session.post(url, data=fields) as response:
        return await response.text()


@pytest.mark.req("PTS-705")
def test_what_the_bank_tells_of_a_file_is_verified_by_the_package() -> None:
    body = b'{"type": "settlement_file.issued"}'
    header = signed(body, delivery="spa-one-202512.txt.gz", secret="between-us")[SIGNATURE]
    assert verify_webhook(body, header, secrets=["between-us"], now=time.time()) > 0
    with pytest.raises(SignatureError):
        verify_webhook(body, header, secrets=["another"], now=time.time())
