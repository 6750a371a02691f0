"""Secrets by name: a file each, or the environment; and the keys that an installation makes for itself."""

import os
import re
import secrets
import tempfile
from dataclasses import dataclass
from pathlib import Path

from opsdesk.kit.errors import Invalid, Refused
from opsdesk.kit.settings import Settings

SECRET_BYTES_MAX = 64 * 1024
KEY_BYTES = 32

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


@dataclass(eq=False)
class SecretMissing(Refused):
    """A secret that is needed is not set."""

    name: str
    looked_in: tuple[str, ...]


@dataclass(eq=False)
class BadSecretName(Invalid):
    """The name of a secret is made of 1 to 100 letters, digits, `_` and `-`."""


class Secrets:
    """Reads each secret when it is asked for, so that a changed file counts at once and no copy stays behind."""

    def __init__(self, settings: Settings) -> None:
        self._folder = settings.secrets_dir

    def __repr__(self) -> str:
        return f"Secrets(folder={str(self._folder)!r})"

    def get(self, name: str) -> str:
        """The secret from `<secrets_dir>/<name>`, else from `OPSDESK_SECRET_<NAME>`.

        Raises: BadSecretName, SecretMissing (also for an empty or unreadable one).
        """
        if not _NAME.fullmatch(name):
            raise BadSecretName
        variable = "OPSDESK_SECRET_" + name.upper().replace("-", "_")
        value = self._from_file(name) or os.environ.get(variable, "").rstrip("\r\n")
        if not value:
            file = str(self._folder / name) if self._folder else "no folder: OPSDESK_SECRETS_DIR is not set"
            raise SecretMissing(name=name, looked_in=(file, variable))
        return value

    def get_or_create(self, name: str, data_dir: Path) -> str:
        """The secret if it is set, else a key of 32 random bytes in hex, made once in `<data_dir>/keys/<name>`.

        Processes that ask at the same time get the same key. Raises: BadSecretName.
        """
        try:
            return self.get(name)
        except SecretMissing:
            return _read_or_make_key(data_dir / "keys" / name)

    def _from_file(self, name: str) -> str:
        if self._folder is None:
            return ""
        try:
            with (self._folder / name).open("rb") as file:
                content = file.read(SECRET_BYTES_MAX + 1)
            return content.decode().rstrip("\r\n") if len(content) <= SECRET_BYTES_MAX else ""
        except (OSError, UnicodeDecodeError):
            return ""


def _read_or_make_key(path: Path) -> str:
    try:
        return path.read_text()
    except FileNotFoundError:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    # mkstemp makes it 0600. The link appears whole or not at all, and only for the first of two processes.
    handle, temporary = tempfile.mkstemp(dir=path.parent)
    try:
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        os.link(temporary, path)
    except FileExistsError:
        pass  # another process was first: its key counts
    finally:
        Path(temporary).unlink()
    return path.read_text()
