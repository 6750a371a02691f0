"""The tables of a database as text that depends on nothing but the tables."""

import os
import re
import subprocess

from psycopg.conninfo import conninfo_to_dict, make_conninfo

from opsdesk.kit.embedded import programs

HEADER = "-- Generated from migrations/ by `make schema`. Read it; do not edit it.\n"

# Which versions dumped what, a random token against injection, and the session settings of the dump.
_NOISE = re.compile(r"^(--.*|\\(un)?restrict .*|SET .*|SELECT pg_catalog\.set_config.*)\n", re.MULTILINE)
_GAPS = re.compile(r"\n{3,}")


def dump_schema(url: str) -> str:
    """All tables, indexes, functions and triggers, in an order that does not change."""
    parts = conninfo_to_dict(url)
    environment = {**os.environ, "PGPASSWORD": str(parts.pop("password", ""))}
    options = ["--schema-only", "--no-owner", "--no-privileges", "--schema=public"]
    command = [str(programs() / "pg_dump"), *options, f"--dbname={make_conninfo('', **parts)}"]
    dump = subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout
    without_noise = _NOISE.sub("", dump).replace("CREATE SCHEMA public;\n", "")
    return HEADER + _GAPS.sub("\n\n", f"\n{without_noise.strip()}\n").replace("public.", "")
