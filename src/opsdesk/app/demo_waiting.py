"""What the demo does not wait for for ever: every wait has a limit, and says what it waited for."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class DemoFailed(Exception):
    """Something that the demo needs did not happen; the message says what, for the person who watches."""


@asynccontextmanager
async def within(limit_s: float, what: str) -> AsyncIterator[None]:
    """Raises DemoFailed if the block takes longer."""
    try:
        async with asyncio.timeout(limit_s):
            yield
    except TimeoutError:
        raise DemoFailed(f"Waited {limit_s:g} seconds for {what}, in vain.") from None
