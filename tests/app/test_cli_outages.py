"""`opsdesk outage`: what nobody waits for, what a person holds, and what is refused."""

import pytest

from tests.app.shell import Shell

ENDPOINT = "https://partner.example.com:443"


@pytest.mark.req("FLO-312")
def test_an_endpoint_is_held_shown_and_released_at_the_command_line(shell: Shell) -> None:
    assert "no outage: calls are let through to every endpoint" in shell("outage", "list").err
    held = shell("outage", "hold", "https://partner.example.com", "--reason", "the partner works on it tonight")
    assert held.code == 0
    assert f"{ENDPOINT}: calls are held; 0 runs wait" in held.err
    assert ENDPOINT in shell("outage", "list").out
    shown = shell("outage", "show", ENDPOINT)
    assert "the partner works on it tonight" in shown.err
    assert shell("outage", "show", ENDPOINT, "--json").json["state"] == "held"
    assert shell("outage", "release", ENDPOINT, "--reason", "the partner is back").code == 0


def test_what_is_no_endpoint_or_has_no_outage_is_refused_by_name(shell: Shell) -> None:
    refused = shell("outage", "hold", "partner", "--reason", "why not", "--json")
    assert refused.error["code"] == "EndpointUnreadable"
    assert shell("outage", "release", ENDPOINT, "--reason", "why not", "--json").error["code"] == "OutageNotFound"
    assert shell("outage", "hold", ENDPOINT, "--reason", " ").code == 2
