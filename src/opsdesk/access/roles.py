"""The roles of people, and what each of them may do."""

from collections.abc import Iterable, Mapping
from enum import StrEnum

from opsdesk.access.actor import Scope


class Role(StrEnum):
    """What somebody is in the company's operations; a person may be several things."""

    ADMIN = "admin"
    """Keeps the installation: accounts, keys, and everything that is not somebody's judgement."""
    OPERATIONS_ENGINEER = "operations_engineer"
    """Writes procedures, steers runs."""
    RISK_OPERATOR = "risk_operator"
    """Configures what is reviewed."""
    REVIEWER = "reviewer"
    """Decides tickets."""
    COMPLIANCE_OFFICER = "compliance_officer"
    """Decides the tickets of compliance, seeing what they are about, and leads the review desk."""
    REWARDS_OPERATOR = "rewards_operator"
    """Keeps points and benefits."""
    SUPPORT_AGENT = "support_agent"
    """Helps customers."""
    AUDITOR = "auditor"
    """Reads everything but personal values, and changes nothing."""


_READER = {
    *(Scope.PROCEDURES_READ, Scope.RUNS_READ, Scope.TICKETS_READ, Scope.SCREENING_READ, Scope.APPLICATIONS_READ),
}
_BENEFITS_KEEPER = {Scope.BENEFITS_READ, Scope.BENEFITS_WRITE}
_DECIDER = {*_READER, Scope.TICKETS_DECIDE, Scope.PERSONAL_READ}

SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.ADMIN: frozenset(
        {*Scope} - {Scope.TICKETS_DECIDE, Scope.PERSONAL_READ}  # keeping the installation is no reason to see or judge
    ),
    Role.OPERATIONS_ENGINEER: frozenset(
        {*_READER, Scope.PROCEDURES_WRITE, Scope.RUNS_WRITE, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE},
    ),
    Role.RISK_OPERATOR: frozenset({*_READER, Scope.SCREENING_WRITE, Scope.OPERATIONS_READ, Scope.OPERATIONS_WRITE}),
    Role.REVIEWER: frozenset(_DECIDER),
    Role.COMPLIANCE_OFFICER: frozenset(
        {*_DECIDER, Scope.DESK_LEAD, Scope.AUDIT_READ, Scope.QUALITY_READ, Scope.QUALITY_WRITE}
    ),
    Role.REWARDS_OPERATOR: frozenset(
        {*_READER, *_BENEFITS_KEEPER, Scope.RUNS_WRITE, Scope.POINTS_READ, Scope.POINTS_WRITE},
    ),
    Role.SUPPORT_AGENT: frozenset(
        {*_READER, Scope.BENEFITS_READ, Scope.POINTS_READ, Scope.RUNS_WRITE, Scope.PERSONAL_READ},
    ),
    Role.AUDITOR: frozenset(
        {
            *(*_READER, Scope.BENEFITS_READ, Scope.POINTS_READ, Scope.PEOPLE_READ),
            *(Scope.AUDIT_READ, Scope.OPERATIONS_READ, Scope.QUALITY_READ),
        }
    ),
}


def scopes_of(roles: Iterable[str]) -> frozenset[Scope]:
    """What a holder of all these roles may do; a role that nobody here knows adds nothing."""
    known = [SCOPES[Role(role)] for role in roles if role in frozenset(Role)]
    return frozenset().union(*known)
