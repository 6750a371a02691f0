"""Pages as somebody's browser gets them, without its scripts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import unescape
from io import BytesIO
from typing import Any

import aiohttp

from opsdesk.access import people
from opsdesk.access.sessions import Caller, SignInMethod, begin_session, csrf_token
from tests.access.staff import KEEPER
from tests.app.serving import Api

COOKIE = "__Host-opsdesk"
_TAGS = re.compile(r"<(script|style|svg)\b.*?</\1>|<[^>]+>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page that came back."""

    status: int
    html: str
    location: str
    headers: Mapping[str, str]

    @property
    def text(self) -> str:
        """What stands on it, in one line."""
        return " ".join(unescape(_TAGS.sub(" ", self.html)).split())

    def hidden(self, name: str) -> str:
        """The value of a hidden field."""
        found = re.search(rf'<input type="hidden" name="{name}" value="([^"]*)"', self.html)
        assert found is not None, name
        return unescape(found[1])


@dataclass(frozen=True, slots=True)
class Visit:
    """Somebody who has signed in."""

    api: Api
    token: str

    async def get(self, path: str, **headers: str) -> Shown:
        return await self._sent("GET", path, headers=headers)

    async def post(self, path: str, **form: str) -> Shown:
        """Send a form, with the token that is on every page."""
        return await self._sent("POST", path, data={"csrf_token": csrf_token(self.token), **form})

    async def send(self, path: str, pairs: Sequence[tuple[str, str]], **headers: str) -> Shown:
        """Send the fields of a form as they are, also those that are there several times."""
        return await self._sent("POST", path, data=aiohttp.FormData(list(pairs)), headers=headers)

    async def upload(self, path: str, file: str, content: bytes, **form: str) -> Shown:
        data = aiohttp.FormData({"csrf_token": csrf_token(self.token), **form})
        data.add_field("file", BytesIO(content), filename=file, content_type="application/octet-stream")
        return await self._sent("POST", path, data=data)

    async def _sent(self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any) -> Shown:
        sent = {"Cookie": f"{COOKIE}={self.token}", **(headers or {})}
        async with self.api.session.request(
            method, self.api.url + path, headers=sent, allow_redirects=False, **more
        ) as response:
            html = (await response.read()).decode()
            return Shown(response.status, html, response.headers.get("Location", ""), response.headers.copy())


async def visit(api: Api, *roles: str, language: str = "en") -> Visit:
    """A new person in these roles, signed in."""
    now = api.installation.clock.now()
    async with api.installation.database.transaction() as conn:
        email = f"{'-'.join(roles).replace('_', '-')}-{language.lower()}@example.com"
        person = await people.create_person(
            conn, email=email, name="Somebody", roles=roles, actor=KEEPER, language=language, now=now
        )
        session = await begin_session(
            conn,
            person=person,
            method=SignInMethod.PASSWORD,
            caller=Caller(user_agent="Browser", address="127.0.0.1"),
            limits=api.installation.sign_in_rules.limits,
            verified=True,
            now=now,
        )
    return Visit(api, session.token)
