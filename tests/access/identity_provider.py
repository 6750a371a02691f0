"""A small identity provider (OpenID Connect) on this machine: it checks what a real one does, signs what it says."""

import base64
import hashlib
import secrets
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from aiohttp import web
from joserfc import jwt
from joserfc.jwk import ECKey
from yarl import URL

from opsdesk.kit.clock import ManualClock

CLIENT_ID = "opsdesk"
CLIENT_SECRET = "the secret of this client"
LASTS_S = 300


@dataclass
class IdentityProvider:
    """What it says can be set from outside, also what no honest one would say."""

    clock: ManualClock
    issuer: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256"))
    user: dict[str, Any] = field(
        default_factory=lambda: {"sub": "4711", "email": "reviewer@example.com", "email_verified": True}
    )
    change_claims: Callable[[dict[str, Any]], dict[str, Any]] = lambda claims: claims
    details_apart: bool = False
    """Tells who the user is by userinfo only, as a strict reading of the specification has it."""
    granted: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def sign_in(self, url: str) -> dict[str, str]:
        """What the browser brings back when its user signs in here."""
        async with aiohttp.ClientSession() as browser, browser.get(url, allow_redirects=False) as answer:
            assert answer.status == 302
            return dict(URL(answer.headers["Location"]).query)

    async def metadata(self, request: web.Request) -> web.Response:
        self.asked.append("metadata")
        paths = {"authorization": "authorize", "token": "token", "userinfo": "userinfo"}
        endpoints = {f"{name}_endpoint": f"{self.issuer}/{path}" for name, path in paths.items()}
        return web.json_response({"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **endpoints})

    async def keys(self, request: web.Request) -> web.Response:
        self.asked.append("keys")
        return web.json_response({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: web.Request) -> web.Response:
        query = dict(request.query)
        assert query["client_id"] == CLIENT_ID
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe()
        self.granted[code] = query
        back = urlencode({"code": code, "state": query["state"]})
        return web.Response(status=302, headers={"Location": f"{query['redirect_uri']}?{back}"})

    async def token(self, request: web.Request) -> web.Response:
        form = await request.post()
        pair = base64.b64decode(request.headers.get("Authorization", "").removeprefix("Basic ")).decode()
        if pair != f"{CLIENT_ID}:{CLIENT_SECRET.replace(' ', '+')}":
            return web.json_response({"error": "invalid_client"}, status=401)
        asked = self.granted.pop(str(form["code"]), None)
        digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != challenge or asked["redirect_uri"] != form["redirect_uri"]:
            return web.json_response({"error": "invalid_grant"}, status=400)
        now = int(self.clock.now().timestamp())
        claims = {"iss": self.issuer, "aud": CLIENT_ID, "iat": now, "exp": now + LASTS_S, "nonce": asked["nonce"]}
        about = {"sub": self.user["sub"]} if self.details_apart else self.user
        signed = jwt.encode({"alg": "ES256", "kid": self.key.kid}, self.change_claims({**claims, **about}), self.key)
        return web.json_response({"access_token": "for-userinfo", "token_type": "Bearer", "id_token": signed})

    async def userinfo(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer for-userinfo"
        return web.json_response(self.user)


@asynccontextmanager
async def identity_provider(clock: ManualClock) -> AsyncIterator[IdentityProvider]:
    provider = IdentityProvider(clock)
    provider.key.ensure_kid()
    app = web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.metadata)
    app.router.add_get("/keys", provider.keys)
    app.router.add_get("/authorize", provider.authorize)
    app.router.add_post("/token", provider.token)
    app.router.add_get("/userinfo", provider.userinfo)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0][:2]
    provider.issuer = f"http://{host}:{port}"
    try:
        yield provider
    finally:
        await runner.cleanup()
