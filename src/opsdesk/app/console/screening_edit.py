"""Screening types added and edited: a form that is a function of what was posted, with or without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from opsdesk import access, review
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, fragment, is_partial, page, see_other, translate
from opsdesk.app.console.role_words import ROLES
from opsdesk.app.console.row_forms import label_of, row_id
from opsdesk.app.console.screening_form import (
    Step,
    TypeForm,
    blank_form,
    fields_of_problems,
    posted_form,
    pressed,
    row_numbers,
    stored_form,
)
from opsdesk.app.console.screening_preview import Preview, preview_of
from opsdesk.app.console.screening_types import ONE, PATH, address, kinds, saved_words
from opsdesk.app.console.viewer import ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

NEW = f"{PATH}/types/new"
SAVE, SAVE_CONFIRMED = "save", "save-confirmed"

ScreeningType = review.screening.types.ScreeningType
errors_of = review.screening.errors

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Editing:
    """Somebody at the form: who, and of which type; None: of one that is to be made."""

    request: Request
    visitor: Visitor
    conn: Connection
    before: ScreeningType | None

    @property
    def action(self) -> str:
        return NEW if self.before is None else f"{address(self.before.type_id)}/edit"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form is shown with."""

    step: Step
    status: int = 200
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By place in the document."""
    impact: review.screening.impact.Impact | None = None
    """What saving would do, for whoever has to confirm it."""
    moved: review.screening.errors.ConfigurationMoved | None = None
    previewed: bool = False


@routes.get(NEW)
async def new_type(request: Request, visitor: ScreeningWriter, conn: Conn) -> Response:
    """An empty form."""
    return await _shown(Editing(request, visitor, conn, None), Shown(Step(blank_form())))


@routes.post(NEW)
async def add_type(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now) -> Response:
    """Whatever button of the form was pressed."""
    return await _answer(Editing(request, visitor, conn, None), now=now)


@routes.get(f"{ONE}/edit")
async def edit_form(request: Request, visitor: ScreeningWriter, conn: Conn, type_id: CountedId) -> Response:
    """The form with the newest version."""
    before = await review.screening.types.show_type(conn, type_id=type_id)
    return await _shown(Editing(request, visitor, conn, before), Shown(Step(stored_form(before))))


@routes.post(f"{ONE}/edit")
async def edit_type(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, type_id: CountedId) -> Response:
    """Whatever button of the form was pressed."""
    before = await review.screening.types.show_type(conn, type_id=type_id)
    return await _answer(Editing(request, visitor, conn, before), now=now)


async def _answer(editing: Editing, *, now: datetime) -> Response:
    posted = await editing.request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    form, op = posted_form(posted), str(posted.get("op", ""))
    if editing.before is not None:
        form = replace(form, name=editing.before.name)
    previewed = op == "preview" or (bool(posted.get("previewed")) and op != "preview-off")
    if op in (SAVE, SAVE_CONFIRMED):
        return await _save(editing, form, confirmed=op == SAVE_CONFIRMED, previewed=previewed, now=now)
    if op == "preview":
        _document, problems = await _read(editing, form)
        if problems:  # told at once, and not only when it is saved
            return await _shown(editing, Shown(Step(form), status=422, problems=problems, previewed=True))
    return await _shown(editing, Shown(pressed(form, op), previewed=previewed))


async def _save(editing: Editing, form: TypeForm, *, confirmed: bool, previewed: bool, now: datetime) -> Response:
    request, visitor, before = editing.request, editing.visitor, editing.before
    content: dict[str, Any] = {"description": form.description, "document": form.document(), "actor": visitor.actor}
    shown = Shown(Step(form), previewed=previewed)
    try:
        if before is None:
            added = await review.screening.types.add_type(editing.conn, name=form.name, now=now, **content)
            words = translate(request, visitor)(
                N_("The screening type was added. Its adapts say where values come from.")
            )
            return lead_to(request, f"{address(added.type_id)}/adapts", done(words))
        if not confirmed and (impact := await _impact(editing, form)) is not None and impact.is_felt:
            return await _shown(editing, replace(shown, impact=impact))
        saved = await review.screening.types.edit_type(
            editing.conn, type_id=before.type_id, opened_version=form.opened_version, now=now, **content
        )
    except errors_of.ScreeningTypeInvalid as error:
        return await _shown(editing, replace(shown, problems=error.problems, status=422))
    except errors_of.ScreeningTypeExists:
        return await _shown(editing, replace(shown, problems={"name": [ALREADY]}, status=409))
    except errors_of.ConfigurationMoved as error:
        newest = replace(form, opened_version=error.version)
        return await _shown(editing, replace(shown, step=Step(newest), moved=error, status=409))
    return lead_to(request, address(before.type_id), saved_words(request, visitor, saved))


ALREADY = "is the name of another screening type"


async def _impact(editing: Editing, form: TypeForm) -> review.screening.impact.Impact | None:
    """None where saving would change nothing, or be refused."""
    before = editing.before
    assert before is not None
    document, _ = await _read(editing, form)
    unchanged = document == before.document and form.description.strip() == before.description
    if document is None or unchanged or form.opened_version != before.version:
        return None
    return await review.screening.impact.impact_of(editing.conn, before=before, document=document)


async def _read(editing: Editing, form: TypeForm) -> tuple[Any, Mapping[str, Sequence[str]]]:
    codes = await review.reference.entries.codes_for_tickets(editing.conn)
    previous = editing.before.document if editing.before else None
    return review.screening.reading.read_document(form.document(), previous=previous, codes=codes, new_id=row_id)


async def _shown(editing: Editing, shown: Shown) -> Response:
    """The page, or for htmx the form of it."""
    request, visitor, before, form = editing.request, editing.visitor, editing.before, shown.step.form
    _ = translate(request, visitor)
    document, _unread = await _read(editing, form)
    rows = row_numbers(form)
    errors = {
        name: screening_words.problem_told(texts, _) for name, texts in fields_of_problems(form, shown.problems).items()
    }
    warnings = {
        name: screening_words.problem_told(texts, _)
        for name, texts in fields_of_problems(form, _warnings(document)).items()
    }
    show = fragment if is_partial(request) else page
    return show(
        request,
        visitor,
        "screening/type_form.html" if is_partial(request) else "screening/type.html",
        status=shown.status,
        action=editing.action,
        before=before,
        back=PATH if before is None else address(before.type_id),
        is_hardcode=before is not None and before.category is review.screening.types.Category.HARDCODE,
        kept={key.id for key in before.document.every_key} if before else set(),
        form=form,
        focus=shown.step.focus,
        said=_(screening_words.SAID[shown.step.said]) if shown.step.said else "",
        asked=shown.step.asked,
        errors=errors,
        labels={name: label_of(name, screening_words.field_label(name), rows, _) for name in errors},
        warnings=warnings,
        impact=shown.impact,
        moved=shown.moved and asdict(shown.moved),
        changes=screening_words.changes_told(shown.moved.changes) if shown.moved else (),
        kinds=kinds(request, visitor),
        previewed=shown.previewed,
        preview=_preview(form, document, before) if shown.previewed else None,
        is_partial=is_partial(request),
        modules=screening_words.MODULES,
        displays=screening_words.DISPLAYS,
        removal=screening_words.REMOVAL,
        codes=await _codes(editing.conn),
        **_rule_options(_),
        limits=LIMITS,
    )


def _rule_options(translate: screening_words.Translate) -> dict[str, Any]:
    """What can be chosen of how tickets are reviewed."""
    roles = review.screening.reading_due.ESCALATION_ROLES
    weekdays = enumerate(screening_words.WEEKDAYS, start=1)
    return {
        "second_options": [(value, translate(text)) for value, text in screening_words.SECOND_REVIEWS.items()],
        "counted_options": [(value, translate(text)) for value, text in screening_words.COUNTED.items()],
        "role_options": [("", translate(N_("as before"))), *((role, translate(ROLES[role])) for role in roles)],
        "weekdays": [(str(number), translate(text)) for number, text in weekdays],
    }


LIMITS: Mapping[str, int] = {
    "name": review.screening.types.NAME_CHARS_MAX,
    "description": review.screening.types.DESCRIPTION_CHARS_MAX,
    "key": review.screening.reading.KEY_CHARS_MAX,
    "label": review.screening.reading.LABEL_CHARS_MAX,
    "detail": review.screening.reading.DETAIL_CHARS_MAX,
    "priority": review.screening.reading.PRIORITY_MAX,
}


def _warnings(document: Any) -> dict[str, list[str]]:
    return {} if document is None else {p: [text] for p, text in review.screening.reading.warnings_of(document)}


def _preview(form: TypeForm, document: Any, before: ScreeningType | None) -> Preview | None:
    version = 1 if before is None else before.version + 1
    return None if document is None else preview_of(document, name=form.name, version=version)


async def _codes(conn: Connection) -> list[tuple[str, str]]:
    """The reject codes that a reason may have, with what they mean."""
    found = await review.reference.entries.list_reject_codes(conn, active=True)
    return [
        (each.code, f"{each.code} · {each.description}" if each.description else each.code)
        for each in found
        if each.for_tickets
    ]


def lead_to(request: Request, to: str, *flashes: Any) -> Response:
    """Show another page, also where a script has asked, which would put it into this one."""
    response = see_other(request, to, *flashes)
    if is_partial(request):
        response.status_code = 204
        response.headers["HX-Redirect"] = to
        del response.headers["location"]
    return response
