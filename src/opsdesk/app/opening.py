"""Opens the installation for one command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opsdesk.app.command_frame import read_settings
from opsdesk.app.wiring import Opsdesk, open_app
from opsdesk.kit import log


@asynccontextmanager
async def installation() -> AsyncIterator[Opsdesk]:
    """As the environment sets it; only errors are logged unless it asks for more, as a person reads what is printed."""
    settings = read_settings()
    quiet = "log_level" not in settings.model_fields_set
    log.configure(settings.model_copy(update={"log_level": "error"}) if quiet else settings)
    async with open_app(settings) as opsdesk:
        yield opsdesk
