"""Who looks at a page: a signed-in person in their session, or somebody who has yet to sign in."""

from typing import Annotated

from fastapi import Depends, Request

from opsdesk import access
from opsdesk.app.console import languages
from opsdesk.kit.db import Connection
from opsdesk.kit.errors import OpsdeskError

Visitor = access.guard.Visitor

AnyPerson = Annotated[Visitor, Depends(access.guard.PageGuard(None))]
AnyWatcher = Annotated[Visitor, Depends(access.guard.PageGuard(None, by_itself=True))]
ProcedureReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.PROCEDURES_READ))]
ProcedureWriter = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.PROCEDURES_WRITE))]
RunReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.RUNS_READ))]
RunWatcher = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.RUNS_READ, by_itself=True))]
"""What a page asks again and again by itself does not keep its session from ending."""
RunWriter = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.RUNS_WRITE))]
TicketWatcher = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.TICKETS_READ, by_itself=True))]
TicketReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.TICKETS_READ))]
TicketDecider = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.TICKETS_DECIDE))]
DeskLead = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.DESK_LEAD))]
ScreeningReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.SCREENING_READ))]
ScreeningWriter = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.SCREENING_WRITE))]
ApplicationReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.APPLICATIONS_READ))]
KeyKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.KEYS_WRITE))]
PeopleReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.PEOPLE_READ))]
PeopleKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.PEOPLE_WRITE))]
BenefitReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.BENEFITS_READ))]
BenefitKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.BENEFITS_WRITE))]
AuditReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.AUDIT_READ))]
QualityReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.QUALITY_READ))]
QualityKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.QUALITY_WRITE))]
PointsReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.POINTS_READ))]
PointsKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.POINTS_WRITE))]
OperationsReader = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.OPERATIONS_READ))]
OperationsKeeper = Annotated[Visitor, Depends(access.guard.PageGuard(access.Scope.OPERATIONS_WRITE))]


def language_of(request: Request, visitor: Visitor | None) -> str:
    """The language that this answer is written in."""
    return languages.chosen(
        preferred=visitor.person.language if visitor else None,
        cookie=request.cookies.get(languages.COOKIE),
        accepted=request.headers.get("accept-language"),
    )


async def visitor_of(request: Request, conn: Connection | None = None) -> Visitor | None:
    """Who asks, where no guard of a page has found out: for pages that everybody gets, each with their way around.

    Without a connection it takes one for itself.
    """
    known: Visitor | None = getattr(request.state, "visitor", None)
    if known is not None:
        return known
    rules: access.sign_in.SignInRules = request.app.state.sign_in_rules
    token = request.cookies.get(access.guard.cookie_name(access.guard.SESSION_COOKIE, rules))
    if not token:
        return None
    now = request.app.state.clock.now()
    try:
        if conn is not None:
            return await access.guard.visitor(conn, token=token, rules=rules, now=now)
        async with request.app.state.database.transaction() as own:
            return await access.guard.visitor(own, token=token, rules=rules, now=now)
    except OpsdeskError:
        return None
