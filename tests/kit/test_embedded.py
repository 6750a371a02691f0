"""The embedded server: real processes, killed for real."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import psutil
import psycopg
import pytest

from opsdesk.kit import postmaster
from opsdesk.kit.embedded import EmbeddedServer, EmbeddedServerFailed, EmbeddedServerOutdated, database_url
from opsdesk.kit.settings import Settings

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can run the server under another account")

USE_THE_SERVER = """
import sys
from pathlib import Path
from opsdesk.kit.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
print(server.start(), flush=True)
sys.stdin.readline()
print(server.stop(), flush=True)
"""


@dataclass
class User:
    """Another process that uses the server until it is told to leave."""

    process: subprocess.Popen[str]
    url: str

    def leave(self) -> bool:
        """Let it leave; returns whether it stopped the server."""
        stopped, _ = self.process.communicate("\n")
        return stopped.strip() == "True"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


Join = Callable[[], User]


@pytest.fixture
def data_dir(session_folder: Path) -> Iterator[Path]:
    folder = session_folder / uuid4().hex
    yield folder
    if runs(folder):
        os.kill(pid_of(folder), signal.SIGQUIT)


@pytest.fixture
def join(data_dir: Path) -> Iterator[Join]:
    users: list[User] = []

    def start() -> User:
        command = [sys.executable, "-c", USE_THE_SERVER, str(data_dir)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        users.append(User(process, process.stdout.readline().strip()))
        return users[-1]

    yield start
    for user in users:
        user.kill()


def pid_of(data_dir: Path) -> int:
    found = postmaster.read(data_dir / "postgres")
    assert found is not None
    return found.pid


def runs(data_dir: Path) -> bool:
    found = postmaster.read(data_dir / "postgres")
    return found is not None and postmaster.is_alive(found, data_dir / "postgres")


def answer(url: str) -> int:
    with psycopg.connect(url) as conn:
        row = conn.execute("SELECT 42").fetchone()
    assert row is not None
    return int(row[0])


def test_the_server_answers_while_it_is_used(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42
    assert not runs(data_dir)


def test_data_outlives_the_server(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as url, psycopg.connect(url) as conn:
        conn.execute("CREATE TABLE kept (value integer)")
    with EmbeddedServer(data_dir) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (0,)


def test_what_is_committed_is_on_the_disk(data_dir: Path) -> None:
    with EmbeddedServer(data_dir) as url, psycopg.connect(url) as conn:
        assert conn.execute("SHOW fsync").fetchone() == ("on",)
        assert conn.execute("SHOW synchronous_commit").fetchone() == ("on",)


def test_the_server_listens_on_no_network(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        listening = psutil.Process(pid_of(data_dir)).net_connections("inet")
    assert listening == []


def test_two_processes_share_one_server(data_dir: Path, join: Join) -> None:
    first, second = join(), join()
    assert first.url == second.url
    assert not first.leave()
    assert answer(second.url) == 42


def test_the_last_one_out_stops_the_server(data_dir: Path, join: Join) -> None:
    first, second = join(), join()
    first.leave()
    assert second.leave()
    assert not runs(data_dir)


def test_two_processes_may_start_at_once(data_dir: Path) -> None:
    command = [sys.executable, "-c", USE_THE_SERVER, str(data_dir)]
    both = [subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    urls = {process.stdout.readline() for process in both if process.stdout is not None}
    stopped = {process.communicate("\n")[0].strip() for process in both}
    assert len(urls) == 1
    assert stopped == {"True", "False"}


def test_a_killed_process_is_no_longer_counted(data_dir: Path, join: Join) -> None:
    first, second = join(), join()
    first.kill()
    assert answer(second.url) == 42
    assert second.leave()
    assert not runs(data_dir)


def test_a_server_that_was_left_behind_is_joined(data_dir: Path, join: Join) -> None:
    join().kill()
    left_behind = pid_of(data_dir)
    second = join()
    assert pid_of(data_dir) == left_behind
    assert second.leave()
    assert not runs(data_dir)


def test_a_killed_server_starts_again_with_its_data(data_dir: Path) -> None:
    server = EmbeddedServer(data_dir)
    with psycopg.connect(server.start()) as conn:
        conn.execute("CREATE TABLE kept (value integer)")
    os.kill(pid_of(data_dir), signal.SIGKILL)
    with EmbeddedServer(data_dir) as url, psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM kept").fetchone() == (0,)
        conn.close()
        server.stop()


@pytest.fixture
def stopped(data_dir: Path) -> Path:
    """The pid file of a server that left it behind, and the lock of its socket."""
    folder = data_dir / "postgres"
    left_behind = [folder / "postmaster.pid", folder / ".s.PGSQL.5432.lock"]
    with EmbeddedServer(data_dir):
        texts = [file.read_text() for file in left_behind]
    for file, text in zip(left_behind, texts, strict=True):
        file.write_text(text)
    return left_behind[0]


def with_pid(pid_file: Path, pid: int) -> None:
    for file in (pid_file, pid_file.with_name(".s.PGSQL.5432.lock")):
        file.write_text("\n".join([str(pid), *file.read_text().splitlines()[1:], ""]))


def under_the_servers_account(data_dir: Path, *command: str) -> subprocess.Popen[bytes]:
    """PostgreSQL only minds processes that it could send a signal to."""
    account = postmaster.account_for(data_dir / "postgres")
    return subprocess.Popen(command, user=account.user)


def test_the_number_of_a_zombie_is_no_server(data_dir: Path, stopped: Path) -> None:
    zombie = under_the_servers_account(data_dir, "true")
    os.waitid(os.P_PID, zombie.pid, os.WEXITED | os.WNOWAIT)
    assert not postmaster.lives(zombie.pid)
    with_pid(stopped, zombie.pid)
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42
    zombie.wait()


def test_the_number_of_a_stranger_is_no_server(data_dir: Path, stopped: Path) -> None:
    stranger = under_the_servers_account(data_dir, "sleep", "600")
    with_pid(stopped, stranger.pid)
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_the_number_of_nobody_is_no_server(data_dir: Path, stopped: Path) -> None:
    with_pid(stopped, postmaster.PID_NOBODY_HAS)
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42


def test_an_empty_pid_file_is_no_server(data_dir: Path, stopped: Path) -> None:
    stopped.write_text("")
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42


@pytest.mark.parametrize("name", ["d" * 120, 'a "quoted" $HOME', "one,two", "运营 空格"])
def test_the_data_folder_may_have_any_name(data_dir: Path, name: str) -> None:
    with EmbeddedServer(data_dir / name) as url:
        assert answer(url) == 42


def test_a_socket_folder_in_tmp_goes_with_the_server(data_dir: Path) -> None:
    with EmbeddedServer(data_dir / ("d" * 120)) as url:
        sockets = Path(str(psycopg.conninfo.conninfo_to_dict(url)["host"]))
        assert sockets.is_dir()
    assert not sockets.exists()


def test_a_socket_folder_of_somebody_else_is_refused(data_dir: Path, tmp_path: Path) -> None:
    account = postmaster.account_for(data_dir)
    deep = data_dir / ("d" * 120)
    taken = account.socket_folder(deep)
    taken.chmod(0o777)
    with pytest.raises(postmaster.SocketFolderUnsafe, match=taken.name):
        account.socket_folder(deep)
    taken.rmdir()


def test_a_failing_start_names_the_log_and_shows_its_end(data_dir: Path) -> None:
    broken = EmbeddedServer(data_dir, settings={"shared_buffers": "plenty"})
    with pytest.raises(EmbeddedServerFailed) as caught:
        broken.start()
    assert caught.value.log_file == str(data_dir / "postgres.log")
    assert 'invalid value for parameter "shared_buffers": "plenty"' in caught.value.last_lines


def test_a_database_of_another_version_is_refused(data_dir: Path, stopped: Path) -> None:
    version_file = stopped.with_name("PG_VERSION")
    version_file.write_text("16\n")
    with pytest.raises(EmbeddedServerOutdated, match="made_by='16'"):
        EmbeddedServer(data_dir).start()
    version_file.write_text("18\n")


def test_a_folder_that_was_half_made_is_made_anew(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir(parents=True)
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    with EmbeddedServer(data_dir) as url:
        assert answer(url) == 42


def test_the_server_never_runs_as_root(data_dir: Path) -> None:
    with EmbeddedServer(data_dir):
        assert psutil.Process(pid_of(data_dir)).uids().real != 0


@as_root
def test_root_runs_the_server_as_the_folders_owner(data_dir: Path, stopped: Path) -> None:
    nobody = 65_534
    for path in (stopped.parent, *stopped.parent.rglob("*")):
        os.chown(path, nobody, nobody)
    with EmbeddedServer(data_dir):
        assert psutil.Process(pid_of(data_dir)).uids().real == nobody


def test_nothing_is_written_to_the_terminal(data_dir: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "XDG_RUNTIME_DIR"}
    command = [sys.executable, "-W", "error", "-c", USE_THE_SERVER, str(data_dir)]
    ended = subprocess.run(command, input="\n", env=environment, capture_output=True, text=True, check=True)
    assert ended.stderr == ""


async def test_a_database_that_is_given_is_used(data_dir: Path) -> None:
    settings = Settings(database_url="postgresql://db.example/opsdesk", data_dir=data_dir)
    async with database_url(settings) as url:
        assert url == "postgresql://db.example/opsdesk"
    assert not data_dir.exists()


async def test_without_a_database_the_embedded_one_runs(data_dir: Path) -> None:
    async with database_url(Settings(database_url=None, data_dir=data_dir)) as url:
        assert answer(url) == 42
    assert not runs(data_dir)
