"""Providers are told of new files: a signed request to where the settings say, again and again until it arrives."""

import hmac
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import aiohttp
import orjson
from yarl import URL

from opsdesk import jobs
from opsdesk.benefits.settlement.errors import NoticesUnreadable, SettlementFileUnknown
from opsdesk.benefits.settlement.files import SettlementFile, find_file
from opsdesk.benefits.settlement.issuing import NOTICE_JOB
from opsdesk.benefits.settlement.months import write_month
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database
from opsdesk.kit.errors import Unavailable
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.http_destinations import DestinationRefused, literal_address
from opsdesk.kit.secrets import SecretMissing
from opsdesk.kit.sql import statements
from opsdesk.kit.webhook_signatures import signed_headers

SIGNATURE = "Opsdesk-Signature"
EVENT = "settlement_file.issued"
TIMEOUT_S = 15.0
ATTEMPTS_MAX = 60
BACKOFF = jobs.Backoff(first_s=5.0, factor=2.0, longest_s=3600.0)
"""5, 10, 20 seconds and so on, then once an hour, for two days."""

_PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_SQL = statements(__file__)


@dataclass(eq=False)
class NoticeUndelivered(Unavailable):
    """The provider could not be told of its settlement file."""

    provider: str
    problem: str


@dataclass(frozen=True, slots=True)
class Notices:
    """Where providers are told, and what with."""

    http: HttpClient
    secret: Callable[[str], str]
    clock: Clock
    addresses: Mapping[str, str] = field(default_factory=dict)

    def job(self) -> jobs.JobKind:
        return jobs.JobKind(NOTICE_JOB, self._tell, attempts_max=ATTEMPTS_MAX, backoff=BACKOFF)

    async def _tell(self, database: Database, payload: Mapping[str, Any]) -> jobs.JobOutcome:
        """Nothing is called in a transaction; one that was told and not noted is told again, under the same id."""
        async with database.connection() as conn:
            try:
                file = await find_file(conn, payload["name"])
            except SettlementFileUnknown as error:
                return jobs.Failed(error.message)
        url = self.addresses.get(file.provider)
        if file.notified_at is not None or url is None:
            return jobs.Done()
        problem = await self._send(file, url)
        noted = {"name": file.name, "now": None if problem else self.clock.now(), "problem": problem}
        async with database.transaction() as conn:
            await conn.execute(_SQL["note"], noted)
        if problem is not None:
            raise NoticeUndelivered(file.provider, problem)
        return jobs.Done()

    async def _send(self, file: SettlementFile, url: str) -> str | None:
        """What kept it from arriving; None: nothing did."""
        body = orjson.dumps(notice_of(file))
        name = secret_of(file.provider)
        try:
            headers = {"Content-Type": "application/json", **signed(body, delivery=file.name, secret=self.secret(name))}
            async with self.http.request("POST", URL(url), headers=headers, body=body, timeout_s=TIMEOUT_S) as response:
                return None if 200 <= response.status < 300 else f"the provider answered {response.status}"
        except SecretMissing:
            return f"the secret {name} is not set"
        except TimeoutError:
            return f"the provider did not answer within {TIMEOUT_S:g} s"
        except DestinationRefused as refused:
            return f"leads to {refused.kind}, which OPSDESK_ALLOW_NETWORKS does not list"
        except (aiohttp.ClientError, OSError) as error:
            return f"the provider cannot be reached: {type(error).__name__}"


def notice_of(file: SettlementFile) -> Mapping[str, Any]:
    """What a provider is told."""
    about = {"name": file.name, "month": write_month(file.month), "bytes": file.bytes, "sha256": file.sha256}
    return {"event": EVENT, **about, "rows": file.rows, "total_fen": file.total_fen}


def signed(body: bytes, *, delivery: str, secret: str) -> Mapping[str, str]:
    """Both ways: as Standard Webhooks has it, and in one header `t=…,v1=…`, hexadecimal HMAC-SHA256 over `t.body`."""
    stamp = str(int(datetime.now(UTC).timestamp()))
    signature = hmac.digest(secret.encode(), stamp.encode() + b"." + body, "sha256").hex()
    return {**signed_headers(delivery, body, secret=secret), SIGNATURE: f"t={stamp},v1={signature}"}


def read_addresses(text: str) -> Mapping[str, str]:
    """The setting `settlement_notices`. Raises NoticesUnreadable."""
    found = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        provider, _equals, address = entry.partition("=")
        if not _PROVIDER.fullmatch(provider) or not _is_address(address):
            raise NoticesUnreadable(provider)
        found[provider] = address
    return found


def secret_of(provider: str) -> str:
    return f"SETTLEMENT_NOTICE_{provider.upper().replace('-', '_')}"


def _is_address(text: str) -> bool:
    try:
        url = URL(text)
        host = url.host
    except ValueError:
        return False
    if not host or url.user or url.password:
        return False
    address = literal_address(host)
    return url.scheme == "https" or (url.scheme == "http" and address is not None and address.is_loopback)
