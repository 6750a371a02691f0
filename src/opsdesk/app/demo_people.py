"""The people of the demo: an account for each role, and one password for all that is made whenever the demo starts."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field

from opsdesk import access
from opsdesk.access import Role
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.db import Connection

DOMAIN = "demo.example"
PURPOSES: Mapping[Role, str] = {
    Role.ADMIN: "keeps accounts and keys",
    Role.OPERATIONS_ENGINEER: "writes procedures and steers runs",
    Role.RISK_OPERATOR: "configures what is reviewed",
    Role.REVIEWER: "decides tickets",
    Role.COMPLIANCE_OFFICER: "decides tickets of compliance",
    Role.REWARDS_OPERATOR: "keeps points and benefits",
    Role.SUPPORT_AGENT: "helps customers",
    Role.AUDITOR: "reads, and changes nothing",
}
_GROUPS, _GROUP_CHARS = 4, 4
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True, slots=True)
class DemoPeople:
    emails: Mapping[Role, str]
    password: str = field(repr=False)


async def demo_people(opsdesk: Opsdesk) -> DemoPeople:
    """Make the accounts that are not there, and give all of them a new password; it is known to this demo alone."""
    password = "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP_CHARS)) for _ in range(_GROUPS))
    people = DemoPeople(emails={role: f"{role}@{DOMAIN}" for role in Role}, password=password)
    for role, email in people.emails.items():
        async with opsdesk.database.transaction() as conn:
            await _let_in(conn, opsdesk, role=role, email=email, password=password)
    return people


async def _let_in(conn: Connection, opsdesk: Opsdesk, *, role: Role, email: str, password: str) -> None:
    actor, now = access.local_actor(()), opsdesk.clock.now()
    try:
        person = await access.people.find_person(conn, email=email)
    except access.errors.PersonUnknown:
        name = role.replace("_", " ").capitalize()
        person = await access.people.create_person(
            conn, email=email, name=name, roles=[role], actor=actor, now=now, language="en"
        )
    if person.disabled_at is not None:
        await access.people.enable_person(conn, person_id=person.id, actor=actor, now=now)
    link = await access.links.make_link(conn, person_id=person.id, actor=actor, now=now)
    await access.links.use_link(conn, code=link.code, password=password, now=now)
