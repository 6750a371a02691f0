"""Every page that there is."""

from collections.abc import Sequence

from fastapi import APIRouter

from opsdesk.app.console import home, language
from opsdesk.app.console.frame import Frame


def page_routers(frame: Frame) -> Sequence[APIRouter]:
    """The routes of all pages, and of the files that they are drawn with."""
    return [frame.statics.routes(), home.routes, language.routes]
