"""Pages of a provider: escaped, without scripts, and allowed nothing but their own style."""

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from html import escape
from pathlib import Path

from aiohttp import web

STYLE = Path(__file__).with_name("pages.css").read_text(encoding="utf-8")
_STYLE_HASH = b64encode(sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    # The address of the page holds what the customer brought along.
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def page(title: str, body: str, *, company: str, status: int = 200, is_wide: bool = False) -> web.Response:
    """A page around `body`, which is HTML already; title and company are text."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    main = f'<main class="wide">{body}</main>' if is_wide else f"<main>{body}</main>"
    text = (
        f'<!doctype html><html lang="zh-CN"><head>{head}<style>{STYLE}</style></head>'
        f"<body><header>{escape(company)}</header>{main}</body></html>"
    )
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)


def facts(pairs: Mapping[str, str]) -> str:
    rows = "".join(f"<div><dt>{escape(name)}</dt><dd>{escape(value)}</dd></div>" for name, value in pairs.items())
    return f"<dl>{rows}</dl>"


def form(action: str, label: str, fields: Mapping[str, str], *, is_second: bool = False) -> str:
    hidden = "".join(f'<input type="hidden" name="{escape(n)}" value="{escape(v)}">' for n, v in fields.items())
    kind = ' class="second"' if is_second else ""
    return f'<form method="post" action="{escape(action)}">{hidden}<button{kind}>{escape(label)}</button></form>'


def table(head: list[str], rows: list[list[str]]) -> str:
    """Cells that are whole numbers stand to the right."""
    if not rows:
        return '<p class="note">暂无记录</p>'
    names = "".join(f"<th scope='col'>{escape(name)}</th>" for name in head)
    lines = "".join("<tr>" + "".join(_cell(cell) for cell in row) + "</tr>" for row in rows)
    return f'<div class="scroll"><table><thead><tr>{names}</tr></thead><tbody>{lines}</tbody></table></div>'


def _cell(text: str) -> str:
    kind = ' class="num"' if text.replace(".", "", 1).isdigit() and len(text) < 12 else ""
    return f"<td{kind}>{escape(text)}</td>"
