"""Screening adapts added and edited: dropdowns that follow each other, made anew from what was posted."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from opsdesk import access, review
from opsdesk.app.console import screening_adapt_form as forms
from opsdesk.app.console import screening_words
from opsdesk.app.console.frame import done, fragment, is_partial, page, translate, warning
from opsdesk.app.console.screening_adapt_form import AdaptForm
from opsdesk.app.console.screening_adapts import ADAPT, LIST, verify_words
from opsdesk.app.console.screening_edit import lead_to
from opsdesk.app.console.screening_types import NO_CHANGE, address, kinds
from opsdesk.app.console.viewer import ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

NEW = f"{LIST}/new"
OPTIONS_IN_LIST_MAX = 100
"""Of more fields, the one that is meant is typed and found."""
errors_of = review.screening.errors

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Editing:
    """Somebody at the form of an adapt of a type; `before`: None for one that is to be made."""

    request: Request
    visitor: Visitor
    conn: Connection
    outer: review.screening.types.ScreeningType
    before: review.screening.adapts.ScreeningAdapt | None

    @property
    def action(self) -> str:
        if self.before is None:
            return f"{address(self.outer.type_id)}/adapts/new"
        return f"/screening/adapts/{self.before.adapt_id}/edit"

    @property
    def keys(self) -> Sequence[str]:
        return [key.id for key in self.outer.document.every_key]


@dataclass(frozen=True, slots=True)
class Shown:
    form: AdaptForm
    status: int = 200
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    moved: review.screening.errors.ConfigurationMoved | None = None
    existing: int | None = None
    """The adapt that is there already."""


@routes.get(NEW)
async def new_adapt(request: Request, visitor: ScreeningWriter, conn: Conn, type_id: CountedId) -> Response:
    """An empty form."""
    editing = await _new(request, visitor, conn, type_id)
    return await _shown(editing, Shown(forms.blank_form(editing.keys)))


@routes.post(NEW)
async def add_adapt(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, type_id: CountedId) -> Response:
    """Whatever button of the form was pressed."""
    return await _answer(await _new(request, visitor, conn, type_id), now=now)


@routes.get(f"{ADAPT}/edit")
async def edit_form(request: Request, visitor: ScreeningWriter, conn: Conn, adapt_id: CountedId) -> Response:
    """The form with the newest version."""
    editing = await _of(request, visitor, conn, adapt_id)
    assert editing.before is not None
    return await _shown(editing, Shown(forms.stored_form(editing.before)))


@routes.post(f"{ADAPT}/edit")
async def edit_adapt(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, adapt_id: CountedId) -> Response:
    """Whatever button of the form was pressed."""
    return await _answer(await _of(request, visitor, conn, adapt_id), now=now)


async def _new(request: Request, visitor: Visitor, conn: Connection, type_id: int) -> Editing:
    outer = await review.screening.types.show_type(conn, type_id=type_id)
    return Editing(request, visitor, conn, outer, None)


async def _of(request: Request, visitor: Visitor, conn: Connection, adapt_id: int) -> Editing:
    before = await review.screening.adapts.show_adapt(conn, adapt_id=adapt_id)
    outer = await review.screening.types.show_type(conn, type_id=before.type_id)
    return Editing(request, visitor, conn, outer, before)


async def _answer(editing: Editing, *, now: datetime) -> Response:
    posted = await editing.request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    form = forms.posted_form(posted, editing.keys)
    if editing.before is not None:
        form = replace(form, application=editing.before.application, scene=editing.before.scene, moved=False)
    if posted.get("op") == "save":
        return await _save(editing, form, now=now)
    return await _shown(editing, Shown(form))


async def _save(editing: Editing, form: AdaptForm, *, now: datetime) -> Response:
    _, conn = translate(editing.request, editing.visitor), editing.conn
    content: dict[str, Any] = {"document": form.document(), "actor": editing.visitor.actor, "now": now}
    adapts, before = review.screening.adapts, editing.before
    try:
        if before is None:
            await adapts.add_adapt(
                conn, type_id=editing.outer.type_id, application=form.application, scene=form.scene, **content
            )
            added = done(_(N_("The adapt was added; it is active.")))
            return lead_to(editing.request, f"{address(editing.outer.type_id)}/adapts", added)
        saved = await adapts.edit_adapt(conn, adapt_id=before.adapt_id, opened_version=form.opened_version, **content)
    except errors_of.ScreeningAdaptInvalid as error:
        return await _shown(editing, Shown(form, status=422, problems=error.problems))
    except errors_of.ScreeningAdaptExists as error:
        problems = {"scene": [ALREADY]}
        return await _shown(editing, Shown(form, status=409, problems=problems, existing=error.adapt_id))
    except errors_of.ConfigurationMoved as error:
        newest = replace(form, opened_version=error.version)
        return await _shown(editing, Shown(newest, status=409, moved=error))
    words = _(N_("Version %(version)s is saved and counts from now on.")) % {"version": saved.adapt.version}
    told = done(words) if saved.changed else warning(_(NO_CHANGE))
    return lead_to(editing.request, f"/screening/adapts/{before.adapt_id}", told)


ALREADY = "is adapted already"


async def _shown(editing: Editing, shown: Shown) -> Response:
    """The page, or for htmx the form of it."""
    request, visitor, conn, before = editing.request, editing.visitor, editing.conn, editing.before
    _ = translate(request, visitor)
    entries = review.reference.entries
    scenes = await entries.list_scenes(conn, application=shown.form.application) if shown.form.application else ()
    form = forms.fitting_scene(shown.form, [each.scene for each in scenes])
    methods = await entries.list_methods(conn, application=form.application, scene=form.scene) if form.scene else ()
    form = forms.fitting_methods(form, [each.method for each in methods if each.with_screening])
    choices = await review.screening.adapts.choices_for(
        conn, application=form.application, scene=form.scene, methods=form.methods
    )
    form = forms.fitting_values(form, choices.offer)
    errors: dict[str, str] = {}
    for place, texts in shown.problems.items():
        errors[forms.field_of(place)] = screening_words.problem_told(texts, _)
    names = await review.screening.types.key_names(conn, type_id=editing.outer.type_id) if shown.moved else {}
    return (fragment if is_partial(request) else page)(
        request,
        visitor,
        "screening/adapt_form.html" if is_partial(request) else "screening/adapt.html",
        status=shown.status,
        action=editing.action,
        before=before,
        outer=editing.outer,
        back=f"{address(editing.outer.type_id)}/adapts" if before is None else f"/screening/adapts/{before.adapt_id}",
        form=form,
        errors=errors,
        labels={name: screening_words.field_label(name) for name in errors},
        warnings=_warnings(editing, form, choices, _),
        existing=shown.existing,
        moved=shown.moved and asdict(shown.moved),
        changes=screening_words.changes_told(shown.moved.changes, names) if shown.moved else (),
        kinds=kinds(request, visitor),
        applications=await entries.list_applications(conn),
        scenes=scenes,
        methods=[each for each in methods if each.with_screening],
        options=forms.options_of(choices.offer),
        options_in_list_max=OPTIONS_IN_LIST_MAX,
        verify_fields=verify_words(request, visitor),
        sources=screening_words.SOURCES,
        modules=screening_words.MODULES,
        key_count=len(editing.keys),
    )


def _warnings(
    editing: Editing, form: AdaptForm, choices: review.screening.adapts.Choices, translate: Any
) -> dict[str, str]:
    document, _ = review.screening.adapt_document.read_adapt(
        form.document(), outer=editing.outer.document, methods=choices.methods, offer=choices.offer
    )
    if document is None:
        return {}
    found = review.screening.adapt_document.adapt_warnings(document, choices.offer)
    return {forms.field_of(place): screening_words.problem_told([text], translate) for place, text in found}
