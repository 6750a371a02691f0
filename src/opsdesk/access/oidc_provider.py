"""What is asked of an identity provider: where it answers, its keys, and an ID token for a code.

HTTP goes out through the one client of the product; the rules of OpenID Connect are Authlib's and joserfc's.
"""

import asyncio
import base64
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote_plus, urlencode

import aiohttp
import orjson
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from yarl import URL

from opsdesk.access.errors import OidcRefused, OidcUnavailable
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_client import HttpClient, read_body
from opsdesk.kit.log import get_logger

ANSWER_S = 10
ANSWER_BYTES_MAX = 256 * 1024
SUBJECT_CHARS_MAX = 255
METADATA_S = 3600
KEYS_S = 60
"""An unknown key makes the keys be fetched again, at most this often."""
LEEWAY_S = 60
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519")
"""Signatures by a key that only the provider has; never `none`, and never one by a secret that is shared."""

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Client:
    """What this installation is to the provider."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    """Empty: a client without a secret, which PKCE protects alone."""
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """Where the provider answers, as it says itself."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    takes_basic: bool


class OidcProvider:
    """One identity provider. What it says of itself is kept for a while; everything else is asked anew."""

    def __init__(self, http: HttpClient, client: Client) -> None:
        self.client = client
        self._http = http
        self._metadata: tuple[float, Metadata] | None = None
        self._keys: tuple[float, KeySet] | None = None

    async def metadata(self) -> Metadata:
        """Raises OidcUnavailable."""
        if self._metadata is None or time.monotonic() - self._metadata[0] > METADATA_S:
            url = self.client.issuer.rstrip("/") + "/.well-known/openid-configuration"
            found = await self._ask("GET", url)
            self._metadata = (time.monotonic(), _read_metadata(found, issuer=self.client.issuer))
        return self._metadata[1]

    async def claims(self, *, code: str, verifier: str, nonce: str, now: datetime) -> Mapping[str, Any]:
        """Who signed in, for the code that the browser brought: the claims of the ID token, and of the user's details.

        Raises OidcRefused, OidcUnavailable.
        """
        answer = await self._exchange(code=code, verifier=verifier)
        token, access_token = answer.get("id_token"), answer.get("access_token")
        if not isinstance(token, str):
            raise OidcUnavailable(problem="gave no ID token")
        claims = await self._verified(token, nonce=nonce, access_token=access_token, now=now)
        metadata = await self.metadata()
        if "email" in claims or metadata.userinfo_endpoint is None or not isinstance(access_token, str):
            return claims
        headers = {"Authorization": f"Bearer {access_token}"}
        more = await self._ask("GET", metadata.userinfo_endpoint, headers=headers)
        if more.get("sub") != claims["sub"]:
            raise OidcUnavailable(problem="gave the details of somebody else")
        return {**more, **claims}

    async def _exchange(self, *, code: str, verifier: str) -> Mapping[str, Any]:
        metadata, client = await self.metadata(), self.client
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": client.redirect_uri,
            "client_id": client.client_id,
            "code_verifier": verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        if client.client_secret and metadata.takes_basic:
            pair = f"{quote_plus(client.client_id)}:{quote_plus(client.client_secret)}"
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        elif client.client_secret:
            form["client_secret"] = client.client_secret
        body = urlencode(form).encode()
        return await self._ask("POST", metadata.token_endpoint, headers=headers, body=body, refused="took no code")

    async def _verified(self, token: str, *, nonce: str, access_token: object, now: datetime) -> Mapping[str, Any]:
        try:
            try:
                decoded = jwt.decode(token, await self._key_set(), algorithms=list(ALGORITHMS))
            except (JoseError, ValueError):  # perhaps by a key that is new
                decoded = jwt.decode(token, await self._key_set(anew=True), algorithms=list(ALGORITHMS))
            claims = CodeIDToken(
                decoded.claims,
                decoded.header,
                options={
                    "iss": {"essential": True, "value": self.client.issuer},
                    "aud": {"essential": True, "value": self.client.client_id},
                },
                params={"nonce": nonce, "client_id": self.client.client_id, "access_token": access_token},
            )
            claims.validate(now=int(now.timestamp()), leeway=LEEWAY_S)
        except (JoseError, ValueError, TypeError) as error:
            _log.warning("id_token_refused", error=type(error).__name__)
            raise OidcRefused(problem="the ID token is not valid") from None
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject.isprintable() or not 1 <= len(subject) <= SUBJECT_CHARS_MAX:
            raise OidcRefused(problem="the ID token names nobody")
        return dict(claims)

    async def _key_set(self, *, anew: bool = False) -> KeySet:
        age_s = time.monotonic() - self._keys[0] if self._keys else METADATA_S + 1
        if self._keys is None or age_s > METADATA_S or (anew and age_s > KEYS_S):
            found = await self._ask("GET", (await self.metadata()).jwks_uri)
            try:
                keys = KeySet.import_key_set({"keys": found["keys"]})
            except (JoseError, KeyError, ValueError, TypeError):
                raise OidcUnavailable(problem="has keys that cannot be read") from None
            self._keys = (time.monotonic(), keys)
        return self._keys[1]

    async def _ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        refused: str | None = None,
    ) -> Mapping[str, Any]:
        """`refused`: what it means where the provider answers that the request is at fault."""
        sent = {"Accept": "application/json", **(headers or {})}
        try:
            async with (
                asyncio.timeout(ANSWER_S),
                self._http.request(method, URL(url), headers=sent, body=body) as answer,
            ):
                content = await read_body(answer, bytes_max=ANSWER_BYTES_MAX)
        except (aiohttp.ClientError, OpsdeskError, OSError, ValueError, TimeoutError) as error:
            _log.warning("identity_provider_unavailable", error=type(error).__name__)
            raise OidcUnavailable(problem="does not answer") from None
        if refused is not None and 400 <= answer.status < 500:
            raise OidcRefused(problem=f"the provider {refused}")
        if answer.status != 200:
            raise OidcUnavailable(problem=f"answers with status {answer.status}")
        try:
            found = orjson.loads(content)
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict):
            raise OidcUnavailable(problem="answers with something else than a JSON object")
        return found


def _read_metadata(found: Mapping[str, Any], *, issuer: str) -> Metadata:
    if found.get("issuer") != issuer:
        raise OidcUnavailable(problem="says that it is another issuer")
    details = _endpoint(found, "userinfo_endpoint", issuer=issuer) if "userinfo_endpoint" in found else None
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization_endpoint=_endpoint(found, "authorization_endpoint", issuer=issuer),
        token_endpoint=_endpoint(found, "token_endpoint", issuer=issuer),
        jwks_uri=_endpoint(found, "jwks_uri", issuer=issuer),
        userinfo_endpoint=details,
        takes_basic="client_secret_basic" in methods,
    )


def _endpoint(found: Mapping[str, Any], name: str, *, issuer: str) -> str:
    """An address of the provider, with TLS wherever the issuer has it."""
    url = found.get(name)
    if not isinstance(url, str) or not url.startswith(("https://", issuer.partition("://")[0] + "://")):
        raise OidcUnavailable(problem=f"has no usable {name}")
    return url
