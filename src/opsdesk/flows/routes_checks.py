"""Stored procedures rehearsed over HTTP: nothing is started, nobody is asked, no partner is called."""

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from opsdesk import access
from opsdesk.flows import backtests, checks
from opsdesk.flows.definitions import find_version
from opsdesk.flows.errors import ProcedureNotFound, ProcedureRefused, RehearsalInvalid
from opsdesk.flows.routes_procedures import ProcedureId
from opsdesk.flows.views_checks import BacktestView, SimulationView, TestRunView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import BODY_REFUSALS, StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Body, Text, Values, text_schema

WALKS_OF_A_REQUEST_MAX = 2_000
RUNS_OF_A_REQUEST_MAX = 500

check_routes = APIRouter(prefix="/v1", tags=["procedures"], route_class=StrictRoute)

_Answers = Annotated[dict[str, Values], Field(json_schema_extra={"propertyNames": text_schema()})]
_Codes = Annotated[dict[str, Text], Field(json_schema_extra={"propertyNames": text_schema()})]


class SimulationRequest(Body):
    """What is given for a simulation; everything else is invented."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"answers": {"kyc_identity": {"kyc_score": 0.9}}, "silent": ["compliance_review"]}]
        }
    )

    inputs: Values = Field(default_factory=dict)
    """Inputs of the run by name."""
    answers: _Answers = Field(default_factory=dict)
    """By node: its outputs by name."""
    failures: _Codes = Field(default_factory=dict)
    """By node: the code with which it fails."""
    silent: list[Text] = Field(default_factory=list, max_length=500)
    """The nodes that nobody answers."""
    walks: int = Field(default=checks.WALKS_DEFAULT, ge=1, le=WALKS_OF_A_REQUEST_MAX)
    """How often to walk through the procedure at most."""


@check_routes.post(
    "/procedures/{procedure_id}/simulations",
    summary="Simulate a procedure",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, ProcedureNotFound, ProcedureRefused, RehearsalInvalid),
)
async def simulate_procedure(
    _: access.guard.ProcedureReader, procedure_id: ProcedureId, wanted: SimulationRequest, conn: Conn
) -> SimulationView:
    """Every path of the newest version, with invented answers or given ones. Nothing is started or called."""
    definition, procedure = await find_version(conn, procedure_id, None)
    given = checks.Given(wanted.inputs, wanted.answers, wanted.failures, frozenset(wanted.silent))

    def simulated() -> Any:
        program = checks.stored_program(procedure, file_name=definition.file_name)
        return checks.simulate(program, given=given, walks_max=wanted.walks)

    # In a thread: it takes longer than other requests should wait.
    return SimulationView.of(procedure_id, await asyncio.to_thread(simulated))


@check_routes.post(
    "/procedures/{procedure_id}/test-runs",
    summary="Run the tests of a procedure",
    responses=documented(*access.guard.REFUSALS, ProcedureNotFound, ProcedureRefused),
)
async def run_declared_tests(_: access.guard.ProcedureReader, procedure_id: ProcedureId, conn: Conn) -> TestRunView:
    """The tests that the newest version declares. Nothing is started or called; `e2e` tests are left out."""
    definition, procedure = await find_version(conn, procedure_id, None)

    def tested() -> Any:
        return checks.run_tests(checks.stored_program(procedure, file_name=definition.file_name))

    return TestRunView.of(procedure_id, await asyncio.to_thread(tested))


class BacktestRequest(Body):
    """Which version to try on how many runs."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"runs": 100}]})

    digest: Annotated[Text, Field(max_length=64)] | None = None
    """The digest of a version, or its beginning; null or left out: the newest."""
    runs: int = Field(default=backtests.RUNS_DEFAULT, ge=1, le=RUNS_OF_A_REQUEST_MAX)
    """How many runs to look at, the newest first."""


@check_routes.post(
    "/procedures/{procedure_id}/backtests",
    summary="Try a version on runs that have ended",
    responses=documented(*access.guard.REFUSALS, *BODY_REFUSALS, ProcedureNotFound, ProcedureRefused),
)
async def backtest_procedure(
    _: access.guard.RunReader,
    procedure_id: ProcedureId,
    wanted: BacktestRequest,
    conn: Conn,
    now: Now,
) -> BacktestView:
    """What was recorded of each run is put to the version; told are those that end otherwise, and where they part.

    Nothing is started or called, and no value of an input or an output is in the answer.
    """
    definition, procedure = await find_version(conn, procedure_id, wanted.digest)
    program = await asyncio.to_thread(checks.stored_program, procedure, file_name=definition.file_name)
    found = await backtests.backtest(conn, program, now=now, runs_max=wanted.runs)
    return BacktestView.of(procedure_id, definition.digest, found)
