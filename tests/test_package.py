"""The wheel: what is in it, and that it works where nothing of the repository is."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
UV = Path(sys.executable).with_name("uv")
FOLDERS = {"src/opsdesk": "opsdesk", "migrations": "opsdesk/migrations", "procedures": "opsdesk/procedures"}
SHIPPED = {".proto", ".py", ".sql", ".css", ".js", ".svg", ".html", ".po", ".yaml", ".typed"}
FROM_NPM = {"opsdesk/app/console/static/vendor/htmx.min.js"}
TIMEOUT_S = 100
SMOKE = """
import opsdesk
from opsdesk.app.http import http_api
from opsdesk.flows import draw
from opsdesk.kit.migrate import migrations_folder
from opsdesk.sandbox import server
print(opsdesk.__file__)
print(server.COMMANDS_DIR / "provision_account.py")
print(*(file for file in migrations_folder().iterdir()), sep="\\n")
"""


def run(program: Sequence[str | Path], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a program as in a place of its own: no settings, no paths of ours."""
    environment: Mapping[str, str] = {
        name: value for name, value in os.environ.items() if not name.startswith(("OPSDESK_", "PYTHON", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        program, cwd=folder, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    # From what the registry gave before, where that is still there: the tests ask it for nothing else.
    for options in (["--offline"], []):
        built = run([UV, "build", "--wheel", "--quiet", *options, "--out-dir", folder, ROOT], folder)
        if built.returncode == 0:
            return next(folder.glob("*.whl"))
    pytest.skip(f"the wheel cannot be built here: {built.stderr[-500:]}")


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of a fresh environment with the wheel, and with our libraries but not with our source."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    made = run([UV, "venv", "--quiet", "--offline", "--python", sys.executable, folder], folder.parent)
    assert made.returncode == 0, made.stderr
    python = folder / "bin" / "python"
    put = run([UV, "pip", "install", "--quiet", "--offline", "--no-deps", "--python", python, wheel], folder.parent)
    assert put.returncode == 0, put.stderr
    (packages,) = folder.glob("lib/python*/site-packages")
    # A path in a .pth file adds the libraries; the .pth files among these, and so our source, are not followed.
    libraries = [sysconfig.get_path("purelib"), str(ROOT / "partner-sdk" / "src")]
    (packages / "libraries.pth").write_text("".join(f"{path}\n" for path in libraries), encoding="utf-8")
    return python


def source_files() -> set[str]:
    """What Git has of the folders that are shipped, by its place in the wheel; without Git, what lies there."""
    listed = run(["git", "ls-files", "--cached", "--others", "--exclude-standard", *FOLDERS], ROOT)
    if listed.returncode == 0:
        files = [ROOT / line for line in listed.stdout.splitlines()]
    else:
        files = [file for folder in FOLDERS for file in (ROOT / folder).rglob("*")]
    return {
        f"{FOLDERS[folder]}/{file.relative_to(ROOT / folder).as_posix()}"
        for folder in FOLDERS
        for file in files
        if file.is_relative_to(ROOT / folder) and file.is_file() and not {"__pycache__", "vendor"} & {*file.parts}
    }


def test_the_wheel_holds_every_file_of_the_product_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if not name.endswith("/")}
    about = f"opsdesk-{version('opsdesk')}.dist-info/"
    held = {name for name in names if not name.startswith(about)}
    assert held == source_files() | FROM_NPM
    assert {Path(name).suffix for name in held} <= SHIPPED
    assert {"METADATA", "entry_points.txt", "licenses/LICENSE"} <= {name.removeprefix(about) for name in names - held}


@pytest.mark.parametrize(
    "needed",
    [
        "opsdesk/py.typed",
        "opsdesk/flows/draw.css",
        "opsdesk/flows/writer.sql",
        "opsdesk/app/console/templates/base.html",
        "opsdesk/app/console/static/console.css",
        "opsdesk/app/console/locale/zh-CN/frame.po",
        "opsdesk/migrations/0001_flows.sql",
        "opsdesk/procedures/customer-onboarding.osop.yaml",
        "opsdesk/sandbox/commands/provision_account.py",
        "opsdesk/sandbox/commands/provision_account.sql",
    ],
)
def test_the_wheel_holds_what_no_import_would_miss(wheel: Path, needed: str) -> None:
    with zipfile.ZipFile(wheel) as archive:
        assert needed in archive.namelist()


def test_what_is_installed_finds_all_of_its_files(installed: Path, tmp_path: Path) -> None:
    done = run([installed, "-c", SMOKE], tmp_path)
    assert done.returncode == 0, done.stderr
    package, *files = map(Path, done.stdout.splitlines())
    assert package.is_relative_to(installed.parents[1])
    assert all(file.is_relative_to(package.parent) and file.is_file() for file in files)
    assert {file.name for file in (ROOT / "migrations").iterdir()} <= {file.name for file in files}


@pytest.mark.parametrize("words", [["python", "-m", "opsdesk"], ["opsdesk"]], ids=["as-a-module", "as-a-command"])
def test_what_is_installed_has_the_command(installed: Path, tmp_path: Path, words: list[str]) -> None:
    program, *more = words
    done = run([installed.with_name(program), *more, "--version"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert version("opsdesk") in done.stdout


def test_what_is_installed_checks_the_procedure_that_is_shipped(installed: Path, tmp_path: Path) -> None:
    shipped = next(installed.parents[1].glob("lib/python*/site-packages/opsdesk/procedures/*.yaml"))
    done = run([installed, "-m", "opsdesk", "flow", "lint", shipped], tmp_path)
    assert done.returncode == 0, done.stderr
    assert "can run" in done.stderr
