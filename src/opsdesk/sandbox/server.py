"""Starts and stops the sandbox: every server of it in one process, all on loopback."""

import asyncio
import fcntl
import socket
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from aiohttp import web

from opsdesk.sandbox.accounts import Accounts
from opsdesk.sandbox.anti_fraud import AntiFraud
from opsdesk.sandbox.apply_message import PROTO_FILE
from opsdesk.sandbox.bank.assembly import HOSTS as BANK_HOSTS
from opsdesk.sandbox.bank.assembly import PATIENCE_S, START, Bank
from opsdesk.sandbox.callbacks import Callbacks
from opsdesk.sandbox.calls import Calls
from opsdesk.sandbox.certificates import Certificates, certificates
from opsdesk.sandbox.control import Control
from opsdesk.sandbox.control_bank import BankControl
from opsdesk.sandbox.control_provider import ProviderControl
from opsdesk.sandbox.control_review import ReviewControl
from opsdesk.sandbox.credit import HOST as CREDIT_HOST
from opsdesk.sandbox.credit import SECRET as CREDIT_SECRET
from opsdesk.sandbox.credit import Credit
from opsdesk.sandbox.crm import HOST as CRM_HOST
from opsdesk.sandbox.crm import Crm
from opsdesk.sandbox.email_service import HOST as EMAIL_HOST
from opsdesk.sandbox.email_service import EmailService
from opsdesk.sandbox.kyc_provider import HOST as KYC_HOST
from opsdesk.sandbox.kyc_provider import KycProvider
from opsdesk.sandbox.llm_provider import HOST as LLM_HOST
from opsdesk.sandbox.llm_provider import LlmProvider
from opsdesk.sandbox.mail import LOOPBACK, Mailbox, Mailer, listen_for_mail
from opsdesk.sandbox.partners import Partners, Route
from opsdesk.sandbox.picture_host import HOST as PICTURE_HOST
from opsdesk.sandbox.picture_host import PATH as PICTURE_PATH
from opsdesk.sandbox.picture_host import PictureHost
from opsdesk.sandbox.platform_api import HOST as PLATFORM_HOST
from opsdesk.sandbox.platform_api import PlatformApi
from opsdesk.sandbox.provider.assembly import Providers
from opsdesk.sandbox.provider.line import ADDRESSES as PROVIDER_ADDRESSES
from opsdesk.sandbox.scripts import Scripts
from opsdesk.sandbox.store import Store
from opsdesk.sandbox.tokens import tokens
from opsdesk.sandbox.verification import Verifications

SLOW_S = 600.0
"""How long a slow partner holds the connection: longer than the time limit of any step of the procedure shipped."""
STOP_S = 1.0
DATABASE_FILE = "sandbox.sqlite"
COMMANDS_DIR = Path(__file__).with_name("commands")
HOSTS = (PLATFORM_HOST, KYC_HOST, EMAIL_HOST, CRM_HOST, LLM_HOST, PICTURE_HOST, CREDIT_HOST, *BANK_HOSTS)


class FolderInUse(Exception):
    """Another sandbox is running in this folder."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Where everything is, for those who want to talk to it."""

    ca_file: Path
    connect_to: str
    """For the setting OPSDESK_CONNECT_TO: each partner's name with port 443 and 80, and the port here."""
    secrets: dict[str, str] = field(repr=False)
    secrets_dir: Path
    commands_dir: Path
    proto_file: Path
    """The message that the anti-fraud engine sends of an application."""
    control_url: str
    mailbox_url: str
    provider_url: str
    """Where the pages of providers are: their name follows, then `/` to use and `/cancel` to cancel."""
    bank_url: str
    """The pages of mobile banking, telephone banking and the CRM."""
    https_port: int
    http_port: int
    smtp_port: int


@dataclass(frozen=True, slots=True)
class _Ports:
    """Ports are taken before anything is served, because a message names the one where its link leads."""

    https: socket.socket
    http: socket.socket
    smtp: socket.socket
    control: socket.socket

    @property
    def link_base(self) -> str:
        return f"http://{LOOPBACK}:{_number(self.http)}"


