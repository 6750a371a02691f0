"""The frame of every command: what it refuses is said in one form, and it ends with the exit code that is promised."""

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from inspect import iscoroutine
from typing import TYPE_CHECKING, Annotated, Any, ParamSpec

import typer

from opsdesk.app.hints import hint_for
from opsdesk.app.output import print_error
from opsdesk.kit.errors import Invalid, OpsdeskError, Refused

if TYPE_CHECKING:
    from opsdesk.kit.settings import Settings

EXIT_REFUSED = 1
EXIT_MISUSE = 2

Parameters = ParamSpec("Parameters")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, also for a refusal.")]
Reveal = Annotated[bool, typer.Option("--reveal", help="Show personal values unmasked; secrets never are.")]


@dataclass(eq=False)
class SettingsInvalid(Invalid):
    """A setting in the environment cannot be used."""

    problems: list[str]
    """By the name of the variable; never with its value, which may hold a password."""


@dataclass(eq=False)
class SystemRefused(Refused):
    """The operating system does not allow it."""

    reason: str
    file: str


def command(function: Callable[Parameters, Any]) -> Callable[Parameters, None]:
    """Run a command, also an asynchronous one; what it returns, if anything, is the exit code."""

    @wraps(function)
    def framed(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        as_json = bool(kwargs.get("as_json"))
        try:
            code = _finished(function(*args, **kwargs))
            sys.stdout.flush()
        except BrokenPipeError:
            # Whoever read has seen enough. Nothing more is written, also not when Python closes stdout at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = EXIT_REFUSED
        except OpsdeskError as error:
            print_error(error, hint=hint_for(error), as_json=as_json)
            code = EXIT_MISUSE if isinstance(error, SettingsInvalid) else EXIT_REFUSED
        except OSError as error:
            refused = SystemRefused(reason=error.strerror or str(error), file=str(error.filename or ""))
            print_error(refused, hint=hint_for(refused), as_json=as_json)
            code = EXIT_REFUSED
        if code:
            raise typer.Exit(code)

    return framed


def _finished(result: Any) -> int:
    if iscoroutine(result):
        from opsdesk.app import process
        from opsdesk.kit.ids import new_id
        from opsdesk.kit.log import bound

        with bound(request_id=f"cli:{new_id()}"):
            result = process.run(result)
    return int(result or 0)


def read_settings() -> "Settings":
    """Raises SettingsInvalid."""
    from pydantic import ValidationError

    from opsdesk.kit.settings import Settings, strange_settings

    if strange := strange_settings(os.environ):
        raise SettingsInvalid(strange)
    try:
        return Settings()
    except ValidationError as error:
        problems = [f"OPSDESK_{'.'.join(map(str, found['loc'])).upper()}: {found['msg']}" for found in error.errors()]
        raise SettingsInvalid(problems) from None
