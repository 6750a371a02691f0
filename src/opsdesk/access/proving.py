"""Somebody who has signed in proves once more who they are, before what a stolen session may not do."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from psycopg.rows import class_row

from opsdesk.access import attempts
from opsdesk.access.errors import PasswordWrong
from opsdesk.access.passwords import password_matches
from opsdesk.access.people import Person
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.sql import statements

_SQL = statements(__file__)
_ACCOUNT = _SQL["account"]


@dataclass(frozen=True, slots=True)
class Account:
    """What a password is compared with."""

    id: UUID
    password_hash: str | None
    disabled_at: datetime | None


async def find_account(conn: Connection, *, email: str) -> Account | None:
    """The account with this address in its one spelling."""
    cursor = conn.cursor(row_factory=class_row(Account))
    return await (await cursor.execute(_ACCOUNT, {"email": email.replace("\0", "")})).fetchone()


async def prove_password(database: Database, *, person: Person, password: str, now: datetime) -> None:
    """See the password of somebody who has signed in. Raises PasswordWrong, SignInDelayed."""
    async with database.transaction() as conn:
        attempt = await attempts.count_own_attempt(conn, account=person.email, now=now)
        account = await find_account(conn, email=person.email)
    if not await password_matches(password, account.password_hash if account else None):
        raise PasswordWrong
    async with database.transaction() as conn:
        await attempts.attempt_was_right(conn, attempt)
