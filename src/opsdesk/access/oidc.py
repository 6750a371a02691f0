"""Signing in through an identity provider: OpenID Connect, authorization code with PKCE, state and nonce.

What a sign-in has to remember on its way to the provider and back is in a cookie, sealed so that nobody reads or
changes it: whoever begins a thousand of them leaves nothing behind here.
"""

import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from secrets import token_urlsafe
from urllib.parse import urlencode

import orjson
from authlib.oauth2.rfc7636 import create_s256_code_challenge
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opsdesk.access import sign_in
from opsdesk.access.errors import OidcMisconfigured, OidcRefused
from opsdesk.access.oidc_people import ProviderPolicy, person_of
from opsdesk.access.oidc_provider import Client, OidcProvider
from opsdesk.access.roles import Role
from opsdesk.access.sessions import Caller, SignInMethod
from opsdesk.access.sign_in import SignedIn, SignInRules
from opsdesk.kit.db import Database
from opsdesk.kit.http_addresses import is_plain_loopback
from opsdesk.kit.http_client import HttpClient

CALLBACK_PATH = "/sign-in/oidc/callback"
SCOPE = "openid email profile"
LASTS_S = 600
"""For how long somebody may stay at the provider."""
_NONCE_BYTES = 12
_RANDOM_BYTES = 32


@dataclass(frozen=True, slots=True)
class OidcStart:
    """Where the browser goes, and what it keeps meanwhile in a cookie."""

    url: str
    kept: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Under:
    """A sign-in under way."""

    state: str
    nonce: str
    verifier: str
    next_path: str
    began_at: float


class OidcSignIn:
    """Signing in through the provider that the settings name."""

    def __init__(self, http: HttpClient, client: Client, policy: ProviderPolicy) -> None:
        self._provider = OidcProvider(http, client)
        self._policy = policy

    async def begin(self, *, next_path: str, rules: SignInRules, now: datetime) -> OidcStart:
        """Begin a sign-in that leads to a page of ours. Raises OidcUnavailable."""
        metadata = await self._provider.metadata()
        under = _Under(
            state=token_urlsafe(_RANDOM_BYTES),
            nonce=token_urlsafe(_RANDOM_BYTES),
            verifier=token_urlsafe(_RANDOM_BYTES),
            next_path=next_path,
            began_at=now.timestamp(),
        )
        client = self._provider.client
        query = {
            "response_type": "code",
            "client_id": client.client_id,
            "redirect_uri": client.redirect_uri,
            "scope": SCOPE,
            "state": under.state,
            "nonce": under.nonce,
            "code_challenge": create_s256_code_challenge(under.verifier),
            "code_challenge_method": "S256",
        }
        joined = "&" if "?" in metadata.authorization_endpoint else "?"
        return OidcStart(url=metadata.authorization_endpoint + joined + urlencode(query), kept=_sealed(under, rules))

    async def finish(
        self,
        database: Database,
        *,
        code: str | None,
        state: str | None,
        kept: str | None,
        caller: Caller,
        rules: SignInRules,
        now: datetime,
    ) -> tuple[SignedIn, str]:
        """End a sign-in with what the browser brings back; returns the session and the page that it was for.

        Raises OidcRefused, OidcUnavailable.
        """
        under = _opened(kept or "", rules)
        if under is None or not hmac.compare_digest(under.state.encode(), (state or "").encode(errors="replace")):
            raise OidcRefused(problem="the sign-in did not begin in this browser")
        if not 0 <= now.timestamp() - under.began_at < LASTS_S:
            raise OidcRefused(problem="the sign-in took too long")
        if not code:
            raise OidcRefused(problem="the provider did not let you in")
        claims = await self._provider.claims(code=code, verifier=under.verifier, nonce=under.nonce, now=now)
        async with database.transaction() as conn:
            person = await person_of(
                conn, claims=claims, issuer=self._provider.client.issuer, policy=self._policy, now=now
            )
            signed_in = await sign_in.begin(
                conn, person=person, method=SignInMethod.OIDC, caller=caller, rules=rules, now=now
            )
        assert isinstance(signed_in, SignedIn), "no second factor of ours is asked for"
        return signed_in, under.next_path


def oidc_sign_in(
    http: HttpClient,
    *,
    issuer: str,
    client_id: str,
    client_secret: str,
    base_url: str,
    roles_claim: str,
    roles: str,
    creates: bool,
) -> OidcSignIn | None:
    """As the settings say; None where they name no provider. Raises OidcMisconfigured."""
    if not issuer:
        return None
    if not client_id:
        raise OidcMisconfigured(setting="OPSDESK_OIDC_CLIENT_ID", problem="is not set")
    if not issuer.startswith("https://") and not is_plain_loopback(issuer):
        raise OidcMisconfigured(setting="OPSDESK_OIDC_ISSUER", problem="is no address with https")
    redirect_uri = base_url.rstrip("/") + CALLBACK_PATH
    client = Client(issuer=issuer, client_id=client_id, client_secret=client_secret, redirect_uri=redirect_uri)
    policy = ProviderPolicy(roles_claim=roles_claim, roles=_read_roles(roles) if roles else None, creates=creates)
    return OidcSignIn(http, client, policy)


def _read_roles(setting: str) -> Mapping[str, set[Role]]:
    found: dict[str, set[Role]] = {}
    for entry in filter(None, map(str.strip, setting.split(","))):
        value, _, role = entry.rpartition("=")
        if not value.strip() or role.strip() not in set(Role):
            raise OidcMisconfigured(setting="OPSDESK_OIDC_ROLES", problem=f"{entry!r} is not `value=role`")
        found.setdefault(value.strip(), set()).add(Role(role.strip()))
    return found


def _cipher(rules: SignInRules) -> AESGCM:
    return AESGCM(hmac.digest(rules.device_key, b"sign-in through the identity provider", "sha256"))


def _sealed(under: _Under, rules: SignInRules) -> str:
    nonce = os.urandom(_NONCE_BYTES)
    return urlsafe_b64encode(nonce + _cipher(rules).encrypt(nonce, orjson.dumps(asdict(under)), None)).decode()


def _opened(kept: str, rules: SignInRules) -> _Under | None:
    try:
        content = urlsafe_b64decode(kept)
        opened = _cipher(rules).decrypt(content[:_NONCE_BYTES], content[_NONCE_BYTES:], None)
    except (ValueError, InvalidTag):
        return None
    return _Under(**orjson.loads(opened))
