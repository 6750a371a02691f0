"""`opsdesk points`: what customers have, and how it came to that, at the command line."""

from tests.app.shell import Shell

GRANT = ("points", "grant", "C-1", "300", "--expires", "2999-01-01T00:00:00+08:00", "--key", "gold")


def test_points_are_granted_once_and_told_with_every_movement(shell: Shell) -> None:
    assert shell(*GRANT).err == "granted\n"
    assert shell(*GRANT).err == "granted before, with the same key\n"
    assert shell("points", "wallet", "C-1").out.splitlines()[:2] == ["available: 300", "held for orders: 0"]
    assert shell("points", "wallet", "C-1", "--json").json["available"] == 300
    told = shell("points", "statement", "C-1")
    assert "+300" in told.out
    assert told.err == "1 movement\n"
    assert shell("points", "statement", "C-1", "--kind", "sweep", "--json").json == {"items": [], "next": None}
    assert shell("points", "sweep").err == "0 points of 0 lots swept, in 0 transactions\n"


def test_what_is_not_known_of_points_is_refused(shell: Shell) -> None:
    assert shell("points", "statement", "C-1", "--kind", "theft").code == 2
    assert shell("points", "wallet", "C-1", "--json").error["code"] == "WalletUnknown"
    assert shell(*GRANT[:3], "0", *GRANT[4:], "--json").error["code"] == "PointsOutOfRange"
