"""The reference data of the review desk, as the HTTP API and the command line show it."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, TypeVar

from opsdesk.kit.http_shapes import Next, View
from opsdesk.review.reference.fields import FieldsChanged
from opsdesk.review.reference.model import Bucket, CodeCategory
from opsdesk.review.screening.sources import Verification

Shown = TypeVar("Shown", bound=View)


class ApplicationView(View):
    """A product that customers apply for."""

    application: str
    """What names it."""
    name: str
    """What it is called."""


class SceneView(View):
    """A moment in the life of an application at which it is looked at."""

    application: str
    """The application that it is of."""
    scene: str
    """What names it among the scenes of the application."""
    name: str
    """What it is called."""
    bucket: Bucket
    """The list that its tickets stand in: `kyc` for the activation stage, `transaction` for the loan stage."""
    message: str | None
    """The protobuf message that applications of the scene may come as."""


class MethodView(View):
    """A step-up verification of a scene."""

    application: str
    """The application."""
    scene: str
    """The scene of the application."""
    method: str
    """What names it among the methods of the scene."""
    name: str
    """What it is called."""
    with_screening: bool
    """Whether a person looks at its outcome: only then an adapt can name it."""
    verifications: list[Verification]
    """What it contains of what tickets can show: `lc` is the liveness check, `fm` the face matching."""


class RejectCodeView(View):
    """A code that goes back to credit."""

    code: str
    """What names it."""
    category: CodeCategory
    """Reasons to reject may have those of `anti-fraud` and `system error`."""
    description: str
    """What it means."""
    is_active: bool
    """Whether reasons may have it from now on."""


class FieldView(View):
    """A protobuf field of a scene."""

    path: str
    """Names with dots between them, from the message on."""
    type: str
    """In words, such as `string` or `enum Color`."""


class ApplicationPage(View):
    """A page of the applications."""

    items: list[ApplicationView]
    """By their names."""
    next: Next


class ScenePage(View):
    """A page of the scenes."""

    items: list[SceneView]
    """By application and name."""
    next: Next


class MethodPage(View):
    """A page of the methods."""

    items: list[MethodView]
    """By application, scene and name."""
    next: Next


class RejectCodePage(View):
    """A page of the reject codes."""

    items: list[RejectCodeView]
    """By code."""
    next: Next


class FieldPage(View):
    """A page of the protobuf fields of a scene."""

    items: list[FieldView]
    """In the order of the file."""
    next: Next


class FieldsView(View):
    """What an import did to the fields of a scene."""

    fields: int
    """How many there are now."""
    added: list[str]
    """The paths that are new."""
    removed: list[str]
    """The paths that are gone. Adapts that name them show the value empty."""

    @staticmethod
    def of(changed: FieldsChanged) -> "FieldsView":
        return FieldsView(fields=len(changed.fields), added=list(changed.added), removed=list(changed.removed))


class ImportedView(View):
    """What came of a list."""

    entries: int
    """How many rows were put in; an entry that was there already was changed."""


def shown(kind: type[Shown], entries: Sequence[Any]) -> list[Shown]:
    """Entries as they are shown."""
    return [kind(**asdict(entry)) for entry in entries]
