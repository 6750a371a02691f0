"""The way out: where connections go, whom they trust, and what they keep."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiohttp
import pytest
import uvloop
from aiohttp import web
from yarl import URL

from opsdesk.kit.http_addresses import ConnectToUnreadable, addresses
from opsdesk.kit.http_client import HttpClient, http_client, read_body
from opsdesk.sandbox.certificates import Certificates, certificates


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return certificates(tmp_path_factory.mktemp("certificates"))


async def _echo(request: web.Request) -> web.Response:
    """What was asked, and a cookie that must not come back."""
    asked = {"host": request.headers["Host"], "cookies": dict(request.cookies), "headers": list(request.headers)}
    response = web.json_response(asked)
    response.set_cookie("session", "1")
    return response


async def _serve(tls_context: ssl.SSLContext | None) -> tuple[web.AppRunner, int]:
    app = web.Application()
    app.router.add_route("*", "/", _echo)
    runner = web.AppRunner(app, shutdown_timeout=0)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls_context).start()
    return runner, runner.addresses[0][1]


@pytest.fixture
async def port(tls: Certificates) -> AsyncIterator[int]:
    runner, port = await _serve(tls.server_context)
    yield port
    await runner.cleanup()


async def _get(http: HttpClient, url: str) -> bytes:
    async with http.request("GET", URL(url), headers={}) as response:
        return await read_body(response, bytes_max=10_000)


@pytest.mark.parametrize("form", ["kyc-provider.com=127.0.0.1:{port}", " kyc-provider.com:443=localhost:{port} ,"])
async def test_a_host_is_connected_to_where_the_setting_says_and_keeps_its_name(
    tls: Certificates, port: int, form: str
) -> None:
    async with http_client(ca_file=tls.ca_file, connect_to=form.format(port=port)) as http:
        assert b'"host": "kyc-provider.com"' in await _get(http, "https://kyc-provider.com/")


async def test_an_entry_with_a_port_holds_for_that_port_only(tls: Certificates, port: int) -> None:
    nowhere = f"localhost:{port}=127.0.0.1:1"
    async with http_client(ca_file=tls.ca_file, connect_to=f"localhost:444=127.0.0.1:{port},{nowhere}") as http:
        assert b'"host": "localhost:444"' in await _get(http, "https://localhost:444/")
        with pytest.raises(aiohttp.ClientConnectorError):
            await _get(http, f"https://localhost:{port}/")


@pytest.mark.req("FLO-002")
async def test_an_unknown_authority_is_not_trusted(port: int) -> None:
    async with http_client(connect_to=f"kyc-provider.com=127.0.0.1:{port}") as http:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await _get(http, "https://kyc-provider.com/")


async def test_cookies_of_a_partner_are_not_kept(tls: Certificates, port: int) -> None:
    async with http_client(ca_file=tls.ca_file, connect_to=f"kyc-provider.com=127.0.0.1:{port}") as http:
        await _get(http, "https://kyc-provider.com/")
        assert b'"cookies": {}' in await _get(http, "https://kyc-provider.com/")


async def test_a_closed_client_opens_again_when_it_is_used(tls: Certificates, port: int) -> None:
    async with http_client(ca_file=tls.ca_file, connect_to=f"kyc-provider.com=127.0.0.1:{port}") as http:
        await _get(http, "https://kyc-provider.com/")
        await http.close()
        await http.close()
        assert b"kyc-provider" in await _get(http, "https://kyc-provider.com/")


@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
def test_the_client_works_on_either_event_loop(tls: Certificates, run: Callable[..., bytes]) -> None:
    async def once() -> bytes:
        runner, port = await _serve(tls.server_context)
        async with http_client(ca_file=tls.ca_file, connect_to=f"crm.internal=127.0.0.1:{port}") as http:
            answer = await _get(http, "https://crm.internal/")
        await runner.cleanup()
        return answer

    assert b'"host": "crm.internal"' in run(once())


async def test_bytes_smuggled_behind_an_answer_never_answer_the_next_request() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n"
    hung_up: asyncio.Queue[None] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"{}" + head + b"[]")
        await reader.read()
        writer.close()
        hung_up.put_nowait(None)

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        async with http_client(allow_networks="127.0.0.0/8") as http:
            outcomes = [(await asyncio.gather(_get(http, url), return_exceptions=True))[0] for _ in range(3)]
        for _ in outcomes:
            await hung_up.get()
    assert all(outcome == b"{}" or isinstance(outcome, aiohttp.ClientError) for outcome in outcomes)


async def test_an_answer_that_says_two_lengths_is_read_by_neither() -> None:
    """What is read is bounded by the length that the answer says: pieces beside it could go on for ever."""
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(head + b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, http_client(allow_networks="127.0.0.0/8") as http:
        with pytest.raises(aiohttp.ClientError):
            async with http.request("GET", URL(f"http://127.0.0.1:{port}/"), headers={}) as response:
                await read_body(response, bytes_max=100)


@pytest.mark.parametrize(
    "setting",
    ["nonsense", "a=b", "a=1.2.3.4", "a=1.2.3.4:x", "=1.2.3.4:5", "a:b=1.2.3.4:5", "a=::1:443", "127.0.0.1=1.2.3.4:5"],
)
def test_a_setting_that_cannot_be_honoured_is_refused_by_its_entry(setting: str) -> None:
    with pytest.raises(ConnectToUnreadable) as error:
        HttpClient(connect_to=f"good.example=127.0.0.1:1,{setting}")
    assert error.value.entry == setting


def test_the_setting_is_read_into_hosts_and_ports() -> None:
    assert addresses("A.example=127.0.0.1:1, b.example:444=[::1]:2,") == {
        ("a.example", None): ("127.0.0.1", 1),
        ("b.example", 444): ("::1", 2),
    }


def test_a_missing_ca_file_is_told_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        HttpClient(ca_file=tmp_path / "gone.pem")
