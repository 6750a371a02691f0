"""The way to the pictures of tickets, as the settings lay it: another one than that to partners."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from opsdesk import review
from opsdesk.kit.http_client import http_client
from opsdesk.kit.settings import Settings


@asynccontextmanager
async def picture_fetcher(settings: Settings) -> AsyncIterator[review.pictures.fetching.Fetcher]:
    """Customers have a say in the addresses, so that networks which partners may be in are not open to pictures.

    Raises PictureHostsUnreadable, and what HttpClient raises.
    """
    hosts = review.pictures.hosts.PictureHosts(settings.picture_hosts)
    async with http_client(
        ca_file=settings.ca_file, connect_to=settings.connect_to, allow_networks=settings.picture_networks
    ) as http:
        yield review.pictures.fetching.Fetcher(http, hosts)
