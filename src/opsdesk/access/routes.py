"""API keys over HTTP: made, listed and revoked by whoever keeps the keys."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import AwareDatetime, BaseModel, ConfigDict

from opsdesk.access import keys
from opsdesk.access.actor import Scope
from opsdesk.access.guard import KeyKeeper
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now

routes = APIRouter(prefix="/v1", tags=["keys"], route_class=StrictRoute)


class KeyRequest(BaseModel):
    """Whom the key is for, and what they may do. Keys with one name act as one person."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "li.na", "scopes": ["tickets:read", "tickets:decide"], "roles": ["compliance_officer"]}
            ]
        },
    )

    name: str
    scopes: list[str]
    roles: list[str] = []
    expires_at: AwareDatetime | None = None


class MadeKey(BaseModel):
    """The key, shown this once."""

    id: str
    name: str
    key: str


class KeyView(BaseModel):
    """What is known about a key after it was made."""

    model_config = ConfigDict(from_attributes=True)

    id: str
    name: str
    scopes: list[Scope]
    roles: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None


class KeyList(BaseModel):
    items: list[KeyView]
    next: None = None


@routes.post("/keys", status_code=201, summary="Make an API key", responses=documented(401, 403, 413, 415, 422))
async def make_key(request: KeyRequest, _: KeyKeeper, conn: Conn, now: Now) -> MadeKey:
    """Only its digest is kept, so that nobody can be told the key again."""
    made = await keys.create_key(
        conn,
        name=request.name,
        scopes=request.scopes,
        roles=request.roles,
        now=now,
        expires_at=request.expires_at,
    )
    return MadeKey(id=made.id, name=made.name, key=made.key)


@routes.get("/keys", summary="List the API keys", responses=documented(401, 403))
async def list_keys(_: KeyKeeper, conn: Conn) -> KeyList:
    """Also those that have expired or were revoked."""
    return KeyList(items=[KeyView.model_validate(key) for key in await keys.list_keys(conn)])


@routes.delete("/keys/{key_id}", summary="Revoke an API key", responses=documented(401, 403, 404))
async def revoke_key(key_id: str, _: KeyKeeper, conn: Conn, now: Now) -> KeyView:
    """At once. The key stays listed."""
    return KeyView.model_validate(await keys.revoke_key(conn, key_id=key_id, now=now))
