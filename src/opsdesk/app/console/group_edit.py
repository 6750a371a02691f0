"""Strategy groups added and edited: a form that is a function of what was posted, with or without scripts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request, Response

from opsdesk import access, flows, review
from opsdesk.app.console import group_form as forms
from opsdesk.app.console import group_words, screening_words
from opsdesk.app.console.frame import done, fragment, is_partial, page, translate, warning
from opsdesk.app.console.group_form import GroupForm, Step
from opsdesk.app.console.row_forms import label_of, numbered, row_id
from opsdesk.app.console.screening_adapts import verify_words
from opsdesk.app.console.screening_edit import lead_to
from opsdesk.app.console.screening_types import kinds
from opsdesk.app.console.viewer import ScreeningWriter, Visitor
from opsdesk.app.console.words import N_
from opsdesk.kit.db import Connection
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import CountedId

PATH = "/groups"
NEW = f"{PATH}/new"
ONE = f"{PATH}/{{group_id}}"
NAMES_SHOWN_MAX = 300
"""Of more pb fields, the first are listed beside the rules."""
NO_CHANGE = N_("no change: nothing was saved, and there is no new revision.")
ALREADY = "is the name of another group of this scene"
LIMITS: Mapping[str, int] = {
    "name": review.groups.groups.NAME_CHARS_MAX,
    "rule": review.groups.reading.RULE_NAME_CHARS_MAX,
    "condition": review.groups.reading.CONDITION_CHARS_MAX,
    "feature": review.screening.sources.FEATURE_CHARS_MAX,
}

_SCHEMAS = {kind.value: schema for kind, schema in review.groups.document.SCHEMAS.items()}
errors_of = review.groups.errors
Group = review.groups.groups.Group

routes = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Editing:
    """Somebody at the form of a group; `before`: None for one that is to be made."""

    request: Request
    visitor: Visitor
    conn: Connection
    before: Group | None

    @property
    def action(self) -> str:
        return NEW if self.before is None else f"{address(self.before.group_id)}/edit"


@dataclass(frozen=True, slots=True)
class Shown:
    """What the form is shown with."""

    step: Step
    status: int = 200
    problems: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By place in the document."""
    moved: review.groups.errors.GroupMoved | None = None


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be chosen for the application and scene of the form."""

    scenes: Sequence[review.reference.model.Scene]
    methods: Sequence[review.reference.model.Method]
    types: Sequence[tuple[int, str]]
    fields: Mapping[str, str]
    """The pb fields with their types."""


@routes.get(NEW)
async def new_group(request: Request, visitor: ScreeningWriter, conn: Conn) -> Response:
    """An empty form."""
    return await _shown(Editing(request, visitor, conn, None), Shown(Step(forms.blank_form())))


@routes.post(NEW)
async def add_group(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now) -> Response:
    """Whatever button of the form was pressed."""
    return await _answer(Editing(request, visitor, conn, None), now=now)


@routes.get(f"{ONE}/edit")
async def edit_form(request: Request, visitor: ScreeningWriter, conn: Conn, group_id: CountedId) -> Response:
    """The form with the saved revision."""
    before = await review.groups.groups.show_group(conn, group_id=group_id)
    return await _shown(Editing(request, visitor, conn, before), Shown(Step(forms.stored_form(before))))


@routes.post(f"{ONE}/edit")
async def edit_group(request: Request, visitor: ScreeningWriter, conn: Conn, now: Now, group_id: CountedId) -> Response:
    """Whatever button of the form was pressed."""
    before = await review.groups.groups.show_group(conn, group_id=group_id)
    return await _answer(Editing(request, visitor, conn, before), now=now)


def address(group_id: int) -> str:
    return f"{PATH}/{group_id}"


async def _answer(editing: Editing, *, now: datetime) -> Response:
    posted = await editing.request.form(max_fields=access.guard.FORM_FIELDS_MAX)
    form, op, before = forms.posted_form(posted), str(posted.get("op", "")), editing.before
    if before is not None:
        form = replace(form, application=before.application, scene=before.scene, moved=False)
        form = replace(form, name=before.name, place=str(before.place))
    if op == "save":
        return await _save(editing, form, now=now)
    return await _shown(editing, Shown(forms.pressed(form, op)))


async def _save(editing: Editing, form: GroupForm, *, now: datetime) -> Response:
    _, conn, before = translate(editing.request, editing.visitor), editing.conn, editing.before
    content: dict[str, Any] = {
        "document": form.document(),
        "actor": editing.visitor.actor,
        "now": now,
        "compile_condition": flows.checks.condition_over,
    }
    shown = Shown(Step(form))
    try:
        if before is None:
            at: dict[str, Any] = {"application": form.application, "scene": form.scene}
            if missing := {name: ["is required"] for name, value in at.items() if not value}:
                return await _shown(editing, replace(shown, problems=missing, status=422))
            place = int(form.place) if form.place.isascii() and form.place.isdecimal() and len(form.place) < 9 else -1
            added = await review.groups.groups.add_group(conn, **at, name=form.name, place=place, **content)
            told = done(_(N_("The group is saved. It answers nothing until it is applied.")))
            return lead_to(editing.request, address(added.group_id), told)
        saved = await review.groups.groups.save_group(
            conn, group_id=before.group_id, opened_revision=form.opened_revision, **content
        )
    except errors_of.GroupInvalid as error:
        return await _shown(editing, replace(shown, problems=error.problems, status=422))
    except review.reference.errors.SceneUnknown:
        problems = {"scene": ["is no scene of the application"]}
        return await _shown(editing, replace(shown, problems=problems, status=422))
    except errors_of.GroupExists:
        return await _shown(editing, replace(shown, problems={"name": [ALREADY]}, status=409))
    except errors_of.GroupMoved as error:
        newest = replace(form, opened_revision=error.revision)
        return await _shown(editing, replace(shown, step=Step(newest), moved=error, status=409))
    words = _(N_("Revision %(revision)s is saved. What is live stays until it is applied."))
    told = done(words % {"revision": saved.revision}) if saved.revision != before.revision else warning(_(NO_CHANGE))
    return lead_to(editing.request, address(before.group_id), told)


async def _choices(conn: Connection, form: GroupForm) -> Choices:
    entries, at = review.reference.entries, dict[str, Any](application=form.application, scene=form.scene)
    scenes = await entries.list_scenes(conn, application=form.application) if form.application else ()
    if form.scene not in [each.scene for each in scenes]:
        return Choices(scenes, (), (), {})
    return Choices(
        scenes=scenes,
        methods=[each for each in await entries.list_methods(conn, **at) if each.with_screening],
        types=await review.screening.listing.offered_types(conn, **at),
        fields={each.path: each.type for each in await review.reference.fields.list_fields(conn, **at)},
    )


async def _shown(editing: Editing, shown: Shown) -> Response:
    """The page, or for htmx the form of it."""
    request, visitor, before = editing.request, editing.visitor, editing.before
    _ = translate(request, visitor)
    choices = await _choices(editing.conn, shown.step.form)
    form = forms.fitting(
        shown.step.form,
        scenes=[each.scene for each in choices.scenes],
        methods=[each.method for each in choices.methods],
        types=[type_id for type_id, _name in choices.types],
        pb_fields=choices.fields,
    )
    document, unread = _read(form, choices)
    problems = {**{place: texts for place, texts in unread.items() if _is_typed(form, place)}, **shown.problems}
    errors = {
        name: group_words.problem_told(texts, _) for name, texts in forms.fields_of_problems(form, problems).items()
    }
    rows = numbered(form.features, form.rules)
    warnings = {} if document is None else group_words.rule_warnings(document, list(choices.fields))
    show = fragment if is_partial(request) else page
    return show(
        request,
        visitor,
        "groups/form.html" if is_partial(request) else "groups/edit.html",
        status=shown.status,
        action=editing.action,
        before=before,
        back=PATH if before is None else address(before.group_id),
        form=form,
        focus=shown.step.focus,
        said=_(screening_words.SAID[shown.step.said]) if shown.step.said else "",
        asked=shown.step.asked,
        removal=_(group_words.REMOVAL),
        errors=errors,
        refused=bool(shown.problems),
        labels={name: label_of(name, group_words.field_label(name, _), rows, _) for name in errors},
        warnings={forms.field_of(form, place): group_words.problem_told([text], _) for place, text in warnings.items()},
        pointed=_pointed(form, choices, problems),
        moved=shown.moved,
        changes=group_words.changes_told(shown.moved.changes, _) if shown.moved else (),
        kinds=kinds(request, visitor),
        is_partial=is_partial(request),
        applications=await review.reference.entries.list_applications(editing.conn),
        choices=choices,
        names_shown_max=NAMES_SHOWN_MAX,
        verify_fields=verify_words(request, visitor),
        words=group_words,
        limits=LIMITS,
    )


def _read(form: GroupForm, choices: Choices) -> tuple[Any, Mapping[str, Sequence[str]]]:
    offered = review.groups.document.Offered(
        pb_fields=list(choices.fields),
        methods=[each.method for each in choices.methods],
        types=[type_id for type_id, _name in choices.types],
    )
    return review.groups.reading.read_group(
        form.document(), offered=offered, compile_condition=flows.checks.condition_over, new_id=row_id
    )


def _is_typed(form: GroupForm, place: str) -> bool:
    """Whether it is a condition that somebody has written already: told at once, and not only when it is saved."""
    found = place.split(".")
    return len(found) == 3 and found[2] == "when" and bool(form.scene and form.rules[int(found[1])].when.strip())


def _pointed(
    form: GroupForm, choices: Choices, problems: Mapping[str, Sequence[str]]
) -> Mapping[str, group_words.Pointed]:
    """By the id of the rule: its condition with the place in it that is wrong."""
    features = {each.name.strip(): _SCHEMAS.get(each.type, {}) for each in form.features}
    names = {**features, **{f"request.{path}": {} for path in choices.fields}}
    names |= {f"verification.{name}": {} for name in review.screening.sources.VERIFY_FIELDS}
    found = {
        rule.id: group_words.pointed(rule.when.strip(), names)
        for number, rule in enumerate(form.rules)
        if f"rules.{number}.when" in problems and rule.when.strip()
    }
    return {name: each for name, each in found.items() if each is not None}
