"""What the demo configures of the review desk, as a risk operator would: once, and by the functions that pages call."""

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from opsdesk import access, flows, review
from opsdesk.app.wiring import Opsdesk
from opsdesk.kit.db import Connection

FILE = Path(__file__).with_suffix(".yaml")
MESSAGE = "loan.v1.ApplyRequest"


async def configure_desk(opsdesk: Opsdesk, *, proto: Mapping[str, str]) -> None:
    """Put the reference data, and add the types, adapts and groups that are not there; what people changed stays.

    `proto`: the files of the message that applications come as, by name.
    """
    configured = _configured()
    async with opsdesk.database.transaction() as conn:
        by: dict[str, Any] = {"actor": access.local_actor(["risk_operator"]), "now": opsdesk.clock.now()}
        await _put_reference(conn, configured, proto=proto, **by)
        for each in configured["types"]:
            if await review.screening.types.find_type(conn, name=each["name"]) is None:
                await _add_type(conn, each, **by)
        for each in configured["groups"]:
            await _add_group(conn, each, **by)


def _configured() -> Mapping[str, Any]:
    found: Mapping[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


async def _put_reference(
    conn: Connection, configured: Mapping[str, Any], *, proto: Mapping[str, str], actor: access.Actor, now: datetime
) -> None:
    entries, fields = review.reference.entries, review.reference.fields
    by: dict[str, Any] = {"actor": actor, "now": now}
    for application, name in configured["applications"].items():
        await entries.put_application(conn, application=application, name=name, **by)
    for each in configured["scenes"]:
        at = {"application": each["application"], "scene": each["scene"]}
        await entries.put_scene(conn, **at, name=each["name"], bucket=each["bucket"], **by)
        if each["fields"] == "proto":
            await fields.import_proto(conn, **at, files=proto, message=MESSAGE, **by)
        else:
            listed = [review.reference.proto_fields.PbField(path, kind) for path, kind in each["fields"].items()]
            await fields.import_list(conn, **at, fields=listed, **by)
    for each in configured["methods"]:
        await entries.put_method(conn, **each, with_screening=True, **by)
    for application, url in configured["receivers"].items():
        await review.applications.receivers.put_receiver(conn, application=application, url=url, **by)
    for code, text in configured["codes"].items():
        await entries.put_reject_code(conn, code=code, category="anti-fraud", description=text, is_active=True, **by)


async def _add_type(conn: Connection, each: Mapping[str, Any], *, actor: access.Actor, now: datetime) -> None:
    """A type with its adapt."""
    screening = review.screening
    keys: Mapping[str, list[list[str]]] = each["modules"]
    document = {
        "modules": [
            {"code": code, "keys": [{"name": name, "display": display} for name, display, _, _ in rows]}
            for code, rows in keys.items()
        ],
        "rejection": {
            "choice": "multiple",
            "with_code": "Y",
            "code_return": "multiple",
            "with_priority": "Y",
            "with_label": "Y",
            "reasons": [
                {"label": label, "detail": detail, "code": code, "priority": priority}
                for label, detail, code, priority in each["reasons"]
            ],
        },
    }
    added = await screening.types.add_type(
        conn, name=each["name"], description=each["description"], document=document, actor=actor, now=now
    )
    rows = [row for rows in keys.values() for row in rows]
    mapped = {
        key.id: {"source": source, "value": value}
        for key, (_, _, source, value) in zip(added.document.every_key, rows, strict=True)
    }
    await screening.adapts.add_adapt(
        conn,
        type_id=added.type_id,
        application=each["application"],
        scene=each["scene"],
        document={"methods": each["methods"], "mapped": mapped},
        actor=actor,
        now=now,
    )


async def _add_group(conn: Connection, each: Mapping[str, Any], *, actor: access.Actor, now: datetime) -> None:
    """A group that is live, unless there is one of this name."""
    groups = review.groups.groups
    rules = []
    for rule in each["rules"]:
        named = {name: value for name, value in rule.items() if name != "type"}
        if "type" in rule:
            named["screening_type"] = await review.screening.types.find_type(conn, name=rule["type"])
        rules.append(named)
    features = [{"name": name, "type": kind} for name, kind in each["features"].items()]
    by: dict[str, Any] = {"actor": actor, "now": now, "compile_condition": flows.checks.condition_over}
    at = {"application": each["application"], "scene": each["scene"], "name": each["name"]}
    try:
        added = await groups.add_group(conn, **at, document={"features": features, "rules": rules}, **by)
    except review.groups.errors.GroupExists:
        return
    await groups.apply_group(conn, group_id=added.group_id, opened_revision=1, **by)
