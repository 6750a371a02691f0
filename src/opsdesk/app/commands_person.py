"""`opsdesk person`: accounts, their roles, and one-time codes for them."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import access
    from opsdesk.app.wiring import Opsdesk

Email = Annotated[str, typer.Argument(help="The e-mail address of the person, in any case.", metavar="EMAIL")]
Roles = Annotated[
    list[str],
    typer.Option("--role", help="A role of the person, such as reviewer; may be given again.", metavar="ROLE"),
]


@command
async def create_person(
    email: Annotated[str, typer.Option("--email", help="Where the person is reached; names the account.")],
    name: Annotated[str, typer.Option("--name", help="How the person is called.")],
    roles: Roles = [],  # noqa: B006 - typer reads the default and never changes it
    language: Annotated[str, typer.Option("--language", help="`zh-CN` or `en`.")] = "zh-CN",
    time_zone: Annotated[str, typer.Option("--time-zone", help="By its IANA name.")] = "Asia/Shanghai",
    as_json: AsJson = False,
) -> None:
    """Make an account, and print where its owner goes and the one-time code that they type in there.

    The first account of an installation is made like this, with the role admin. There is no initial password.

    Example: `opsdesk person create --email admin@example.com --name Admin --role admin`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        now = opsdesk.clock.now()
        made = await access.people.create_person(
            conn,
            email=email,
            name=name,
            roles=roles,
            actor=actor,
            now=now,
            language=language,
            time_zone=time_zone,
        )
        link = await access.links.make_link(conn, person_id=made.id, actor=actor, now=now)
    _tell_link(opsdesk, link, as_json=as_json)


@command
async def list_people(
    search: Annotated[str | None, typer.Option("--search", help="Part of the address or the name.")] = None,
    role: Annotated[str | None, typer.Option("--role", help="Only those who have this role.")] = None,
    limit: Annotated[int | None, typer.Option("--limit", help="How many, at most 100.")] = None,
    cursor: Annotated[str | None, typer.Option("--cursor", help="What the page before gave as `next`.")] = None,
    as_json: AsJson = False,
) -> None:
    """List the accounts by e-mail address.

    Example: `opsdesk person list --role admin`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PEOPLE_READ)
        page = await access.people.list_people(conn, search=search, role=role, limit=limit, cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": page.items, "next": page.next})
        return
    rows = [
        (each.email, each.name, _state(each), local_time(each.last_seen_at, now=now) or "never", " ".join(each.roles))
        for each in page.items
    ]
    print_table(("E-MAIL", "NAME", "STATE", "LAST SEEN", "ROLES"), rows)
    say(f"{len(rows)} {'person' if len(rows) == 1 else 'people'}" if rows else "nobody has an account")
    if page.next:
        say(f"more follow: --cursor {page.next}")


@command
async def show_person(email: Email, as_json: AsJson = False) -> None:
    """Show one account.

    Example: `opsdesk person show reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.PEOPLE_READ)
        found = await access.people.find_person(conn, email=email)
    _tell_person(found, as_json=as_json)


@command
async def make_link(email: Email, as_json: AsJson = False) -> None:
    """Make a one-time code for a person who has no password, or has lost it. Codes made before stop working.

    Example: `opsdesk person link reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        link = await access.links.make_link(conn, person_id=found.id, actor=actor, now=opsdesk.clock.now())
    _tell_link(opsdesk, link, as_json=as_json)


@command
async def change_roles(
    email: Email,
    roles: Roles = [],  # noqa: B006 - typer reads the default and never changes it
    as_json: AsJson = False,
) -> None:
    """Give a person these roles and no others; they count at once. The last admin stays one.

    Example: `opsdesk person roles reviewer@example.com --role reviewer --role compliance_officer`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        changed = await access.people.change_roles(
            conn, person_id=found.id, roles=roles, actor=actor, now=opsdesk.clock.now()
        )
    _tell_person(changed, as_json=as_json)


@command
async def disable_person(email: Email, as_json: AsJson = False) -> None:
    """Keep a person from signing in, and end their sessions at once; their API keys work no more.

    Example: `opsdesk person disable reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        changed = await access.people.disable_person(conn, person_id=found.id, actor=actor, now=opsdesk.clock.now())
    _tell_person(changed, as_json=as_json)


@command
async def enable_person(email: Email, as_json: AsJson = False) -> None:
    """Let a disabled person sign in again.

    Example: `opsdesk person enable reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        changed = await access.people.enable_person(conn, person_id=found.id, actor=actor, now=opsdesk.clock.now())
    _tell_person(changed, as_json=as_json)


@command
async def reseal_secrets(as_json: AsJson = False) -> int:
    """Encrypt the secrets of second factors with the key TOTP_KEY in place of TOTP_KEY_PREVIOUS.

    Exit 1 if some can be read with neither: their owners have to set up their second factor anew.

    Example: `opsdesk person reseal`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.sign_in_rules import TOTP_KEY_PREVIOUS

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        done = await access.second_factor.reseal(
            conn,
            totp_key=opsdesk.sign_in_rules.totp_key,
            previous=opsdesk.secrets.get(TOTP_KEY_PREVIOUS).encode(),
            actor=actor,
            now=opsdesk.clock.now(),
        )
    if as_json:
        print_json(done)
    else:
        print_data(f"{done.changed} encrypted anew, {done.kept} were so already, {done.unreadable} cannot be read")
    return 1 if done.unreadable else 0


@command
async def remove_second_factor(email: Email, as_json: AsJson = False) -> None:
    """Take the second factor from a person who has lost it and the recovery codes too.

    Example: `opsdesk person remove-second-factor reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        changed = await access.second_factor.remove(conn, person_id=found.id, actor=actor, now=opsdesk.clock.now())
    _tell_person(changed, as_json=as_json)


def _tell_link(opsdesk: "Opsdesk", link: "access.links.NewLink", *, as_json: bool) -> None:
    from opsdesk import access

    where = opsdesk.settings.base_url.rstrip("/") + access.links.WELCOME_PATH
    if as_json:
        print_json({"person": link.person, "url": where, "code": link.code, "expires_at": link.expires_at})
        return
    print_data(where)
    print_data(link.code)
    until = local_time(link.expires_at, now=opsdesk.clock.now())
    say(f"{link.person.email} opens the address and types the code, once, until {until}; it is not shown again")


def _tell_person(person: "access.people.Person", *, as_json: bool) -> None:
    if as_json:
        print_json(person)
        return
    print_data(f"{person.email}  {person.name}  {_state(person)}")
    print_data(f"  roles: {' '.join(person.roles) or 'none'}")
    print_data(f"  language {person.language}, time zone {person.time_zone}")
    if person.has_second_factor:
        print_data("  has a second factor")


def _state(person: "access.people.Person") -> str:
    if person.disabled_at is not None:
        return "disabled"
    return "active" if person.has_password or person.has_provider else "never signed in"
