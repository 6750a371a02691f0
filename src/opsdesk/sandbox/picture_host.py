"""pictures.platform.com: the identity pictures of customers, as a partner keeps them."""

import asyncio
from urllib.parse import quote, unquote

from aiohttp import web

from opsdesk.sandbox.behaviours import Behaviour, Plan
from opsdesk.sandbox.calls import Calls
from opsdesk.sandbox.misbehaviour import MISDEEDS, Scene, misbehave, reset
from opsdesk.sandbox.partners import host_of
from opsdesk.sandbox.scripts import EVERYBODY, Scripts
from opsdesk.sandbox.specimens import Kind, picture, somebody_else

HOST = "pictures.platform.com"
PATH = "/specimens"
"""Scripts name it: what is said of it counts for every picture."""
MATCH, DIFFER = "match", "differ"
_FACES = frozenset({Kind.FACE_FRONT, Kind.FACE_SIDE})


def picture_address(person: str, kind: Kind, *, how: str = MATCH) -> str:
    """Where a picture is. `how`: `match`, `differ` (the faces are somebody else's), or how its host misbehaves."""
    return f"https://{HOST}{PATH}/{how}/{kind}/{quote(person, safe='')}.png"


def ways() -> frozenset[str]:
    """What `how` can be."""
    return frozenset({MATCH, DIFFER, *(each.value for each in MISDEEDS - {Behaviour.ANSWER, Behaviour.LOST})})


class PictureHost:
    def __init__(self, *, calls: Calls, scripts: Scripts, slow_s: float) -> None:
        self._calls = calls
        self._scripts = scripts
        self._slow_s = slow_s
        self.closing = asyncio.Event()

    async def pages(self, request: web.Request) -> web.StreamResponse | None:
        """The picture that a request is for; None: it is for somebody else."""
        if host_of(request) != HOST or request.method not in {"GET", "HEAD"}:
            return None
        call_id = self._calls.begin(
            scheme=request.scheme,
            participant=HOST,
            method=request.method,
            path=PATH,
            idempotency_key=request.rel_url.raw_path,
            customer_id=None,
            with_token="Authorization" in request.headers,
        )
        response, status, sent = await self._answer(request)
        self._calls.end(call_id, status=status, performed=status == 200, bytes_sent=sent)
        return response

    async def _answer(self, request: web.Request) -> tuple[web.StreamResponse, int | None, int]:
        how, kind, person = _asked(request.rel_url.raw_path)
        plan = self._scripts.take(host=HOST, path=PATH, name=EVERYBODY)
        if plan is None and how in MISDEEDS:
            plan = Plan(Behaviour(how))
        if plan is not None and plan.behaviour in MISDEEDS:
            if plan.behaviour in (Behaviour.RESET, Behaviour.LOST):
                misdeed = reset(request)
            else:
                misdeed = await misbehave(Scene(request, plan, self.closing, self._slow_s))
            return misdeed.response, misdeed.status, misdeed.bytes_sent
        if kind is None or how not in (MATCH, DIFFER, *MISDEEDS):
            return web.Response(status=404, text="There is no such picture."), 404, 0
        shown = somebody_else(person) if how == DIFFER and kind in _FACES else person
        data = picture(shown, kind)
        return web.Response(body=data, content_type="image/png"), 200, len(data)


def _asked(path: str) -> tuple[str, Kind | None, str]:
    parts = path.removeprefix(PATH).strip("/").split("/")
    if len(parts) != 3 or parts[1] not in {each.value for each in Kind}:
        return "", None, ""
    return parts[0], Kind(parts[1]), unquote(parts[2]).removesuffix(".png")
