"""A browser and an installation, one of each for all tests of a worker process of pytest."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.browsing import AXE, Tab, chromium, tab
from tests.browser.console import Console, console
from tests.browser.pages import Sample
from tests.browser.pages import sample as make_sample
from tests.servers import Server

OpenTab = Callable[..., AbstractAsyncContextManager[Tab]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What is shared by all tests lives in an event loop that is, too."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as found:
        if found is None:
            pytest.skip("there is no Chromium: install Debian's `chromium`, or run `playwright install chromium`")
        if not AXE.exists():
            pytest.skip("there is no axe-core: run `npm ci`, or `script/test`, which does it without Node as well")
        yield found


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def there(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Console]:
    """The installation that all tests of this process look at; each makes what it needs."""
    name = server.clone()
    async with console(server.database(name), tmp_path_factory.mktemp("console")) as started:
        await started.store("refund-approval.osop.yaml")
        await started.store("account-closure.osop.yaml")
        yield started
    server.drop(name)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sample(there: Console) -> Sample:
    """One of each that there can be; tests leave it as it is."""
    return await make_sample(there)


@pytest.fixture
def open_tab(browser: Browser, there: Console) -> Callable[..., Any]:
    """Opens a browser of its own: `async with open_tab(person) as tab`."""
    return partial(tab, browser, there)
