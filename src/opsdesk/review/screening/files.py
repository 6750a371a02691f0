"""A screening type with its adapts as a file of YAML that people review, and back. Pure."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from opsdesk.review.screening import adapt_document, model
from opsdesk.review.screening.adapts import ScreeningAdapt
from opsdesk.review.screening.errors import ScreeningFileInvalid
from opsdesk.review.screening.reading import DOUBLED, REQUIRED, UNKNOWN
from opsdesk.review.screening.types import ScreeningType

FORMAT = "opsdesk_screening_type"
FORMAT_VERSION = 1
BYTES_MAX = 1 << 20
ADAPTS_MAX = 1000
DEPTH_MAX = 12
_HEAD = (FORMAT, "name", "category", "taken_from", "description")
_LINE_CHARS_MAX = 1 << 20
"""No line is broken: a line of difference in git is a line that was changed."""


@dataclass(frozen=True, slots=True)
class AdaptInFile:
    """An adapt as a file has it. What is in `document` is not looked at yet."""

    application: str
    scene: str
    version: int | None
    """The one that the file was made from."""
    methods: Any
    mapped: Sequence[Mapping[str, Any]]
    """Each with module and name of its key, source and value."""

    def document(self, outer: model.TypeDocument) -> tuple[dict[str, Any], dict[str, int]]:
        """As `read_adapt` takes it, and where in `mapped` each key stands. Raises ScreeningFileInvalid."""
        ids = {(module.code.value, key.name): key.id for module in outer.modules for key in module.keys}
        mapped, places, problems = dict[str, Any](), dict[str, int](), dict[str, list[str]]()
        for place, entry in enumerate(self.mapped):
            key = ids.get((str(entry.get("module")), str(entry.get("key"))))
            if key is None:
                problems[f"mapped.{place}.key"] = ["is no key of this module"]
            elif key in mapped:
                problems[f"mapped.{place}.key"] = [DOUBLED]
            else:
                mapped[key] = {"source": entry.get("source"), "value": entry.get("value")}
                places[key] = place
        if problems:
            raise ScreeningFileInvalid(problems)
        return {"methods": self.methods, "mapped": mapped}, places


@dataclass(frozen=True, slots=True)
class TypeInFile:
    """A screening type as a file has it. What is in `document` is not looked at yet."""

    name: str
    category: str
    description: str
    version: int | None
    """The one that the file was made from."""
    document_sha256: str | None
    """The digest of that, by which an installation knows it as its own."""
    document: Mapping[str, Any]
    adapts: tuple[AdaptInFile, ...]


def written(found: ScreeningType, adapts: Sequence[ScreeningAdapt]) -> str:
    """The file. Of adapts it has the keys that are mapped; what it does not have is whether they are paused."""
    content = {
        FORMAT: FORMAT_VERSION,
        "name": found.name,
        "category": found.category.value,
        "taken_from": {"version": found.version, "document_sha256": found.document_sha256},
        "description": found.description,
        **model.stored(found.document),
        "adapts": [_adapt(found.document, adapt) for adapt in adapts],
    }
    return yaml.dump(
        content, Dumper=yaml.SafeDumper, sort_keys=False, allow_unicode=True, width=_LINE_CHARS_MAX, indent=2
    )


def _adapt(outer: model.TypeDocument, adapt: ScreeningAdapt) -> Mapping[str, Any]:
    kept = adapt_document.stored(adapt.document)
    return {
        "application": adapt.application,
        "scene": adapt.scene,
        "version": adapt.version,
        "methods": kept["methods"],
        "mapped": [
            {"module": module.code.value, "key": key.name, **kept["mapped"][key.id]}
            for module in outer.modules
            for key in module.keys
            if kept["mapped"].get(key.id)
        ],
    }


def read(text: str) -> TypeInFile:
    """What a file says of a type, as far as that can be told without the installation. Raises ScreeningFileInvalid."""
    given = _loaded(text)
    problems: dict[str, list[str]] = {}
    if given.get(FORMAT) != FORMAT_VERSION:
        problems[FORMAT] = [f"is not {FORMAT_VERSION}: this is no file of a screening type"]
    name, description = given.get("name"), given.get("description", "")
    for place, value in (("name", name), ("description", description)):
        if not isinstance(value, str):
            problems[place] = [REQUIRED if value is None else "is no text"]
    adapts = [_read_adapt(place, each, problems) for place, each in _list("adapts", given.get("adapts", []), problems)]
    places = [(each.application, each.scene) for each in adapts]
    for number, at in enumerate(places):
        if at in places[:number]:
            problems[f"adapts.{number}"] = [DOUBLED]
    origin = given.get("taken_from") or {}
    if not isinstance(origin, Mapping):
        origin, problems["taken_from"] = {}, ["is no mapping"]
    if problems:
        raise ScreeningFileInvalid(problems)
    return TypeInFile(
        name=str(name),
        category=str(given.get("category") or "default"),
        description=str(description),
        version=_version(origin.get("version")),
        document_sha256=str(origin.get("document_sha256") or "") or None,
        document={field: value for field, value in given.items() if field not in (*_HEAD, "adapts")},
        adapts=tuple(adapts),
    )


def _read_adapt(place: str, given: Any, problems: dict[str, list[str]]) -> AdaptInFile:
    if not isinstance(given, Mapping):
        problems[place] = ["is no mapping"]
        return AdaptInFile("", "", None, None, ())
    for field in given.keys() - {"application", "scene", "version", "methods", "mapped"}:
        problems[f"{place}.{field}"] = [UNKNOWN]
    for field in ("application", "scene"):
        if not isinstance(given.get(field), str):
            problems[f"{place}.{field}"] = [REQUIRED if given.get(field) is None else "is no text"]
    mapped = []
    for at, entry in _list(f"{place}.mapped", given.get("mapped") or [], problems):
        if isinstance(entry, Mapping):
            mapped.append(entry)
        else:
            problems[at] = ["is no mapping"]
        for field in (entry.keys() if isinstance(entry, Mapping) else set()) - {"module", "key", "source", "value"}:
            problems[f"{at}.{field}"] = [UNKNOWN]
    return AdaptInFile(
        str(given.get("application")),
        str(given.get("scene")),
        _version(given.get("version")),
        given.get("methods"),
        mapped,
    )


def _list(place: str, given: Any, problems: dict[str, list[str]]) -> list[tuple[str, Any]]:
    if not isinstance(given, list):
        problems[place] = ["is no list"]
        return []
    if len(given) > ADAPTS_MAX:
        problems[place] = [f"are more than {ADAPTS_MAX}"]
        return []
    return [(f"{place}.{number}", each) for number, each in enumerate(given)]


def _version(given: Any) -> int | None:
    return given if isinstance(given, int) and not isinstance(given, bool) and 0 < given < 2**31 else None


class _Loader(yaml.CSafeLoader):
    """Texts, integers, true, false and null: a key that is called `on`, or like a date, is a text."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 the library declares it so

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        names = [each.value for each, _ in node.value]
        for each, _ in node.value:
            if not isinstance(each, yaml.ScalarNode):
                raise yaml.constructor.ConstructorError(None, None, "the name of a field is no text", each.start_mark)
            if names.count(each.value) > 1:
                raise yaml.constructor.ConstructorError(None, None, f"{each.value} is there twice", each.start_mark)
        return {each.value: self.construct_object(value, deep=True) for each, value in node.value}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


_resolve("null", "~|null|", "~n")
_resolve("bool", "true|false", "tf")
_resolve("int", "0|[1-9][0-9]{0,8}", "0123456789")


def _loaded(text: str) -> Mapping[str, Any]:
    if len(text.encode()) > BYTES_MAX:
        raise ScreeningFileInvalid({"file": [f"has more than {BYTES_MAX} bytes"]})
    try:
        _check_events(text)
        given = yaml.load(text, Loader=_Loader)  # noqa: S506 a safe loader
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        raise ScreeningFileInvalid({"file": [f"is no YAML that is read here: {error.problem}{where}"]}) from None
    except (yaml.YAMLError, ValueError, RecursionError):
        raise ScreeningFileInvalid({"file": ["is no YAML that is read here"]}) from None
    if not isinstance(given, Mapping):
        raise ScreeningFileInvalid({"file": ["is no mapping"]})
    return given


def _check_events(text: str) -> None:
    """Nothing refers to another place, nothing has a tag of its own, and nothing is nested without end."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None or depth > DEPTH_MAX:
            problem = "anchors, tags and deep nesting are not read"
            raise yaml.constructor.ConstructorError(problem=problem)
