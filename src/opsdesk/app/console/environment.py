"""The templates: read once, with one environment a language."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from markupsafe import Markup

from opsdesk.app.console.devices import device
from opsdesk.app.console.formats import Formats
from opsdesk.app.console.icons import icon
from opsdesk.app.console.languages import LANGUAGES, shipped_translations
from opsdesk.kit.masking import mask_text

FOLDER = Path(__file__).parent / "templates"
_LINK = re.compile(r"https?://[^\s<>\"]+", re.IGNORECASE)
FORMATS = ("moment", "time", "ago", "duration", "number", "percent")


def environments(**names: Any) -> Mapping[str, Environment]:
    """An environment for each language; `names` are there in every template."""
    return {language: _environment(language, names) for language in LANGUAGES}


def _environment(language: str, names: Mapping[str, Any]) -> Environment:
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    words = shipped_translations(language)
    environment.install_gettext_callables(  # type: ignore[attr-defined]  # the extension adds it
        words.gettext, words.ngettext, newstyle=True, pgettext=words.pgettext, npgettext=words.npgettext
    )
    environment.globals.update(names, icon=icon)
    environment.filters["attributes"] = attributes
    environment.filters["pretty"] = pretty
    environment.filters["who"] = who
    environment.filters["device"] = device
    environment.filters["zip"] = zip
    environment.tests["link"] = is_link
    environment.filters["masked"] = mask_text
    environment.filters.update({name: _written(name) for name in FORMATS})
    return environment


def attributes(given: Mapping[str, Any]) -> Markup:
    """Attributes of an element. What is true stands without a value, what is false or None does not stand."""
    kept = [(name, "" if value is True else value) for name, value in given.items() if value not in (None, False)]
    return Markup("").join(Markup(' {}="{}"').format(name, value) for name, value in kept)


def pretty(value: Any) -> str:
    """A value of many parts as people read it."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def who(actor_id: str) -> str:
    """Somebody as people call them: a person by their address, everything else with its kind, as `key:portal`."""
    return actor_id.removeprefix("person:")


def is_link(text: str) -> bool:
    """Whether all of it is an address that a browser may be led to."""
    return _LINK.fullmatch(text) is not None


def _written(name: str) -> Callable[..., Any]:
    @pass_context
    def write(context: Context, *values: Any, **options: Any) -> Any:
        formats: Formats = context["formats"]
        return getattr(formats, name)(*values, **options)

    return write
