"""The pictures of a ticket: shown to those who may see them, once they asked to."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from opsdesk import review
from opsdesk.app.console.frame import done, fragment, is_partial, see_other, translate
from opsdesk.app.console.picture_sight import pictures_of
from opsdesk.app.console.ticket_words import PATH
from opsdesk.app.console.viewer import TicketReader, TicketWatcher
from opsdesk.kit.http_requests import Conn, Now

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""For what the frame of all answers does not say already."""

routes = APIRouter(include_in_schema=False)


@routes.get(PATH + "/{ticket_id}/pictures")
async def show_pictures(request: Request, ticket_id: UUID, visitor: TicketWatcher, conn: Conn, now: Now) -> Response:
    """What has come of them since; asked for again and again while one is on its way."""
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    sight = await pictures_of(conn, ticket, actor=visitor.actor, now=now)
    return fragment(request, visitor, "tickets/pictures_part.html", sight=sight, others=False)


@routes.post(PATH + "/{ticket_id}/reveal")
async def reveal_values(request: Request, ticket_id: UUID, visitor: TicketReader, conn: Conn, now: Now) -> Response:
    """Show the values that are named, or all: the ticket tells that this person has seen them."""
    _ = translate(request, visitor)
    named = [str(key_id) for key_id in (await request.form()).getlist("reveal")]
    await review.pictures.reading.reveal(conn, ticket_id=ticket_id, key_ids=named or None, actor=visitor.actor, now=now)
    if not is_partial(request):
        return see_other(request, f"{PATH}/{ticket_id}", done(_("It is noted that you have seen it.")))
    ticket = await review.show_ticket(conn, ticket_id=ticket_id)
    sight = await pictures_of(conn, ticket, actor=visitor.actor, now=now)
    return fragment(request, visitor, "tickets/pictures_part.html", sight=sight, others=True)


@routes.get(PATH + "/{ticket_id}/pictures/{token}")
async def show_picture(ticket_id: UUID, token: str, visitor: TicketReader, conn: Conn, now: Now) -> Response:
    """A picture as it was kept."""
    content = await review.pictures.reading.show_picture(
        conn, ticket_id=ticket_id, token=token, actor=visitor.actor, now=now
    )
    return Response(content.data, media_type=content.media_type, headers=_HEADERS)


@routes.get(PATH + "/{ticket_id}/pictures/{token}/outline")
async def show_outline(ticket_id: UUID, token: str, visitor: TicketReader, conn: Conn, now: Now) -> Response:
    """A few pixels of it, for whoever has not asked to see it."""
    content = await review.pictures.reading.show_outline(
        conn, ticket_id=ticket_id, token=token, actor=visitor.actor, now=now
    )
    return Response(content.data, media_type=content.media_type, headers=_HEADERS)
