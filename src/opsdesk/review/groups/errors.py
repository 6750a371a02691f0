"""What strategy groups refuse."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from opsdesk.kit.errors import Invalid, NotFound, Refused


@dataclass(eq=False)
class GroupUnknown(NotFound):
    """There is no strategy group with this id, or it has no such revision."""

    group_id: int


@dataclass(eq=False)
class GroupInvalid(Invalid):
    """A strategy group cannot be like this."""

    problems: Mapping[str, Sequence[str]]
    """By place, such as `rules.1.when`, all of them at once."""
    rules: Mapping[str, str] = field(default_factory=dict)
    """The names of the rules that problems are about, by place such as `rules.1`."""


@dataclass(eq=False)
class GroupExists(Refused):
    """This application and scene have a strategy group of this name already."""

    group_id: int


@dataclass(eq=False)
class GroupMoved(Refused):
    """Somebody else has saved a newer revision of the strategy group; look at it and save again."""

    revision: int
    """The newest one."""
    operator: str
    changes: Sequence[Mapping[str, Any]] = field(default_factory=tuple)
    """What they changed: path, before, after."""


@dataclass(eq=False)
class GroupFilterInvalid(Invalid):
    """This filter of a list of strategy groups cannot be used."""

    field: str
    problem: str
