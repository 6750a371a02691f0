"""Commands typed at a prompt, and what came of them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from opsdesk.app.cli import app

LETTER = """\
osop_version: "2.0"
id: letter
name: 信件 / Letter
nodes:
  - id: write
    type: cli
    name: 书写 / Write
    runtime: {command: "printf %s '{\\"pages\\": 3}'"}
    inputs:
      - {name: email, required: true, schema: {type: string, pattern: "@"}, x-personal: true}
      - {name: copies, required: true, schema: {type: integer}}
      - {name: weight, required: false, schema: {type: number}}
      - {name: urgent, required: false, schema: {type: boolean}}
      - {name: tags, required: false, schema: {type: array}}
    outputs: [{name: pages, required: true, schema: {type: integer}}]
    timeout_sec: 20
"""
REVIEW = """\
  - id: review
    type: human
    name: 审核 / Review
    purpose: Decide whether the letter is sent
    role: editor
    inputs: [email, pages]
    outputs:
      - {name: decision, description: 决定, required: true, schema: {type: string, enum: [send, keep]}}
      - {name: stamps, required: true, schema: {type: integer}}
    approval_gate: {required_approvers: 1, timeout_min: 60}
"""
REVIEWED = LETTER + REVIEW + "edges:\n  - {from: write, to: review}\n"
BROKEN = """\
osop_version: "2.0"
id: broken
name: Broken
nodes:
  - {id: break, type: cli, name: 破 / Break, runtime: {command: "sh -c 'exit 3'"}, timeout_sec: 20}
  - {id: after, type: human, name: After, role: editor}
edges:
  - {from: break, to: after}
"""
PARTNERED = """\
osop_version: "2.0"
id: partnered
name: Partnered
nodes:
  - id: ask
    type: api
    name: Ask
    runtime: {url: "https://partner.test", endpoint: /ask, method: POST}
    outputs: [{name: score, required: true, schema: {type: number}}]
    timeout_sec: 3600
    retry_policy: {max_retries: 5, backoff_sec: 600}
  - {id: after, type: human, name: After, role: editor}
edges:
  - {from: ask, to: after}
"""
INPUTS = ("--input", "email=anna@example.com", "--input", "copies=2")


@dataclass(frozen=True, slots=True)
class Said:
    """What a command printed, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The one error body on stdout; its shape is looked at on the way."""
        assert set(self.json) == {"error"}
        assert set(self.json["error"]) == {"code", "message", "retry", "detail"}
        return self.json["error"]


@dataclass(frozen=True, slots=True)
class Shell:
    database_url: str
    folder: Path

    def __call__(self, *words: str, given: str | bytes = "", **environment: str) -> Said:
        """Run `opsdesk` with these words; `given` is its standard input."""
        variables = {
            "OPSDESK_DATABASE_URL": self.database_url,
            "OPSDESK_DATA_DIR": str(self.folder / "data"),
            "OPSDESK_COMMANDS_DIR": str(self.folder),
            **environment,
        }
        result = CliRunner().invoke(app, list(words), input=given, env=variables, prog_name="opsdesk")
        assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
        return Said(result.exit_code, result.stdout, result.stderr)

    def file(self, text: str, name: str = "a.osop.yaml") -> str:
        """Write a file; returns its name, which is relative to where commands run."""
        (self.folder / name).write_text(text, encoding="utf-8")
        return name

    def run(self, text: str, *words: str) -> Any:
        """Run a procedure until it rests; returns how it stands then."""
        return self("flow", "run", self.file(text), *words, "--json").json

    def reviewed(self) -> Any:
        """A run that waits for an editor."""
        return self.run(REVIEWED, *INPUTS)

    def ticket(self) -> str:
        """The only ticket that is open."""
        (ticket,) = self("ticket", "list", "--json").json["items"]
        return str(ticket["id"])
