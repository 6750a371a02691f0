"""The page about public procedures can be made anew, of any folder."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITH_GAPS = """
osop_version: "1.0"
id: gaps
name: Gaps
nodes:
  - {id: ask, type: agent, name: Ask, runtime: {provider: somebody, model: m}}
  - {id: look, type: db, name: Look}
  - {id: tell, type: api, name: Tell, runtime: {url: "https://a.test/${region}", colour: red}}
edges:
  - {from: ask, to: look, when: "answer.length > 1"}
  - {from: look, to: tell, when: mood == 'good'}
  - {from: tell, to: ask, mode: fallback}
"""


def test_the_page_tells_of_each_procedure_what_it_lacks(tmp_path: Path) -> None:
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "gaps.osop").write_text(WITH_GAPS, encoding="utf-8")
    (tmp_path / "folder.osop").mkdir()
    shipped = ROOT / "procedures" / "customer-onboarding.osop.yaml"
    (tmp_path / shipped.name).write_bytes(shipped.read_bytes())
    command = [sys.executable, "bench/documents.py", "--folder", str(tmp_path), "--markdown", "--without", "hidden"]
    page = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    rows = {line.split(" | ")[0]: line for line in page.splitlines() if line.startswith("| `")}
    assert rows[f"| `{shipped.name}`"].endswith("| 6 | nothing |")
    lacks = "agent (url, prompt, outputs, provider), db (connection, query)"
    told = f"`OSOP110` colour; `OSOP123` {lacks}; `OSOP203` × 1; `OSOP302` mood; `OSOP304` × 1; `OSOP322` region"
    assert rows["| `.…/gaps.osop`"].endswith(f"| {told} |")
    assert "| walked to their ends by `opsdesk flow simulate` | 2 |" in page
