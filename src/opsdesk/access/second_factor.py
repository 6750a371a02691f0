"""A second factor: codes from an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost.

The secret of an authenticator has to be kept as it is, so it is encrypted with a key that is not in the database.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from opsdesk.access import audit
from opsdesk.access.actor import Actor, Scope, require
from opsdesk.access.codes import code_digest, new_code
from opsdesk.access.errors import ScopeMissing, SecondFactorRefused
from opsdesk.access.people import Person, actor_id, lock_person, show_person
from opsdesk.access.proving import prove_password
from opsdesk.kit.db import Connection, Database
from opsdesk.kit.log import get_logger
from opsdesk.kit.sql import statements

ISSUER = "Opsdesk"
STEP_S = 30
STEPS_AROUND = 1
"""A code counts so many steps before and after its own, because clocks differ and people type slowly."""
RECOVERY_CODES = 10
_SECRET_GROUP_CHARS = 4
_NONCE_BYTES = 12

_log = get_logger(__name__)
_SQL = statements(__file__)
_KEEP_SECRET = _SQL["keep_secret"]
_SECRET = _SQL["secret"]
_CONFIRM = _SQL["confirm"]
_TAKE_STEP = _SQL["take_step"]
_REMOVE = _SQL["remove"]
_REMOVE_RECOVERY_CODES = _SQL["remove_recovery_codes"]
_INSERT_RECOVERY_CODES = _SQL["insert_recovery_codes"]
_TAKE_RECOVERY_CODE = _SQL["take_recovery_code"]
_COUNT_RECOVERY_CODES = _SQL["count_recovery_codes"]
_LOCK_SECRETS = _SQL["lock_secrets"]
_RESEAL = _SQL["reseal"]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What an authenticator app is told, once: as a picture, and for typing in."""

    uri: str = field(repr=False)
    secret: str = field(repr=False)
    """In groups of four."""
    qr_svg: str = field(repr=False)
    """The URI as an SVG element without styles or scripts, for a page."""


@dataclass(frozen=True, slots=True)
class Resealed:
    """How many secrets were encrypted anew, were so already, and can be read with neither key."""

    changed: int
    kept: int
    unreadable: int


async def enrol(
    database: Database, *, person: Person, password: str, totp_key: bytes, actor: Actor, now: datetime
) -> Enrolment:
    """A new secret, which counts only after `confirm`; one that was not confirmed is replaced.

    Proved by the password: whoever stole a session could otherwise keep its owner out with a factor of their own.

    Raises ScopeMissing for somebody else's, PasswordWrong, SignInDelayed, SecondFactorRefused where there is one.
    """
    _check_own(actor, person)
    await prove_password(database, person=person, password=password, now=now)
    secret = pyotp.random_base32()
    async with database.transaction() as conn:
        person = await lock_person(conn, person_id=person.id)
        if person.has_second_factor:
            raise SecondFactorRefused(problem="is set up already")
        sealed = _sealed(secret, person_id=person.id, totp_key=totp_key)
        await conn.execute(_KEEP_SECRET, {"id": person.id, "secret": sealed})
        await _record(conn, "second_factor.enrol", person, actor=actor, now=now)
    uri = pyotp.TOTP(secret).provisioning_uri(name=person.email, issuer_name=ISSUER)
    grouped = " ".join(secret[at : at + _SECRET_GROUP_CHARS] for at in range(0, len(secret), _SECRET_GROUP_CHARS))
    qr_svg = segno.make(uri, micro=False).svg_inline(scale=4, border=2, dark="#000", light="#fff")
    return Enrolment(uri=uri, secret=grouped, qr_svg=qr_svg)


