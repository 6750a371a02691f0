"""A quality sample is drawn: by a form that says from what, and how many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Form, Request, Response

from opsdesk import review
from opsdesk.app.console.formats import zone_of
from opsdesk.app.console.frame import done, page, see_other, translate
from opsdesk.app.console.problems import said
from opsdesk.app.console.quality import PATH, SAMPLES
from opsdesk.app.console.review_lists import midnight
from opsdesk.app.console.viewer import QualityKeeper, Visitor
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError
from opsdesk.kit.http_requests import Conn, Now

NEW = f"{SAMPLES}/new"
SIZE_PROPOSED = 50
DAYS_PROPOSED = 7

samples = review.sampling.samples
REQUIRED = "is required"
routes = APIRouter(include_in_schema=False)
Line = Annotated[str, Form(max_length=300)]
Lines = Annotated[list[str], Form(max_length=samples.TYPES_MAX)]


@dataclass(frozen=True, slots=True)
class Typed:
    """The form as it was filled in."""

    scene: str = ""
    """As `application/scene`."""
    decided_from: str = ""
    decided_to: str = ""
    types: Sequence[str] = ()
    size: str = str(SIZE_PROPOSED)
    seed: str = ""
    as_of: str = ""
    """When the form was shown: the end of today, so that a form sent twice asks for the same."""
    key: str = field(default_factory=lambda: str(uuid4()))


@routes.get(NEW)
async def new_sample(request: Request, visitor: QualityKeeper, conn: Conn, now: Now) -> Response:
    """The form, for the last days until now."""
    today = now.astimezone(zone_of(visitor.person.time_zone)).date()
    begin = today - timedelta(days=DAYS_PROPOSED)
    typed = Typed(decided_from=begin.isoformat(), decided_to=today.isoformat(), as_of=now.isoformat())
    return await _shown(request, visitor, conn, typed, {})


@routes.post(SAMPLES)
async def draw_sample(
    request: Request,
    visitor: QualityKeeper,
    conn: Conn,
    now: Now,
    scene: Line = "",
    decided_from: Line = "",
    decided_to: Line = "",
    types: Lines = [],  # noqa: B006 - read, and never changed
    size: Line = "",
    seed: Line = "",
    as_of: Line = "",
    key: Line = "",
) -> Response:
    """Draw it, and show it; where it cannot be, the form again with what is wrong."""
    _ = translate(request, visitor)
    typed = Typed(scene, decided_from, decided_to, types, size, seed, as_of, key or str(uuid4()))
    wanted, problems = await _wanted(conn, typed, visitor, now=now)
    if wanted is None:
        return await _shown(request, visitor, conn, typed, problems)
    try:
        sample = await samples.draw_sample(
            conn,
            wanted,
            size=_number(size),
            seed=seed.strip() or None,
            actor=visitor.actor,
            key=typed.key,
            now=now,
        )
    except review.sampling.errors.SampleInvalid as error:
        return await _shown(request, visitor, conn, typed, error.problems)
    except review.sampling.routes.DRAWING_REFUSALS as error:
        return await _shown(request, visitor, conn, typed, {}, refused=error)
    return see_other(request, f"{SAMPLES}/{sample.sample_id}", done(_("The sample is drawn.")))


async def _wanted(
    conn: Connection, typed: Typed, visitor: Visitor, *, now: datetime
) -> tuple[review.sampling.samples.DrawnFrom | None, Mapping[str, Sequence[str]]]:
    """From what is to be drawn: the days are whole, and today ends now."""
    problems: dict[str, list[str]] = {}
    scenes = {f"{each.application}/{each.scene}": each for each in await review.reference.entries.list_scenes(conn)}
    scene = scenes.get(typed.scene)
    begin, end = midnight(typed.decided_from, visitor), midnight(typed.decided_to, visitor, days_later=1)
    types = [_number(each) for each in typed.types]
    if scene is None:
        problems["scene"] = [REQUIRED if not typed.scene else "is none of the choices"]
    if begin is None:
        problems["decided_from"] = [REQUIRED]
    if end is None:
        problems["decided_to"] = [REQUIRED]
    if 0 in types:
        problems["types"] = ["is none of the choices"]
    if scene is None or begin is None or end is None or problems:
        return None, problems
    ends_today = end.date() == (now.astimezone(end.tzinfo) + timedelta(days=1)).date()
    until = _moment(typed.as_of, now=now) if ends_today else end
    return samples.DrawnFrom(scene.application, scene.scene, begin, until, tuple(types)), {}


async def _shown(
    request: Request,
    visitor: Visitor,
    conn: Connection,
    typed: Typed,
    problems: Mapping[str, Sequence[str]],
    *,
    refused: OpsdeskError | None = None,
) -> Response:
    _ = translate(request, visitor)
    entries = review.reference.entries
    names = {each.application: each.name for each in await entries.list_applications(conn)}
    scenes = [
        (f"{each.application}/{each.scene}", f"{names[each.application]} · {each.name}")
        for each in await entries.list_scenes(conn)
    ]
    types = [(str(type_id), name) for type_id, name in await review.screening.listing.type_names(conn)]
    return page(
        request,
        visitor,
        "quality/draw.html",
        status=refused.status if refused else 422 if problems else 200,
        path=PATH,
        typed=typed,
        scenes=scenes,
        types=types,
        errors={name: " ".join(said(text, _) for text in texts) for name, texts in problems.items()},
        refused=refused.message if refused else None,
        size_max=samples.SIZE_MAX,
        seed_max=samples.SEED_CHARS_MAX,
    )


def _moment(text: str, *, now: datetime) -> datetime:
    """When the form was shown; what is no time, or none that has come, is now."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return now
    return moment if moment.tzinfo is not None and moment <= now else now


def _number(text: str) -> int:
    """What is no number, or too long for one, is none that is possible."""
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else 0
