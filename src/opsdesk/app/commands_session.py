"""`opsdesk session`: who is signed in, from where, and an end to it."""

from typing import Annotated
from uuid import UUID

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_person import Email
from opsdesk.app.output import local_time, print_json, print_table, say


@command
async def list_sessions(email: Email, as_json: AsJson = False) -> None:
    """List the open sessions of a person, the last used first.

    Example: `opsdesk session list reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_READ)
        found = await access.people.find_person(conn, email=email)
        now = opsdesk.clock.now()
        sessions = await access.sessions.list_sessions(
            conn, person_id=found.id, actor=actor, limits=opsdesk.sign_in_rules.limits, now=now
        )
    if as_json:
        print_json({"items": sessions, "next": None})
        return
    rows = [
        (
            str(each.id),
            local_time(each.created_at, now=now),
            local_time(each.last_seen_at, now=now),
            each.address,
            each.user_agent,
        )
        for each in sessions
    ]
    print_table(("SESSION", "SINCE", "LAST SEEN", "NETWORK", "BROWSER"), rows)
    say(f"{len(rows)} session{'' if len(rows) == 1 else 's'}")


@command
async def revoke_sessions(
    email: Email,
    session: Annotated[UUID | None, typer.Option("--session", help="Only this one; else all of the person.")] = None,
    as_json: AsJson = False,
) -> None:
    """End the sessions of a person at once, or one of them.

    Example: `opsdesk session revoke reviewer@example.com`
    """
    from opsdesk import access
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.PEOPLE_WRITE)
        found = await access.people.find_person(conn, email=email)
        now = opsdesk.clock.now()
        if session is None:
            ended = await access.sessions.end_all_sessions(conn, person_id=found.id, actor=actor, now=now)
        else:
            await access.sessions.end_session(conn, person_id=found.id, session_id=session, actor=actor, now=now)
            ended = 1
    if as_json:
        print_json({"ended": ended})
    else:
        say(f"{ended} session{'' if ended == 1 else 's'} of {found.email} ended")
