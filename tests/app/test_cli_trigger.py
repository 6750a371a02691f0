"""`opsdesk trigger`: what starts runs by itself, put in use and moved by people."""

import json

import pytest

from tests.app.shell import Shell
from tests.app.triggered import ALWAYS, NEWER, ORDERS, SECRET_NAME, SECRET_TEXT

WITH_SECRET = {f"OPSDESK_SECRET_{SECRET_NAME}": SECRET_TEXT}


@pytest.fixture
def stored(shell: Shell) -> Shell:
    shell("flow", "add", shell.file(ORDERS))
    return shell


@pytest.mark.req("FLO-306")
def test_a_trigger_is_activated_moved_paused_and_put_out_of_use(stored: Shell) -> None:
    assert [each["state"] for each in stored("trigger", "list", "--json").json["items"]] == ["inactive"] * 3
    old = stored("trigger", "activate", "orders/event", "--json").json["digest"]
    stored("flow", "add", stored.file(NEWER))
    listed = stored("trigger", "list", "--state", "active")
    assert f"{old[:12]} (not the newest)" in listed.out
    assert stored("trigger", "move", "orders/event", "--json").json["digest"] != old
    assert stored("trigger", "move", "orders/event", "--version", old[:8], "--json").json["digest"] == old
    assert "paused" in stored("trigger", "pause", "orders/event").out
    assert "not activated" in stored("trigger", "deactivate", "orders/event").out


def test_a_trigger_is_shown_with_where_its_webhook_is_sent_to(stored: Shell) -> None:
    refused = stored("trigger", "activate", "orders/webhook", "--json")
    assert (refused.code, refused.error["code"]) == (1, "TriggerUnfit")
    assert refused.error["detail"]["problems"] == ["the secret SHOP is not set"]
    shown = stored("trigger", "activate", "orders/webhook", **WITH_SECRET)
    assert "/v1/webhooks/orders" in shown.out
    assert SECRET_TEXT not in shown.out


def test_what_is_fired_by_hand_starts_a_run_or_says_why_not(stored: Shell) -> None:
    stored("trigger", "activate", "orders/event")
    fired = stored("trigger", "fire", "orders/event", "--data", '{"order": "A-1"}', "--key", "1", "--json")
    assert (fired.code, fired.json["state"]) == (0, "started")
    refused = stored("trigger", "fire", "orders/event")
    assert refused.code == 1
    assert "order: event.data.order is missing" in refused.err
    stored("flow", "add", stored.file(ALWAYS))
    stored("trigger", "move", "orders/event")
    again = stored("trigger", "retry", "orders/event", "2", "--json")
    assert (again.code, again.json["state"]) == (0, "started")
    listed = stored("trigger", "deliveries", "orders/event", "--json").json["items"]
    assert [each["state"] for each in listed] == ["started", "started"]
    assert stored("trigger", "deliveries", "orders/event", "--state", "refused").err == "0 deliveries\n"


def test_the_next_times_are_told_and_none_of_what_has_no_times(stored: Shell) -> None:
    told = stored("trigger", "next", "orders/cron", "--count", "3")
    assert (len(told.out.splitlines()), told.err) == (3, "orders/cron is inactive\n")
    assert "it has no times" in stored("trigger", "next", "orders/event").err


@pytest.mark.req("FLO-306")
def test_an_event_at_the_command_line_starts_a_run(stored: Shell) -> None:
    stored("trigger", "activate", "orders/event")
    told = stored("event", "send", "order.paid", "--data", json.dumps({"order": "A-1"}), "--json").json
    assert (len(told["started"]), told["runs"], told["refused"]) == (1, [], [])
    assert "order.paid started nothing: order" in stored("event", "send", "order.paid").err


@pytest.mark.parametrize(
    "words", [["show", "orders"], ["show", "/cron"], ["list", "--kind", "sun"], ["list", "--state", "x"]]
)
def test_what_names_no_trigger_is_misuse(stored: Shell, words: list[str]) -> None:
    assert stored("trigger", *words).code == 2


def test_a_trigger_that_is_not_there_is_refused_with_a_hint(stored: Shell) -> None:
    said = stored("trigger", "show", "orders/none")
    assert said.code == 1
    assert "Next: opsdesk trigger list" in said.err