async def confirm(
    conn: Connection, *, person: Person, code: str, totp_key: bytes, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Count the second factor from now on, proved by a first code; returns the recovery codes, for the only time.

    Raises ScopeMissing for somebody else's, SecondFactorRefused.
    """
    _check_own(actor, person)
    person = await lock_person(conn, person_id=person.id)
    if person.has_second_factor:
        raise SecondFactorRefused(problem="is set up already")
    step = await _matching_step(conn, person_id=person.id, code=code, totp_key=totp_key, now=now)
    if step is None:
        raise SecondFactorRefused(problem="is not confirmed by this code")
    await conn.execute(_CONFIRM, {"id": person.id, "step": step, "now": now})
    await _record(conn, "second_factor.confirm", person, actor=actor, now=now)
    return await _new_recovery_codes(conn, person_id=person.id)


async def take_code(conn: Connection, *, person_id: UUID, code: str, totp_key: bytes, now: datetime) -> bool:
    """Whether the code is right, of the authenticator or for recovery; if so, it is not taken a second time.

    Locks the person, so that of two who send one code at once, one is refused.
    """
    person = await lock_person(conn, person_id=person_id)
    step = await _matching_step(conn, person_id=person_id, code=code, totp_key=totp_key, now=now)
    if step is not None:
        await conn.execute(_TAKE_STEP, {"id": person_id, "step": step})
        return True
    values = {"person_id": person_id, "code_sha256": code_digest(code), "now": now}
    taken = (await conn.execute(_TAKE_RECOVERY_CODE, values)).rowcount == 1
    if taken:
        await _record(conn, "second_factor.recover", person, actor=person.actor, now=now)
    return taken


async def renew_recovery_codes(
    database: Database, *, person: Person, password: str, actor: Actor, now: datetime
) -> tuple[str, ...]:
    """Other recovery codes in place of all before; returns them for the only time.

    Raises ScopeMissing for somebody else's, PasswordWrong, SignInDelayed, SecondFactorRefused where there is none.
    """
    _check_own(actor, person)
    await prove_password(database, person=person, password=password, now=now)
    async with database.transaction() as conn:
        if not (await lock_person(conn, person_id=person.id)).has_second_factor:
            raise SecondFactorRefused(problem="is not set up")
        await _record(conn, "second_factor.renew_recovery_codes", person, actor=actor, now=now)
        return await _new_recovery_codes(conn, person_id=person.id)


async def disable(database: Database, *, person: Person, password: str, actor: Actor, now: datetime) -> None:
    """Do without a second factor, proved by the password.

    Raises ScopeMissing for somebody else's, PasswordWrong, SignInDelayed.
    """
    _check_own(actor, person)
    await prove_password(database, person=person, password=password, now=now)
    async with database.transaction() as conn:
        await _remove(conn, await lock_person(conn, person_id=person.id), actor=actor, now=now)


async def remove(conn: Connection, *, person_id: UUID, actor: Actor, now: datetime) -> Person:
    """Take the second factor from a person who has lost it; without one, nothing changes.

    Raises ScopeMissing, PersonUnknown.
    """
    require(actor, Scope.PEOPLE_WRITE)
    await _remove(conn, await lock_person(conn, person_id=person_id), actor=actor, now=now)
    return await show_person(conn, person_id=person_id)


async def reseal(conn: Connection, *, totp_key: bytes, previous: bytes, actor: Actor, now: datetime) -> Resealed:
    """Encrypt every secret with the key of today in place of the one before; doing it again changes nothing.

    Raises ScopeMissing.
    """
    require(actor, Scope.PEOPLE_WRITE)
    changed = kept = unreadable = 0
    for person_id, sealed in await (await conn.execute(_LOCK_SECRETS)).fetchall():
        if _opened(sealed, person_id=person_id, totp_key=totp_key) is not None:
            kept += 1
        elif (secret := _opened(sealed, person_id=person_id, totp_key=previous)) is not None:
            await conn.execute(
                _RESEAL, {"id": person_id, "secret": _sealed(secret, person_id=person_id, totp_key=totp_key)}
            )
            await audit.record(
                conn,
                actor=actor,
                action="second_factor.reseal",
                object_kind="person",
                object_id=str(person_id),
                now=now,
            )
            changed += 1
        else:
            unreadable += 1
    return Resealed(changed=changed, kept=kept, unreadable=unreadable)


async def recovery_codes_left(conn: Connection, *, person_id: UUID) -> int:
    """How many have not been used."""
    row = await (await conn.execute(_COUNT_RECOVERY_CODES, {"person_id": person_id})).fetchone()
    assert row is not None
    return int(row[0])


async def _remove(conn: Connection, person: Person, *, actor: Actor, now: datetime) -> None:
    await conn.execute(_REMOVE, {"id": person.id})
    await conn.execute(_REMOVE_RECOVERY_CODES, {"person_id": person.id})
    if person.has_second_factor:
        await _record(conn, "second_factor.remove", person, actor=actor, now=now)


async def _record(conn: Connection, action: str, person: Person, *, actor: Actor, now: datetime) -> None:
    await audit.record(conn, actor=actor, action=action, object_kind="person", object_id=str(person.id), now=now)


async def _new_recovery_codes(conn: Connection, *, person_id: UUID) -> tuple[str, ...]:
    made = tuple(new_code(groups=4, characters=4) for _ in range(RECOVERY_CODES))
    await conn.execute(_REMOVE_RECOVERY_CODES, {"person_id": person_id})
    await conn.execute(_INSERT_RECOVERY_CODES, {"person_id": person_id, "codes": [code_digest(each) for each in made]})
    return made


async def _matching_step(conn: Connection, *, person_id: UUID, code: str, totp_key: bytes, now: datetime) -> int | None:
    """The step that the code belongs to, unless it or a later one was taken before."""
    row = await (await conn.execute(_SECRET, {"id": person_id})).fetchone()
    if row is None or row[0] is None:
        return None
    secret = _opened(row[0], person_id=person_id, totp_key=totp_key)
    if secret is None:
        _log.error("second_factor_unreadable", person_id=str(person_id), problem="TOTP_KEY is another one than before")
        return None
    totp = pyotp.TOTP(secret, interval=STEP_S)
    typed = "".join(code.split()).encode(errors="replace")
    around = [totp.timecode(now + timedelta(seconds=STEP_S * by)) for by in range(-STEPS_AROUND, STEPS_AROUND + 1)]
    matching = [step for step in around if hmac.compare_digest(totp.generate_otp(step).encode(), typed)]
    return next((step for step in matching if row[1] is None or step > row[1]), None)


def _check_own(actor: Actor, person: Person) -> None:
    if actor.id != actor_id(person.email):
        raise ScopeMissing(actor=actor.id, scope=Scope.PEOPLE_WRITE)


def _cipher(totp_key: bytes) -> AESGCM:
    return AESGCM(hashlib.sha256(totp_key).digest())


def _sealed(secret: str, *, person_id: UUID, totp_key: bytes) -> bytes:
    """Bound to the person: copied to another row, it opens nothing."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + _cipher(totp_key).encrypt(nonce, secret.encode(), person_id.bytes)


def _opened(sealed: bytes, *, person_id: UUID, totp_key: bytes) -> str | None:
    """None where the key is another one than that which it was sealed with; recovery codes still work then."""
    try:
        return _cipher(totp_key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], person_id.bytes).decode()
    except InvalidTag:
        return None
