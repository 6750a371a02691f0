"""The one dependency that lets a request in: a valid API key whose actor has the scope that the route names."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from opsdesk.access.actor import Actor, Scope, require
from opsdesk.access.errors import KeyUnknown, ScopeMissing, Unauthenticated
from opsdesk.access.keys import authenticate
from opsdesk.kit.http_requests import Conn, Now

REFUSALS = (Unauthenticated, KeyUnknown, ScopeMissing)
"""What every route with a guard may answer."""

_BEARER = HTTPBearer(
    auto_error=False, scheme_name="apiKey", description="An API key, which begins with `opsdesk_`, as a bearer token."
)


async def _key(credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_BEARER)]) -> str:
    if credentials is None:
        raise Unauthenticated
    return credentials.credentials


@dataclass(frozen=True)
class Guard:
    """The actor of a request. The key is looked for first, so that a stranger costs no connection."""

    scope: Scope

    async def __call__(self, key: Annotated[str, Depends(_key)], request: Request, conn: Conn, now: Now) -> Actor:
        """Raises Unauthenticated, KeyUnknown, ScopeMissing."""
        actor = await authenticate(conn, key=key, now=now)
        request.state.actor = actor.id
        require(actor, self.scope)
        return actor


ProcedureReader = Annotated[Actor, Depends(Guard(Scope.PROCEDURES_READ))]
ProcedureWriter = Annotated[Actor, Depends(Guard(Scope.PROCEDURES_WRITE))]
RunReader = Annotated[Actor, Depends(Guard(Scope.RUNS_READ))]
RunWriter = Annotated[Actor, Depends(Guard(Scope.RUNS_WRITE))]
TicketReader = Annotated[Actor, Depends(Guard(Scope.TICKETS_READ))]
TicketDecider = Annotated[Actor, Depends(Guard(Scope.TICKETS_DECIDE))]
KeyKeeper = Annotated[Actor, Depends(Guard(Scope.KEYS_WRITE))]
