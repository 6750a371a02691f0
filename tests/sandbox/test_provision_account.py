"""The command that opens accounts, called as the product calls it: as a program of its own."""

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from opsdesk.sandbox.server import COMMANDS_DIR
from tests.sandbox.outside import Outside, enter_sandbox

ALL = ("--tier", "free", "--create-billing", "--create-api-keys", "--setup-defaults")
HOSTILE = ["; rm -rf /", "$(id)", "a \"quoted\" 'one'", "two\nlines", "客户一", "--tier", "\\", "a b", "${HOME}", "%00"]


def _environment(folder: Path, **changes: str | None) -> dict[str, str]:
    usual = {"STRIPE_SECRET_KEY": "sk_test_1", "DATABASE_URL": f"sqlite:///{folder / 'accounts.sqlite'}"}
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def _provision(environment: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(COMMANDS_DIR / "provision_account.py"), *arguments]
    return subprocess.run(command, env=dict(environment), capture_output=True, text=True, timeout=60, check=False)


def test_an_account_has_a_number_a_key_and_a_billing_profile(tmp_path: Path) -> None:
    done = _provision(_environment(tmp_path), "--customer-id", "cus_1", *ALL)
    assert (done.returncode, done.stderr) == (0, "")
    account = json.loads(done.stdout)
    assert set(account) == {"account_id", "api_key", "billing_profile_id"}
    assert all(account.values())


def test_a_second_call_prints_the_same_account(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    first, second = (_provision(environment, "--customer-id", "cus_1", *ALL) for _call in range(2))
    assert first.stdout == second.stdout


def test_calls_at_the_same_time_open_one_account(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(_provision, environment, "--customer-id", "cus_1", *ALL) for _call in range(8)]
    assert len({call.result().stdout for call in calls}) == 1
    assert {call.result().returncode for call in calls} == {0}


def test_customers_have_different_accounts(tmp_path: Path) -> None:
    environment = _environment(tmp_path)
    outputs = {_provision(environment, "--customer-id", name, *ALL).stdout for name in ("cus_1", "cus_2")}
    assert len(outputs) == 2


def test_what_was_not_asked_for_is_not_made(tmp_path: Path) -> None:
    account = json.loads(_provision(_environment(tmp_path), "--customer-id", "cus_1", "--tier", "free").stdout)
    assert (account["api_key"], account["billing_profile_id"]) == (None, None)


@pytest.mark.parametrize("missing", ["STRIPE_SECRET_KEY", "DATABASE_URL"])
def test_a_missing_variable_is_named(tmp_path: Path, missing: str) -> None:
    done = _provision(_environment(tmp_path, **{missing: None}), "--customer-id", "cus_1", *ALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert missing in done.stderr


@pytest.mark.parametrize(
    "change",
    [{"STRIPE_SECRET_KEY": "sk_live_1"}, {"DATABASE_URL": "postgresql://x"}, {"DATABASE_URL": "sqlite:///"}],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(tmp_path: Path, change: dict[str, str]) -> None:
    done = _provision(_environment(tmp_path, **change), "--customer-id", "cus_1", *ALL)
    ((name, value),) = change.items()
    assert (done.returncode, done.stdout) == (2, "")
    assert name in done.stderr
    assert f"{value} " not in done.stderr


@pytest.mark.parametrize(
    "arguments", [(), ("--customer-id", "c"), ("--customer-id", "", "--tier", "free"), ("--cust", "c")]
)
def test_wrong_arguments_end_with_misuse(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = _provision(_environment(tmp_path), *arguments)
    assert (done.returncode, done.stdout) == (2, "")


def test_a_database_that_cannot_be_opened_is_a_failure(tmp_path: Path) -> None:
    environment = _environment(tmp_path, DATABASE_URL=f"sqlite:///{tmp_path}/missing/x.sqlite")
    done = _provision(environment, "--customer-id", "cus_1", *ALL)
    assert (done.returncode, done.stdout) == (1, "")
    assert "database" in done.stderr


@pytest.mark.req("FLO-007")
@pytest.mark.parametrize("customer_id", HOSTILE)
async def test_arguments_and_names_of_variables_can_be_looked_at(outside: Outside, customer_id: str) -> None:
    secrets = {name: outside.sandbox.secrets[name] for name in ("STRIPE_SECRET_KEY", "DATABASE_URL")}
    arguments = [f"--customer-id={customer_id}", *ALL]
    assert _provision({**secrets, "LANG": "C"}, *arguments).returncode == 0
    seen = await outside.control("accounts")
    assert seen["calls"] == [
        {"customer_id": customer_id, "argv": arguments, "environment": ["DATABASE_URL", "LANG", "STRIPE_SECRET_KEY"]}
    ]
    assert [(item["customer_id"], item["calls"]) for item in seen["items"]] == [(customer_id, 1)]
    assert "api_key" not in seen["items"][0]


async def test_a_reset_closes_the_accounts_too(tmp_path: Path) -> None:
    async with enter_sandbox(tmp_path) as outside:
        secrets = {name: outside.sandbox.secrets[name] for name in ("STRIPE_SECRET_KEY", "DATABASE_URL")}
        _provision(secrets, "--customer-id", "cus_1", *ALL)
        await outside.control("reset", {})
        assert await outside.control("accounts") == {"items": [], "calls": []}
