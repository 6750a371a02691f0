"""What the shipped procedure says it sends and gets is what the partners take and answer."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jsonschema
import pytest
import yaml

from tests.sandbox.outside import Outside

FILE = Path(__file__).parents[2] / "procedures/customer-onboarding.osop.yaml"
PROCEDURE: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
NODES: Mapping[str, Mapping[str, Any]] = {node["id"]: node for node in PROCEDURE["nodes"]}
START = {"name": "客户 通过", "email": "customer@example.com", "phone": "+86 138 0000 0000"}
CALLED = [node["id"] for node in PROCEDURE["nodes"] if node["type"] == "api" and node["id"] != "register"]


async def _call(outside: Outside, node: Mapping[str, Any], scope: Mapping[str, Any]) -> dict[str, Any]:
    """Sends the declared inputs and the constants of the body, and checks what comes against the declared outputs."""
    names = [field["name"] if isinstance(field, dict) else field for field in node["inputs"]]
    body = {name: scope[name] for name in names} | node["runtime"].get("body", {})
    host = urlsplit(node["runtime"]["url"]).hostname
    assert host is not None
    token = outside.sandbox.secrets.get(node["security"].get("secret_ref", ""), "none")
    reply = await outside.post(host, node["runtime"]["endpoint"], body, Authorization=f"Bearer {token}")
    assert reply.status in {200, 201}
    answer: dict[str, Any] = reply.json
    for output in node["outputs"]:
        jsonschema.validate(answer[output["name"]], output["schema"])
    return answer


@pytest.mark.parametrize("node", CALLED)
async def test_each_call_of_the_procedure_is_understood(outside: Outside, node: str) -> None:
    scope = {**START, **await _call(outside, NODES["register"], START), "account_id": "acc_1"}
    await _call(outside, NODES[node], scope)


async def test_each_refusal_is_told_in_words_of_its_own(outside: Outside) -> None:
    for told in (name for name in CALLED if name.startswith("tell_")):
        await _call(outside, NODES[told], {**START, "customer_id": "cus_1"})
    assert len({mail["body"] for mail in await outside.mails(email=START["email"])}) == 3


def test_every_step_has_a_name_in_both_languages_and_a_time_limit() -> None:
    assert [node["id"] for node in NODES.values() if " / " not in node["name"]] == []
    assert [node["id"] for node in NODES.values() if not {"timeout_sec", "approval_gate"} & set(node)] == []
