"""People of an installation, as tests need them."""

from collections.abc import Sequence

from opsdesk.access import Actor, Scope, links, people, sign_in
from opsdesk.access.people import Person
from opsdesk.access.sessions import Caller, SessionLimits
from opsdesk.access.sign_in import CodeNeeded, SignedIn, SignInRules
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database

KEEPER = Actor(id="cli:root", name="root", roles=frozenset(), scopes=frozenset(Scope))
NOBODY = Actor(id="key:nobody", name="nobody", roles=frozenset(), scopes=frozenset())
PASSWORD = "correct horse battery"
LIMITS = SessionLimits(idle_s=1800, absolute_s=43_200)
RULES = SignInRules(limits=LIMITS, secure=False, device_key=b"d" * 32, totp_key=b"t" * 32)
BROWSER = Caller(user_agent="Firefox", address="192.0.2.7")


async def person(
    conn: Connection, clock: ManualClock, *roles: str, email: str = "reviewer@example.com", name: str = "Reviewer"
) -> Person:
    """Somebody with an account and no password."""
    return await people.create_person(
        conn, email=email, name=name, roles=roles or ["reviewer"], actor=KEEPER, now=clock.now()
    )


async def with_password(
    db: Database, clock: ManualClock, *roles: str, email: str = "reviewer@example.com", password: str = PASSWORD
) -> Person:
    """Somebody who has set their password, and signed out since."""
    async with db.transaction() as conn:
        made = await person(conn, clock, *roles, email=email)
        link = await links.make_link(conn, person_id=made.id, actor=KEEPER, now=clock.now())
        return await links.use_link(conn, code=link.code, password=password, now=clock.now())


async def knock(
    db: Database,
    clock: ManualClock,
    *,
    email: str = "reviewer@example.com",
    password: str = PASSWORD,
    caller: Caller = BROWSER,
    rules: SignInRules = RULES,
) -> SignedIn | CodeNeeded:
    """One attempt to sign in."""
    return await sign_in.sign_in(db, email=email, password=password, caller=caller, rules=rules, now=clock.now())


async def enter(
    db: Database, clock: ManualClock, *, email: str = "reviewer@example.com", caller: Caller = BROWSER
) -> SignedIn:
    """A sign-in that succeeds."""
    signed_in = await knock(db, clock, email=email, caller=caller)
    assert isinstance(signed_in, SignedIn)
    return signed_in


def emails(found: Sequence[Person]) -> list[str]:
    return [each.email for each in found]
