"""Applications as the anti-fraud engine sends them, to a desk that a risk operator has configured."""

from collections.abc import Mapping
from typing import Any

from opsdesk import flows
from opsdesk.kit.db import Database
from opsdesk.review.groups import groups
from opsdesk.review.screening.types import ScreeningType
from tests.app.serving import Answer, Api
from tests.configured import OPERATOR, add_adapt, add_reference, add_type
from tests.conftest import MONDAY_TEN_IN_SHANGHAI

APPLICATION: Mapping[str, Any] = {
    "flow_no": "20260105-000017",
    "application": "cash_loan",
    "scene": "activation",
    "user_id": "U-1029",
    "request": {"customer": {"full_name": "王小明"}},
    "verifications": {"liveness_check_result": "pass"},
    "features": {"device_score": 0.3},
}
FEATURES = [{"name": "device_score", "type": "number"}]


def applied(**changes: Any) -> dict[str, Any]:
    return {**APPLICATION, **changes}


async def configure(database: Database) -> ScreeningType:
    """A type with an adapt, and a live group: below 0.1 rejected, below 0.5 looked at by a person, else passed."""
    by: dict[str, Any] = {"actor": OPERATOR, "now": MONDAY_TEN_IN_SHANGHAI}
    async with database.transaction() as conn:
        await add_reference(conn, now=MONDAY_TEN_IN_SHANGHAI)
        found = await add_type(conn, now=MONDAY_TEN_IN_SHANGHAI)
        await add_adapt(conn, found, now=MONDAY_TEN_IN_SHANGHAI)
        rules = [
            {"name": "stolen device", "when": "device_score < 0.1", "answer": "reject"},
            {
                "name": "strange device",
                "when": "device_score < 0.5",
                "answer": "verify",
                "methods": ["face"],
                "screening_type": found.type_id,
            },
        ]
        compiled: dict[str, Any] = {"compile_condition": flows.checks.condition_over}
        group = await groups.add_group(
            conn,
            application="cash_loan",
            scene="activation",
            name="devices",
            document={"features": FEATURES, "rules": rules},
            **by,
            **compiled,
        )
        await groups.apply_group(conn, group_id=group.group_id, opened_revision=1, **by, **compiled)
    return found


async def send(api: Api, key: str, **changes: Any) -> Answer:
    return await api.post("/v1/applications", applied(**changes), key=key)
