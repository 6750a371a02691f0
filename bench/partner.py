"""The partners of the benchmark: canned answers, no think time, in a process of their own.

Prints its port and serves until its standard input is closed.
"""

import asyncio
import sys

import orjson
import uvloop
from aiohttp import web

ANSWERS = {
    "register": {
        "customer_id": "c-1001",
        "email": "a@example.com",
        "phone": "+100000",
        "registration_timestamp": "2026-11-21T00:00:00Z",
    },
    "verify_email": {"email_verified": True},
    "kyc_identity": {
        "kyc_status": "passed",
        "kyc_score": 0.9,
        "watchlist_match": False,
        "document_type": "passport",
    },
    "setup_account": {"account_id": "a-2002", "api_key": "k-3003", "billing_profile_id": "b-4004"},
    "send_welcome": {"welcome_email_id": "m-5005"},
    "assign_csm": {"csm_id": "s-6006", "csm_name": "CSM 1"},
}
BODIES = {name: orjson.dumps(answer) for name, answer in ANSWERS.items()}


async def answer(request: web.Request) -> web.Response:
    await request.read()
    return web.Response(body=BODIES[request.match_info["node"]], content_type="application/json")


async def serve() -> None:
    app = web.Application()
    app.router.add_post("/{node}", answer)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await runner.cleanup()


if __name__ == "__main__":
    uvloop.run(serve())
