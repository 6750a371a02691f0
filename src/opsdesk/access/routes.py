"""API keys over HTTP: made, listed and revoked by whoever keeps the keys."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk.access import keys, people
from opsdesk.access.actor import Scope
from opsdesk.access.audit.routes import audit_routes
from opsdesk.access.errors import KeyNotFound, KeyRefused, PersonUnknown
from opsdesk.access.guard import REFUSALS, KeyKeeper
from opsdesk.access.routes_people import routes as people_routes
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Moment, View, named, text_schema

__all__ = ["audit_routes", "people_routes", "routes"]

routes = APIRouter(prefix="/v1", tags=["keys"], route_class=StrictRoute)

_ID = Field(json_schema_extra={"pattern": keys.ID_PATTERN})
# Spaces around a name are no part of it, and what can be printed is more than a pattern can say.
_NAME = Field(json_schema_extra={"minLength": 1, "pattern": r"\S"})
_ROLE = Field(json_schema_extra={"minLength": 1, "maxLength": keys.ROLE_CHARS_MAX, "pattern": r"^\S(.*\S)?$"})
_EMAIL = Field(json_schema_extra=text_schema(maxLength=people.EMAIL_CHARS_MAX))
_SCOPE = Field(json_schema_extra={"enum": list(Scope)})


class KeyRequest(Body):
    """Whom the key is for, and what they may do."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"name": "customer-portal", "scopes": ["runs:write", "runs:read"]}]}
    )

    name: Annotated[str, _NAME]
    """The person or system that acts with the key; keys with one name, in any case of letters, act as one person."""
    scopes: list[Annotated[str, _SCOPE]]
    """What the key may be used for."""
    roles: list[Annotated[str, _ROLE]] = Field(default_factory=list, json_schema_extra={"maxItems": keys.ROLES_MAX})
    """The roles in which tickets may be decided with it."""
    expires_at: Moment | None = None
    """When it ends on its own, in the future; null or left out: never."""
    person: Annotated[str, _EMAIL] | None = None
    """The e-mail address of the person who acts with it, in their own roles; null or left out: a system does.

    Everybody makes their own keys: only the person themselves may ask for one.
    """


class MadeKey(View):
    """The key, shown this once."""

    id: Annotated[str, _ID]
    """Names the key afterwards."""
    name: str
    """As it was given, without spaces around it."""
    key: Annotated[str, Field(json_schema_extra={"pattern": keys.KEY_PATTERN})]
    """What comes with each request, as `Authorization: Bearer …`."""


class KeyView(View):
    """What is known about a key after it was made."""

    model_config = ConfigDict(from_attributes=True)

    id: Annotated[str, _ID]
    """Names the key."""
    name: str
    """The person or system that acts with the key."""
    scopes: list[Scope]
    """What the key may be used for."""
    roles: list[str]
    """The roles in which tickets may be decided with it."""
    created_at: datetime
    """When it was made."""
    expires_at: datetime | None
    """When it ends on its own; null: never."""
    revoked_at: datetime | None
    """When it was ended; null: it was not."""
    last_used_at: datetime | None
    """When it was last used, to the minute; null: never."""
    person: str | None
    """The e-mail address of the person who acts with it; null: a system does."""


class KeyList(View):
    """All keys, the newest first."""

    items: list[KeyView]
    """Also those that have expired or were revoked."""
    next: None = None
    """Always null: the list comes whole."""


@routes.post(
    "/keys",
    status_code=201,
    summary="Make an API key",
    responses=documented(*REFUSALS, *BODY_REFUSALS, KeyRefused, PersonUnknown),
)
async def make_key(request: KeyRequest, actor: KeyKeeper, conn: Conn, now: Now) -> MadeKey:
    """Only its digest is kept, so that nobody can be told the key again."""
    made = await keys.create_key(
        conn,
        name=request.name,
        scopes=request.scopes,
        roles=request.roles,
        actor=actor,
        now=now,
        expires_at=request.expires_at,
        person=None if request.person is None else await people.find_person(conn, email=request.person),
    )
    return MadeKey(id=made.id, name=made.name, key=made.key)


@routes.get("/keys", summary="List the API keys", responses=documented(*REFUSALS))
async def list_keys(_: KeyKeeper, conn: Conn) -> KeyList:
    """Also those that have expired or were revoked."""
    return KeyList(items=[KeyView.model_validate(key) for key in await keys.list_keys(conn)])


@routes.delete("/keys/{key_id}", summary="Revoke an API key", responses=documented(*REFUSALS, KeyNotFound))
async def revoke_key(
    key_id: Annotated[str, named("The id of the key.")], actor: KeyKeeper, conn: Conn, now: Now
) -> KeyView:
    """At once. The key stays listed."""
    return KeyView.model_validate(await keys.revoke_key(conn, key_id=key_id, actor=actor, now=now))
