"""What lets a request in: `Guard` by an API key, `PageGuard` by a session; each asks for the scope of its route."""

import hmac
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import Depends, FastAPI, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from opsdesk.access.actor import Actor, Scope, may, require
from opsdesk.access.errors import KeyUnknown, RequestForged, ScopeMissing, SignInNeeded, Unauthenticated
from opsdesk.access.keys import authenticate
from opsdesk.access.oidc import LASTS_S as OIDC_LASTS_S
from opsdesk.access.oidc import OidcSignIn, OidcStart
from opsdesk.access.people import Person
from opsdesk.access.sessions import Caller, csrf_token, visit
from opsdesk.access.sign_in import CodeNeeded, SignedIn, SignInRules
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.http_requests import Conn, Now

REFUSALS = (Unauthenticated, KeyUnknown, ScopeMissing)
"""What every route with a guard may answer."""

CSRF_FIELD = "csrf_token"
CSRF_HEADER = "X-CSRF-Token"
FORM_FIELDS_MAX = 4000
"""Of the largest form there is: a screening type with every key and reason that it may have."""
SESSION_COOKIE = "opsdesk"
DEVICE_COOKIE = "opsdesk-device"
OIDC_COOKIE = "opsdesk-oidc"
DEVICE_COOKIE_S = 365 * 24 * 3600
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_FROM_HERE = frozenset({"same-origin", "none"})

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="An API key, which begins with `opsdesk_`, as a bearer token."
)


