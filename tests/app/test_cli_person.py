"""`opsdesk person` and `opsdesk session`, as they are typed."""

import re
from typing import Any

from tests.app.shell import Shell

ADMIN = ("--email", "admin@example.com", "--name", "Admin", "--role", "admin")


def created(shell: Shell, *words: str) -> Any:
    return shell("person", "create", *words, "--json").json


def test_the_first_admin_is_made_without_a_password(shell: Shell) -> None:
    said = shell("person", "create", *ADMIN, OPSDESK_BASE_URL="https://desk.example.com")
    url, code = said.out.splitlines()
    assert (said.code, url) == (0, "https://desk.example.com/welcome")
    assert re.fullmatch(r"([0-9A-Z]{5}-){3}[0-9A-Z]{5}", code)
    assert code not in said.err
    assert "admin@example.com" in said.err


def test_a_new_code_replaces_the_one_before(shell: Shell) -> None:
    first = created(shell, *ADMIN)
    second = shell("person", "link", "ADMIN@example.com", "--json").json
    assert first["code"] != second["code"]
    assert second["url"].endswith("/welcome")


def test_people_are_listed_with_what_they_are(shell: Shell) -> None:
    created(shell, *ADMIN)
    created(shell, "--email", "reviewer@example.com", "--name", "评审", "--role", "reviewer")
    said = shell("person", "list")
    assert [line.split()[0] for line in said.out.splitlines()] == [
        "E-MAIL",
        "admin@example.com",
        "reviewer@example.com",
    ]
    assert "never signed in" in said.out
    found = shell("person", "list", "--role", "reviewer", "--json").json
    assert [each["name"] for each in found["items"]] == ["评审"]


def test_roles_are_changed_and_shown(shell: Shell) -> None:
    created(shell, "--email", "reviewer@example.com", "--name", "R")
    said = shell("person", "roles", "reviewer@example.com", "--role", "reviewer", "--role", "auditor", "--json")
    assert said.json["roles"] == ["auditor", "reviewer"]
    assert "roles: auditor reviewer" in shell("person", "show", "reviewer@example.com").out


def test_a_person_is_disabled_and_enabled_again(shell: Shell) -> None:
    created(shell, "--email", "reviewer@example.com", "--name", "R")
    assert "disabled" in shell("person", "disable", "reviewer@example.com").out
    refused = shell("person", "link", "reviewer@example.com", "--json")
    assert (refused.code, refused.error["code"]) == (1, "PersonDisabled")
    assert shell("person", "enable", "reviewer@example.com", "--json").json["disabled_at"] is None


def test_a_lost_second_factor_is_taken_away(shell: Shell) -> None:
    created(shell, *ADMIN)
    assert shell("person", "remove-second-factor", "admin@example.com", "--json").json["has_second_factor"] is False


def test_the_last_admin_cannot_be_disabled(shell: Shell) -> None:
    created(shell, *ADMIN)
    said = shell("person", "disable", "admin@example.com")
    assert (said.code, said.err.splitlines()[-1]) == (1, "Next: make somebody else an admin first")


def test_sessions_of_nobody_are_none(shell: Shell) -> None:
    created(shell, *ADMIN)
    assert shell("session", "list", "admin@example.com", "--json").json == {"items": [], "next": None}
    assert shell("session", "revoke", "admin@example.com", "--json").json == {"ended": 0}
    unknown = shell("session", "list", "nobody@example.com", "--json")
    assert (unknown.code, unknown.error["code"]) == (1, "PersonUnknown")


def test_resealing_needs_the_key_before(shell: Shell) -> None:
    created(shell, *ADMIN)
    assert shell("person", "reseal", "--json").error["code"] == "SecretMissing"
    said = shell("person", "reseal", "--json", OPSDESK_SECRET_TOTP_KEY_PREVIOUS="0" * 64)
    assert (said.code, said.json) == (0, {"changed": 0, "kept": 0, "unreadable": 0})
