"""The providers that live in the sandbox: their keys, and where the bank's open platform is for each."""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from opsdesk.sandbox.provider.clock import SharedClock
from opsdesk.sandbox.store import Store, statements
from opsdesk_partner import Bank, load_agreement_key, load_signer
from opsdesk_partner.signing import private_key
from opsdesk_partner.transport import Retrying

PROVIDER = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
RETRYING = Retrying(attempts=4, backoff_s=0.05, backoff_s_max=0.2)
"""Shorter than a real provider's: somebody is looking at the page."""

_SQL = statements(__file__)
_PUT, _ONE, _ALL, _FORGET = (_SQL[name] for name in ("put_account", "account", "all_accounts", "forget_accounts"))


@dataclass(frozen=True, slots=True)
class Account:
    provider: str
    name: str
    bank_url: str
    key_id: str
    services: Mapping[str, Mapping[str, Any]]
    """By service: its `name`, and what was agreed on as `settle_fen`."""

    def service_name(self, service: str) -> str:
        return str(self.services.get(service, {}).get("name", service))


class Accounts:
    def __init__(self, store: Store, *, folder: Path, clock: SharedClock) -> None:
        self._store = store
        self._folder = folder
        self._clock = clock
        self._banks: dict[str, Bank] = {}

    def put(self, account: Account) -> None:
        """Remember where the bank is; the keys have been made before, or are made now."""
        self.public_keys(account.provider)
        self._store.run(
            _PUT,
            provider=account.provider,
            name=account.name,
            bank_url=account.bank_url,
            key_id=account.key_id,
            services=json.dumps(account.services, ensure_ascii=False),
        )
        self._drop(account.provider)

    def one(self, provider: str) -> Account | None:
        row = self._store.one(_ONE, provider=provider)
        return None if row is None else _account(row)

    def all(self) -> list[Account]:
        return [_account(row) for row in self._store.all(_ALL)]

    def bank(self, account: Account) -> Bank:
        """The bank as this provider asks it; link keys stay known from one visit to the next."""
        if account.provider not in self._banks:
            signing, agreement = self._key_files(account.provider)
            self._banks[account.provider] = Bank(
                account.bank_url,
                partner=account.provider,
                key_id=account.key_id,
                signer=load_signer(signing),
                agreement=load_agreement_key(agreement),
                retrying=RETRYING,
                clock=self._clock,
            )
        return self._banks[account.provider]

    def public_keys(self, provider: str) -> dict[str, str]:
        """The halves that the bank gets, in PEM; the keys are made when they are first asked for."""
        signing, agreement = self._key_files(provider)
        self._folder.mkdir(mode=0o700, exist_ok=True)
        if not signing.exists():
            _write(signing, Ed25519PrivateKey.generate())
            _write(agreement, X25519PrivateKey.generate())
        halves = {
            "signing": private_key(signing.read_bytes()).public_key(),
            "agreement": load_agreement_key(agreement).public_key(),
        }
        return {
            name: half.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
            for name, half in halves.items()
        }

    def reset(self) -> None:
        self._store.run(_FORGET)
        self.close()

    def close(self) -> None:
        for provider in list(self._banks):
            self._drop(provider)

    def _drop(self, provider: str) -> None:
        if (bank := self._banks.pop(provider, None)) is not None:
            bank.close()

    def _key_files(self, provider: str) -> tuple[Path, Path]:
        assert PROVIDER.fullmatch(provider), "it becomes the name of a file"
        return self._folder / f"{provider}.signing.pem", self._folder / f"{provider}.agreement.pem"


def _account(row: Mapping[str, Any]) -> Account:
    return Account(row["provider"], row["name"], row["bank_url"], row["key_id"], json.loads(row["services"]))


def _write(path: Path, key: Ed25519PrivateKey | X25519PrivateKey) -> None:
    content = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
