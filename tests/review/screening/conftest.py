"""A loan product with two scenes, its methods and fields, and the people who configure it."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from opsdesk.access import Actor, Scope
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Database
from opsdesk.review.reference import entries, fields
from opsdesk.review.reference.proto_fields import PbField
from tests.review.screening.samples import CODES

FIELDS = [PbField("customer.name", "string"), PbField("customer.card_url", "string")]


def operator(name: str) -> Actor:
    return Actor(
        id=f"person:{name}@example.com",
        name=name,
        roles=frozenset({"risk_operator"}),
        scopes=frozenset({Scope.SCREENING_WRITE, Scope.SCREENING_READ}),
    )


@pytest.fixture
def risk() -> Actor:
    return operator("risk")


@pytest.fixture
def other() -> Actor:
    return operator("other")


@pytest_asyncio.fixture
async def desk(db: Database, clock: ManualClock, risk: Actor) -> AsyncIterator[Database]:
    """The database with reference data in it."""
    by: dict[str, Any] = {"actor": risk, "now": clock.now()}
    async with db.transaction() as conn:
        await entries.put_application(conn, application="cash_loan", name="Cash loan", **by)
        for scene, bucket in (("activation", "kyc"), ("borrow", "transaction")):
            await entries.put_scene(conn, application="cash_loan", scene=scene, name=scene, bucket=bucket, **by)
            at: dict[str, Any] = {"application": "cash_loan", "scene": scene}
            for method, screening, kinds in (
                ("face", True, ["lc"]),
                ("full", True, ["lc", "fm"]),
                ("sms", False, []),
            ):
                await entries.put_method(
                    conn, **at, method=method, name=method, with_screening=screening, verifications=kinds, **by
                )
            await fields.import_list(conn, **at, fields=FIELDS, **by)
        for code, active in CODES.items():
            category = "system error" if code.startswith("SYS") else "anti-fraud"
            await entries.put_reject_code(conn, code=code, category=category, description=code, is_active=active, **by)
    yield db
