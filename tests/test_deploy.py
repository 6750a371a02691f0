"""What is deployed, as far as it can be looked at without a machine to deploy it on."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from prometheus_client import generate_latest

from opsdesk import review
from opsdesk.app.gauges import Gauges, Reading
from opsdesk.app.observation import Observation
from opsdesk.benefits.settlement.months import Calendar
from opsdesk.jobs import QueueState
from opsdesk.kit.clock import SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.settings import Settings
from script import reference

ROOT = Path(__file__).parents[1]
DEPLOY = ROOT / "deploy"
UNITS = sorted(DEPLOY.glob("*.service"))
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
SETTING = re.compile(r"\bOPSDESK_([A-Z_]*[A-Z])\b(?!<)")
METRIC = re.compile(r"\bopsdesk_[a-z_]+\b")
COMMAND = re.compile(r"(?:^|`|bin/)opsdesk ([a-z]+(?: [a-z]+)?)", re.MULTILINE)
NOT_SETTINGS = ("SECRET_", "API_KEY")


def texts() -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in [*DEPLOY.iterdir(), *GUIDES]}


def test_every_setting_that_is_named_exists() -> None:
    found = {
        f"{name}: {setting}"
        for name, text in texts().items()
        for setting in SETTING.findall(text)
        if not setting.startswith(NOT_SETTINGS)
    }
    known = {name.upper() for name in Settings.model_fields}
    assert {each for each in found if each.partition(": ")[2] not in known} == set()
    assert len(found) > 10


def test_every_command_that_is_named_exists() -> None:
    known = {name.removeprefix("opsdesk ") for name, _ in reference.commands(reference.command_line())}
    found = {words for text in texts().values() for words in COMMAND.findall(text)}
    assert {words for words in found if words not in known and words.split()[0] not in known} == set()
    assert len(found & known) > 5


async def test_every_metric_that_is_named_is_told() -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/none")
    seen, gauges = Observation(database), Gauges(database, SystemClock(), Calendar())
    gauges.reading = Reading({}, {}, 0, 0, 0, QueueState(0, 0, 0, 0), 0, 0, {}, 0, {}, {}, {}, 0, 0, 0, 0, 0)
    with seen.call("api", dict, None) as tell:
        tell("done", "")
    seen.kept("node_failed", {}, "api", dict, None)
    told = {
        line.split()[2]
        for line in (generate_latest(seen.metrics.registry) + generate_latest(gauges.registry)).decode().splitlines()
        if line.startswith("# TYPE ")
    }
    named = {metric for text in texts().values() for metric in METRIC.findall(text) if not metric.endswith("_")}
    # What is called so and is no metric: a format, and the package for partners.
    named -= {review.screening.files.FORMAT, "opsdesk_partner"}
    assert {metric for metric in named if metric.removesuffix("_count") not in told} == set()
    assert len(named) > 8


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_finds_nothing_wrong_with_a_unit(unit: Path, tmp_path: Path) -> None:
    program = Path(sys.executable).with_name("opsdesk")
    copy = tmp_path / unit.name
    copy.write_text(unit.read_text().replace("/opt/opsdesk/bin/opsdesk", str(program)))
    (tmp_path / "opsdesk.env").touch()
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy).replace("@.", "@8711.")],
        capture_output=True,
        text=True,
        check=False,
    )
    # It also looks at the machine's own units that these depend on.
    assert [line for line in checked.stderr.splitlines() if "opsdesk" in line] == []
    assert checked.returncode == 0, checked.stderr


def test_what_the_units_run_is_what_there_is() -> None:
    commands = dict(reference.commands(reference.command_line()))
    runs = [line.split("bin/")[1] for unit in UNITS for line in unit.read_text().splitlines() if "ExecStart=" in line]
    assert sorted(runs) == ["opsdesk serve", "opsdesk worker"]
    assert set(runs) <= set(commands)


def test_the_example_of_the_settings_is_read() -> None:
    lines = [line for line in (DEPLOY / "opsdesk.env").read_text().splitlines() if not line.startswith("#")]
    values = dict(line.removeprefix("OPSDESK_").split("=", 1) for line in lines)
    assert Settings.model_validate({name.lower(): value for name, value in values.items()}).log_format == "json"


def test_the_alerts_are_rules() -> None:
    (group,) = yaml.safe_load((DEPLOY / "alerts.yaml").read_text())["groups"]
    assert all(set(rule) <= {"alert", "expr", "for", "annotations"} for rule in group["rules"])
    assert len({rule["alert"] for rule in group["rules"]}) == len(group["rules"]) >= 6


def test_the_container_starts_a_command_that_there_is() -> None:
    lines = (DEPLOY / "Containerfile").read_text().splitlines()
    words = {line.split()[0]: line.partition(" ")[2] for line in lines if line.strip()}
    assert [*json.loads(words["ENTRYPOINT"]), *json.loads(words["CMD"])] == ["opsdesk", "serve"]
    copied = [shlex.split(line)[1:] for line in lines if line.startswith("COPY")]
    assert copied == [[".", "."], ["--from=build", "/opt/opsdesk", "/opt/opsdesk"]]


def test_every_key_is_in_the_guide_that_tells_how_to_change_it() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src" / "opsdesk" / "app").rglob("*.py"))
    asked = set(re.findall(r"secrets\.get(?:_or_create)?\(([A-Z_]+)", sources))
    guide = (ROOT / "docs" / "guides" / "keys.md").read_text(encoding="utf-8")
    assert {name for name in asked if f"`{name}`" not in guide} == set()
    assert len(asked) >= 8
