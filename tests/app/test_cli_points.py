"""`opsdesk points`: what customers have, and how it came to that, at the command line."""

import psycopg

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


def test_an_audit_is_signed_and_its_report_proven_later(shell: Shell) -> None:
    shell(*GRANT)
    file = shell.folder / shell.file("", "audit.json")
    made = shell("points", "audit", "--full", "--out", str(file))
    assert (made.code, made.err.splitlines()[-2]) == (0, "the ledger holds")
    assert "I13: holds" in made.out
    assert ["wallets", "300"] in [line.split() for line in made.out.splitlines()]
    assert shell("points", "audit", "--json").json["report"]["is_full"] is False
    assert shell("points", "audits", "--json").json["items"][-1]["is_full"] is True
    assert shell("points", "audit", "--verify", str(file)).err.startswith("signed by ")
    file.write_text(file.read_text().replace('"issued": -300', '"issued": -301'))
    changed = shell("points", "audit", "--verify", str(file))
    assert (changed.code, changed.err.startswith("NOT what ")) == (1, True)
    file.write_text("{}")
    assert shell("points", "audit", "--verify", str(file), "--json").error["code"] == "ReportUnreadable"


def test_an_audit_that_finds_something_names_it_and_fails(shell: Shell) -> None:
    shell(*GRANT)
    damage = "set session_replication_role = replica; update points_wallet set balance = 299"
    with psycopg.connect(shell.database_url) as conn:
        conn.execute(damage.encode())
    made = shell("points", "audit")
    assert (made.code, made.err.splitlines()[-1]) == (1, "the ledger does NOT hold: 2 findings")
    assert "customer C-1" in made.out
    assert [each["findings"] for each in shell("points", "audits", "--broken", "--json").json["items"]] == [2]