@asynccontextmanager
async def serve(
    folder: Path,
    *,
    https_port: int = 0,
    http_port: int = 0,
    smtp_port: int = 0,
    control_port: int = 0,
    slow_s: float = SLOW_S,
    patience_s: float = PATIENCE_S,
    clock_file: Path | None = None,
) -> AsyncIterator[Sandbox]:
    """Run the sandbox while the context is open. Port 0 takes a free one. Raises FolderInUse, or OSError for a port.

    `patience_s`: how long each system of the bank waits for the next one. `clock_file`: the file `clock` in the data
    folder of Opsdesk, which moves its time and that of the providers; without one, nobody moves it.
    """
    folder = _prepared(folder)
    async with AsyncExitStack() as stack:
        stack.enter_context(_lock(folder))
        taken = (stack.enter_context(_take(port)) for port in (https_port, http_port, smtp_port, control_port))
        ports = _Ports(*taken)
        store = stack.enter_context(closing(Store(folder / DATABASE_FILE)))
        trust = certificates(folder)
        secrets = tokens(folder / "secrets", database_file=folder / DATABASE_FILE)
        mailbox, calls, scripts = Mailbox(store), Calls(store), Scripts(store)
        stack.push_async_callback(_close, await listen_for_mail(mailbox, listener=ports.smtp))
        mailer = Mailer(port=_number(ports.smtp))
        platform = await _platform(stack, store=store, trust=trust, mailer=mailer, link_base=ports.link_base)
        routes = _onboarding(store=store, secrets=secrets, platform=platform, mailer=mailer)
        pictures = PictureHost(calls=calls, scripts=scripts, slow_s=slow_s)
        paces = (slow_s, patience_s)
        bank = await _bank(stack, paces, store=store, trust=trust, ports=ports, bus_key=secrets["BUS_KEY"])
        home = folder / "providers"
        providers = Providers(store=store, folder=home, hops=bank.hops, scripts=scripts, clock_file=clock_file)
        stack.callback(providers.accounts.close)
        credit = Credit(store=store, secret=secrets[CREDIT_SECRET])
        partners = Partners(
            routes=[*routes, *credit.routes(), *bank.routes()],
            pages=[platform.pages, pictures.pages],
            calls=calls,
            scripts=scripts,
            name_of=platform.name_of,
            slow_s=slow_s,
            people=[*bank.pages.routes(), *providers.routes()],
        )
        await _run(stack, partners.application(), {ports.https: trust.server_context, ports.http: None})
        for ends in (partners.closing, pictures.closing, bank.esb.closing):
            stack.callback(ends.set)
        review = ReviewControl(anti_fraud=AntiFraud(store=store, ca_file=trust.ca_file), credit=credit)
        control = Control(
            mailbox=mailbox,
            calls=calls,
            scripts=scripts,
            accounts=Accounts(store),
            addresses=partners.addresses | PROVIDER_ADDRESSES | {(PICTURE_HOST, PICTURE_PATH)},
            link_base=ports.link_base,
            parts=[review, BankControl(bank), ProviderControl(providers)],
        )
        await _run(stack, control.application(), {ports.control: None})
        yield _described(folder, ports, ca_file=trust.ca_file, secrets=secrets)


async def _platform(
    stack: AsyncExitStack, *, store: Store, trust: Certificates, mailer: Mailer, link_base: str
) -> PlatformApi:
    verifications = Verifications(store)
    callbacks = await stack.enter_async_context(Callbacks(verifications=verifications, ca_file=trust.ca_file))
    return PlatformApi(
        store=store, verifications=verifications, callbacks=callbacks, mailer=mailer, link_base=link_base
    )


async def _bank(
    stack: AsyncExitStack,
    paces: tuple[float, float],
    *,
    store: Store,
    trust: Certificates,
    ports: _Ports,
    bus_key: str,
) -> Bank:
    """`paces`: how long the slow one holds a connection, and how long each waits for the next."""
    slow_s, patience_s = paces
    port = _number(ports.https)
    bank = Bank(store=store, trust=trust, https_port=port, bus_key=bus_key, slow_s=slow_s, patience_s=patience_s)
    await stack.enter_async_context(bank.wire)
    return bank


def _onboarding(*, store: Store, secrets: dict[str, str], platform: PlatformApi, mailer: Mailer) -> list[Route]:
    """The partners that the onboarding of customers calls."""
    return [
        *platform.routes(),
        *KycProvider(token=secrets["KYC_PROVIDER_API_KEY"], name_of=platform.name_of).routes(),
        *EmailService(token=secrets["EMAIL_SERVICE_KEY"], mailer=mailer).routes(),
        *LlmProvider(token=secrets["LLM_API_KEY"]).routes(),
        *Crm(store=store).routes(),
    ]


def _described(folder: Path, ports: _Ports, *, ca_file: Path, secrets: dict[str, str]) -> Sandbox:
    control_url = f"http://{LOOPBACK}:{_number(ports.control)}"
    pairs = [(host, 443, ports.https) for host in HOSTS] + [(host, 80, ports.http) for host in HOSTS]
    return Sandbox(
        ca_file=ca_file,
        connect_to=",".join(f"{host}:{named}={LOOPBACK}:{_number(taken)}" for host, named, taken in pairs),
        secrets=secrets,
        secrets_dir=folder / "secrets",
        commands_dir=COMMANDS_DIR,
        proto_file=PROTO_FILE,
        control_url=control_url,
        mailbox_url=f"{control_url}/control/mailbox",
        provider_url=f"{ports.link_base}/provider/",
        bank_url=f"{ports.link_base}{START}",
        https_port=_number(ports.https),
        http_port=_number(ports.http),
        smtp_port=_number(ports.smtp),
    )


def _prepared(folder: Path) -> Path:
    folder = folder.resolve()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


@contextmanager
def _lock(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise FolderInUse(f"another sandbox is running in {folder}") from None
        yield


def _take(port: int) -> socket.socket:
    return socket.create_server((LOOPBACK, port))


def _number(taken: socket.socket) -> int:
    return int(taken.getsockname()[1])


async def _run(
    stack: AsyncExitStack, application: web.Application, listeners: dict[socket.socket, ssl.SSLContext | None]
) -> None:
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_S)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for listener, context in listeners.items():
        await web.SockSite(runner, listener, ssl_context=context).start()


async def _close(server: asyncio.Server) -> None:
    server.close()
    await server.wait_closed()
