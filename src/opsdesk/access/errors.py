"""What access refuses."""

from dataclasses import dataclass
from typing import ClassVar

from opsdesk.kit.errors import Invalid, NotFound, OpsdeskError, Refused, Unavailable


@dataclass(eq=False)
class Unauthenticated(OpsdeskError):
    """The request does not say who is asking."""

    status: ClassVar[int] = 401


@dataclass(eq=False)
class KeyUnknown(Unauthenticated):
    """The API key is not valid."""


@dataclass(eq=False)
class ScopeMissing(Refused):
    """The actor does not have the scope that this needs."""

    status: ClassVar[int] = 403

    actor: str
    scope: str


@dataclass(eq=False)
class KeyNotFound(NotFound):
    """There is no API key with this id."""

    key_id: str


@dataclass(eq=False)
class KeyRefused(Invalid):
    """An API key cannot be made like this."""

    field: str
    problem: str


@dataclass(eq=False)
class SignInNeeded(Unauthenticated):
    """This is for people who have signed in."""


@dataclass(eq=False)
class SignInRefused(Unauthenticated):
    """The e-mail address, the password or the code is not right, or the account is not in use."""


@dataclass(eq=False)
class SignInDelayed(Refused):
    """There were too many failed attempts to sign in; the next one has to wait."""

    status: ClassVar[int] = 429

    wait_s: int


@dataclass(eq=False)
class RequestForged(Refused):
    """The request did not come from a page of this installation that was shown to you."""

    status: ClassVar[int] = 403


@dataclass(eq=False)
class PersonUnknown(NotFound):
    """There is no such person."""

    person: str


@dataclass(eq=False)
class PersonExists(Refused):
    """There is an account with this e-mail address already."""


@dataclass(eq=False)
class PersonRefused(Invalid):
    """An account cannot be like this."""

    field: str
    problem: str


@dataclass(eq=False)
class PersonDisabled(Refused):
    """The account is disabled."""

    person: str


@dataclass(eq=False)
class LastAdmin(Refused):
    """Nobody else could keep the installation: the last admin stays one, and stays enabled."""

    person: str


@dataclass(eq=False)
class PasswordRefused(Invalid):
    """The password cannot be used."""

    problem: str


@dataclass(eq=False)
class PasswordsBusy(Unavailable):
    """More people sign in at this moment than passwords can be looked at."""


@dataclass(eq=False)
class PasswordWrong(Refused):
    """The present password is not right."""

    status: ClassVar[int] = 403


@dataclass(eq=False)
class CodeRefused(Refused):
    """The one-time code is not valid: it was used, has expired, or never was."""

    status: ClassVar[int] = 403


@dataclass(eq=False)
class SessionNotFound(NotFound):
    """There is no session with this id."""

    session_id: str


@dataclass(eq=False)
class SecondFactorRefused(Refused):
    """The second factor cannot be used like this."""

    problem: str


@dataclass(eq=False)
class OidcRefused(Unauthenticated):
    """The identity provider did not say who this is, or nobody here is known by it."""

    problem: str


@dataclass(eq=False)
class OidcUnavailable(Unavailable):
    """The identity provider does not answer as it should."""

    problem: str


@dataclass(eq=False)
class OidcMisconfigured(Invalid):
    """The settings for the identity provider cannot be used."""

    setting: str
    problem: str
