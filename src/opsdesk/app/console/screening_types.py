"""Screening types: listed, looked at with their history, and an earlier version taken back."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Form, Query, Request, Response

from opsdesk import access, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, failed, fragment, page, see_other, translate, warning
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.screening_preview import preview_of
from opsdesk.app.console.viewer import ScreeningReader, ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

PATH = "/screening"
ONE = f"{PATH}/types/{{type_id}}"
CATEGORIES = tuple(category.value for category in review.screening.types.Category)
NO_CHANGE = N_("no change: nothing was saved, and there is no new version.")

routes = APIRouter(include_in_schema=False)
Asked = Annotated[str, Query(max_length=200)]
Cursor = Annotated[str, Query(max_length=1000)]


@routes.get(PATH)
async def list_types(
    request: Request,
    visitor: ScreeningReader,
    conn: Conn,
    category: Asked = "",
    name: Asked = "",
    operator: Asked = "",
    sort: Asked = "",
    cursor: Cursor = "",
) -> Response:
    """The types, the last changed first; `sort=oldest` turns the list and the names that are offered."""
    listing, oldest_first = review.screening.listing, sort == "oldest"
    category = category if category in CATEGORIES else ""
    found = await listing.list_types(
        conn,
        category=review.screening.types.Category(category) if category else None,
        name=name.strip() or None,
        operator=operator or None,
        oldest_first=oldest_first,
        cursor=cursor or None,
    )
    asked = {"category": category, "name": name.strip(), "operator": operator}
    return page(
        request,
        visitor,
        "screening/list.html",
        types=found.items,
        next=found.next,
        cursor=cursor,
        asked={field: text for field, text in asked.items() if text},
        oldest_first=oldest_first,
        categories=CATEGORIES,
        names=await listing.type_names(conn, oldest_first=oldest_first),
        operators=await listing.type_operators(conn),
        may_write=may_write(visitor),
    )


@routes.get(f"{PATH}/names")
async def type_names(
    request: Request, visitor: ScreeningReader, conn: Conn, name: Asked = "", sort: Asked = ""
) -> Response:
    """The names that are offered while one is typed."""
    found = await review.screening.listing.type_names(conn, part=name.strip() or None, oldest_first=sort == "oldest")
    return fragment(request, visitor, "screening/names.html", names=found)


@routes.get(ONE)
async def show_type(
    request: Request,
    visitor: ScreeningReader,
    conn: Conn,
    type_id: CountedId,
    cursor: Cursor = "",
) -> Response:
    """All of it, read-only, with a page of its history."""
    found = await review.screening.types.show_type(conn, type_id=type_id)
    versions = await review.screening.listing.type_history(conn, type_id=type_id, cursor=cursor or None)
    return page(
        request,
        visitor,
        "screening/show.html",
        found=found,
        document=review.screening.model.stored(found.document),
        preview=preview_of(found.document, name=found.name, version=found.version),
        versions=[(each, screening_words.changes_told(each.changes)) for each in versions.items],
        older=versions.next,
        cursor=cursor,
        modules=screening_words.MODULES,
        fields=screening_words.FIELDS,
        seconds={value: translate(request, visitor)(text) for value, text in screening_words.SECOND_REVIEWS.items()},
        role_names=ROLES,
        counteds={value: translate(request, visitor)(text) for value, text in screening_words.COUNTED.items()},
        kinds=kinds(request, visitor),
        may_write=may_write(visitor),
    )


@routes.post(f"{ONE}/restore")
async def restore_version(
    request: Request,
    visitor: ScreeningWriter,
    conn: Conn,
    now: Now,
    type_id: CountedId,
    version: Annotated[int, Form(ge=1, le=2**31 - 1)],
    opened_version: Annotated[int, Form(ge=1, le=2**31 - 1)],
) -> Response:
    """Save an earlier version again, as the newest one."""
    _ = translate(request, visitor)
    errors = review.screening.errors
    try:
        saved = await review.screening.types.restore_version(
            conn, type_id=type_id, version=version, opened_version=opened_version, actor=visitor.actor, now=now
        )
    except (errors.ConfigurationMoved, errors.HardcodedType) as error:
        return see_other(request, address(type_id), failed(_(error.message)))
    except errors.ScreeningTypeInvalid as error:
        said = {screening_words.problem_told(texts, _) for texts in error.problems.values()}
        words = _(N_("Version %(version)s cannot be taken back: %(problem)s"))
        return see_other(
            request, address(type_id), failed(words % {"version": version, "problem": " ".join(sorted(said))})
        )
    return see_other(request, address(type_id), saved_words(request, visitor, saved))


def saved_words(request: Request, visitor: Visitor, saved: "review.screening.types.Saved") -> Any:
    """What is said of a type that was saved."""
    _ = translate(request, visitor)
    if not saved.changed:
        return warning(_(NO_CHANGE))
    words = _(N_("Version %(version)s is saved and counts from now on; %(adapts)s adapts went up a version with it."))
    return done(words % {"version": saved.type.version, "adapts": saved.adapts})


def address(type_id: int) -> str:
    return f"{PATH}/types/{type_id}"


def may_write(visitor: Visitor) -> bool:
    return access.may(visitor.actor, access.Scope.SCREENING_WRITE)


def kinds(request: Request, visitor: Visitor) -> Mapping[str, str]:
    """What a change is, in words."""
    _ = translate(request, visitor)
    return {kind: _(text) for kind, text in screening_words.KINDS.items()}