async def _key(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
    if credentials is None:
        raise Unauthenticated
    return credentials.credentials


@dataclass(frozen=True)
class Guard:
    """The actor of a request. The key is looked for first, so that a stranger costs no connection.

    `or_scope`: whoever has this one instead is let in as well.
    """

    scope: Scope
    or_scope: Scope | None = None

    async def __call__(self, key: Annotated[str, Depends(_key)], request: Request, conn: Conn, now: Now) -> Actor:
        """Raises Unauthenticated, KeyUnknown, ScopeMissing."""
        actor = await authenticate(conn, key=key, now=now)
        request.state.actor = actor.id
        if self.or_scope is None or not may(actor, self.or_scope):
            require(actor, self.scope)
        return actor


@dataclass(frozen=True)
class BriefGuard(Guard):
    """A guard of what takes transactions of its own: the key is looked up in one that has ended by then."""

    async def __call__(  # type: ignore[override]  # FastAPI calls each with what its own signature names
        self, key: Annotated[str, Depends(_key)], request: Request, now: Now
    ) -> Actor:
        """Raises Unauthenticated, KeyUnknown, ScopeMissing."""
        database: Database = request.app.state.database
        async with database.transaction() as conn:
            actor = await authenticate(conn, key=key, now=now)
        request.state.actor = actor.id
        require(actor, self.scope)
        return actor


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person who has signed in, in one session."""

    actor: Actor
    person: Person
    session_id: UUID
    csrf_token: str = field(repr=False)
    """What every form of the page carries as `csrf_token`."""


def provide(app: FastAPI, *, rules: SignInRules, oidc: OidcSignIn | None = None) -> None:
    """Give an application what signing in goes by."""
    app.state.sign_in_rules = rules
    app.state.oidc = oidc


async def _rules(request: Request) -> SignInRules:
    rules: SignInRules = request.app.state.sign_in_rules
    return rules


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


async def _oidc(request: Request) -> OidcSignIn | None:
    oidc: OidcSignIn | None = request.app.state.oidc
    return oidc


Rules = Annotated[SignInRules, Depends(_rules)]
Db = Annotated[Database, Depends(_database)]
"""The database itself, for what takes several transactions, such as signing in."""
Oidc = Annotated[OidcSignIn | None, Depends(_oidc)]
"""Signing in through the identity provider, if the settings name one."""


async def from_here(request: Request) -> None:
    """Raises RequestForged for a change that a page of somebody else has sent; what the browser says of it counts.

    Browsers tell `Sec-Fetch-Site` wherever there is TLS, and on this machine. Where it is missing, what is left of
    `Origin` counts, which is `null` by our own referrer policy.
    """
    if request.method in _SAFE_METHODS:
        return
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "null")
    if site is not None:
        genuine = site in _FROM_HERE
    else:
        genuine = origin == "null" or urlsplit(origin).netloc == request.headers.get("host")
    if not genuine:
        raise RequestForged


async def _session_token(request: Request, rules: Rules, _: Annotated[None, Depends(from_here)]) -> str:
    token = request.cookies.get(cookie_name(SESSION_COOKIE, rules))
    if not token:
        raise SignInNeeded
    return token


async def _oidc_kept(request: Request, rules: Rules) -> str | None:
    return request.cookies.get(cookie_name(OIDC_COOKIE, rules))


OidcKept = Annotated[str | None, Depends(_oidc_kept)]
"""What the browser kept while it was at the identity provider."""


async def _caller(request: Request, rules: Rules) -> Caller:
    return Caller(
        user_agent=request.headers.get("user-agent", ""),
        address=request.client.host if request.client else "",
        session_token=request.cookies.get(cookie_name(SESSION_COOKIE, rules)),
        device_token=request.cookies.get(cookie_name(DEVICE_COOKIE, rules)),
    )


Knocking = Annotated[Caller, Depends(_caller)]
"""Who asks to be let in."""


@dataclass(frozen=True)
class PageGuard:
    """The visitor of a page: anybody who has signed in, or only those who have the scope.

    The cookie is looked for first, so that a stranger costs no connection. A change carries the token of its session,
    in the form or in a header. `by_itself`: the page asks again and again with nobody there, so asking is no use of the
    session and keeps none from ending.
    """

    scope: Scope | None
    by_itself: bool = False

    async def __call__(
        self, token: Annotated[str, Depends(_session_token)], request: Request, rules: Rules, conn: Conn, now: Now
    ) -> Visitor:
        """Raises SignInNeeded, ScopeMissing, RequestForged."""
        found = await visitor(conn, token=token, rules=rules, now=now, is_use=not self.by_itself)
        request.state.actor = found.actor.id
        # A refusal, too, is told on a page of theirs.
        request.state.visitor = found
        if request.method not in _SAFE_METHODS:
            await _check_csrf(request, wanted=found.csrf_token)
        if self.scope is not None:
            require(found.actor, self.scope)
        return found


async def visitor(conn: Connection, *, token: str, rules: SignInRules, now: datetime, is_use: bool = True) -> Visitor:
    """The person whose session this is. Raises SignInNeeded."""
    session, person = await visit(conn, token=token, limits=rules.limits, now=now, is_use=is_use)
    return Visitor(actor=person.actor, person=person, session_id=session.id, csrf_token=csrf_token(token))


async def _check_csrf(request: Request, *, wanted: str) -> None:
    form = await request.form(max_fields=FORM_FIELDS_MAX)
    given = request.headers.get(CSRF_HEADER) or form.get(CSRF_FIELD)
    if not isinstance(given, str) or not hmac.compare_digest(given.encode(), wanted.encode()):
        raise RequestForged


def cookie_name(name: str, rules: SignInRules) -> str:
    """With the prefix that browsers take only over TLS, from this host alone, and for all of its paths."""
    return f"__Host-{name}" if rules.secure else name


def keep_session(response: Response, signed_in: SignedIn | CodeNeeded, rules: SignInRules) -> None:
    """Give the browser its session, and what it is known by from now on."""
    _set_cookie(response, SESSION_COOKIE, signed_in.session.token, rules, lasts_s=None)
    if isinstance(signed_in, SignedIn):
        _set_cookie(response, DEVICE_COOKIE, signed_in.device_token, rules, lasts_s=DEVICE_COOKIE_S)


def keep_oidc(response: Response, start: OidcStart, rules: SignInRules) -> None:
    """Give the browser what it brings back from the identity provider."""
    _set_cookie(response, OIDC_COOKIE, start.kept, rules, lasts_s=OIDC_LASTS_S)


def forget_oidc(response: Response, rules: SignInRules) -> None:
    """Take it from the browser: it was for one sign-in."""
    _set_cookie(response, OIDC_COOKIE, "", rules, lasts_s=0)


def forget_session(response: Response, rules: SignInRules) -> None:
    """Take the session from the browser; it stays known."""
    _set_cookie(response, SESSION_COOKIE, "", rules, lasts_s=0)


def _set_cookie(response: Response, name: str, value: str, rules: SignInRules, *, lasts_s: int | None) -> None:
    response.set_cookie(
        cookie_name(name, rules), value, max_age=lasts_s, path="/", secure=rules.secure, httponly=True, samesite="lax"
    )


ProcedureReader = Annotated[Actor, Depends(Guard(Scope.PROCEDURES_READ))]
ProcedureWriter = Annotated[Actor, Depends(Guard(Scope.PROCEDURES_WRITE))]
RunReader = Annotated[Actor, Depends(Guard(Scope.RUNS_READ))]
RunWriter = Annotated[Actor, Depends(Guard(Scope.RUNS_WRITE))]
ScreeningReader = Annotated[Actor, Depends(Guard(Scope.SCREENING_READ))]
ScreeningWriter = Annotated[Actor, Depends(Guard(Scope.SCREENING_WRITE))]
TicketReader = Annotated[Actor, Depends(Guard(Scope.TICKETS_READ))]
TicketDecider = Annotated[Actor, Depends(Guard(Scope.TICKETS_DECIDE))]
DeskLead = Annotated[Actor, Depends(Guard(Scope.DESK_LEAD))]
ApplicationReader = Annotated[Actor, Depends(Guard(Scope.APPLICATIONS_READ))]
ApplicationSender = Annotated[Actor, Depends(Guard(Scope.APPLICATIONS_WRITE))]
BenefitReader = Annotated[Actor, Depends(Guard(Scope.BENEFITS_READ))]
BenefitKeeper = Annotated[Actor, Depends(Guard(Scope.BENEFITS_WRITE))]
BenefitSettler = Annotated[Actor, Depends(BriefGuard(Scope.BENEFITS_WRITE))]
BriefBenefitBus = Annotated[Actor, Depends(BriefGuard(Scope.BENEFITS_BUS))]
BriefBenefitChannel = Annotated[Actor, Depends(BriefGuard(Scope.BENEFITS_ORDER))]
BenefitChannel = Annotated[Actor, Depends(Guard(Scope.BENEFITS_ORDER))]
BenefitShopper = Annotated[Actor, Depends(Guard(Scope.BENEFITS_READ, or_scope=Scope.BENEFITS_ORDER))]
AuditReader = Annotated[Actor, Depends(Guard(Scope.AUDIT_READ))]
OperationsReader = Annotated[Actor, Depends(Guard(Scope.OPERATIONS_READ))]
OperationsKeeper = Annotated[Actor, Depends(Guard(Scope.OPERATIONS_WRITE))]
QualityReader = Annotated[Actor, Depends(Guard(Scope.QUALITY_READ))]
QualityKeeper = Annotated[Actor, Depends(Guard(Scope.QUALITY_WRITE))]
PointsReader = Annotated[Actor, Depends(Guard(Scope.POINTS_READ))]
PointsKeeper = Annotated[Actor, Depends(Guard(Scope.POINTS_WRITE))]
KeyKeeper = Annotated[Actor, Depends(Guard(Scope.KEYS_WRITE))]
PeopleReader = Annotated[Actor, Depends(Guard(Scope.PEOPLE_READ))]
PeopleKeeper = Annotated[Actor, Depends(Guard(Scope.PEOPLE_WRITE))]
