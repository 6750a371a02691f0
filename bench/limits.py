"""The limits beside which the runtime is measured: the same six calls with as little durability as can be had.

`bare`: one durable INSERT a node, each in a commit of its own. `coalesced`: the same with the commits of concurrent
flows merged. Both call through the same HTTP library as the runtime, aiohttp.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import orjson
from psycopg_pool import AsyncConnectionPool

INPUT = {"name": "Customer One", "email": "customer@example.com", "phone": "+100000"}
CREATE = b"""
create table if not exists node_done (
    id bigserial primary key, flow bigint not null, node text not null, outputs jsonb,
    at timestamptz default now(), unique (flow, node)
)
"""
INSERT = b"insert into node_done (flow, node, outputs) values (%s, %s, %s)"
INSERT_GROUP = (
    b"insert into node_done (flow, node, outputs) select * from unnest(%s::bigint[], %s::text[], %s::jsonb[])"
)
BATCH_MAX = 200
WRITERS = 2

Save = Callable[[int, str, Mapping[str, Any]], Awaitable[None]]


class Limits:
    """The six calls, saved one by one (`bare`) or in groups (`coalesced`)."""

    def __init__(self, url: str, partner: str) -> None:
        self._pool = AsyncConnectionPool(
            url, min_size=16, max_size=16, open=False, kwargs={"autocommit": True, "prepare_threshold": 1}
        )
        self._partner = partner
        self._waiting: deque[tuple[int, str, str, asyncio.Future[None]]] = deque()
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._flows = 0

    async def open(self) -> None:
        await self._pool.open(wait=True)
        async with self._pool.connection() as conn:
            await conn.execute(CREATE)
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0))
        self._tasks = [asyncio.create_task(self._write_groups()) for _ in range(WRITERS)]

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._session.close()
        await self._pool.close()

    async def bare(self) -> None:
        await self._flow(self._save_one)

    async def coalesced(self) -> None:
        await self._flow(self._save_grouped)

    async def _flow(self, save: Save) -> None:
        self._flows += 1
        flow = self._flows

        async def node(name: str, body: Mapping[str, Any]) -> dict[str, Any]:
            async with self._session.post(f"{self._partner}/{name}", json=body) as response:
                outputs: dict[str, Any] = await response.json()
            await save(flow, name, outputs)
            return outputs

        customer = await node("register", INPUT)
        who = {"customer_id": customer["customer_id"]}
        verified = await node("verify_email", {**who, "email": customer["email"]})
        assert verified["email_verified"]
        kyc = await node("kyc_identity", who)
        assert kyc["kyc_score"] >= 0.7
        assert kyc["watchlist_match"] is False
        account = await node("setup_account", who)
        who["account_id"] = account["account_id"]
        await asyncio.gather(node("send_welcome", {**who, "email": customer["email"]}), node("assign_csm", who))

    async def _save_one(self, flow: int, node: str, outputs: Mapping[str, Any]) -> None:
        async with self._pool.connection() as conn:
            await conn.execute(INSERT, (flow, node, orjson.dumps(outputs).decode()))

    async def _save_grouped(self, flow: int, node: str, outputs: Mapping[str, Any]) -> None:
        saved = asyncio.get_running_loop().create_future()
        self._waiting.append((flow, node, orjson.dumps(outputs).decode(), saved))
        self._wake.set()
        await saved

    async def _write_groups(self) -> None:
        async with self._pool.connection() as conn:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._waiting:
                    group = [self._waiting.popleft() for _ in range(min(BATCH_MAX, len(self._waiting)))]
                    flows, nodes, outputs, futures = zip(*group, strict=True)
                    await conn.execute(INSERT_GROUP, (list(flows), list(nodes), list(outputs)))
                    for future in futures:
                        future.set_result(None)
