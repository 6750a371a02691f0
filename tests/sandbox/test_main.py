"""The sandbox as a process of its own, which is how the product starts it."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def _started(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-W", "error", "-m", "opsdesk.sandbox", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def _ready(process: subprocess.Popen[str]) -> dict[str, str]:
    assert process.stdout is not None
    described: dict[str, str] = json.loads(process.stdout.readline())
    return described


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    with _started("--folder", str(tmp_path)) as process:
        described = _ready(process)
        with urllib.request.urlopen(f"{described['control_url']}/control/health", timeout=10) as response:
            assert json.load(response) == {"status": "ok"}
        assert Path(described["ca_file"]).is_file()
        assert (Path(described["commands_dir"]) / "provision_account.py").is_file()
        assert set(described) >= {"connect_to", "secrets", "secrets_dir", "mailbox_url"}
        process.send_signal(number)
        assert process.communicate(timeout=30) == ("", "")
        assert process.returncode == 0


def test_a_folder_in_use_is_named_in_one_line(tmp_path: Path) -> None:
    with _started("--folder", str(tmp_path)) as first:
        _ready(first)
        with _started("--folder", str(tmp_path)) as second:
            output, errors = second.communicate(timeout=30)
    assert (second.returncode, output) == (1, "")
    assert errors == f"opsdesk.sandbox: another sandbox is running in {tmp_path}\n"


def test_a_port_in_use_is_a_failure_in_one_line(tmp_path: Path) -> None:
    with _started("--folder", str(tmp_path / "one")) as first:
        port = str(_ready(first)["https_port"])
        with _started("--folder", str(tmp_path / "two"), "--https-port", port) as second:
            _output, errors = second.communicate(timeout=30)
    assert second.returncode == 1
    assert errors.count("\n") == 1
