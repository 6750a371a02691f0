"""What a viewer sees of the pictures of a ticket, and of the values that are masked until they ask for them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk import review
from opsdesk.access import Actor
from opsdesk.app.console.ticket_words import PATH
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.masking import mask

WHY_NOT: Mapping[str, str] = {
    "host_not_listed": N_("its host is none that pictures are fetched from"),
    "insecure": N_("its address is not secured by TLS"),
    "address_inside": N_("its address leads into an internal network"),
    "too_many_redirects": N_("its host sends on from one address to the next"),
    "gone": N_("it was not there any more"),
    "refused": N_("its host did not give it to us"),
    "too_large": N_("it is too large"),
    "not_a_picture": N_("what came is no JPEG, PNG, WebP or GIF"),
    "unreadable": N_("it is damaged and cannot be read"),
    "slow": N_("its host did not answer in time"),
    "unreachable": N_("its host could not be reached"),
    "untrusted": N_("its host could not prove that it is itself"),
    "failing": N_("its host failed to answer"),
    "interrupted": N_("fetching it was interrupted each time"),
}
"""Why there is no picture, after “There is no picture:”."""


@dataclass(frozen=True, slots=True)
class PictureSight:
    """One picture: its address once it was asked for, until then that of an outline."""

    key_id: str
    name: str
    state: str
    why: str
    """Of WHY_NOT, where there is none."""
    address: str | None
    outline: str | None
    width: int | None
    height: int | None


@dataclass(frozen=True, slots=True)
class PicturesSight:
    """The pictures of a ticket in the order of their keys, and its masked values by the ids of theirs."""

    ticket_id: UUID
    pictures: Sequence[PictureSight]
    masked: Mapping[str, "MaskedValue"]
    may_see: bool
    path: str
    """Of the page that they are on; what is asked for is asked for below it."""

    @property
    def waiting(self) -> int:
        return sum(picture.state == "waiting" for picture in self.pictures)

    @property
    def shown(self) -> Sequence[PictureSight]:
        return [picture for picture in self.pictures if picture.address]

    @property
    def hidden(self) -> int:
        """How much is left to be asked for."""
        outlines = sum(picture.outline is not None for picture in self.pictures)
        return outlines + sum(not value.is_revealed for value in self.masked.values())

    def of(self, key_id: str) -> PictureSight | None:
        return next((picture for picture in self.pictures if picture.key_id == key_id), None)


@dataclass(frozen=True, slots=True)
class MaskedValue:
    key_id: str
    name: str
    text: str
    """In outline, or as it is once it was asked for."""
    is_revealed: bool


async def pictures_of(
    conn: Connection, ticket: review.Ticket, *, actor: Actor, now: datetime, path: str | None = None
) -> PicturesSight:
    """What the actor sees of them now; of a ticket that a procedure asks for, nothing. `path`: of another page."""
    reading = review.pictures.reading
    pictures = {each.key_id: each for each in await reading.list_pictures(conn, ticket_id=ticket.id)}
    revealed = await reading.revealed_keys(conn, ticket_id=ticket.id, actor=actor)
    may_see = reading.may_see(actor, ticket, now=now)
    seen = revealed if may_see else frozenset()
    keys = [key.key for module in _modules(ticket) for key in module.keys if key.key.id in pictures]
    return PicturesSight(
        ticket_id=ticket.id,
        pictures=[_sight(pictures[key.id], key.name, may_see=may_see, is_revealed=key.id in seen) for key in keys],
        masked={
            key_id: MaskedValue(key_id, each.key.name, _text(each, is_revealed=key_id in seen), key_id in seen)
            for key_id, each in reading.masked_keys(ticket).items()
        },
        may_see=may_see,
        path=path or f"{PATH}/{ticket.id}",
    )


def _modules(ticket: review.Ticket) -> Sequence[review.screening.frozen.FrozenModule]:
    return review.screening.frozen.modules_of(ticket.shown) if ticket.screening else ()


def _sight(picture: review.pictures.model.Picture, name: str, *, may_see: bool, is_revealed: bool) -> PictureSight:
    is_kept = picture.state is review.pictures.model.PictureState.KEPT
    address = f"{PATH}/{picture.ticket_id}/pictures/{picture.token}"
    return PictureSight(
        key_id=picture.key_id,
        name=name,
        state=picture.state.value,
        why=WHY_NOT[picture.reason] if picture.reason and not is_kept else "",
        address=address if is_kept and is_revealed else None,
        outline=f"{address}/outline" if is_kept and may_see and not is_revealed else None,
        width=picture.width,
        height=picture.height,
    )


def _text(each: review.screening.frozen.FrozenKey, *, is_revealed: bool) -> str:
    value: Any = each.value
    return str(value if is_revealed else mask(each.key.name, value))
