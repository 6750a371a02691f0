"""What a tool that knows nothing of us makes of the description: requests of every shape, good and bad."""

import asyncio
import sys
from pathlib import Path

import pytest
from aiohttp import web

from opsdesk.kit.clock import SystemClock
from tests.app.documents import greet
from tests.app.serving import partner, serving, working_for

EXAMPLES_MAX = 10
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


async def promise(_: web.Request) -> web.Response:
    return web.Response(status=202)


@pytest.mark.timeout(600)
async def test_no_request_of_any_shape_breaks_the_server_or_its_description(database_url: str, tmp_path: Path) -> None:
    async with serving(database_url, tmp_path / "data", SystemClock()) as api, partner(promise) as url:
        key = await api.key(name="schemathesis", roles=["greeter"])
        await api.store(greet(url), key=key)
        await api.start("greet", key=key, email="customer@example.com")
        async with working_for(api.installation):
            tool = await asyncio.create_subprocess_exec(
                str(Path(sys.executable).with_name("schemathesis")),
                "run",
                f"{api.url}/v1/openapi.json",
                f"--header=Authorization: Bearer {key}",
                "--phases=examples,coverage,fuzzing,stateful",
                f"--checks={','.join(CHECKS)}",
                "--generation-deterministic",
                f"--max-examples={EXAMPLES_MAX}",
                "--suppress-health-check=all",
                "--warnings=off",
                "--no-color",
                cwd=tmp_path,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.STDOUT,
            )
            printed, _ = await tool.communicate()
    assert tool.returncode == 0, printed.decode()
