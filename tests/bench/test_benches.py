"""The benches that the figures come from run, say what they measured, and fail where a target is missed.

How fast anything is, is not tested: a machine may be busy.
"""

import json
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "bench"
IMPOSSIBLE = "1e9"
EASY = "1e-9"
FIELDS = {"name", "value", "unit", "limit", "ratio", "target", "ok"}

FLOWS = ["flows.py", "--rounds", "1", "--seconds", "0.2", "--flows", "5", "--settle", "0.1"]
WAITING = ["waiting.py", "--waiting", "50", "--timers", "20", "--rounds", "1", "--seconds", "0.2"]
WORKERS = ["workers.py", "--runs", "50", "--rounds", "1"]
REVIEW = ["review.py", "--tickets", "5000", "--types", "5", "--rounds", "1", "--seconds", "0.3"]
EXPIRY = ["expiry.py", "--orders", "2000", "--rounds", "1"]
POINTS = ["points.py", "--customers", "200", "--seconds", "0.3", "--rounds", "1"]
DOCUMENTS = ["documents.py", "--rounds", "1"]
BENCHES = [
    pytest.param(FLOWS, {"rate_beside_coalesced", "p50_beside_bare"}, marks=pytest.mark.req("FLO-501")),
    pytest.param(FLOWS, {"wal_fsyncs_per_run", "database_growth_per_run"}, marks=pytest.mark.req("FLO-502")),
    pytest.param(WORKERS, {"calls_two_workers", "sums_two_workers"}, marks=pytest.mark.req("FLO-503")),
    pytest.param(WAITING, {"start_rate", "wake_up"}, marks=pytest.mark.req("FLO-503")),
    pytest.param(WAITING, {"timer_late_p99"}, marks=pytest.mark.req("FLO-504")),
    pytest.param(REVIEW, {"generation", "list_all", "list_several", "take_next_p99"}),
    pytest.param(EXPIRY, {"expiry", "redemption_p99"}),
    pytest.param(POINTS, {"redeem", "redeem_together", "redeem_hot"}),
    pytest.param(DOCUMENTS, {"lint and draw all"}, marks=pytest.mark.req("FLO-505")),
]


def bench(words: list[str], *more: str) -> subprocess.CompletedProcess[str]:
    name, *options = words
    return subprocess.run(
        [sys.executable, str(FOLDER / name), *options, *more], capture_output=True, text=True, check=False, timeout=240
    )


@pytest.mark.parametrize(("words", "figures"), BENCHES)
def test_a_bench_says_each_figure_beside_its_limit_and_fails_where_it_misses(
    words: list[str], figures: set[str]
) -> None:
    ran = bench(words, "--json", "--demand", IMPOSSIBLE)
    assert ran.returncode == 1, ran.stderr
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert all(line.keys() == FIELDS for line in lines)
    targets = {line["name"]: line for line in lines if line["target"] is not None}
    assert figures <= set(targets)
    missed = [targets[name] for name in figures]
    assert [line["ok"] for line in missed if line["ratio"] > 0] == [False] * sum(line["ratio"] > 0 for line in missed)


def test_a_bench_that_meets_its_targets_says_so_to_people() -> None:
    ran = bench(DOCUMENTS, "--demand", EASY)
    assert ran.returncode == 0, ran.stderr
    assert "lint and draw all" in ran.stdout
    assert "✔" in ran.stdout
    assert "✘" not in ran.stdout
