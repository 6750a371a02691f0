"""What each role may do, and what more than a scope decides."""

from dataclasses import dataclass

import pytest

from opsdesk.access.actor import Actor, Scope, may
from opsdesk.access.roles import SCOPES, Role, scopes_of


@dataclass(frozen=True)
class Restricted:
    role: str | None
    requested_by: str = "person:other@example.com"


def actor(*roles: str) -> Actor:
    return Actor(
        id="person:me@example.com", name="me", roles=frozenset(roles), scopes=frozenset(map(str, scopes_of(roles)))
    )


def test_every_role_has_scopes_of_its_own() -> None:
    assert set(SCOPES) == set(Role)
    assert all(SCOPES.values())


def test_a_person_with_several_roles_may_do_what_each_of_them_may() -> None:
    assert scopes_of(["auditor", "support_agent"]) == SCOPES[Role.AUDITOR] | SCOPES[Role.SUPPORT_AGENT]


def test_a_role_that_nobody_knows_adds_nothing() -> None:
    assert scopes_of(["emperor"]) == frozenset()


def test_who_keeps_the_installation_neither_judges_nor_sees_customers() -> None:
    assert not may(actor("admin"), Scope.TICKETS_DECIDE)
    assert not may(actor("admin"), Scope.PERSONAL_READ)


def test_an_auditor_changes_nothing() -> None:
    assert not [scope for scope in SCOPES[Role.AUDITOR] if not scope.endswith(":read")]


@pytest.mark.parametrize(
    ("target", "allowed"),
    [
        (Restricted(role=None), True),
        (Restricted(role="reviewer"), True),
        (Restricted(role="compliance_officer"), False),
        (Restricted(role="reviewer", requested_by="person:me@example.com"), False),
    ],
)
def test_a_ticket_is_for_its_role_and_not_for_who_asked(target: Restricted, allowed: bool) -> None:
    assert may(actor("reviewer"), Scope.TICKETS_DECIDE, target) is allowed
