"""Where the results of an application go: an address of credit's, and the secret that they are signed with."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from psycopg.rows import class_row
from yarl import URL

from opsdesk.access import Actor, Scope, audit, require
from opsdesk.kit.db import Connection
from opsdesk.kit.http_destinations import literal_address
from opsdesk.kit.sql import statements
from opsdesk.review.applications.errors import ReceiverInvalid, ReceiverUnknown
from opsdesk.review.reference.entries import list_applications
from opsdesk.review.reference.errors import ApplicationUnknown

URL_CHARS_MAX = 500
SECRET_DEFAULT = "RESULTS_KEY"  # noqa: S105 - the name of a secret, not one
_SECRET = re.compile(r"RESULTS_[A-Z0-9_]{1,60}")
"""Only such names: nobody has ours for other things sign what they like."""

_SQL = statements(__file__)
_PUT = _SQL["put"]
_LIST = _SQL["list"]
_FIND = _SQL["find"]
_REMOVE = _SQL["remove"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """Who is told the results of an application."""

    application: str
    url: str
    secret: str
    """The name of the secret."""
    changed_at: datetime
    operator: str


async def put_receiver(
    conn: Connection, *, application: str, url: str, secret: str = SECRET_DEFAULT, actor: Actor, now: datetime
) -> Receiver:
    """Send the results of an application there from now on, those too that are still on their way.

    Raises ScopeMissing, ApplicationUnknown, ReceiverInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    after = Receiver(application, url.strip(), secret.strip() or SECRET_DEFAULT, now, actor.id)
    _check(after)
    if application not in [each.application for each in await list_applications(conn)]:
        raise ApplicationUnknown(application)
    before = await find_receiver(conn, application=application)
    values = {"application": application, "url": after.url, "secret": after.secret}
    await conn.execute(_PUT, values | {"now": now, "operator": actor.id})
    if before is None or (before.url, before.secret) != (after.url, after.secret):
        await _record(conn, "put", before, after, actor=actor, now=now)
    return after


async def remove_receiver(conn: Connection, *, application: str, actor: Actor, now: datetime) -> None:
    """Send the results of an application nowhere; they stay to be asked for. Raises ScopeMissing, ReceiverUnknown."""
    require(actor, Scope.SCREENING_WRITE)
    before = await find_receiver(conn, application=application)
    if before is None:
        raise ReceiverUnknown(application)
    await conn.execute(_REMOVE, {"application": application})
    await _record(conn, "remove", before, None, actor=actor, now=now)


async def list_receivers(conn: Connection) -> Sequence[Receiver]:
    return await (await conn.cursor(row_factory=class_row(Receiver)).execute(_LIST)).fetchall()


async def find_receiver(conn: Connection, *, application: str) -> Receiver | None:
    """None: its results are asked for, and sent to nobody."""
    if "\0" in application:
        return None
    rows = conn.cursor(row_factory=class_row(Receiver))
    return await (await rows.execute(_FIND, {"application": application})).fetchone()


def _check(receiver: Receiver) -> None:
    problems = {}
    if problem := _url_problem(receiver.url):
        problems["url"] = [problem]
    if not _SECRET.fullmatch(receiver.secret):
        problems["secret"] = ["is RESULTS_ and then capital letters, digits and _"]
    if problems:
        raise ReceiverInvalid(problems)


def _url_problem(text: str) -> str | None:
    if len(text) > URL_CHARS_MAX or not text.isascii() or not text.isprintable() or " " in text:
        return f"has to be an address of at most {URL_CHARS_MAX} ASCII characters"
    try:
        url = URL(text)
        host = url.host
    except ValueError:
        return "cannot be read"
    if url.scheme not in ("https", "http") or not host:
        return "has to begin with https://"
    if url.user or url.password or url.fragment:
        return "holds a user, a password or a fragment"
    address = literal_address(host)
    if url.scheme == "http" and not (address is not None and address.is_loopback):
        return "has to begin with https://; http:// leads to an address of this machine only, such as 127.0.0.1"
    return None


async def _record(
    conn: Connection, verb: str, before: Receiver | None, after: Receiver | None, *, actor: Actor, now: datetime
) -> None:
    one = after or before
    assert one is not None
    await audit.record(
        conn,
        actor=actor,
        action=f"result_receiver.{verb}",
        object_kind="application",
        object_id=one.application,
        before={"url": before.url, "secret": before.secret} if before else None,
        after={"url": after.url, "secret": after.secret} if after else None,
        now=now,
    )
