"""`opsdesk key`: API keys for people and systems."""

from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.output import local_time, print_data, print_json, print_table, say


@command
async def create_key(
    name: Annotated[str, typer.Option("--name", help="Whom it is for; keys with one name act as one person.")],
    scopes: Annotated[
        list[str],
        typer.Option("--scope", help="What it may do, such as runs:read; may be given again.", metavar="SCOPE"),
    ],
    roles: Annotated[
        list[str], typer.Option("--role", help="A role that its owner holds; may be given again.", metavar="ROLE")
    ] = [],  # noqa: B006 - typer reads the default and never changes it
    person: Annotated[
        str | None,
        typer.Option(
            "--person", help="The e-mail address of the person who acts with it, in their own roles.", metavar="EMAIL"
        ),
    ] = None,
    expires: Annotated[
        str | None,
        typer.Option("--expires", help="When it ends on its own: a date or a time as ISO 8601 writes it; else never."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Make an API key. It is printed this once: only its digest is kept.

    Example: `opsdesk key create --name customer-portal --scope runs:write --scope runs:read`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.app.values import moment

    expires_at = None if expires is None else moment(expires, called="--expires")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.KEYS_WRITE)
        owner = None if person is None else await access.people.find_person(conn, email=person)
        made = await access.keys.create_key(
            conn,
            name=name,
            scopes=scopes,
            roles=roles,
            actor=actor,
            now=opsdesk.clock.now(),
            expires_at=expires_at,
            person=owner,
        )
    if as_json:
        print_json(made)
        return
    print_data(made.key)
    say(f"key {made.id} for {made.name}; it is not shown again")


@command
async def list_keys(as_json: AsJson = False) -> None:
    """List the API keys, also those that have expired or were revoked.

    Example: `opsdesk key list`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.KEYS_WRITE)
        keys = await access.keys.list_keys(conn)
        now = opsdesk.clock.now()
    if as_json:
        print_json({"items": keys, "next": None})
        return
    rows = [
        (
            each.id,
            each.name if each.person is None else f"{each.name} ({each.person})",
            "revoked" if each.revoked_at else "expired" if each.expires_at and each.expires_at <= now else "valid",
            local_time(each.last_used_at, now=now) or "never",
            " ".join(each.roles),
            " ".join(each.scopes),
        )
        for each in keys
    ]
    print_table(("KEY", "NAME", "STATE", "LAST USED", "ROLES", "SCOPES"), rows)
    say(f"{len(keys)} key{'' if len(keys) == 1 else 's'}")


@command
async def revoke_key(
    key_id: Annotated[str, typer.Argument(help="The id of the key, as `opsdesk key list` shows it.", metavar="KEY")],
    as_json: AsJson = False,
) -> None:
    """End an API key at once. It stays listed.

    Example: `opsdesk key revoke 4fGh7kLmN0pQ`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.KEYS_WRITE)
        revoked = await access.keys.revoke_key(conn, key_id=key_id, actor=actor, now=opsdesk.clock.now())
    if as_json:
        print_json(revoked)
    else:
        say(f"key {revoked.id} of {revoked.name} is revoked")
