"""What is known about a PostgreSQL server from outside: its pid file, its process, the account that it runs under."""

import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psutil

from opsdesk.kit.errors import Refused

SOCKET_PATH_BYTES_MAX = 107
PORT = 5432
SERVER_ACCOUNT = "pgserver"
FALLBACK_ACCOUNT = "nobody"
PID_NOBODY_HAS = 4_194_305
"""One more than the largest process id that Linux gives out."""
PID_FILE_LINES = 8


@dataclass(eq=False)
class SocketFolderUnsafe(Refused):
    """The folder for the database's socket belongs to somebody else."""

    folder: str


@dataclass(eq=False)
class DatabaseFolderForeign(Refused):
    """The embedded database belongs to another user of this machine."""

    folder: str
    owner: str


@dataclass(frozen=True, slots=True)
class Postmaster:
    """What `postmaster.pid` says."""

    pid: int
    socket_folder: str
    port: int
    ready: bool

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/postgres?host={quote(self.socket_folder, safe='')}&port={self.port}"


@dataclass(frozen=True, slots=True)
class Account:
    """The account that the server runs under: our own, or for root, whom PostgreSQL refuses, an unprivileged one."""

    user: int | None
    group: int | None

    def run(self, command: list[str], **options: Any) -> None:
        """Run a program of PostgreSQL to its end. Raises CalledProcessError."""
        privileges: dict[str, Any] = (
            {} if self.user is None else {"user": self.user, "group": self.group, "extra_groups": []}
        )
        # From the root folder, because PostgreSQL wants to know where it is and may not be allowed to look.
        subprocess.run(
            command, check=True, cwd="/", stdin=subprocess.DEVNULL, env=_environment(), **privileges, **options
        )

    def own(self, folder: Path) -> None:
        if self.user is not None and self.group is not None:
            os.chown(folder, self.user, self.group)

    def let_through(self, folder: Path) -> None:
        """Let the server's account pass through the folders on the way: pass, not list or read."""
        if self.user is None:
            return
        for part in (folder, *folder.parents):
            mode = part.stat().st_mode
            if not mode & stat.S_IXOTH:
                part.chmod(stat.S_IMODE(mode) | stat.S_IXOTH)

    def socket_folder(self, folder: Path) -> Path:
        """Where the socket goes: in the database folder, or, where that path is too long for a socket, in /tmp."""
        if _fits(folder):
            return folder
        digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
        short = Path(tempfile.gettempdir()) / f"opsdesk-{digest}"
        if not _fits(short):
            short = Path("/tmp") / short.name  # noqa: S108 — made with mode 0700, and its owner is checked
        self._make_private(short)
        return short

    def _make_private(self, folder: Path) -> None:
        try:
            folder.mkdir(mode=0o700)
            self.own(folder)
        except FileExistsError:
            found = folder.lstat()
            owner = os.geteuid() if self.user is None else self.user
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or stat.S_IMODE(found.st_mode) != 0o700:
                raise SocketFolderUnsafe(folder=str(folder)) from None


def account_for(folder: Path) -> Account:
    """The account for a database folder: its owner, or where there is none yet, a suitable one."""
    me = os.geteuid()
    if folder.exists():
        owner = folder.stat()
        if owner.st_uid == me and me != 0:
            return Account(None, None)
        if me != 0:
            raise DatabaseFolderForeign(folder=str(folder), owner=_user_name(owner.st_uid))
        return Account(owner.st_uid, owner.st_gid)
    return _unprivileged() if me == 0 else Account(None, None)


def read(folder: Path) -> Postmaster | None:
    """What the pid file says; None where there is none, or where it is not yet written to its end."""
    try:
        lines = (folder / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None
    if len(lines) < PID_FILE_LINES - 1 or not lines[4]:
        return Postmaster(pid=int(lines[0]), socket_folder="", port=PORT, ready=False) if lines else None
    ready = len(lines) >= PID_FILE_LINES and lines[7].strip() == "ready"
    return Postmaster(pid=int(lines[0]), socket_folder=lines[4], port=int(lines[3]), ready=ready)


def is_alive(found: Postmaster, folder: Path) -> bool:
    """Whether that process lives and is the server of this folder: a number may have gone to another process since."""
    try:
        process = psutil.Process(found.pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return False
        return process.name() == "postgres" and str(folder) in process.cmdline()
    except psutil.NoSuchProcess:
        return False


def disarm_stale(folder: Path) -> None:
    """Make sure that PostgreSQL does not take a zombie, or a stranger with the same number, for a running server.

    The file is kept, with a number that no process has: PostgreSQL also reads from it which shared memory to check for
    surviving processes of the old server, and that check must not be lost.
    """
    file = folder / "postmaster.pid"
    found = read(folder)
    if found is None or not psutil.pid_exists(found.pid):
        return
    assert not is_alive(found, folder)
    lines = file.read_text().splitlines(keepends=True)
    file.write_text("".join([f"{PID_NOBODY_HAS}\n", *lines[1:]]))


def _fits(folder: Path) -> bool:
    # libpq reads a comma in the host as the beginning of the next host.
    path = os.fsencode(folder / f".s.PGSQL.{PORT}")
    return len(path) <= SOCKET_PATH_BYTES_MAX and b"," not in path


def _environment() -> dict[str, str]:
    """The environment without PG*, which would be taken for settings of this server."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")}


def _unprivileged() -> Account:
    """The account `pgserver`, made if need be; `nobody` where accounts cannot be made."""
    if not _exists(SERVER_ACCOUNT) and (useradd := shutil.which("useradd")):
        subprocess.run([useradd, "--system", "--no-create-home", SERVER_ACCOUNT], check=False, capture_output=True)
    entry = pwd.getpwnam(SERVER_ACCOUNT if _exists(SERVER_ACCOUNT) else FALLBACK_ACCOUNT)
    return Account(entry.pw_uid, entry.pw_gid)


def _exists(name: str) -> bool:
    return any(entry.pw_name == name for entry in pwd.getpwall())


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
