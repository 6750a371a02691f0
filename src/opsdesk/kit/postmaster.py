"""What is known about a PostgreSQL server from outside: its pid file, its process, the account that it runs under."""

import hashlib
import os
import pwd
import shutil
import socket
import stat
import subprocess
import tempfile
from contextlib import suppress
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

    def run(self, command: list[str], **options: Any) -> subprocess.CompletedProcess[bytes]:
        """Run a program of PostgreSQL to its end. Raises CalledProcessError."""
        if self.user is not None:
            options |= {"user": self.user, "group": self.group, "extra_groups": []}
        # From the root folder, because PostgreSQL wants to know where it is and may not be allowed to look.
        options |= {"cwd": "/", "env": _environment(), "stdin": subprocess.DEVNULL, "start_new_session": True}
        return subprocess.run(command, check=True, **options)

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

    def let_use(self, folder: Path) -> None:
        """Let the server's account read the programs, where root installed them for nobody but itself."""
        if self.user is None or (folder / "bin" / "postgres").stat().st_mode & stat.S_IXOTH:
            return
        for path in (folder, *folder.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            path.chmod(mode | stat.S_IROTH | (stat.S_IXOTH if mode & stat.S_IXUSR else 0))

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
        return lives(found.pid) and process.name() == "postgres" and str(folder) in process.cmdline()
    except psutil.Error:
        return False


def lives(process: int) -> bool:
    """Whether there is such a process; one that has ended and was not buried by its parent does not count."""
    try:
        return psutil.Process(process).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def answers(found: Postmaster) -> bool:
    """Whether somebody answers at the socket; a server in another container has no process that we can see."""
    with socket.socket(socket.AF_UNIX) as client:
        try:
            client.connect(f"{found.socket_folder}/.s.PGSQL.{found.port}")
        except OSError:
            return False
    return True


def disarm_stale(folder: Path, sockets: Path) -> None:
    """Make sure that PostgreSQL does not take a zombie, or a stranger with the same number, for a running server.

    The files are kept, with a number that no process has: PostgreSQL also reads from them which shared memory to check
    for surviving processes of the old server, and that check must not be lost.
    """
    _disarm(folder / "postmaster.pid")
    _disarm(sockets / f".s.PGSQL.{PORT}.lock")


def remove_socket_folder(found: Postmaster, folder: Path) -> None:
    """Remove the folder that was made for the socket, if it has one of its own."""
    if found.socket_folder != str(folder):
        with suppress(OSError):
            os.rmdir(found.socket_folder)


def _disarm(file: Path) -> None:
    if not file.exists():
        return
    lines = file.read_text().splitlines(keepends=True)
    if not lines:
        file.unlink()
    elif psutil.pid_exists(int(lines[0])):
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
    if _account(SERVER_ACCOUNT) is None and (useradd := shutil.which("useradd")):
        subprocess.run([useradd, "--system", "--no-create-home", SERVER_ACCOUNT], check=False, capture_output=True)
    account = _account(SERVER_ACCOUNT) or _account(FALLBACK_ACCOUNT)
    assert account is not None, "this machine has no account that PostgreSQL may run under"
    return account


def _account(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(entry.pw_uid, entry.pw_gid)


def _user_name(user: int) -> str:
    try:
        return pwd.getpwuid(user).pw_name
    except KeyError:
        return str(user)
