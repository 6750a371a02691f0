"""`opsdesk benefits` at the command line."""

import pytest

from tests.app.shell import Shell

NAMES = ("--name-zh", "机场贵宾厅", "--name-en", "Airport lounges")
LOUNGE = ("benefits", "service", "put", "lounge")


@pytest.fixture
def kept(shell: Shell) -> Shell:
    """A shell with one provider and one service."""
    assert shell("benefits", "provider", "put", "airport", *NAMES).code == 0
    cost = ("--points", "100", "--settle-fen", "15000", "--stock", "5")
    assert shell(*LOUNGE, "--provider", "airport", "--name-zh", "贵宾厅", "--name-en", "Lounge", *cost).code == 0
    return shell


def test_a_catalogue_is_kept_at_the_command_line(kept: Shell) -> None:
    changed = kept(*LOUNGE, "--points", "120", "--json").json
    assert (changed["points"], changed["stock"], changed["name_en"]) == (120, 5, "Lounge")
    assert kept(*LOUNGE, "--stock", "none", "--quota", "2", "--json").json["stock"] is None
    said = kept("benefits", "service", "list", "--provider", "airport")
    assert said.out.splitlines()[1].split() == [
        "lounge",
        "airport",
        "贵宾厅",
        "120",
        "150.00",
        "no",
        "limit",
        "2",
        "open",
    ]
    assert kept("benefits", "provider", "list", "--json").json["items"][0]["name_en"] == "Airport lounges"
    assert "closed" in kept("benefits", "provider", "put", "airport", "--closed").out
    assert kept("benefits", "service", "list", "--offered").err == "no services\n"


def test_what_cannot_be_in_the_catalogue_is_refused_at_the_command_line(kept: Shell) -> None:
    assert kept(*LOUNGE, "--points", "0", "--json").error["code"] == "CatalogueInvalid"
    assert kept(*LOUNGE, "--stock", "few").code == 2
    assert kept("benefits", "provider", "put", "Airport", *NAMES, "--json").error["code"] == "CatalogueInvalid"
