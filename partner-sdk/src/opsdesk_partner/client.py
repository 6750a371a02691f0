"""The bank's open platform, as a provider calls it: signed, repeated with the same key, and never in doubt silently."""

import json
import time
import uuid
from collections.abc import Callable, Mapping
from copy import copy
from datetime import datetime
from typing import Any
from urllib.parse import quote as quoted
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from opsdesk_partner.answers import BankFile, Cancellation, Order, Quote, completion_digits
from opsdesk_partner.errors import (
    Advice,
    Misconfigured,
    OutcomeUnknown,
    QuoteStale,
    Refused,
    Unreachable,
)
from opsdesk_partner.link_keys import KeyRing
from opsdesk_partner.link_values import Link, Purpose
from opsdesk_partner.links import open_link
from opsdesk_partner.signing import Signer, signed_headers
from opsdesk_partner.transport import (
    BUSY,
    UNKNOWN_STATUSES,
    Answered,
    Connections,
    Retrying,
    Silent,
    close,
    exchange,
    pool,
)

KEY_CHARACTERS_MAX = 200
PAGES_MAX = 100
OUTCOME_UNKNOWN = "outcome_unknown"
Json = Mapping[str, Any]


class Bank:
    """One bank, for one provider. It may be used from several threads; `close` lets go of its connections.

    Every method raises Refused if the bank says no, OutcomeUnknown if no answer came however often it was asked, and
    Unreachable if the bank was never reached. A write takes `key`, the idempotency key: who keeps it with their own
    record can ask again after a crash and gets the first answer. Without one, a new one is made.
    """

    def __init__(
        self,
        base_url: str,
        *,
        partner: str,
        key_id: str,
        signer: Signer,
        agreement: X25519PrivateKey | None = None,
        connections: Connections | None = None,
        retrying: Retrying | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`headers` go with every request, unsigned: a traceparent, say. Raises Misconfigured."""
        split = urlsplit(base_url)
        if split.scheme not in {"http", "https"} or not split.netloc or split.query or split.fragment:
            raise Misconfigured("the bank's address is https://name, without a query")
        self._origin, self._prefix = f"{split.scheme}://{split.netloc}", split.path.rstrip("/")
        self._partner, self._key_id, self._signer = partner, key_id, signer
        self._connections = connections if connections is not None else pool()
        self._retrying = retrying or Retrying()
        self._clock, self._sleep = clock, sleep
        self._headers = dict(headers or {})
        self._ring = None if agreement is None else self._new_ring(agreement)

    def close(self) -> None:
        close(self._connections)

    def __enter__(self) -> "Bank":
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    @property
    def partner(self) -> str:
        return self._partner

    @property
    def connections(self) -> Connections:
        return self._connections

    @property
    def keys(self) -> KeyRing:
        """The keys of links, picked up as links name them. Raises Misconfigured without an X25519 key."""
        if self._ring is None:
            raise Misconfigured("to open links, give the provider's X25519 key as `agreement`")
        return self._ring

    def with_headers(self, headers: Mapping[str, str]) -> "Bank":
        """The same bank, with further headers on every request: a traceparent, say. Keys and connections are shared."""
        other = copy(self)
        other._headers = self._headers | dict(headers)
        return other

    def with_connections(self, connections: Connections) -> "Bank":
        """The same bank by another line."""
        other = copy(self)
        other._connections = connections
        return other

    def open_link(self, request: str, *, purpose: Purpose = Purpose.BOOKING) -> Link:
        """Read what a customer brought along; see `links.open_link`, whose errors it raises."""
        return open_link(request, keys=self.keys, purpose=purpose, now=self._clock())

    def book(self, link: Link, *, key: str | None = None) -> Order:
        """Book the service of an opened link: 100 to 200."""
        return Order.read(self.post("/open/v1/bookings", _of_link(link), key=key))

    def quote(self, link: Link, *, key: str | None = None) -> Quote:
        """What would come back if the order of a cancellation link were cancelled now; it holds for minutes."""
        return Quote.read(self.post("/open/v1/quotes", _of_link(link), key=key))

    def cancel(self, link: Link, quote_id: str, *, key: str | None = None) -> Cancellation:
        """Cancel at what was quoted: 200 to 400. Raises QuoteStale if the customer would lose more than they saw."""
        body = {**_of_link(link), "quote_id": quote_id}
        return Cancellation.read(self.post("/open/v1/cancellations", body, key=key))

    def complete(
        self, benefit_code: str, service: str, completed_at: datetime | str, *, key: str | None = None
    ) -> Order:
        """Tell that the service was performed: 200 to 300. A datetime has a zone; digits are in the bank's."""
        body = {"benefit_code": benefit_code, "service": service, "completed_at": completion_digits(completed_at)}
        return Order.read(self.post("/open/v1/completions", body, key=key))

    def order(self, benefit_code: str) -> Order:
        return Order.read(self.get(f"/open/v1/orders/{quoted(benefit_code, safe='')}"))

    def files(self) -> list[BankFile]:
        """The settlement files that are ready for this provider."""
        found: list[BankFile] = []
        path = "/open/v1/files"
        for _page in range(PAGES_MAX):
            body = self.get(path)
            found += [BankFile.read(each) for each in body.get("items", [])]
            if not body.get("next"):
                break
            path = f"/open/v1/files?cursor={quoted(str(body['next']), safe='')}"
        return found

    def manifest(self, name: str) -> Json:
        return self.get(f"/open/v1/files/{quoted(name, safe='')}/manifest")

    def download_url(self, name: str) -> str:
        """A short-lived address of a file; it takes `Range` and no signature."""
        url = str(self.post(f"/open/v1/files/{quoted(name, safe='')}/downloads", {})["url"])
        return url if "://" in url else self._origin + url

    def link_key(self, kid: int) -> Json:
        """A link key as the bank sealed it; `keys` does this by itself."""
        return self.get(f"/open/v1/link-keys/{kid}")

    def acknowledge_link_key(self, kid: int) -> Json:
        """Tell that a key arrived, so that the bank begins to use it."""
        path = f"/open/v1/link-keys/{kid}/acknowledgements"
        return self.post(path, {}, key=f"link-key-{kid}")

    def get(self, path: str) -> Json:
        """A signed GET of a path of the bank."""
        return self._ask("GET", path, b"", key="")

    def post(self, path: str, body: Json, *, key: str | None = None) -> Json:
        """A signed POST. The bytes that are signed are the bytes that are sent. Raises Misconfigured for a bad key."""
        key = str(uuid.uuid4()) if key is None else key
        if not 0 < len(key) <= KEY_CHARACTERS_MAX or not key.isascii() or not key.isprintable() or " " in key:
            raise Misconfigured(
                f"an idempotency key has 1 to {KEY_CHARACTERS_MAX} printable ASCII characters without blanks"
            )
        raw = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
        return self._ask("POST", path, raw, key=key)

    def _ask(self, method: str, path: str, body: bytes, *, key: str) -> Json:
        last: Silent | Refused = Silent("not asked", sent=False)
        may_have_happened = False
        for attempt in range(self._retrying.attempts):
            answer = self._once(method, path, body, key=key)
            said = _said(answer)
            if isinstance(said, Refused) and said.advice is Advice.DO_NOT:
                raise said
            if not isinstance(said, Silent | Refused):
                return said
            last, may_have_happened = said, may_have_happened or _is_in_doubt(said)
            if attempt + 1 < self._retrying.attempts:
                after = answer.headers.get("retry-after") if isinstance(answer, Answered) else None
                self._sleep(self._retrying.pause_s(attempt, retry_after=after))
        reason = last.reason if isinstance(last, Silent) else last.code
        if may_have_happened and method != "GET":
            raise OutcomeUnknown(key=key, reason=reason, attempts=self._retrying.attempts)
        if isinstance(last, Refused):
            raise last
        raise Unreachable(reason=reason, attempts=self._retrying.attempts)

    def _once(self, method: str, path: str, body: bytes, *, key: str) -> Answered | Silent:
        target = self._prefix + path
        headers = self._headers | signed_headers(
            self._signer,
            partner=self._partner,
            key_id=self._key_id,
            method=method,
            target=target,
            body=body,
            key=key,
            now=self._clock(),
        )
        if body:
            headers["Content-Type"] = "application/json"
        return exchange(self._connections, method, self._origin + target, headers, body)

    def _new_ring(self, agreement: X25519PrivateKey) -> KeyRing:
        return KeyRing(
            provider=self._partner,
            agreement=agreement,
            fetch=self.link_key,
            acknowledge=self.acknowledge_link_key,
            clock=self._clock,
        )


def _of_link(link: Link) -> dict[str, str]:
    return {"benefit_code": link.benefit_code, "service": link.service, "request": link.request}


def _is_in_doubt(said: Silent | Refused) -> bool:
    return said.sent if isinstance(said, Silent) else said.advice is Advice.UNKNOWN


def _said(answer: Answered | Silent) -> Json | Refused | Silent:
    """What the bank said; Silent where nothing of it can be believed."""
    if isinstance(answer, Silent):
        return answer
    try:
        body = json.loads(answer.body)
    except ValueError:
        body = None
    error = body.get("error") if isinstance(body, dict) else None
    if isinstance(error, dict) and answer.status >= 400:
        return _refused(error, answer.status)
    if isinstance(body, dict) and answer.status < 300:
        return body
    if answer.status in UNKNOWN_STATUSES | {BUSY} or answer.status < 300:
        return Silent(f"HTTP {answer.status} without an answer that can be read", sent=answer.status != BUSY)
    message = "the answer is not the bank's: is there a proxy in between?"
    return Refused(code="not_the_bank", message="返回内容无法识别", message_en=message, status=answer.status)


def _refused(error: Json, status: int) -> Refused:
    found = error.get("detail")
    detail: Json = found if isinstance(found, dict) else {}
    code = str(error.get("code", ""))
    kind = QuoteStale if code == "quote_stale" else Refused
    if status in UNKNOWN_STATUSES or code == OUTCOME_UNKNOWN:
        advice = Advice.UNKNOWN
    else:
        advice = Advice.RETRY if error.get("retry") is True or status == BUSY else Advice.DO_NOT
    # Of a signature that is refused, the bank says what is likely wrong with it.
    message_en = str(detail.get("message_en") or detail.get("explanation") or "")
    message = str(error.get("message", ""))
    return kind(code=code, message=message, message_en=message_en, advice=advice, status=status, detail=detail)
