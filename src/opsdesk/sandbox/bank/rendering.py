"""Pages of the bank, from templates: no scripts, no styles but their own."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import segno
from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

FOLDER = Path(__file__).with_name("templates")
STYLES = {"app": "app.css", "crm": "crm.css"}
BEIJING = ZoneInfo("Asia/Shanghai")

STATUS_WORDS: Mapping[int, str] = {
    100: "服务未预约",
    200: "服务已预约",
    300: "服务已完成",
    400: "服务已取消",
    500: "服务已过期",
}

_HEADERS = {
    # A jump ends at the page of a provider, whose address only Opsdesk knows.
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self' http: https:; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def render(template: str, *, status: int = 200, **values: Any) -> web.Response:
    text = _ENVIRONMENT.get_template(template).render(values)
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)


async def style(request: web.Request) -> web.Response:
    """The style sheet of a desk."""
    name = STYLES.get(request.match_info["look"])
    if name is None:
        raise web.HTTPNotFound
    text = (FOLDER / name).read_text(encoding="utf-8")
    return web.Response(text=text, content_type="text/css", headers={"X-Content-Type-Options": "nosniff"})


def qr_code(url: str) -> Markup:
    """A link as a picture that a telephone reads."""
    svg = segno.make(url, micro=False).svg_inline(scale=6, border=3, dark="#0b2f24", light="#fff")
    return Markup(svg)  # noqa: S704 - drawn by us; the link is in its squares only


def moment(value: object) -> str:
    """In Beijing, to the second."""
    found = _moment(value)
    return "—" if found is None else found.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M:%S")


def minute(value: object) -> str:
    found = _moment(value)
    return "—" if found is None else found.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M")


def day(value: object) -> str:
    found = _moment(value)
    return "—" if found is None else found.astimezone(BEIJING).strftime("%Y-%m-%d")


def last_day(value: object) -> str:
    """Of something that ends at this moment: what ends at midnight ended the day before."""
    found = _moment(value)
    return "—" if found is None else (found.astimezone(BEIJING) - timedelta(microseconds=1)).strftime("%Y-%m-%d")


def _moment(value: object) -> datetime | None:
    try:
        return datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None


def number(value: object) -> str:
    return f"{value:,}" if isinstance(value, int) else "—"


def code(value: object) -> str:
    """A benefit code in groups of four."""
    text = str(value)
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        moment=moment, minute=minute, day=day, last_day=last_day, number=number, code=code, qr_code=qr_code
    )
    made.globals["status_words"] = STATUS_WORDS
    return made


_ENVIRONMENT = _environment()
