"""Where the command line finds keys and addresses: a file `partner.toml`."""

import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import urllib3

from opsdesk_partner.client import Bank
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.link_keys import load_agreement_key
from opsdesk_partner.signing import PublicKey, load_signer, public_key
from opsdesk_partner.transport import pool


@dataclass(frozen=True, slots=True)
class Configuration:
    """What `partner.toml` says; paths are read from the folder it lies in."""

    folder: Path
    bank: str
    """The address of the open platform."""
    partner: str
    key_id: str
    signing_key: str
    agreement_key: str | None = None
    bank_key: str | None = None
    """The public key that the bank signs manifests with."""
    ca_file: str | None = None

    def path(self, name: str) -> Path:
        return self.folder / name

    def connections(self) -> urllib3.PoolManager:
        return pool(ca_file=None if self.ca_file is None else str(self.path(self.ca_file)))

    def manifest_key(self) -> PublicKey | None:
        return None if self.bank_key is None else public_key(self.path(self.bank_key).read_bytes())

    def open(self, *, clock: Callable[[], float] = time.time, connections: urllib3.PoolManager | None = None) -> Bank:
        """The bank, ready to be asked. `clock`: the time in Unix seconds, where it is not this machine's."""
        agreement = None if self.agreement_key is None else load_agreement_key(self.path(self.agreement_key))
        return Bank(
            self.bank,
            partner=self.partner,
            key_id=self.key_id,
            signer=load_signer(self.path(self.signing_key)),
            agreement=agreement,
            connections=self.connections() if connections is None else connections,
            clock=clock,
        )


def read_configuration(path: Path) -> Configuration:
    """Raises Misconfigured."""
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{path}: {error}") from None
    known = {field.name for field in fields(Configuration)} - {"folder"}
    if unknown := sorted(found.keys() - known):
        raise Misconfigured(f"{path}: {', '.join(unknown)} means nothing; there are {', '.join(sorted(known))}")
    if missing := sorted({"bank", "partner", "key_id", "signing_key"} - found.keys()):
        raise Misconfigured(f"{path}: {', '.join(missing)} is missing")
    return Configuration(folder=path.parent, **found)
