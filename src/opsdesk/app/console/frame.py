"""What every page is put into: its language, its way of writing times, the way around, what was said, its headers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from babel.support import NullTranslations
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from jinja2 import Environment

from opsdesk.app.console import flash, languages
from opsdesk.app.console.environment import environments
from opsdesk.app.console.flash import Flash
from opsdesk.app.console.formats import Formats, zone_of
from opsdesk.app.console.navigation import groups
from opsdesk.app.console.statics import StaticFiles, static_files
from opsdesk.app.console.viewer import Visitor, language_of

ADDRESS_CHARS_MAX = 2000
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Frame-Options": "DENY",
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What all pages share, made once when the server starts."""

    environments: Mapping[str, Environment]
    words: Mapping[str, NullTranslations]
    statics: StaticFiles
    secure: bool
    key: bytes

    @property
    def headers(self) -> Mapping[str, str]:
        return HEADERS

    @property
    def flash_cookie(self) -> str:
        return "__Host-opsdesk-flash" if self.secure else "opsdesk-flash"


def install(app: FastAPI, *, secure: bool, key: bytes) -> Frame:
    """Make the frame and give it to the application.

    `secure`: people come by TLS. `key` signs what is said on the next page.
    """
    statics = static_files()
    frame = Frame(
        environments=environments(static=statics.url, languages=languages.LANGUAGES),
        words={language: languages.shipped_translations(language) for language in languages.LANGUAGES},
        statics=statics,
        secure=secure,
        key=key,
    )
    app.state.console = frame
    return frame


def page(request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **values: Any) -> Response:
    """A whole page. Messages that wait are said on it, and are gone."""
    frame = frame_of(request)
    said = flash.opened(request.cookies.get(frame.flash_cookie, ""), key=frame.key, now=_now(request))
    response = _rendered(request, visitor, template, status, {"flashes": said, **values})
    if frame.flash_cookie in request.cookies:
        response.delete_cookie(frame.flash_cookie, path="/", secure=frame.secure, httponly=True, samesite="lax")
    return response


def fragment(request: Request, visitor: Visitor | None, template: str, *, status: int = 200, **values: Any) -> Response:
    """A part of a page, to be put into one that is shown; messages go on waiting."""
    return _rendered(request, visitor, template, status, {"flashes": (), **values})


def see_other(request: Request, address: str, *flashes: Flash) -> Response:
    """Show another page of ours, and say something there."""
    assert local_address(address) == address, "only what we made ourselves is an address to go to"
    frame = frame_of(request)
    response = RedirectResponse(address, status_code=303, headers=dict(frame.headers))
    if flashes:
        content = flash.sealed(flashes, key=frame.key, now=_now(request))
        response.set_cookie(
            frame.flash_cookie,
            content,
            max_age=flash.FLASH_AGE_S,
            path="/",
            secure=frame.secure,
            httponly=True,
            samesite="lax",
        )
    return response


def ask_to_sign_in(request: Request) -> Response:
    """Lead somebody without a session to where they sign in, and from there back to what they asked for."""
    wanted = _here(request) if request.method == "GET" and not is_partial(request) else _before(request)
    address = "/sign-in" + (f"?next={quote(wanted, safe='/')}" if wanted not in ("", "/") else "")
    if is_partial(request):
        # A redirect would be followed by the script, and the page shown within a page.
        return Response(status_code=204, headers={**frame_of(request).headers, "HX-Redirect": address})
    return see_other(request, address)


def translate(request: Request, visitor: Visitor | None) -> Callable[[str], str]:
    """What texts are in the viewer's language; to be called `_`, so that they are found for translation."""
    return frame_of(request).words[language_of(request, visitor)].gettext


def formats_of(request: Request, visitor: Visitor | None) -> Formats:
    """How the viewer is written to."""
    return Formats(
        locale=languages.locale_of(language_of(request, visitor)),
        zone=zone_of(visitor.person.time_zone if visitor else None),
        now=_now(request),
    )


def local_address(wanted: str | None, *, otherwise: str = "/") -> str:
    """An address within the console that a request named, or the other one if it leads anywhere else."""
    if not wanted or len(wanted) > ADDRESS_CHARS_MAX or not wanted.startswith("/") or wanted.startswith("//"):
        return otherwise
    # A backslash is a slash to browsers, and control characters are nothing to them.
    plain = wanted.isascii() and wanted.isprintable() and not {"\\", " "} & {*wanted}
    return wanted if plain else otherwise


def is_partial(request: Request) -> bool:
    """Whether htmx asked, for a part of the page that is shown."""
    return request.headers.get("hx-request") == "true"


def frame_of(request: Request) -> Frame:
    frame: Frame = request.app.state.console
    return frame


def _now(request: Request) -> Any:
    return request.app.state.clock.now()


def _rendered(
    request: Request, visitor: Visitor | None, template: str, status: int, values: Mapping[str, Any]
) -> HTMLResponse:
    frame = frame_of(request)
    language = language_of(request, visitor)
    around: Mapping[str, Any] = {
        "visitor": visitor,
        "language": language,
        "formats": formats_of(request, visitor),
        "path": request.url.path,
        "here": _here(request),
        "navigation": groups(visitor.actor) if visitor else (),
        "theme": (visitor.person.theme if visitor else None) or "system",
        "csrf_token": visitor.csrf_token if visitor else "",
    }
    text = frame.environments[language].get_template(template).render({**around, **values})
    headers = {**frame.headers, "Content-Language": language}
    return HTMLResponse(text, status_code=status, headers=headers)


def _before(request: Request) -> str:
    """The page of ours that a form or a script on it has asked from."""
    page = urlsplit(request.headers.get("referer", ""))
    if page.netloc != request.headers.get("host"):
        return ""
    return local_address(page.path + (f"?{page.query}" if page.query else ""), otherwise="")


def _here(request: Request) -> str:
    """The address that shows this page again."""
    query = f"?{request.url.query}" if request.method == "GET" and request.url.query else ""
    return local_address(quote(request.url.path, safe="/:@") + query)


def done(text: str) -> Flash:
    return Flash("done", text)


def warning(text: str) -> Flash:
    return Flash("warning", text)


def failed(text: str) -> Flash:
    return Flash("failed", text)


__all__: Sequence[str] = [
    "Frame",
    "ask_to_sign_in",
    "done",
    "failed",
    "formats_of",
    "fragment",
    "frame_of",
    "install",
    "is_partial",
    "local_address",
    "page",
    "see_other",
    "translate",
    "warning",
]
