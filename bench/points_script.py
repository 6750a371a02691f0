"""A redemption as a script for pgbench: the statements of the product, with values that are made in them."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from opsdesk.access.audit import entries
from opsdesk.benefits import answers, redeeming
from opsdesk.kit.sql import statements
from opsdesk.points import ledger
from points_grounds import AUM_FEN, POINTS, PROVIDER, SERVICE, SETTLE_FEN

ORDER = "md5('o' || :k)::uuid"
BODY = '", "benefit_code": "7K3M9Q2X5T8V1WZB", "points": 100, '
BODY += '"customer_id": "C-1029", "channel": "mobile", "service": "lounge", "provider": "airport", "status": 100, '
BODY += '"redeemed_at": "2026-01-05T020000Z", "expire_at": "2026-04-05T020000Z", "balance": 2999999900, '
BODY += '"used": [{"expires_at": "2026-04-15T020000Z", "points": 100}], "aum_day": "2026-01-05"}'
HASHED = '{"customer": "%s", "channel": "%s", "service": "%s", "points": "%s"}' % (("0" * 64,) * 4)
ROLES = "array[]::text[]"


def written(file: Path, *, customer: str) -> Path:
    """The script, in a file; `customer` is SQL for the customer's id."""
    file.write_text("\n".join(_lines(customer)) + "\n", encoding="utf-8")
    return file


def _lines(customer: str) -> Iterator[str]:
    values = _values(customer)
    yield "\\set c random(1, :customers)"
    yield "\\set k random(1, 9000000000000000000)"
    yield "begin;"
    for module, name in (
        (ledger, "lock_wallets"),
        (answers, "given"),
        (redeeming, "services"),
        (redeeming, "newest_list"),
        (redeeming, "aum"),
        (ledger, "hold"),
        (redeeming, "make_orders"),
        (entries, "newest_key"),
        (entries, "insert_entries"),
        (ledger, "available"),
        (answers, "keep"),
    ):
        yield _with_values(statements(str(module.__file__))[name].decode(), values)
    yield "commit;"


def _with_values(statement: str, values: Mapping[str, str]) -> str:
    plain = "\n".join(line for line in statement.splitlines() if not line.lstrip().startswith("--"))
    return re.sub(r"%\((\w+)\)s", lambda found: f"({values[found[1]]})", plain).replace("%%", "%")


# Nothing in them looks like a variable of pgbench: no colon stands before a letter or a digit.
def _values(customer: str) -> Mapping[str, str]:
    day = "(now() at time zone 'Asia/Shanghai')::date"
    return {
        "customers": f"array[{customer}]::text[]",
        "scopes": "array['mobile']::text[]",
        "keys": "array['k' || :k]::text[]",
        "services": f"array['{SERVICE}']::text[]",
        "today": day,
        "day": day,
        "orders": f"array[{ORDER}]",
        "points": f"array[{POINTS}]::bigint[]",
        "at": "now()",
        "now": "now()",
        "codes": "array[upper(substr(md5('c' || :k), 1, 16))]::text[]",
        "channels": "array['mobile']::text[]",
        "providers": f"array['{PROVIDER}']::text[]",
        "settle_fen": f"array[{SETTLE_FEN}]::bigint[]",
        "aum_fen": f"array[{AUM_FEN}]::bigint[]",
        "actors": "array['system']::text[]",
        "actor": "'system'",
        "roles": ROLES,
        "action": "'benefit.redeem'",
        "object_kind": "'benefit_order'",
        "object_ids": f"array[{ORDER}::text]",
        "afters": f"array['{HASHED}']::jsonb[]",
        "key_id": "(select max(key_id) from audit_key)",
        "request_ids": "array['bench']::text[]",
        "traces": "array['']::text[]",
        "paths": "array['']::text[]",
        "aum_day": day,
        "expire_at": "now() + interval '90 days'",
        "digests": "array[sha256(('d' || :k)::bytea)]::bytea[]",
        "bodies": f"array['{{\"order_id\": \"' || {ORDER}::text || '{BODY}']::jsonb[]",
    }
