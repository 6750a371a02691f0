"""Signing in: by password, by a one-time code, and with a second factor where the person has one.

A password is checked outside of any transaction, because that takes long on purpose. What is counted against guessing
is committed before, so that it stays also where the attempt is refused.
"""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from opsdesk.access import attempts, audit, links, second_factor, sessions
from opsdesk.access.actor import Actor
from opsdesk.access.errors import SignInNeeded, SignInRefused
from opsdesk.access.passwords import check_password, hash_password, is_outdated, password_matches
from opsdesk.access.people import Person, one_spelling, require_self, show_person
from opsdesk.access.proving import Account, find_account, prove_password
from opsdesk.access.sessions import Caller, NewSession, Session, SessionLimits, SignInMethod
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.log import get_logger
from opsdesk.kit.sql import statements

EMAIL_CHARS_READ = 1000
"""More than any address has, and little enough to be brought to its one spelling."""
CODE_CHARS_READ = 100

_log = get_logger(__name__)
_SQL = statements(__file__)
_KEEP_HASH = _SQL["keep_hash"]
_SET_PASSWORD = _SQL["set_password"]


@dataclass(frozen=True, slots=True)
class SignInRules:
    """What signing in to one installation goes by."""

    limits: SessionLimits
    secure: bool
    """Whether cookies are for TLS only: everywhere but on this machine itself."""
    device_key: bytes = field(repr=False)
    """What the tokens of known browsers are signed with."""
    totp_key: bytes = field(repr=False)
    """What the secrets of second factors are encrypted with; 32 bytes."""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The session has begun."""

    person: Person
    session: NewSession
    device_token: str = field(repr=False)
    """For the cookie by which this browser is known from now on."""


@dataclass(frozen=True, slots=True)
class CodeNeeded:
    """The password was right; the session opens nothing before `finish_sign_in` has seen a code."""

    session: NewSession


async def sign_in(
    database: Database, *, email: str, password: str, caller: Caller, rules: SignInRules, now: datetime
) -> SignedIn | CodeNeeded:
    """Begin a session by address and password.

    Takes as long for an address that nobody has. Raises SignInRefused, in the same words whatever was wrong, and
    SignInDelayed.
    """
    email = one_spelling(email[:EMAIL_CHARS_READ])
    async with database.transaction() as conn:
        attempt = await attempts.count_attempt(conn, account=email, caller=caller, device_key=rules.device_key, now=now)
        account = await find_account(conn, email=email)
    right = await password_matches(password, account.password_hash if account else None)
    if account is None or not right or account.disabled_at is not None:
        _log.info("sign_in_refused", network=sessions.coarse(caller.address))
        raise SignInRefused
    renewed = await _renewed_hash(account, password)
    async with database.transaction() as conn:
        await attempts.attempt_was_right(conn, attempt)
        if renewed is not None:
            await conn.execute(_KEEP_HASH, {"id": account.id, "old": account.password_hash, "hash": renewed})
        person = await show_person(conn, person_id=account.id)
        return await begin(conn, person=person, method=SignInMethod.PASSWORD, caller=caller, rules=rules, now=now)


async def finish_sign_in(
    database: Database, *, code: str, caller: Caller, rules: SignInRules, now: datetime
) -> SignedIn:
    """Begin the session that lacked its second factor, by a code of the authenticator or one for recovery.

    Raises SignInNeeded when the password has to be given again, SignInRefused, SignInDelayed.
    """
    async with database.transaction() as conn:
        _, person = await _half_signed_in(conn, caller=caller, rules=rules, now=now)
        attempt = await attempts.count_attempt(
            conn,
            account=person.email,
            caller=caller,
            device_key=rules.device_key,
            now=now,
            proof="second factor",
        )
    async with database.transaction() as conn:
        session, person = await _half_signed_in(conn, caller=caller, rules=rules, now=now)
        await attempts.attempt_was_right(conn, attempt)
        if not await second_factor.take_code(
            conn, person_id=person.id, code=code[:CODE_CHARS_READ], totp_key=rules.totp_key, now=now
        ):
            raise SignInRefused
        return await _begin_whole(
            conn, person=person, method=SignInMethod(session.method), caller=caller, rules=rules, now=now
        )


async def welcome(
    database: Database, *, code: str, password: str, caller: Caller, rules: SignInRules, now: datetime
) -> SignedIn | CodeNeeded:
    """Set the password with a one-time code, and begin a session.

    Raises CodeRefused, PasswordRefused, SignInDelayed.
    """
    async with database.transaction() as conn:
        attempt = await attempts.count_code_attempt(conn, caller=caller, now=now)
    async with database.transaction() as conn:
        await attempts.attempt_was_right(conn, attempt)
        person = await links.use_link(conn, code=code, password=password, now=now)
        return await begin(conn, person=person, method=SignInMethod.CODE, caller=caller, rules=rules, now=now)


async def begin(
    conn: Connection, *, person: Person, method: SignInMethod, caller: Caller, rules: SignInRules, now: datetime
) -> SignedIn | CodeNeeded:
    """Begin the session of somebody who has proved who they are; with a second factor, all but.

    The identity provider has second factors of its own, and none is asked for here.
    """
    if not person.has_second_factor or method is SignInMethod.OIDC:
        return await _begin_whole(conn, person=person, method=method, caller=caller, rules=rules, now=now)
    half = await sessions.begin_session(
        conn, person=person, method=method, caller=caller, limits=rules.limits, verified=False, now=now
    )
    return CodeNeeded(half)


async def change_password(
    database: Database, *, person: Person, present: str, new: str, session_id: UUID, actor: Actor, now: datetime
) -> None:
    """Set another password, proved by the present one; every other session of the person ends.

    Raises PasswordWrong, PasswordRefused, SignInDelayed, and ScopeMissing for the password of somebody else.
    """
    require_self(actor, person)
    check_password(new, email=person.email)
    await prove_password(database, person=person, password=present, now=now)
    made = await hash_password(new)
    async with database.transaction() as conn:
        await conn.execute(_SET_PASSWORD, {"id": person.id, "hash": made, "now": now})
        await audit.record(
            conn,
            actor=actor,
            action="person.change_password",
            object_kind="person",
            object_id=str(person.id),
            now=now,
        )
        await sessions.end_all_sessions(conn, person_id=person.id, actor=actor, now=now, but=session_id)


async def _renewed_hash(account: Account, password: str) -> str | None:
    if account.password_hash is None or not is_outdated(account.password_hash):
        return None
    return await hash_password(password)


async def _begin_whole(
    conn: Connection, *, person: Person, method: SignInMethod, caller: Caller, rules: SignInRules, now: datetime
) -> SignedIn:
    session = await sessions.begin_session(
        conn, person=person, method=method, caller=caller, limits=rules.limits, verified=True, now=now
    )
    token = attempts.new_device_token(account=person.email, device_key=rules.device_key)
    return SignedIn(person=person, session=session, device_token=token)


async def _half_signed_in(
    conn: Connection, *, caller: Caller, rules: SignInRules, now: datetime
) -> tuple[Session, Person]:
    if caller.session_token is None:
        raise SignInNeeded
    return await sessions.visit(
        conn, token=caller.session_token, limits=rules.limits, now=now, verified=False, is_use=False
    )
