"""From which hosts pictures are fetched: those that the setting lists, and no others. Pure."""

import re
from dataclasses import dataclass

from yarl import URL

from opsdesk.kit.errors import Invalid
from opsdesk.kit.http_addresses import is_plain_loopback
from opsdesk.review.pictures.model import WhyNot

HOSTS_MAX = 100

_ENTRY = re.compile(r"(?P<any>\*\.)?(?P<host>[a-z0-9][a-z0-9.-]*|\[[0-9a-f:.]+\])(:(?P<port>\d{1,5}))?", re.IGNORECASE)


@dataclass(eq=False)
class PictureHostsUnreadable(Invalid):
    """The setting `picture_hosts` is a list of `host`, `host:port` or `*.host`, separated by commas."""

    entry: str


@dataclass(frozen=True, slots=True)
class _Entry:
    host: str
    port: int | None
    """None: the one that https has."""
    with_all_below: bool

    def holds(self, host: str, url: URL) -> bool:
        if url.port != (self.port or 443):
            return False
        return host.endswith(f".{self.host}") if self.with_all_below else host == self.host


class PictureHosts:
    """The hosts of the setting. `*.host` means every name below the host, and not the host itself."""

    def __init__(self, setting: str) -> None:
        """Raises PictureHostsUnreadable, which names the entry."""
        entries = [entry.strip() for entry in setting.split(",") if entry.strip()]
        if len(entries) > HOSTS_MAX:
            raise PictureHostsUnreadable(f"more than {HOSTS_MAX} hosts")
        self._entries = tuple(map(_entry, entries))

    def problem(self, url: URL) -> WhyNot | None:
        """Why nothing is fetched from this address; None: it may be."""
        host = (url.raw_host or "").lower().rstrip(".")
        if url.user is not None or url.password is not None:
            return WhyNot.HOST_NOT_LISTED
        if not any(entry.holds(host, url) for entry in self._entries):
            return WhyNot.HOST_NOT_LISTED
        # This machine is trusted to be itself; whether it may be asked at all, the setting of the networks says.
        return None if url.scheme == "https" or is_plain_loopback(str(url)) else WhyNot.INSECURE


def _entry(entry: str) -> _Entry:
    match = _ENTRY.fullmatch(entry)
    if match is None:
        raise PictureHostsUnreadable(entry)
    port = int(match["port"]) if match["port"] else None
    return _Entry(match["host"].lower().strip("[]"), port, bool(match["any"]))
