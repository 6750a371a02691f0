"""Who looks at a page: a signed-in person in their session, or somebody who has yet to sign in."""

from typing import Protocol

from fastapi import Request

from opsdesk.access import Actor
from opsdesk.app.console import languages


class Person(Protocol):
    """What a page is drawn by."""

    @property
    def email(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def language(self) -> str | None: ...
    @property
    def time_zone(self) -> str | None: ...
    @property
    def theme(self) -> str | None: ...


class Visitor(Protocol):
    """A signed-in person in their session."""

    @property
    def actor(self) -> Actor: ...
    @property
    def person(self) -> Person: ...
    @property
    def csrf_token(self) -> str: ...


def language_of(request: Request, visitor: Visitor | None) -> str:
    """The language that this answer is written in."""
    return languages.chosen(
        preferred=visitor.person.language if visitor else None,
        cookie=request.cookies.get(languages.COOKIE),
        accepted=request.headers.get("accept-language"),
    )
