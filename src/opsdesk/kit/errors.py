"""The four families of errors, each with its HTTP status, and the one body they all have."""

from dataclasses import dataclass, fields
from typing import Any, ClassVar


@dataclass(eq=False)
class OpsdeskError(Exception):
    """Something was asked that cannot be done."""

    status: ClassVar[int] = 500
    retry: ClassVar[bool] = False

    @property
    def code(self) -> str:
        return type(self).__name__

    @property
    def message(self) -> str:
        """The first line of the docstring: what is wrong, in a sentence."""
        return first_line(type(self))

    @property
    def detail(self) -> dict[str, Any]:
        """The facts of this case; never a raw personal value or a secret."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def body(self) -> dict[str, Any]:
        return {
            "error": {"code": self.code, "message": self.message, "retry": self.retry, "detail": self.detail},
        }

    def __str__(self) -> str:
        facts = ", ".join(f"{name}={value!r}" for name, value in self.detail.items())
        return f"{self.message} ({facts})" if facts else self.message


def first_line(error: type[OpsdeskError]) -> str:
    """What an error of this kind says."""
    return (error.__doc__ or error.__name__).strip().splitlines()[0]


@dataclass(eq=False)
class Invalid(OpsdeskError):
    """The request is not well formed."""

    status: ClassVar[int] = 422


@dataclass(eq=False)
class NotFound(OpsdeskError):
    """There is no such thing."""

    status: ClassVar[int] = 404


@dataclass(eq=False)
class Refused(OpsdeskError):
    """The request is well formed, and what is stored does not allow it."""

    status: ClassVar[int] = 409


@dataclass(eq=False)
class Unavailable(OpsdeskError):
    """Something that Opsdesk depends on does not answer now; the same request may work later."""

    status: ClassVar[int] = 503
    retry: ClassVar[bool] = True
