"""Whom the identity provider speaks of: by its own name for them, at first by their e-mail address."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.errors import UniqueViolation

from opsdesk.access import audit, people
from opsdesk.access.actor import Actor, Scope
from opsdesk.access.errors import LastAdmin, OidcRefused, PersonRefused, PersonUnknown
from opsdesk.access.people import NAME_CHARS_MAX, Person
from opsdesk.access.roles import Role
from opsdesk.kit.db import Connection
from opsdesk.kit.log import get_logger
from opsdesk.kit.sql import statements

PROVIDER = Actor(
    id="system:identity-provider",
    name="identity provider",
    roles=frozenset(),
    scopes=frozenset({Scope.PEOPLE_WRITE}),
)
"""Who gives the accounts and roles that follow from what the provider says."""

_log = get_logger(__name__)
_SQL = statements(__file__)
_PERSON_OF_SUBJECT = _SQL["person_of_subject"]
_LINK_SUBJECT = _SQL["link_subject"]


@dataclass(frozen=True, slots=True)
class ProviderPolicy:
    """What the provider decides here."""

    roles_claim: str
    roles: Mapping[str, set[Role]] | None
    """By value of the claim; what several values give is added up. None: roles are given here, not by the provider."""
    creates: bool
    """Whether somebody without an account gets one."""


async def person_of(
    conn: Connection, *, claims: Mapping[str, Any], issuer: str, policy: ProviderPolicy, now: datetime
) -> Person:
    """The person, with the roles that the provider gives. Raises OidcRefused."""
    subject = str(claims["sub"])
    row = await (await conn.execute(_PERSON_OF_SUBJECT, {"issuer": issuer, "subject": subject})).fetchone()
    if row is not None:
        person = await people.show_person(conn, person_id=row[0])
    else:
        person = await _newly_known(conn, claims=claims, policy=policy, now=now)
        await _link(conn, person.id, issuer=issuer, subject=subject, now=now)
    if person.disabled_at is not None:
        raise OidcRefused(problem="the account is disabled")
    if policy.roles is None:
        return person
    return await _with_roles(conn, person, wanted=_roles(claims, policy), now=now)


async def _newly_known(conn: Connection, *, claims: Mapping[str, Any], policy: ProviderPolicy, now: datetime) -> Person:
    """By an address that the provider vouches for: anybody may claim one that is not verified."""
    email = claims.get("email")
    if not isinstance(email, str) or claims.get("email_verified") is not True:
        raise OidcRefused(problem="the provider does not vouch for an e-mail address")
    try:
        return await people.find_person(conn, email=email)
    except PersonUnknown:
        if not policy.creates:
            raise OidcRefused(problem="nobody here has this e-mail address") from None
    name = "".join(filter(str.isprintable, str(claims.get("name") or ""))).strip()[:NAME_CHARS_MAX]
    try:
        return await people.create_person(
            conn, email=email, name=name or email[:NAME_CHARS_MAX], roles=(), actor=PROVIDER, now=now
        )
    except PersonRefused as refused:
        raise OidcRefused(problem=f"{refused.field} {refused.problem}") from None


async def _link(conn: Connection, person_id: UUID, *, issuer: str, subject: str, now: datetime) -> None:
    values = {"id": person_id, "issuer": issuer, "subject": subject}
    try:
        async with conn.transaction():
            linked = await conn.execute(_LINK_SUBJECT, values)
    except UniqueViolation:
        raise OidcRefused(problem="somebody else signed in with this account at the same moment") from None
    if linked.rowcount != 1:
        raise OidcRefused(problem="the e-mail address belongs to another account at the provider")
    await audit.record(
        conn,
        actor=PROVIDER,
        action="person.link_provider",
        object_kind="person",
        object_id=str(person_id),
        after={"issuer": issuer, "subject": subject},
        now=now,
    )


async def _with_roles(conn: Connection, person: Person, *, wanted: set[str], now: datetime) -> Person:
    try:
        return await people.change_roles(conn, person_id=person.id, roles=wanted, actor=PROVIDER, now=now)
    except LastAdmin:
        _log.warning("last_admin_stays", problem="the identity provider does not make them one")
        kept = wanted | {Role.ADMIN}
        return await people.change_roles(conn, person_id=person.id, roles=kept, actor=PROVIDER, now=now)


def _roles(claims: Mapping[str, Any], policy: ProviderPolicy) -> set[str]:
    assert policy.roles is not None
    said = claims.get(policy.roles_claim, [])
    values = said if isinstance(said, list) else [said]
    return {str(role) for value in values if isinstance(value, str) for role in policy.roles.get(value, ())}
