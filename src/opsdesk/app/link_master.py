"""The master secret that the link keys of partners come from."""

from dataclasses import dataclass
from pathlib import Path

from opsdesk.kit.errors import Invalid, Refused
from opsdesk.kit.secrets import SecretMissing, Secrets
from opsdesk.kit.settings import Settings

LINK_MASTER_KEY = "LINK_MASTER_KEY"
"""The secret that link keys of partners come from: with another one, partners have to fetch their keys anew. Processes
on several machines have to be given the same one."""
CHARACTERS_MIN = 32
_OTHERS = 0o077


@dataclass(eq=False)
class LinkMasterTooShort(Invalid):
    """LINK_MASTER_KEY has too few characters."""

    characters: int
    needed: int = CHARACTERS_MIN


@dataclass(eq=False)
class LinkMasterReadable(Refused):
    """The file with the master secret of the link keys can be read by others: take that right away from them."""

    file: str
    mode: str


def link_master(settings: Settings, secrets: Secrets) -> bytes:
    """The secret that is set, else one in the data folder. Raises LinkMasterTooShort, LinkMasterReadable."""
    try:
        master = secrets.get(LINK_MASTER_KEY)
    except SecretMissing:
        master = secrets.get_or_create(LINK_MASTER_KEY, settings.data_dir)
        _check_file(settings.data_dir / "keys" / LINK_MASTER_KEY)
    if len(master) < CHARACTERS_MIN:
        raise LinkMasterTooShort(len(master))
    return master.encode()


def _check_file(file: Path) -> None:
    mode = file.stat().st_mode & 0o777
    if mode & _OTHERS:
        raise LinkMasterReadable(str(file), f"{mode:o}")
