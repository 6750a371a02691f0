"""Structured logs on stderr; a line never holds a raw personal value or a secret."""

import logging
import sys
from collections.abc import MutableMapping
from contextlib import AbstractContextManager
from typing import Any, TextIO, cast

import orjson
import structlog

from opsdesk.kit.log_exceptions import TellExceptions, told, trace, without_exceptions
from opsdesk.kit.masking import mask, mask_text
from opsdesk.kit.settings import Settings

# What structlog writes itself: masking it would only make lines harder to search.
_OWN_KEYS = frozenset({"timestamp", "level", "logger"})
# These log each failed attempt to reach the database, or each request; whoever calls them logs once what it means.
_CHATTY = {"psycopg.pool": logging.ERROR, "aiohttp.access": logging.WARNING, "asyncio": logging.WARNING}
_WITH_OWN_HANDLERS = ("uvicorn", "uvicorn.error", "uvicorn.access")


def configure(settings: Settings, *, stream: TextIO | None = None) -> None:
    """Send the logs of this process, the standard library's loggers included, to stderr in the chosen form.
    Start uvicorn with `log_config=None`, or it puts its own handlers back.
    """
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.addFilter(TellExceptions())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.ExtraAdder()],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.StackInfoRenderer(),
                without_exceptions,
                structlog.processors.ExceptionRenderer(trace),
                mask_event,
                _renderer(settings, stream),
            ],
        )
    )
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler], force=True)
    _tame_libraries()


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    return structlog.stdlib.get_logger(name)


def bound(**ids: object) -> AbstractContextManager[None]:
    """Inside the block, every line of this task and those it starts carries these ids (`run_id=…`, `request_id=…`)."""
    return cast(AbstractContextManager[None], structlog.contextvars.bound_contextvars(**ids))


def unbind() -> None:
    """Forget all ids: for a process that stays, which acts for whoever asks and not for the command that began it."""
    structlog.contextvars.clear_contextvars()


def request_id() -> str:
    """The id of the request that is being answered, or of the command or the job that stands in its place.

    Asked for by whatever keeps evidence; that there is none is a defect of whoever let the write in.
    """
    found = structlog.contextvars.get_contextvars().get("request_id")
    assert found, "no request id is bound: writes happen inside of a request, a command or a job"
    return str(found)


def mask_event(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """The structlog processor that masks; it runs last but for the renderer, when exceptions are text already."""
    return {key: value if key in _OWN_KEYS else _masked(key, value) for key, value in event.items()}


def _masked(key: str, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | str | dict | list | tuple):
        return _plain(mask(key, value))
    return mask(key, told(value) if isinstance(value, BaseException) else str(value))


def _plain(value: Any) -> Any:
    """What any renderer can write: objects deep inside would otherwise show themselves unmasked."""
    if isinstance(value, dict):
        return {mask_text(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value if value is None or isinstance(value, bool | int | float | str) else mask_text(str(value))


def _renderer(settings: Settings, stream: TextIO) -> structlog.typing.Processor:
    as_text = settings.log_format == "text" or (settings.log_format == "auto" and stream.isatty())
    if as_text:
        return structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback)
    return structlog.processors.JSONRenderer(serializer=_to_json)


def _to_json(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=lambda value: mask_text(str(value)), option=orjson.OPT_NON_STR_KEYS).decode()


def _tame_libraries() -> None:
    for name in _WITH_OWN_HANDLERS:
        logger = logging.getLogger(name)
        logger.handlers.clear()
        logger.propagate = True
    for name, level in _CHATTY.items():
        logging.getLogger(name).setLevel(level)
