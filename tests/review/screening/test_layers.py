"""The two layers: the type says what a ticket shows and how it is rejected, its adapts where the values come from."""

from dataclasses import fields
from typing import Any

import pytest

from opsdesk.access import Actor
from opsdesk.app.console.screening_words import SOURCES as WORDS
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.model import SCREENING, Ticket
from opsdesk.review.screening import adapt_document, adapts
from opsdesk.review.screening.deciding import rejection_panel
from opsdesk.review.screening.errors import ScreeningAdaptInvalid
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.sources import SOURCES, Facts, Source
from opsdesk.review.screening.types import ScreeningType
from opsdesk.review.views_configuration import TypeLineView, TypeView
from tests.review.screening.configuring import add, add_adapt, edit
from tests.review.screening.generating import made

KNOWN = Facts(
    request={"customer": {"name": "from the request"}},
    verifications={"liveness_check_result": "from the verification"},
    features={"name_on_card": "from the feature"},
)


async def mapped(
    conn: Connection, found: ScreeningType, actor: Actor, clock: ManualClock, scene: str, source: str, value: str
) -> None:
    """An adapt to this scene, which reads the name from there."""
    name = found.document.every_key[1].id
    document = {"methods": ["face"], "mapped": {name: {"source": source, "value": value}}}
    at: dict[str, Any] = {"application": "cash_loan", "scene": scene, "actor": actor, "now": clock.now()}
    await adapts.add_adapt(conn, type_id=found.type_id, document=document, **at)


def named(ticket: Ticket, found: ScreeningType) -> Any:
    return ticket.shown["values"][found.document.every_key[1].id]


@pytest.mark.req("REV-G03")
async def test_each_adapt_of_a_type_reads_the_same_key_from_its_own_source(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await mapped(conn, found, risk, clock, "activation", "feature", "name_on_card")
        await mapped(conn, found, risk, clock, "borrow", "verify", "liveness_check_result")
        first = await made(conn, found, clock, facts=KNOWN, flow_no="F-1")
        second = await made(conn, found, clock, facts=KNOWN, flow_no="F-2", scene="borrow")
    assert (named(first, found), named(second, found)) == ("from the feature", "from the verification")
    assert first.shown["modules"] == second.shown["modules"]


async def referring(conn: Connection, column: str) -> set[str]:
    """The tables of strategy groups that have such a column."""
    rows = await conn.execute(
        b"select table_name from information_schema.columns where column_name = %(column)s and table_name ~ 'group'",
        {"column": column},
    )
    return {row[0] for row in await rows.fetchall()}


@pytest.mark.req("REV-G04")
async def test_only_the_inner_layer_has_a_status_and_is_referred_to(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        columns = {name: await referring(conn, name) for name in ("adapt_id", "type_id")}
    assert adapt.status == "active"
    assert "status" not in {field.name for field in fields(found)} | TypeView.model_fields.keys()
    assert columns == {"adapt_id": {"strategy_group_adapt"}, "type_id": set()}


@pytest.mark.req("REV-G05")
async def test_an_adapt_configures_no_rejection_and_says_so(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        adapt = await add_adapt(conn, found, risk, clock)
        own = {**adapt_document.stored(adapt.document), "rejection": {"choice": "single"}}
        with pytest.raises(ScreeningAdaptInvalid) as refused:
            await adapts.edit_adapt(
                conn, adapt_id=adapt.adapt_id, opened_version=1, document=own, actor=risk, now=clock.now()
            )
        panel = await rejection_panel(conn, type_id=found.type_id)
    assert refused.value.problems == {"rejection": ["is not known here"]}
    assert panel.rejection == found.document.rejection


@pytest.mark.req("REV-V05")
async def test_another_display_of_a_key_is_that_of_every_later_ticket(
    desk: Database, risk: Actor, clock: ManualClock
) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock)
        await mapped(conn, found, risk, clock, "activation", "feature", "name_on_card")
        before = await made(conn, found, clock, facts=KNOWN, flow_no="F-1")
        document = stored(found.document)
        document["modules"][1]["keys"][0]["display"] = "link"
        await edit(conn, found, document, actor=risk, clock=clock)
        after = await made(conn, found, clock, facts=KNOWN, flow_no="F-2")
    shown = [ticket.shown["modules"][1]["keys"][0]["display"] for ticket in (before, after)]
    assert (shown, named(after, found)) == (["text", "link"], "from the feature")
    assert [ticket.shown["base"]["adapt_version"] for ticket in (before, after)] == [1, 2]


@pytest.mark.req("REV-X01")
async def test_what_kind_of_thing_a_type_is_stays_within(desk: Database, risk: Actor, clock: ManualClock) -> None:
    async with desk.transaction() as conn:
        found = await add(conn, risk, clock, name="Face comparison")
        await add_adapt(conn, found, risk, clock)
        ticket = await made(conn, found, clock)
    assert (ticket.source, ticket.title) == (SCREENING, "Face comparison")
    assert not {"kind", "type"} & (TypeView.model_fields.keys() | TypeLineView.model_fields.keys())


@pytest.mark.req("REV-X55")
def test_every_source_is_one_entry_of_the_registry_and_has_its_words() -> None:
    assert set(SOURCES) == set(Source)
    assert set(WORDS) == {source.value for source in Source}
    known = {Source.PB: "customer.name", Source.VERIFY: "liveness_check_result", Source.FEATURE: "name_on_card"}
    read = {source: rules.read(KNOWN, known[source]) for source, rules in SOURCES.items()}
    assert list(read.values()) == ["from the request", "from the verification", "from the feature"]
