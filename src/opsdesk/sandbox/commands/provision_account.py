"""Opens an account for a customer: once, however often it is called. Part of the sandbox; standard library only.

Prints {"account_id", "api_key", "billing_profile_id"} as JSON on stdout; a second call for the same customer prints the
same. Errors go to stderr: exit 1 if the account could not be opened, 2 if the command was called wrongly.
"""

import argparse
import json
import os
import re
import secrets
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

CUSTOMER_ID_CHARACTERS_MAX = 1000
BUSY_S = 30.0
DATABASE_PREFIX = "sqlite:///"
TEST_KEY_PREFIX = "sk_test_"

_PARTS = re.split(
    r"^-- name: (\w+)$", Path(__file__).with_suffix(".sql").read_text(encoding="utf-8"), flags=re.MULTILINE
)
SQL = dict(zip(_PARTS[1::2], _PARTS[2::2], strict=True))


class Misuse(Exception):
    """The command was called wrongly; the message says how, without values."""


def main(arguments: list[str]) -> int:
    try:
        options = parse(arguments)
        account = provision(options, database=database_path(os.environ), arguments=arguments)
    except Misuse as error:
        print(f"provision_account: {error}", file=sys.stderr)
        return 2
    except sqlite3.Error as error:
        print(f"provision_account: the account database failed: {error}", file=sys.stderr)
        return 1
    print(json.dumps(account))
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="provision_account.py", allow_abbrev=False)
    parser.add_argument("--customer-id", required=True)
    parser.add_argument("--tier", required=True, choices=["free", "standard", "business"])
    parser.add_argument("--create-billing", action="store_true")
    parser.add_argument("--create-api-keys", action="store_true")
    parser.add_argument("--setup-defaults", action="store_true")
    options = parser.parse_args(arguments)
    if not 1 <= len(options.customer_id) <= CUSTOMER_ID_CHARACTERS_MAX:
        raise Misuse(f"--customer-id has to have 1 to {CUSTOMER_ID_CHARACTERS_MAX} characters")
    if any("\ud800" <= letter <= "\udfff" for letter in options.customer_id):
        raise Misuse("--customer-id is not UTF-8")
    return options


def database_path(environment: Mapping[str, str]) -> Path:
    for name in ("STRIPE_SECRET_KEY", "DATABASE_URL"):
        if not environment.get(name):
            raise Misuse(f"{name} is not set")
    if not environment["STRIPE_SECRET_KEY"].startswith(TEST_KEY_PREFIX):
        raise Misuse("STRIPE_SECRET_KEY is not a test key, and this is not a live system")
    url = environment["DATABASE_URL"]
    if not url.startswith(DATABASE_PREFIX) or url == DATABASE_PREFIX:
        raise Misuse("DATABASE_URL has to look like sqlite:///path")
    return Path(url.removeprefix(DATABASE_PREFIX))


def provision(options: argparse.Namespace, *, database: Path, arguments: list[str]) -> dict[str, str | None]:
    """Open the account, or read it if it exists: the customer id is unique in the table."""
    with closing(sqlite3.connect(database, isolation_level=None, timeout=BUSY_S)) as connection:
        # The lock comes first: of two calls that both read before they write, SQLite fails one at once.
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(SQL["make_account_table"])
        connection.execute(SQL["make_call_table"])
        call = {"argv": json.dumps(arguments), "environment": json.dumps(environment_names())}
        connection.execute(SQL["add_call"], {"customer_id": options.customer_id, **call})
        connection.execute(SQL["add_account"], new_account(options))
        row = connection.execute(SQL["account"], {"customer_id": options.customer_id}).fetchone()
        connection.execute("COMMIT")
    return dict(zip(("account_id", "api_key", "billing_profile_id"), row, strict=True))


def new_account(options: argparse.Namespace) -> dict[str, object]:
    return {
        "customer_id": options.customer_id,
        "account_id": f"acc_{secrets.token_hex(8)}",
        "api_key": f"key_{secrets.token_urlsafe(24)}" if options.create_api_keys else None,
        "billing_profile_id": f"bil_{secrets.token_hex(8)}" if options.create_billing else None,
        "tier": options.tier,
        "defaults_set": options.setup_defaults,
    }


def environment_names() -> list[str]:
    """What the caller put into the environment. The system is asked first: the interpreter itself may add LC_CTYPE."""
    try:
        block = Path("/proc/self/environ").read_bytes()
    except OSError:
        return sorted(os.environ)
    return sorted(entry.partition(b"=")[0].decode("utf-8", "replace") for entry in block.split(b"\0") if entry)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
