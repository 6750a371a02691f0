"""Passwords: hashed by argon2id, in threads of their own, because a hash is slow and takes memory on purpose."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from secrets import token_urlsafe
from typing import TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from opsdesk.access.errors import PasswordRefused, PasswordsBusy

PASSWORD_CHARS_MIN = 12
PASSWORD_CHARS_MAX = 200
HASHES_AT_ONCE = 2
"""Each takes 64 MiB for a while: however many people sign in, no more memory than this many times that is taken."""

HASHES_WAITING_MAX = 40
"""A few seconds of work. Whoever comes then is sent away at once, instead of waiting for what never comes."""

Answer = TypeVar("Answer")


class Hashing:
    """The threads that passwords are hashed in, and the queue before them."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(max_workers=HASHES_AT_ONCE, thread_name_prefix="password")
        self._waiting = 0

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Raises PasswordsBusy."""
        if self._waiting >= HASHES_WAITING_MAX:
            raise PasswordsBusy
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        finally:
            self._waiting -= 1


_HASHER = PasswordHasher()
# Of the process and not of an installation, because it is the memory of the process that it limits.
_HASHING = Hashing()


def check_password(password: str, *, email: str) -> None:
    """What a new password has to be: long, and not the address. Raises PasswordRefused.

    There are no rules of composition: they make passwords that are harder to remember, not harder to guess.
    Source: NIST SP 800-63B §5.1.1.2.
    """
    password = _normalized(password)
    if len(password) < PASSWORD_CHARS_MIN:
        raise PasswordRefused(problem=f"has fewer than {PASSWORD_CHARS_MIN} characters")
    if len(password) > PASSWORD_CHARS_MAX:
        raise PasswordRefused(problem=f"has more than {PASSWORD_CHARS_MAX} characters")
    if password.strip().casefold() in (email, email.partition("@")[0]):
        raise PasswordRefused(problem="is the e-mail address")
    if len(set(password)) == 1:
        raise PasswordRefused(problem="is one character, repeated")


async def hash_password(password: str) -> str:
    """The hash to keep, with its parameters and a salt of its own. Raises PasswordsBusy."""
    return await _HASHING.run(lambda: _HASHER.hash(_normalized(password)))


async def password_matches(password: str, password_hash: str | None) -> bool:
    """Whether it is the password. Without a hash the answer is no, and takes as long as with one.

    Raises PasswordsBusy.
    """
    if len(password) > PASSWORD_CHARS_MAX:
        password = ""
    right = await _HASHING.run(lambda: _matches(password_hash or _nobodys_hash(), _normalized(password)))
    return right and password_hash is not None


def is_outdated(password_hash: str) -> bool:
    """Whether it was made with other parameters than those of today, and is to be made anew."""
    return _HASHER.check_needs_rehash(password_hash)


def _matches(password_hash: str, password: str) -> bool:
    try:
        return _HASHER.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


@cache
def _nobodys_hash() -> str:
    return _HASHER.hash(token_urlsafe())


def _normalized(password: str) -> str:
    """One password, however the keyboard composes its characters."""
    return unicodedata.normalize("NFKC", password)
