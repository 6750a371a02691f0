"""How roles and scopes are called on pages."""

from collections.abc import Callable, Mapping, Sequence

from opsdesk import access
from opsdesk.app.console.words import N_

ROLES: Mapping[str, str] = {
    access.Role.ADMIN: N_("Admin"),
    access.Role.OPERATIONS_ENGINEER: N_("Operations engineer"),
    access.Role.RISK_OPERATOR: N_("Risk operator"),
    access.Role.REVIEWER: N_("Reviewer"),
    access.Role.COMPLIANCE_OFFICER: N_("Compliance officer"),
    access.Role.REWARDS_OPERATOR: N_("Rewards operator"),
    access.Role.SUPPORT_AGENT: N_("Support agent"),
    access.Role.AUDITOR: N_("Auditor"),
}
ROLE_HINTS: Mapping[str, str] = {
    access.Role.ADMIN: N_("Keeps accounts and keys; judges nothing and sees no personal values"),
    access.Role.OPERATIONS_ENGINEER: N_("Writes procedures and steers runs"),
    access.Role.RISK_OPERATOR: N_("Configures what is reviewed"),
    access.Role.REVIEWER: N_("Decides tickets"),
    access.Role.COMPLIANCE_OFFICER: N_(
        "Decides the tickets of compliance, assigns tickets to people, and reads the audit"
    ),
    access.Role.REWARDS_OPERATOR: N_("Keeps points and benefits"),
    access.Role.SUPPORT_AGENT: N_("Helps customers"),
    access.Role.AUDITOR: N_("Reads everything but personal values, and changes nothing"),
}
SCOPE_HINTS: Mapping[str, str] = {
    access.Scope.PROCEDURES_READ: N_("See procedures"),
    access.Scope.PROCEDURES_WRITE: N_("Store new versions of procedures"),
    access.Scope.RUNS_READ: N_("See runs"),
    access.Scope.RUNS_WRITE: N_("Start and steer runs"),
    access.Scope.TICKETS_READ: N_("See tickets"),
    access.Scope.TICKETS_DECIDE: N_("Claim and decide tickets"),
    access.Scope.DESK_LEAD: N_("Assign tickets to people, and release claimed ones"),
    access.Scope.SCREENING_READ: N_("See what review tickets look like"),
    access.Scope.SCREENING_WRITE: N_("Configure what review tickets look like, and which applications get them"),
    access.Scope.APPLICATIONS_READ: N_("See applications and their results"),
    access.Scope.APPLICATIONS_WRITE: N_("Hand in applications"),
    access.Scope.BENEFITS_READ: N_("See benefits: the catalogue, orders, disputes, settlements, providers"),
    access.Scope.BENEFITS_WRITE: N_("Keep benefits: the catalogue, customers, providers, disputes, what is due"),
    access.Scope.BENEFITS_BUS: N_("Bring messages of channels and providers: for the bank's bus"),
    access.Scope.BENEFITS_ORDER: N_("Redeem, refund and make links for customers"),
    access.Scope.PERSONAL_READ: N_("See personal values unmasked"),
    access.Scope.KEYS_WRITE: N_("Make and revoke API keys"),
    access.Scope.PEOPLE_READ: N_("See accounts"),
    access.Scope.PEOPLE_WRITE: N_("Make accounts and give roles"),
    access.Scope.AUDIT_READ: N_("Read the audit"),
    access.Scope.OPERATIONS_READ: N_("See workers, queues and partners"),
    access.Scope.OPERATIONS_WRITE: N_("Send results again, and close alerts"),
    access.Scope.QUALITY_READ: N_("See quality samples, and how often whose verdicts held"),
    access.Scope.QUALITY_WRITE: N_("Draw quality samples"),
    access.Scope.POINTS_READ: N_("See the points of customers, and what audits of the ledger found"),
    access.Scope.POINTS_WRITE: N_("Grant points, and sweep what is past its date"),
}


def role_options(translate: Callable[[str], str]) -> Sequence[tuple[str, str, str]]:
    """Every role as a choice: its value, its name, and what it is."""
    return [(str(role), translate(text), translate(ROLE_HINTS[role])) for role, text in ROLES.items()]


def scope_options(translate: Callable[[str], str]) -> Sequence[tuple[str, str, str]]:
    """Every scope as a choice."""
    return [(str(scope), str(scope), translate(text)) for scope, text in SCOPE_HINTS.items()]
