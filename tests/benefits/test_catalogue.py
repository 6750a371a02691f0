"""The catalogue and the lists of customers: what is not as it has to be is named, and nothing of it is taken."""

from dataclasses import replace
from datetime import timedelta

import pytest

from opsdesk.benefits import catalogue, customers
from opsdesk.benefits.catalogue import Service
from opsdesk.benefits.customers import CustomerLine, read_csv
from opsdesk.benefits.errors import (
    CatalogueInvalid,
    CustomerListInvalid,
    CustomerListNotNewer,
    ProviderUnknown,
)
from opsdesk.kit.db import Database
from tests.benefits.making import LOUNGE, listed, put
from tests.points.moving import BANK, NOW


@pytest.mark.parametrize(
    ("field", "wrong"),
    [
        ("service", "Lounge"),
        ("name_zh", ""),
        ("name_en", "x" * 101),
        ("points", 0),
        ("settle_fen", -1),
        ("stock", -1),
        ("quota", 0),
    ],
)
async def test_a_service_that_is_not_well_formed_is_refused_by_its_field(
    bank: Database, field: str, wrong: object
) -> None:
    async with bank.transaction() as conn:
        with pytest.raises(CatalogueInvalid) as refused:
            await put(conn, replace(LOUNGE, **{field: wrong}))  # type: ignore[arg-type]  # wrong on purpose
    assert refused.value.field == field


async def test_a_service_stays_with_its_provider_who_has_to_be_there(bank: Database) -> None:
    async with bank.transaction() as conn:
        with pytest.raises(CatalogueInvalid):
            await put(conn, replace(LOUNGE, provider="clinic"))
        with pytest.raises(ProviderUnknown):
            await put(conn, replace(LOUNGE, service="new", provider="nobody"))


async def test_services_are_listed_page_by_page_and_without_those_that_cannot_be_had(bank: Database) -> None:
    async with bank.transaction() as conn:
        await put(conn, Service("spa", "clinic", "水疗", "Spa", points=1, settle_fen=1, stock=0))
        first = await catalogue.list_services(conn, limit=2)
        rest = await catalogue.list_services(conn, limit=2, after=first[-1].service)
        assert [each.service for each in [*first, *rest]] == ["dental", "lounge", "spa"]
        offered = await catalogue.list_services(conn, limit=9, open_only=True)
        assert [each.service for each in offered] == ["dental", "lounge"]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("customer_id,name\n", 1),
        ("customer_id,name,mobile,aum_fen\nC-1,王,138,1\nC-2,李,139\n", 3),
        ("customer_id,name,mobile,aum_fen\nC-1,王,138,-5\n", 2),
        ("customer_id,name,mobile,aum_fen\n,王,138,5\n", 2),
        ("customer_id,name,mobile,aum_fen\nC-1,王\t,138,5\n", 2),
        ('customer_id,name,mobile,aum_fen\n"C-1,王,138,5\n', 2),
    ],
)
def test_a_line_of_the_list_that_is_wrong_is_named(text: str, line: int) -> None:
    with pytest.raises(CustomerListInvalid) as refused:
        list(read_csv(text.splitlines(keepends=True)))
    assert refused.value.line == line


async def test_a_list_is_taken_wholly_or_not_at_all(bank: Database) -> None:
    tomorrow = NOW.date() + timedelta(days=1)
    twice = [CustomerLine("C-9", "王", "138", 1)] * 2
    with pytest.raises(CustomerListInvalid):
        async with bank.transaction() as conn:
            await customers.load_list(conn, tomorrow, twice, actor=BANK, now=NOW + timedelta(days=1))
    async with bank.transaction() as conn:
        assert await customers.newest_list(conn) == NOW.date()
        assert await listed(conn, {"C-9": 5}, day=tomorrow, now=NOW + timedelta(days=1)) == 1


async def test_a_list_is_of_a_day_that_has_come_and_that_no_newer_one_is_there_of(bank: Database) -> None:
    async with bank.transaction() as conn:
        with pytest.raises(CustomerListNotNewer):
            await listed(conn, {"C-1": 1}, day=NOW.date())
        with pytest.raises(CustomerListInvalid):
            await listed(conn, {"C-1": 1}, day=NOW.date() + timedelta(days=1))
