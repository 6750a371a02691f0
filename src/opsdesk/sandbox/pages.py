"""HTML of the sandbox: escaped, without scripts, and allowed nothing but its own style."""

import base64
import hashlib
from html import escape

from aiohttp import web

STYLE = """
body { font: 1rem/1.6 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; color: #1b1b1b }
article { border: 1px solid #c4c4c4; border-radius: .4rem; padding: 0 1rem 1rem; margin: 1rem 0 }
h2 { font-size: 1.1rem; margin-bottom: 0 } small { color: #555 } pre { white-space: pre-wrap; font: inherit }
button { font: inherit; padding: .5rem 1.2rem }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
_HEADERS = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def page(*, title: str, body: str, status: int = 200) -> web.Response:
    """A page around `body`, which is HTML already; the title is text."""
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
    text = f'<!doctype html><html lang="zh-CN"><head>{head}<style>{STYLE}</style></head><body>{body}</body></html>'
    return web.Response(text=text, status=status, content_type="text/html", headers=_HEADERS)
