"""A client that reaches the sandbox by the partners' real names, as the product does."""

import json
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from opsdesk.sandbox import Sandbox, serve

PLATFORM, KYC, EMAIL, CRM = "api.platform.com", "kyc-provider.com", "email-service.internal", "crm.internal"
REGISTER, VERIFY, IDENTITY = "/api/v1/customers/register", "/api/v1/verify/email", "/api/v1/identity/verify"
SEND, ASSIGN = "/api/v1/email/send", "/api/v1/csm/assign"


class Loopback(AbstractResolver):
    """Every name leads to this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host="127.0.0.1",
                port=port,
                family=socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
        ]

    async def close(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.content)


@dataclass(frozen=True, slots=True)
class Outside:
    """The sandbox as a partner's client and as a person at the control API see it."""

    sandbox: Sandbox
    session: aiohttp.ClientSession

    async def post(self, host: str, path: str, body: Any, *, scheme: str = "https", **headers: str | None) -> Reply:
        """POST JSON; header names are written with underscores, None leaves one out."""
        ports = {"https": self.sandbox.https_port, "http": self.sandbox.http_port}
        sent = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        url = f"{scheme}://{host}:{ports[scheme]}{path}"
        async with self.session.post(url, json=body, headers=sent, allow_redirects=False) as response:
            return Reply(response.status, dict(response.headers), await response.read())

    async def register(self, name: str = "Customer Clear", email: str = "customer@example.com") -> str:
        reply = await self.post(PLATFORM, REGISTER, {"name": name, "email": email, "phone": "+86 138 0000 0000"})
        assert reply.status == 201
        return str(reply.json["customer_id"])

    async def identity(self, customer_id: str, **headers: str | None) -> Reply:
        token = f"Bearer {self.sandbox.secrets['KYC_PROVIDER_API_KEY']}"
        return await self.post(
            KYC, IDENTITY, {"customer_id": customer_id}, scheme="https", **{"Authorization": token, **headers}
        )

    async def send(self, body: Mapping[str, Any], **headers: str | None) -> Reply:
        token = f"Bearer {self.sandbox.secrets['EMAIL_SERVICE_KEY']}"
        return await self.post(EMAIL, SEND, body, scheme="https", **{"Authorization": token, **headers})

    async def control(self, path: str, body: Any = None, /, **query: str) -> Any:
        """GET, or POST where there is a body; the JSON of a good answer."""
        url = URL(f"{self.sandbox.control_url}/control/{path}").with_query(query)
        async with self.session.request("GET" if body is None else "POST", url, json=body) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def mails(self, **query: str) -> list[Mapping[str, Any]]:
        return list((await self.control("mailbox", **query))["items"])

    async def calls(self, **query: str) -> list[Mapping[str, Any]]:
        return list((await self.control("calls", **query))["items"])

    async def script(self, host: str, path: str, name: str, behaviour: str | None, **more: Any) -> None:
        await self.control("script", {"host": host, "path": path, "name": name, "behaviour": behaviour, **more})


@asynccontextmanager
async def enter_sandbox(folder: Path, **options: Any) -> AsyncIterator[Outside]:
    async with serve(folder, **options) as sandbox:
        trust = ssl.create_default_context(cafile=sandbox.ca_file)
        trust.verify_flags |= ssl.VERIFY_X509_STRICT
        connector = aiohttp.TCPConnector(resolver=Loopback(), ssl=trust)
        async with aiohttp.ClientSession(connector=connector) as session:
            yield Outside(sandbox, session)
