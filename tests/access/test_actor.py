import os
import pwd

import pytest

from opsdesk.access import Actor, Scope, local_actor, require
from opsdesk.access.errors import ScopeMissing


def test_a_scope_that_is_held_lets_through() -> None:
    require(actor_with(Scope.RUNS_READ), Scope.RUNS_READ)


def test_a_missing_scope_is_refused_with_403_and_named() -> None:
    with pytest.raises(ScopeMissing) as refused:
        require(actor_with(Scope.RUNS_READ), Scope.RUNS_WRITE)
    assert (refused.value.status, refused.value.detail) == (403, {"actor": "key:anna", "scope": "runs:write"})


def test_the_local_actor_is_the_account_and_has_every_scope() -> None:
    actor = local_actor(["compliance_officer"])
    assert actor.id == f"cli:{pwd.getpwuid(os.geteuid()).pw_name}"
    assert actor.roles == {"compliance_officer"}
    assert actor.scopes == frozenset(Scope)


def actor_with(*scopes: Scope) -> Actor:
    return Actor(id="key:anna", name="anna", roles=frozenset(), scopes=frozenset(scopes))
