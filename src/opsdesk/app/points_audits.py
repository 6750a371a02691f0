"""Audits of the ledger, as this installation makes and proves them."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from opsdesk import access, jobs, points
from opsdesk.kit import log
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings

POINTS_AUDIT_KEY = "POINTS_AUDIT_KEY"
"""The secret that reports of audits are signed with: 32 bytes in hexadecimal. Processes on several machines have to be
given the same one."""
AUDIT_AT = "20 1 * * *"
EVERY_HOUR = "50 * * * *"
REPORT_BYTES_MAX = 16 << 20

_log = log.get_logger("opsdesk.operations")


def audit_key(settings: Settings, secrets: Secrets) -> points.signing.AuditKey:
    """The key that is set, else one in the data folder. Raises AuditKeyInvalid."""
    return points.signing.AuditKey(secrets.get_or_create(POINTS_AUDIT_KEY, settings.data_dir))


def audit_points(
    key: points.signing.AuditKey, checks: points.auditing.Checks, clock: Clock, *, full: bool
) -> jobs.Handler:
    """The handler of a cron: an audit of what is new, or of everything; what it finds is told operators as an error."""

    async def audit(database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        with log.bound(request_id=f"audit_points:{payload.get('due_at')}"):
            scheduler = access.system_actor("scheduler")
            made = await points.auditing.audit(
                database, full=full, key=key, checks=checks, actor=scheduler, now=clock.now()
            )
            tell = _log.info if made.is_whole else _log.error
            tell("points_audited", audit=made.audit_id, full=made.is_full, findings=made.findings, seq=made.seq)
        return jobs.Done()

    return audit


def report_file(audit: points.auditing.Audit, key: points.signing.AuditKey) -> bytes:
    """The signed report, as a file of JSON."""
    signed = points.auditing.signed_report(audit, key)
    return orjson.dumps(signed, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def read_report(path: Path) -> points.signing.Signed:
    """Raises ReportUnreadable, OSError."""
    with path.open("rb") as file:
        text = file.read(REPORT_BYTES_MAX + 1)
    try:
        return points.signing.Signed(**orjson.loads(text))
    except (ValueError, TypeError):
        raise points.errors.ReportUnreadable from None


def is_signed(signed: points.signing.Signed, key: points.signing.AuditKey) -> bool:
    """Whether this installation's key has signed exactly this report."""
    try:
        return key.has_signed(signed.report, base64.b64decode(signed.signature, validate=True))
    except (binascii.Error, TypeError, ValueError):
        return False
