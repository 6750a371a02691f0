"""The chain of hashes in a record: a log that was changed after it was written no longer fits together.

Each record carries the hash of the one before (`prev_hash`) and its own (`hash`); the chain begins at the head of the
log and closes over it (`log_hash`), so that nothing can be changed, left out, added or moved to another run. Whoever
can write the whole file can write a new chain: keep `log_hash` elsewhere to notice that as well.
"""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_START = ("osoplog_version", "run_id", "workflow_id", "started_at")


def sealed(log: Mapping[str, Any]) -> dict[str, Any]:
    """The log with its chain."""
    previous = _start(log)
    records = []
    for record in log.get("node_records", []):
        chained = {**record, "prev_hash": previous}
        previous = _hash(chained)
        records.append({**chained, "hash": previous})
    chained_log = {**log, "node_records": records}
    return {**chained_log, "log_hash": _closing(chained_log, previous)}


def verify(log: Mapping[str, Any]) -> str | None:
    """The first part of the log that does not fit, such as `node record 3 (kyc_identity)`; None: all of it fits."""
    previous = _start(log)
    for number, record in enumerate(log.get("node_records") or [], start=1):
        name = f"node record {number} ({record.get('node_id')})"
        rest = {key: value for key, value in record.items() if key != "hash"}
        if record.get("prev_hash") != previous or record.get("hash") != _hash(rest):
            return name
        previous = record["hash"]
    return None if log.get("log_hash") == _closing(log, previous) else "the head of the log, or its last records"


def _start(log: Mapping[str, Any]) -> str:
    return _hash({key: log.get(key) for key in _START})


def _closing(log: Mapping[str, Any], last: str) -> str:
    head = {key: value for key, value in log.items() if key not in ("node_records", "log_hash")}
    return _hash({"head": head, "last": last})


def _hash(content: Mapping[str, Any]) -> str:
    """SHA-256 over the content as JSON with sorted keys, without spaces, in UTF-8."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return sha256(text.encode()).hexdigest()
