"""What is remembered of failed attempts to sign in, so that nobody guesses, and nobody is locked out for good.

Three things are counted, each leaks away with time, and above its limit the next attempt has to wait:
- attempts on one account from one address: longer and longer, up to a quarter of an hour;
- attempts on one account by strangers, from wherever: an attacker with many addresses has a few hundred a day;
- attempts from one address on whichever accounts.

A browser that somebody signed in with before carries a token that says so. It is counted by itself and by nothing else,
so that whoever stands at the door of an account all day does not keep its owner out.
Source: OWASP, "Slow down online guessing attacks with device cookies".
"""

import hashlib
import hmac
import math
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address, ip_network

from opsdesk.access.errors import SignInDelayed
from opsdesk.access.sessions import Caller
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

FORGOTTEN_AFTER_S = 24 * 3600
_NONCE_BYTES = 16

_SQL = statements(__file__)
_KNOW_SUBJECTS = _SQL["know_subjects"]
_LOCK_SUBJECTS = _SQL["lock_subjects"]
_COUNT_FAILURE = _SQL["count_failure"]
_TAKE_BACK = _SQL["take_back"]
_FORGET_SUBJECTS = _SQL["forget_subjects"]
_FORGET_OLD = _SQL["forget_old"]


@dataclass(frozen=True, slots=True)
class Limit:
    """How many failures are free, how the wait grows from there, and how fast failures leak away."""

    free: int
    first_wait_s: float
    wait_s_max: float
    leak_s: float
    """One failure leaks away in this time."""

    def level(self, failures: float, *, elapsed_s: float) -> float:
        return max(0.0, failures - max(0.0, elapsed_s) / self.leak_s)

    def wait_s(self, failures: float, *, elapsed_s: float) -> float:
        """How long the next attempt still has to wait, so long after the last one."""
        over = failures - self.free
        if over < 0:
            return 0.0
        wait_s: float = min(self.wait_s_max, self.first_wait_s * 2 ** min(over, 20))
        return max(0.0, wait_s - max(0.0, elapsed_s))


PLACE = Limit(free=5, first_wait_s=5, wait_s_max=900, leak_s=1800)
DEVICE = Limit(free=10, first_wait_s=5, wait_s_max=900, leak_s=1800)
STRANGERS = Limit(free=30, first_wait_s=360, wait_s_max=360, leak_s=360)
ADDRESS = Limit(free=60, first_wait_s=10, wait_s_max=10, leak_s=10)


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that was let through, and counted as one that failed until it is known to be right.

    The kinds of `shared` come before those of `own` in the alphabet, which is the order that rows are locked in.
    """

    own: tuple[str, ...]
    """Forgotten when the attempt was right."""
    shared: tuple[str, ...]
    """In which others are counted too."""


async def count_attempt(
    conn: Connection,
    *,
    account: str,
    caller: Caller,
    device_key: bytes,
    now: datetime,
    proof: str = "password",
) -> Attempt:
    """Count an attempt before anything is checked, so that many at once are no way around it.

    Each `proof` is counted by itself: a right password does not make guessing the second factor free.

    Raises SignInDelayed, and then counts nothing.
    """
    if is_known_device(caller.device_token, account=account, device_key=device_key):
        own: Mapping[str, Limit] = {_subject("device", proof, account, str(caller.device_token)): DEVICE}
        shared: Mapping[str, Limit] = {}
    else:
        address = _counted_address(caller.address)
        own = {_subject("place", proof, account, address): PLACE}
        shared = {_subject("account", proof, account): STRANGERS, _subject("address", address): ADDRESS}
    await _count(conn, {**own, **shared}, now=now)
    return Attempt(own=tuple(own), shared=tuple(shared))


async def count_code_attempt(conn: Connection, *, caller: Caller, now: datetime) -> Attempt:
    """Count an attempt with a one-time code, which names no account. Raises SignInDelayed."""
    shared = {_subject("address", _counted_address(caller.address)): ADDRESS}
    await _count(conn, shared, now=now)
    return Attempt(own=(), shared=tuple(shared))


async def count_own_attempt(conn: Connection, *, account: str, now: datetime) -> Attempt:
    """Count an attempt of somebody who has signed in to prove it once more. Raises SignInDelayed."""
    own = {_subject("own", account): DEVICE}
    await _count(conn, own, now=now)
    return Attempt(own=tuple(own), shared=())


async def attempt_was_right(conn: Connection, attempt: Attempt) -> None:
    """Take back that it was counted as a failure; what failed before from there is forgotten.

    Locks in the order of `count_attempt`; to be called before anything else is locked. If the attempt turns out to be
    wrong after all, the transaction has to end without it.
    """
    if attempt.shared:
        await conn.execute(_TAKE_BACK, {"subjects": sorted(attempt.shared)})
    if attempt.own:
        await conn.execute(_FORGET_SUBJECTS, {"subjects": list(attempt.own)})


async def forget_old_attempts(conn: Connection, *, now: datetime) -> None:
    """Drop what counts for nothing any more."""
    await conn.execute(_FORGET_OLD, {"before": now - timedelta(seconds=FORGOTTEN_AFTER_S)})


def new_device_token(*, account: str, device_key: bytes) -> str:
    """What a browser carries that somebody has signed in with: it opens nothing, and is only counted by itself."""
    nonce = secrets.token_urlsafe(_NONCE_BYTES)
    return f"{nonce}.{_device_mac(nonce, account=account, device_key=device_key)}"


def is_known_device(token: str | None, *, account: str, device_key: bytes) -> bool:
    nonce, _, mac = (token or "").partition(".")
    return hmac.compare_digest(mac.encode(), _device_mac(nonce, account=account, device_key=device_key).encode())


def _device_mac(nonce: str, *, account: str, device_key: bytes) -> str:
    return hmac.digest(device_key, f"{nonce}\0{account}".encode(errors="replace"), "sha256").hex()


async def _count(conn: Connection, limits: Mapping[str, Limit], *, now: datetime) -> None:
    subjects = sorted(limits)
    await conn.execute(_KNOW_SUBJECTS, {"subjects": subjects, "now": now})
    rows = await (await conn.execute(_LOCK_SUBJECTS, {"subjects": subjects})).fetchall()
    known = {subject: (failures, (now - at).total_seconds()) for subject, failures, at in rows}
    waits = [limit.wait_s(known[subject][0], elapsed_s=known[subject][1]) for subject, limit in limits.items()]
    if max(waits) > 0:
        raise SignInDelayed(wait_s=math.ceil(max(waits)))
    for subject in subjects:
        failures, elapsed_s = known[subject]
        level = limits[subject].level(failures, elapsed_s=elapsed_s) + 1
        await conn.execute(_COUNT_FAILURE, {"subject": subject, "failures": level, "now": now})


def _subject(kind: str, *parts: str) -> str:
    """Names what is counted without telling it: addresses and accounts are personal."""
    digest = hashlib.sha256("\0".join(parts).encode(errors="replace")).hexdigest()
    return f"{kind}:{digest}"


def _counted_address(address: str) -> str:
    """One machine: an IPv6 network of the size that a single customer of a provider has."""
    try:
        found = ip_address(address)
    except ValueError:
        return ""
    return address if found.version == 4 else str(ip_network((found, 64), strict=False))
