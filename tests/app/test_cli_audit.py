"""`opsdesk audit`: listed, sealed, exported, and proved to be whole."""

import json
from pathlib import Path

import psycopg
import pytest

from tests.app.shell import INPUTS, LETTER, Shell


@pytest.fixture
def lettered(shell: Shell) -> Shell:
    """With a run that has ended, and a key."""
    assert shell.run(LETTER, *INPUTS)["status"] == "completed"
    shell("key", "create", "--name", "portal", "--scope", "runs:read")
    return shell


def tamper(shell: Shell, *statements: str) -> None:
    """As the owner of the tables, with their triggers switched off."""
    with psycopg.connect(shell.database_url) as conn:
        conn.execute("set session_replication_role = replica")
        for statement in statements:
            conn.execute(statement.encode())


def test_who_wrote_what_is_listed_newest_first(lettered: Shell) -> None:
    said = lettered("audit", "list")
    head, newest, *_ = said.out.splitlines()
    assert head.split() == ["ENTRY", "PLACE", "AT", "ACTOR", "ACTION", "OBJECT", "REASON"]
    assert newest.split()[1] == "waits"
    assert "cli:" in newest
    assert "key.create" in newest
    assert said.err == "3 entries\n"
    actions = [entry["action"] for entry in lettered("audit", "list", "--json").json["items"]]
    assert actions == ["key.create", "run.start", "procedure.store"]


def test_what_is_listed_is_filtered_and_paged(lettered: Shell) -> None:
    [run] = lettered("audit", "list", "--action", "run", "--json").json["items"]
    assert run["object_kind"] == "run"
    about = lettered("audit", "list", "--object-kind", "run", "--object", run["object_id"], "--json").json["items"]
    assert about == [run]
    assert lettered("audit", "list", "--actor", "nobody").err == "0 entries\n"
    assert lettered("audit", "list", "--until", "2000-01-01T00:00:00Z", "--json").json["items"] == []
    first = lettered("audit", "list", "--limit", "2", "--json").json
    rest = lettered("audit", "list", "--cursor", first["next"], "--json").json
    assert ([entry["action"] for entry in rest["items"]], rest["next"]) == (["procedure.store"], None)
    assert lettered("audit", "list", "--since", "yesterday", "--json").error["code"] == "ValuesInvalid"


def test_an_entry_is_shown_with_the_fields_that_it_is_about(lettered: Shell) -> None:
    [made] = lettered("audit", "list", "--action", "key", "--json").json["items"]
    key = made["object_id"]
    said = lettered("audit", "show", str(made["entry_id"]))
    assert said.out.splitlines()[1].split()[-2:] == ["key", key]
    assert said.out.endswith("  expires_at: set\n  name: set\n  person_id: set\n  roles: set\n  scopes: set\n")
    lettered("key", "revoke", key)
    revoked = lettered("audit", "list", "--action", "key.revoke", "--json").json["items"][0]
    assert lettered("audit", "show", str(revoked["entry_id"])).out.endswith("  revoked_at: changed\n")
    assert lettered("audit", "show", str(made["entry_id"]), "--json").json == made
    assert lettered("audit", "show", "4711", "--json").error["code"] == "EntryUnknown"


def test_each_command_has_a_request_id_of_its_own(lettered: Shell) -> None:
    ids = [entry["request_id"] for entry in lettered("audit", "list", "--json").json["items"]]
    assert all(each.startswith("cli:") for each in ids)
    key, start, store = ids
    assert start == store != key


def test_a_chain_that_nobody_touched_is_whole(lettered: Shell) -> None:
    said = lettered("audit", "verify")
    assert (said.code, said.out) == (0, "")
    assert said.err.startswith("0 places, 3 wait to be sealed, the oldest for ")
    sealed = lettered("audit", "seal")
    assert sealed.err == "4 sealed\n"
    said = lettered("audit", "verify", "--journals", "--head", sealed.out.strip())
    assert (said.code, said.out, said.err) == (
        0,
        f"head: {sealed.out}",
        "4 places, 1 batches, 1 journals\nthe chain is whole\n",
    )


def test_a_chain_without_the_key_is_whole_as_far_as_hashes_tell(lettered: Shell, tmp_path: Path) -> None:
    lettered("audit", "seal")
    elsewhere = str(tmp_path / "elsewhere")
    assert "key_unknown: places 1 to 4" in lettered("audit", "verify", OPSDESK_DATA_DIR=elsewhere).out
    said = lettered("audit", "verify", "--without-key", OPSDESK_DATA_DIR=elsewhere)
    assert said.code == 0
    assert said.err.endswith("the chain is whole as far as hashes tell; signatures were not checked\n")


