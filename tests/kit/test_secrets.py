import subprocess
import sys
from pathlib import Path

import pytest

from opsdesk.kit.errors import Refused
from opsdesk.kit.secrets import BadSecretName, SecretMissing, Secrets
from opsdesk.kit.settings import Settings


@pytest.fixture
def secrets(tmp_path: Path) -> Secrets:
    return Secrets(Settings(secrets_dir=tmp_path))


def test_a_secret_is_read_from_its_file_without_the_line_end(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / "kyc_token").write_text("s3cret \n")
    assert secrets.get("kyc_token") == "s3cret "


def test_a_changed_file_counts_at_once(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / "kyc_token").write_text("old")
    assert secrets.get("kyc_token") == "old"
    (tmp_path / "kyc_token").write_text("new")
    assert secrets.get("kyc_token") == "new"


def test_without_a_file_the_environment_is_asked(tmp_path: Path) -> None:
    script = "from opsdesk.kit.secrets import Secrets; from opsdesk.kit.settings import Settings\n"
    script += "print(Secrets(Settings()).get('kyc-token'))"
    environment = {"OPSDESK_SECRET_KYC_TOKEN": "from outside"}
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout == "from outside\n"


@pytest.mark.parametrize("content", [None, "", "\n", b"\xff\xfe\x00", "x" * (64 * 1024 + 1)])
def test_a_missing_or_unusable_secret_is_named_with_where_it_was_sought(
    tmp_path: Path, secrets: Secrets, content: str | bytes | None
) -> None:
    if content is not None:
        (tmp_path / "kyc_token").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(SecretMissing) as caught:
        secrets.get("kyc_token")
    assert isinstance(caught.value, Refused)
    assert caught.value.name == "kyc_token"
    assert caught.value.looked_in == (str(tmp_path / "kyc_token"), "OPSDESK_SECRET_KYC_TOKEN")


@pytest.mark.parametrize("name", ["", "../passwd", "a/b", ".hidden", "a\n", "a" * 101, "a b", "密"])
def test_a_name_cannot_leave_the_folder(secrets: Secrets, name: str) -> None:
    with pytest.raises(BadSecretName):
        secrets.get(name)


def test_the_longest_allowed_name_works(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / ("a" * 100)).write_text("x")
    assert secrets.get("a" * 100) == "x"


def test_a_made_key_is_kept_for_its_owner_alone(tmp_path: Path, secrets: Secrets) -> None:
    key = secrets.get_or_create("callback_key", tmp_path / "data")
    assert len(bytes.fromhex(key)) == 32
    assert secrets.get_or_create("callback_key", tmp_path / "data") == key
    file = tmp_path / "data" / "keys" / "callback_key"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(file.parent.iterdir()) == [file]


def test_a_key_that_is_set_is_not_made(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / "callback_key").write_text("given")
    assert secrets.get_or_create("callback_key", tmp_path / "data") == "given"
    assert not (tmp_path / "data").exists()


def test_processes_that_make_a_key_at_once_agree(tmp_path: Path) -> None:
    script = "import sys; from pathlib import Path\n"
    script += "from opsdesk.kit.secrets import Secrets; from opsdesk.kit.settings import Settings\n"
    script += "sys.stdin.readline(); print(Secrets(Settings()).get_or_create('key', Path(sys.argv[1])))"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for process in started:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    keys = {process.communicate()[0] for process in started}
    assert len(keys) == 1
    assert len(keys.pop().strip()) == 64


def test_showing_the_object_shows_no_value(tmp_path: Path, secrets: Secrets) -> None:
    (tmp_path / "kyc_token").write_text("hunter2")
    secrets.get("kyc_token")
    assert "hunter2" not in repr(secrets)
    assert "hunter2" not in str(vars(secrets))
