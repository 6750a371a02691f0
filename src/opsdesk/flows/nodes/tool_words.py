"""The words of a tool's command, put together from declared fields, so that no value becomes an option or a program."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from opsdesk.flows.nodes.command_line import joined
from opsdesk.flows.nodes.command_words import Word
from opsdesk.flows.references import (
    Lookup,
    Namespace,
    Reference,
    ReferenceMalformed,
    as_text,
    parse,
    parse_all,
    resolve_all,
)

ARGUMENTS_MAX = 1_000
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")


@dataclass(eq=False)
class ToolUnreadable(Exception):
    """The fields do not make a command. `field` names the one that is wrong."""

    field: str
    problem: str

    def __str__(self) -> str:
        return self.problem


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument: texts and references. `bare`: it stands alone, so that it may not begin with a hyphen."""

    word: Word
    bare: bool = False


@dataclass(frozen=True, slots=True)
class JsonArgument:
    """One argument: a text, and behind it a value of the document as JSON, with what its references stand for."""

    before: str
    value: Any
    quoted: bool = True
    """Whether a value that is a text is JSON too, and not itself."""

    def text(self, lookup: Lookup) -> str:
        value = resolve_all(self.value, lookup)
        return self.before + (as_text(value) if not self.quoted else orjson.dumps(value).decode())


@dataclass(slots=True)
class Words:
    """A command that grows by fields of `runtime`."""

    runtime: Mapping[str, Any]
    arguments: list[Argument | JsonArgument] = field(default_factory=list)

    def say(self, *texts: str) -> "Words":
        """Texts of ours."""
        self.arguments += [Argument((text,)) for text in texts]
        return self

    def option(self, option: str, name: str, *, required: bool = False) -> "Words":
        """`option` and the field as one argument, such as `--file=${path}`."""
        if (word := self._word(name, required=required)) is not None:
            self.arguments.append(Argument(joined([option, *word])))
        return self

    def each(self, option: str, name: str) -> "Words":
        """The field as `option`, or one for each item where it is a list."""
        value = self.runtime.get(name)
        for item in value if isinstance(value, list | tuple) else () if value is None else (value,):
            self.arguments.append(Argument(joined([option, *_parsed(name, item)])))
        return self

    def pairs(self, option: str, name: str, *, between: str = "=") -> "Words":
        """One argument for each key of the field, such as `--label=a=b`."""
        for key, value in self._mapping(name).items():
            self.arguments.append(Argument(joined([f"{option}{key}{between}", *_parsed(name, value)])))
        return self

    def json(self, option: str, name: str) -> "Words":
        """`option` and the whole mapping as JSON, where there is one."""
        if value := self._mapping(name):
            _check_references(name, value)
            self.arguments.append(JsonArgument(option, dict(value)))
        return self

    def json_pairs(self, option: str, name: str, *, quoted: bool = True) -> "Words":
        """One argument for each key of the field, with its value as JSON; `quoted`: also where it is a text."""
        for key, value in self._mapping(name).items():
            _check_references(name, value)
            self.arguments.append(JsonArgument(f"{option}{key}=", value, quoted))
        return self

    def bare(self, name: str, *, required: bool = True, default: str | None = None) -> "Words":
        """The field as an argument that stands alone."""
        word = self._word(name, required=required and default is None)
        if word is None and default is not None:
            return self.say(default)
        if word is not None:
            self.arguments.append(Argument(word, bare=True))
        return self

    def bares(self, name: str, *, free: bool = False) -> "Words":
        """A list of arguments; `free`: what stands before them ends the options, so that hyphens do no harm."""
        given = self.runtime.get(name)
        if given is None:
            return self
        if not isinstance(given, list | tuple) or len(given) > ARGUMENTS_MAX:
            raise ToolUnreadable(name, f"whose {name} is no list of at most {ARGUMENTS_MAX} texts")
        self.arguments += [Argument(joined(_parsed(name, item)), bare=not free) for item in given]
        return self

    def joined(self, *names: str, between: str, before: str = "", required: bool = True) -> "Words":
        """Several fields as one argument that stands alone, such as `image:tag`; the later ones may be missing."""
        parts: list[str | Reference] = [before] if before else []
        for place, name in enumerate(names):
            word = self._word(name, required=required and place == 0)
            if word is not None:
                parts += [between, *word] if place else word
        self.arguments.append(Argument(joined(parts), bare=not before))
        return self

    def is_set(self, name: str) -> bool:
        """Whether a field is true; it may not be anything but true or false."""
        value = self.runtime.get(name, False)
        if not isinstance(value, bool):
            raise ToolUnreadable(name, f"whose {name} is neither true nor false")
        return value

    def one_of(self, name: str, *allowed: str) -> str:
        """The field, which has to be one of these texts; the first where it is missing."""
        value = self.runtime.get(name, allowed[0])
        if value not in allowed:
            raise ToolUnreadable(name, f"whose {name} is none of {', '.join(allowed)}")
        return str(value)

    def _word(self, name: str, *, required: bool) -> Word | None:
        value = self.runtime.get(name)
        if value is None or value == "":
            if required:
                raise ToolUnreadable(name, lacking(name))
            return None
        return joined(_parsed(name, value))

    def _mapping(self, name: str) -> Mapping[str, Any]:
        value = self.runtime.get(name)
        if value is None:
            return {}
        if not isinstance(value, Mapping) or not all(_KEY.fullmatch(str(key)) for key in value):
            raise ToolUnreadable(name, f"whose {name} is no mapping of names to values")
        return value


def lacking(name: str) -> str:
    """What is said of a field that has to be there."""
    return f"without runtime.{name}"


def _parsed(name: str, value: Any) -> Sequence[str | Reference]:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ToolUnreadable(name, f"whose {name} is neither a text nor a number")
    try:
        parts = parse(str(value))
    except ReferenceMalformed as error:
        raise ToolUnreadable(name, f"in whose {name} {error}") from None
    _refuse_secrets(name, [part for part in parts if isinstance(part, Reference)])
    return parts


def _check_references(name: str, value: Any) -> None:
    match value:
        case str():
            references, malformed = parse_all(value)
            if malformed:
                raise ToolUnreadable(name, f"in whose {name} {malformed[0]}")
            _refuse_secrets(name, references)
        case Mapping():
            for item in value.values():
                _check_references(name, item)
        case list() | tuple():
            for item in value:
                _check_references(name, item)


def _refuse_secrets(name: str, references: Sequence[Reference]) -> None:
    for reference in references:
        if reference.namespace is Namespace.SECRETS:
            what = "is visible to everybody on the machine; use security.credentials"
            raise ToolUnreadable(name, f"whose {name} has ${{{reference.text}}}, which {what},")