def test_a_key_that_was_replaced_is_given_beside_the_new_one(lettered: Shell) -> None:
    old, new = {"OPSDESK_SECRET_AUDIT_KEY": "old" * 20}, {"OPSDESK_SECRET_AUDIT_KEY": "new" * 20}
    lettered("audit", "seal", **old)
    lettered("key", "create", "--name", "other", "--scope", "runs:read")
    lettered("audit", "seal", **new)
    assert lettered("audit", "verify", **new).code == 1
    both = {**new, "OPSDESK_SECRET_AUDIT_KEYS_PREVIOUS": "older" * 10 + "\n" + "old" * 20}
    assert lettered("audit", "verify", **both).code == 0
    short = lettered("audit", "verify", "--json", OPSDESK_SECRET_AUDIT_KEY="short")
    assert short.error["detail"] == {"chars": 5, "least": 32}


def test_a_row_that_was_tampered_with_is_named(lettered: Shell) -> None:
    lettered("audit", "seal")
    tamper(lettered, "update audit_entry set actor = 'cli:somebody' where entry_id = 2")
    said = lettered("audit", "verify")
    assert said.code == 1
    assert said.out.splitlines()[0] == "entry_changed: entry 2 at place 2 is not what was sealed"
    assert said.err.endswith("the chain is NOT whole: 1 findings\n")
    report = lettered("audit", "verify", "--json")
    assert (report.code, report.json["whole"], report.json["findings"][0]["seq"]) == (1, False, 2)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("update flow_journal set payload = '{}' where seq = 2", "is not what it was when the run ended"),
        ("update flow_journal set at = at + interval '1 microsecond' where seq = 1", "is not what it was when"),
        ("delete from flow_journal where seq = 2", "is not what it was when the run ended"),
        ("update flow_journal set seq = seq + 1 where seq > 2", "is not what it was when the run ended"),
        ("delete from flow_journal", "is gone"),
    ],
)
def test_a_changed_journal_of_an_ended_run_is_named(lettered: Shell, change: str, what: str) -> None:
    lettered("audit", "seal")
    tamper(lettered, change)
    assert lettered("audit", "verify").code == 0
    said = lettered("audit", "verify", "--journals")
    assert said.code == 1
    assert said.out.startswith("journal_changed: the journal of run ")
    assert what in said.out


def test_a_run_that_only_says_that_its_end_is_in_the_chain_is_told(lettered: Shell) -> None:
    tamper(lettered, "update flow_run set end_recorded = true")
    lettered("audit", "seal")
    said = lettered("audit", "verify", "--journals")
    assert "1 runs are said to have their ends in the chain, and 0 have" in said.out


def test_an_exported_chain_is_proved_without_the_database(lettered: Shell, tmp_path: Path) -> None:
    head = lettered("audit", "seal").out.strip()
    file = tmp_path / "audit.jsonl"
    assert lettered("audit", "export", "--out", str(file)).err == f"4 places written to {file}\n"
    assert lettered("audit", "export").out.encode() == file.read_bytes()
    nowhere = {"OPSDESK_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}
    said = lettered("audit", "verify", "--file", str(file), "--head", head, **nowhere)
    assert (said.code, said.out) == (0, f"head: {head}\n")
    assert lettered("audit", "verify", "--file", str(file), "--journals").code == 2
    file.write_bytes(file.read_bytes().replace(b"run.start", b"run.begin"))
    said = lettered("audit", "verify", "--file", str(file), **nowhere)
    assert (said.code, said.out.splitlines()[0]) == (
        1,
        "entry_changed: line 2: the entry at place 2 is not what was sealed",
    )


def test_an_export_leaves_out_what_the_filter_says(lettered: Shell) -> None:
    lettered("audit", "seal")
    said = lettered("audit", "export", "--action", "run")
    assert [json.loads(line)["action"] for line in said.out.splitlines()] == ["run.start", "run.ended"]
    assert said.err == "2 places\n"


def test_a_head_that_is_none_is_refused(lettered: Shell) -> None:
    assert lettered("audit", "verify", "--head", "nonsense", "--json").error["code"] == "HeadInvalid"


def test_values_are_compared_with_what_an_entry_was_made_with(lettered: Shell) -> None:
    [start] = lettered("audit", "list", "--action", "run.start", "--json").json["items"]
    inputs = '{"copies": 2, "email": "anna@example.com"}'
    words = ("audit", "compare", str(start["entry_id"]), "--after")
    assert lettered(*words, f"inputs:={inputs}").out.split() == ["VALUE", "after.inputs", "same"]
    said = lettered(*words, "procedure=letter", "--after", f"inputs:={inputs.replace('2', '3')}", "--json")
    assert (said.code, said.json["same"]) == (1, {"after.procedure": True, "after.inputs": False})
    assert lettered("audit", "compare", "4711", "--json").error["code"] == "EntryUnknown"


def test_who_may_only_read_the_chain_cannot_find_values_by_trying(lettered: Shell) -> None:
    key = lettered("key", "create", "--name", "auditor", "--scope", "audit:read", "--json").json["key"]
    assert lettered("audit", "list", OPSDESK_API_KEY=key).code == 0
    said = lettered("audit", "compare", "1", "--after", "version=1.0", "--json", OPSDESK_API_KEY=key)
    assert said.error["detail"]["scope"] == "personal:read"
