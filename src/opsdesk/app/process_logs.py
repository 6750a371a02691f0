"""Logs of a command that a person watches: they would be written across what is shown."""

from opsdesk.kit import log
from opsdesk.kit.settings import Settings


def quiet_logs(settings: Settings) -> None:
    """Log errors only, unless the environment asks for more."""
    if "log_level" not in settings.model_fields_set:
        settings = settings.model_copy(update={"log_level": "error"})
    log.configure(settings)
