"""What is left of the command line: keys, the database, the processes, and what holds for every command."""

import json
import os
import signal
import socket
import subprocess
import sys

import aiohttp
import pytest

from script.reference import command_line, commands
from tests.app.shell import Shell


def test_every_command_shows_an_example() -> None:
    verbs = [(name, command) for name, command in commands(command_line()) if not hasattr(command, "commands")]
    assert [name for name, command in verbs if "Example: `" not in command.help or name not in command.help] == []


def test_a_key_is_shown_once_listed_and_revoked(shell: Shell) -> None:
    made = shell("key", "create", "--name", "li.na", "--scope", "runs:read", "--role", "editor")
    assert made.out.startswith("opsdesk_")
    listed = shell("key", "list")
    assert made.out.strip() not in listed.out
    key = shell("key", "list", "--json").json["items"][0]
    assert (key["name"], key["scopes"], key["roles"], key["revoked_at"]) == ("li.na", ["runs:read"], ["editor"], None)
    assert shell("key", "revoke", key["id"]).code == 0
    assert "revoked" in shell("key", "list").out
    refused = shell("key", "revoke", "nothing", "--json")
    assert (refused.code, refused.error["code"]) == (1, "KeyNotFound")


def test_a_key_ends_on_its_own_where_that_is_said(shell: Shell) -> None:
    words = ("key", "create", "--name", "portal", "--scope", "runs:read", "--json")
    assert shell(*words, "--expires", "2999-01-01T00:00:00+08:00").code == 0
    assert shell("key", "list", "--json").json["items"][0]["expires_at"] == "2998-12-31T16:00:00Z"
    for wrong, code in (("tomorrow", "ValuesInvalid"), ("2001-01-01", "KeyRefused")):
        refused = shell(*words, "--expires", wrong)
        assert (refused.code, refused.error["code"]) == (1, code)


def test_a_scope_that_there_is_not_is_refused_with_those_that_there_are(shell: Shell) -> None:
    said = shell("key", "create", "--name", "li.na", "--scope", "everything")
    assert said.code == 1
    assert "runs:read" in said.err


def test_the_url_of_the_database_is_shown_without_its_password(shell: Shell) -> None:
    url = "postgresql://anna:s3cret@db.test/opsdesk"
    said = shell("db", "url", "--json", OPSDESK_DATABASE_URL=url)
    assert said.json == {"url": "postgresql://anna:••••@db.test/opsdesk", "embedded": False}


def test_psql_is_opened_in_the_database(shell: Shell) -> None:
    variables = {**os.environ, "OPSDESK_DATABASE_URL": shell.database_url}
    command = [sys.executable, "-m", "opsdesk", "db", "psql"]
    done = subprocess.run(
        command,
        input="select 'here', count(*) from flow_run",
        env=variables,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "here" in done.stdout


def test_migrating_what_is_migrated_does_nothing(shell: Shell) -> None:
    assert shell("migrate", "--json").json == {"applied": []}
    assert "CREATE TABLE flow_run " in shell("migrate", "--dump").out


def test_a_setting_that_cannot_be_used_is_misuse_and_its_value_is_not_repeated(shell: Shell) -> None:
    said = shell("run", "list", OPSDESK_PORT="s3cret")
    assert said.code == 2
    assert "problems: OPSDESK_PORT: " in said.err
    assert "s3cret" not in said.err


def test_a_database_that_is_away_is_told_in_words(shell: Shell) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"postgresql://anna:s3cret@127.0.0.1:{taken.getsockname()[1]}/opsdesk"
        said = shell("run", "list", OPSDESK_DATABASE_URL=url)
    assert said.code == 1
    assert said.err.splitlines()[-2] == "DatabaseUnavailable: The database does not answer."
    assert "s3cret" not in said.err


def test_the_version_is_told(shell: Shell) -> None:
    assert shell("--version").out.startswith("opsdesk ")


async def test_a_server_with_a_worker_answers_until_it_is_told_to_end(database_url: str, shell: Shell) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    variables = {
        **os.environ,
        "OPSDESK_DATABASE_URL": database_url,
        "OPSDESK_DATA_DIR": str(shell.folder / "data"),
        "OPSDESK_PORT": str(port),
        "OPSDESK_LOG_FORMAT": "json",
    }
    command = [sys.executable, "-m", "opsdesk", "serve", "--with-worker"]
    with subprocess.Popen(command, env=variables, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        events: set[str] = set()
        while not {"worker_started", "server_started"} <= events:
            events.add(json.loads(process.stderr.readline())["event"])
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/readyz") as answer:
            assert answer.status == 200
        process.send_signal(signal.SIGTERM)
        last = [json.loads(line)["event"] for line in process.stderr]
    assert process.returncode == 0
    assert {"worker_stopped", "server_stopped"} <= set(last)


def test_a_port_that_is_taken_ends_the_server_and_its_worker_in_words(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        variables = {
            **os.environ,
            "OPSDESK_DATABASE_URL": shell.database_url,
            "OPSDESK_DATA_DIR": str(shell.folder / "data"),
            "OPSDESK_PORT": str(taken.getsockname()[1]),
        }
        command = [sys.executable, "-m", "opsdesk", "serve", "--with-worker"]
        done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "  reason: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [("flow",), ("nothing",), ("run", "show"), ("flow", "lint", "--nothing", "x")])
def test_misuse_ends_with_exit_code_two(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell(*words).code == 2
