"""Who finds what: the way around is that of one's roles, and what is not on it is refused."""

import pytest

from opsdesk.access import Role
from tests.browser.conftest import OpenTab
from tests.browser.pages import Sample

EVERYBODY = [
    "Home",
    "Tickets",
    "kyc tickets",
    "transaction tickets",
    "Queue board",
    "screening config",
    "Strategy groups",
    "Incoming applications",
    "Runs",
    "Procedures",
    "Triggers",
]
WITH_QUALITY = [*EVERYBODY[:5], "Quality", *EVERYBODY[5:]]
BENEFITS = ["Orders", "Services", "Providers", "Points", "Settlement", "Expiry jobs", "Customer lists", "Disputes"]
NAVIGATION = {
    Role.ADMIN: [*WITH_QUALITY, *BENEFITS, "Operations", "People", "API keys", "Audit"],
    Role.OPERATIONS_ENGINEER: [*EVERYBODY, "Operations"],
    Role.RISK_OPERATOR: [*EVERYBODY, "Operations"],
    Role.REVIEWER: WITH_QUALITY,
    Role.COMPLIANCE_OFFICER: [*WITH_QUALITY, "Audit"],
    Role.REWARDS_OPERATOR: [*EVERYBODY, *BENEFITS],
    Role.SUPPORT_AGENT: [*EVERYBODY, *BENEFITS],
    Role.AUDITOR: [*WITH_QUALITY, *BENEFITS, "Operations", "People", "Audit"],
}
ADDRESSES = {"People": "/people", "API keys": "/keys", "Audit": "/audit", "Tickets": "/tickets"}


@pytest.mark.parametrize("role", Role)
async def test_a_role_sees_exactly_its_way_around(role: Role, sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people[role]) as tab:
        assert await tab.open("/") == 200
        assert await tab.texts("#navigation ul a") == NAVIGATION[role]


@pytest.mark.parametrize("role", Role)
async def test_a_role_opens_what_it_sees_and_nothing_else(role: Role, sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people[role]) as tab:
        opened = [name for name, address in ADDRESSES.items() if await tab.open(address) == 200]
        assert opened == [name for name in ADDRESSES if name in NAVIGATION[role]]


async def test_somebody_without_a_role_is_told_what_they_lack(sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people[Role.SUPPORT_AGENT]) as tab:
        assert await tab.open("/keys/new") == 403
        await tab.shows("h1", "You may not do this")


async def test_personal_values_are_shown_to_those_who_may_see_them(sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people[Role.REVIEWER]) as tab:
        await tab.open(f"/tickets/{sample.ticket_id}")
        await tab.says("main", "customer@example.com")


async def test_personal_values_are_nowhere_in_the_page_of_others(sample: Sample, open_tab: OpenTab) -> None:
    async with open_tab(sample.people[Role.AUDITOR]) as tab:
        await tab.open(f"/tickets/{sample.ticket_id}")
        assert "customer@example.com" not in await tab.page.content()
