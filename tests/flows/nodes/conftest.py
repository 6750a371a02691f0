"""Partners for the tests of nodes: real servers on this machine, and calls as the runtime makes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk.flows.calls import NodeCall, NodeOutcome
from opsdesk.flows.nodes.api import api_node
from opsdesk.flows.procedure import Field, Node, NodeType
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.secrets import SecretMissing
from opsdesk.sandbox.certificates import Certificates, certificates

RUN = UUID("0190a0b0-0000-7000-8000-000000000001")
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def secrets(name: str) -> str:
    if name != "KYC_PROVIDER_API_KEY":
        raise SecretMissing(name, ())
    return "kyc-token-1"


def make_node(node_type: NodeType = NodeType.API, **more: Any) -> Node:
    """A node; `outputs` and `inputs` are given by name, or as fields."""
    for name in ("inputs", "outputs"):
        more[name] = tuple(field if isinstance(field, Field) else Field(field) for field in more.get(name, ()))
    return Node(id="kyc", type=node_type, name="kyc", **more)


def make_call(node: Node, *, run_inputs: Mapping[str, Any] | None = None, **scope: Any) -> NodeCall:
    """A call of a node behind `register`, which made the names of `scope`; of a first node where there is none."""
    return NodeCall(
        run_id=RUN,
        procedure_id="customer-onboarding",
        node=node,
        iteration=1,
        attempt=1,
        idempotency_key=f"{RUN}:kyc:1",
        callback_url="https://opsdesk.example/v1/callbacks/abc",
        scope=scope,
        outputs={"register": scope} if scope else {},
        inputs={field.name: scope[field.name] for field in node.inputs if field.name in scope},
        run_inputs=run_inputs or {},
    )


class Partner:
    """An HTTPS server that answers as it is told, and keeps what it was asked."""

    def __init__(self, http: HttpClient) -> None:
        self.http = http
        self.requests: list[web.Request] = []
        self.bodies: list[bytes] = []
        self.answer: Handler = _answers_nothing
        self.app = web.Application(client_max_size=0)
        self.app.router.add_route("*", r"/{path:[\s\S]*}", self._handle)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append(request)
        self.bodies.append(await request.read())
        return await self.answer(request)

    def answers(self, body: str | bytes, *, content_type: str = "application/json", **more: Any) -> None:
        async def answer(_: web.Request) -> web.Response:
            content = body.encode() if isinstance(body, str) else body
            headers = {"Content-Type": content_type, **more.pop("headers", {})}
            return web.Response(body=content, headers=headers, **more)

        self.answer = answer

    async def call(self, *, run_inputs: Mapping[str, Any] | None = None, scope: Any = None, **node: Any) -> NodeOutcome:
        """Run an `api` node that calls this partner by its public name."""
        node.setdefault("runtime", {})
        node["runtime"] = {"url": "https://kyc-provider.com", "endpoint": "/verify", **node["runtime"]}
        call = make_call(make_node(**node), run_inputs=run_inputs, **(scope or {}))
        return await api_node(self.http, secrets, {"KYC_URL": "https://kyc-provider.com"})(call)


async def _answers_nothing(_: web.Request) -> web.Response:
    return web.json_response({})


@pytest.fixture(scope="session")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


@asynccontextmanager
async def _http(port: int, ca_file: Path) -> AsyncIterator[HttpClient]:
    there = f"kyc-provider.com=127.0.0.1:{port},other.example=127.0.0.1:{port}"
    http = HttpClient(ca_file=ca_file, connect_to=there, allow_networks="127.0.0.0/8")
    try:
        yield http
    finally:
        await http.close()


@pytest.fixture
async def partner(tls: Certificates) -> AsyncIterator[Partner]:
    async with AsyncExitStack() as stack:
        listening = asyncio.Event()
        made = Partner(HttpClient())
        runner = web.AppRunner(made.app, shutdown_timeout=0)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls.server_context)
        await site.start()
        listening.set()
        port = runner.addresses[0][1]
        made.http = await stack.enter_async_context(_http(port, tls.ca_file))
        yield made


RawAnswer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def raw_partner() -> AsyncIterator[Callable[..., Awaitable[NodeOutcome]]]:
    """A partner without TLS that answers the given bytes to every request, and then closes the connection."""
    async with AsyncExitStack() as stack:

        async def call(*pieces: bytes, outputs: tuple[str, ...] = ("kyc_score",), method: str = "POST") -> NodeOutcome:
            left = list(pieces)

            async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
                await reader.readuntil(b"\r\n\r\n" if method == "GET" else b"\r\n\r\n{}")
                if left:
                    writer.write(left.pop(0))
                    await writer.drain()
                writer.close()
                await writer.wait_closed()

            server = await asyncio.start_server(serve, "127.0.0.1", 0)
            stack.push_async_callback(server.wait_closed)
            stack.callback(server.close)
            port = server.sockets[0].getsockname()[1]
            http = HttpClient(connect_to=f"kyc-provider.com=127.0.0.1:{port}")
            stack.push_async_callback(http.close)
            node = make_node(runtime={"url": "http://kyc-provider.com", "method": method}, outputs=outputs)
            return await api_node(http, secrets)(make_call(node))

        yield call


@pytest.fixture(scope="session")
def new_call() -> Callable[..., NodeCall]:
    return make_call


@pytest.fixture(scope="session")
def new_node() -> Callable[..., Node]:
    return make_node
