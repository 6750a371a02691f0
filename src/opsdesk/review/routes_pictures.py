"""Pictures and masked values of screening tickets over HTTP: listed, asked for, and shown."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Response
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Sha256, Text, View, text_schema
from opsdesk.review.errors import TicketUnknown
from opsdesk.review.pictures import reading
from opsdesk.review.pictures.errors import NotRevealed, PersonalHidden, PictureMissing, PictureUnknown, RevealInvalid
from opsdesk.review.pictures.model import Picture, PictureState, WhyNot
from opsdesk.review.routes import TicketId
from opsdesk.review.tickets import show_ticket

KEY_ID_CHARS_MAX = 64
REVEALED_MAX = 200

KeyId = Annotated[Text, Field(min_length=1, max_length=KEY_ID_CHARS_MAX)]
PictureKey = Annotated[
    str,
    Path(
        description="The id of the key whose value is the address of the picture, as `pictures` lists it.",
        json_schema_extra=text_schema(minLength=1, maxLength=KEY_ID_CHARS_MAX),
    ),
]
PICTURE_RESPONSE: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in ("image/jpeg", "image/png")
        },
        "description": "The picture as it was kept, without anything beside its pixels.",
    }
}


class Reveal(Body):
    """What somebody asks to see."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"keys": ["0197a3c0000070008000000000000001"]}]})

    keys: Annotated[list[KeyId], Field(max_length=REVEALED_MAX)] | None = None
    """The ids of the keys; left out: everything that is hidden."""


class RevealedView(View):
    """What the actor has asked to see of a ticket so far."""

    keys: list[str]
    """The ids of the keys."""


class PictureView(View):
    """A picture of a ticket."""

    key: str
    """The id of the key whose value is its address."""
    state: PictureState
    """`waiting` while it is on its way; `kept`: there is a copy; `given_up`: there will be none."""
    reason: WhyNot | None
    """Why the last attempt to fetch it failed; null: none did, or one did not."""
    attempts: int
    """How often its host was asked."""
    source_sha256: Sha256 | None
    """SHA-256 of what came from its host; null: nothing did."""
    sha256: Sha256 | None
    """SHA-256 of the copy; null: there is none."""
    media_type: str | None
    """The type of the copy."""
    width: int | None
    """Of the copy, in pixels."""
    height: int | None
    """Of the copy, in pixels."""
    settled_at: datetime | None
    """Since when it is kept or given up."""

    @staticmethod
    def of(picture: Picture) -> "PictureView":
        same = "state reason attempts source_sha256 media_type width height settled_at"
        facts = {name: getattr(picture, name) for name in same.split()}
        return PictureView(key=picture.key_id, sha256=picture.content_sha256, **facts)


class PicturesView(View):
    """The pictures of a ticket."""

    items: list[PictureView]
    """By the ids of their keys; a ticket that a procedure asks for has none."""


picture_routes = APIRouter(prefix="/v1", tags=["tickets"], route_class=StrictRoute)


@picture_routes.get(
    "/tickets/{ticket_id}/pictures",
    summary="List the pictures of a ticket",
    responses=documented(*access.guard.REFUSALS, TicketUnknown),
)
async def list_pictures(ticket_id: TicketId, _: access.guard.TicketReader, conn: Conn) -> PicturesView:
    """What became of each; while one is on its way, the ticket cannot be decided."""
    ticket = await show_ticket(conn, ticket_id=ticket_id)
    return PicturesView(items=[PictureView.of(each) for each in await reading.list_pictures(conn, ticket_id=ticket.id)])


@picture_routes.post(
    "/tickets/{ticket_id}/reveals",
    status_code=201,
    summary="Ask to see what is hidden in a ticket",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, TicketUnknown, PersonalHidden, RevealInvalid),
)
async def reveal_values(
    ticket_id: TicketId, wanted: Reveal, actor: access.guard.TicketReader, conn: Conn, now: Now
) -> RevealedView:
    """The history of the ticket tells who asked to see what, the first time."""
    seen = await reading.reveal(conn, ticket_id=ticket_id, key_ids=wanted.keys, actor=actor, now=now)
    return RevealedView(keys=sorted(seen))


@picture_routes.get(
    "/tickets/{ticket_id}/pictures/{key}",
    summary="Show a picture of a ticket",
    response_class=Response,
    responses=documented(
        *access.guard.REFUSALS, TicketUnknown, PictureUnknown, PictureMissing, PersonalHidden, NotRevealed
    )
    | PICTURE_RESPONSE,
)
async def show_picture(
    ticket_id: TicketId, key: PictureKey, actor: access.guard.TicketReader, conn: Conn, now: Now
) -> Response:
    """To whoever has asked to see it, and holds the ticket or may see personal values."""
    content = await reading.show_picture(conn, ticket_id=ticket_id, key_id=key, actor=actor, now=now)
    return Response(content.data, media_type=content.media_type)
