"""Chromium, as a person has it in front of them, and what it found wrong with a page."""

import os
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Error,
    Page,
    Playwright,
    async_playwright,
    expect,
)

from opsdesk.access.people import Person
from tests.browser.console import Console

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
DEBIANS = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE = (1440, 900)
NARROW = (390, 844)
WAIT_MS = 30_000
"""For what has to be there in a moment, on a busy machine."""
expect.set_options(timeout=WAIT_MS)
WATCH = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} refused ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`);
});
"""


@dataclass
class Tab:
    """One page in a browser of its own, and everything that it complained of."""

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)

    async def open(self, path: str) -> int:
        """The status of the page at this address, which is then shown."""
        response = await self.page.goto(self.url + path)
        assert response is not None
        return response.status

    async def findings(self) -> Sequence[str]:
        """What axe-core finds serious or critical on the page that is shown."""
        # Through the debugger and not by a script element, which the page's policy would rightly refuse.
        await self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = await self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{self.page.url}: {violation['id']}: {node['html'][:200]} {node['failureSummary']}"
            for violation in found["violations"]
            if violation["impact"] in ("serious", "critical")
            for node in violation["nodes"]
        ]

    async def text(self, selector: str) -> str:
        return (await self.page.locator(selector).first.inner_text()).strip()

    async def is_at(self, path: str) -> None:
        """Waits until the address is this one; a click returns before the page that it leads to is there."""
        await expect(self.page).to_have_url(self.url + path)

    async def shows(self, selector: str, *texts: str) -> None:
        """Waits until just these elements are there."""
        await expect(self.page.locator(selector)).to_have_text(list(texts))

    async def says(self, selector: str, text: str) -> None:
        """Waits until the first of these elements has this text in it."""
        await expect(self.page.locator(selector).first).to_contain_text(text)

    async def texts(self, selector: str) -> list[str]:
        return [text.strip() for text in await self.page.locator(selector).all_inner_texts()]


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser | None]:
    """Debian's Chromium or Playwright's own; None where there is neither."""
    async with async_playwright() as playwright:
        program = _program(playwright)
        if program is None:
            yield None
            return
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def tab(
    browser: Browser,
    console: Console,
    person: Person | None = None,
    *,
    size: tuple[int, int] = WIDE,
    scripts: bool = True,
    language: str = "en",
    dark: bool = False,
    touch: bool = False,
    cookie: str | None = None,
) -> AsyncIterator[Tab]:
    """A new browser profile, signed in as this person if one is given, or with this session's cookie."""
    context = await browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        java_script_enabled=scripts,
        locale=language,
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        has_touch=touch,
    )
    try:
        if person is not None:
            cookie = await console.session_of(person)
        if cookie is not None:
            await _set_session(context, console, cookie)
        if scripts:
            await context.add_init_script(WATCH)
        yield await _watched(context, console)
    finally:
        await context.close()


async def _watched(context: BrowserContext, console: Console) -> Tab:
    shown = Tab(await context.new_page(), console.url)
    shown.page.set_default_timeout(WAIT_MS)

    def note(message: ConsoleMessage) -> None:
        # That a status is not 200 is what the tests look at themselves.
        if message.type in ("error", "warning") and not message.text.startswith("Failed to load resource"):
            shown.complaints.append(f"{shown.page.url}: {message.text}")

    def note_error(error: Error) -> None:
        shown.complaints.append(f"{shown.page.url}: {error.message}")

    shown.page.on("console", note)
    shown.page.on("pageerror", note_error)
    return shown


async def _set_session(context: BrowserContext, console: Console, token: str) -> None:
    await context.add_cookies(
        [{"name": "opsdesk", "value": token, "url": console.url, "httpOnly": True, "sameSite": "Lax"}]
    )


def _program(playwright: Playwright) -> Path | None:
    """OPSDESK_TEST_CHROMIUM names another one."""
    own = Path(playwright.chromium.executable_path)
    named = os.environ.get("OPSDESK_TEST_CHROMIUM")
    return (
        next((path for path in [Path(named)] if path.exists()), None)
        if named
        else next((path for path in (DEBIANS, own) if path.exists()), None)
    )
