"""Every page that there is, for whom it is opened in the tests, and what its address is filled with."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID

from opsdesk import points
from opsdesk.access import Role
from opsdesk.access.people import Person
from opsdesk.benefits.disputes import Dispute
from opsdesk.kit.log import bound
from opsdesk.points.signing import AuditKey
from tests import configured
from tests.benefits.desk import disputed
from tests.benefits.settlement import settling
from tests.browser.console import KEEPER, Console

OUTSIDE = None
"""Nobody has signed in."""

PAGES: Mapping[str, str | None] = {
    "/sign-in": OUTSIDE,
    "/sign-in/code": OUTSIDE,
    "/welcome": OUTSIDE,
    "/": Role.REVIEWER,
    "/account": Role.REVIEWER,
    "/account/keys/new": Role.REVIEWER,
    "/people": Role.ADMIN,
    "/people/new": Role.ADMIN,
    "/people/{person_id}": Role.ADMIN,
    "/keys": Role.ADMIN,
    "/keys/new": Role.ADMIN,
    "/audit": Role.AUDITOR,
    "/audit/{entry_id}": Role.AUDITOR,
    "/tickets": Role.REVIEWER,
    "/tickets/{ticket_id}": Role.REVIEWER,
    "/review/{bucket}": Role.REVIEWER,
    "/tickets/{ticket_id}/amend": Role.OPERATIONS_ENGINEER,
    "/queue": Role.REVIEWER,
    "/quality": Role.COMPLIANCE_OFFICER,
    "/quality/samples/new": Role.COMPLIANCE_OFFICER,
    "/quality/samples/{sample_id}": Role.AUDITOR,
    "/quality/tickets/{sampled_id}": Role.AUDITOR,
    "/screening": Role.RISK_OPERATOR,
    "/screening/reference": Role.RISK_OPERATOR,
    "/screening/reference/fields": Role.RISK_OPERATOR,
    "/screening/reference/receivers": Role.RISK_OPERATOR,
    "/screening/import": Role.RISK_OPERATOR,
    "/screening/types/new": Role.RISK_OPERATOR,
    "/screening/types/{type_id}": Role.RISK_OPERATOR,
    "/screening/types/{type_id}/edit": Role.RISK_OPERATOR,
    "/screening/types/{type_id}/adapts": Role.RISK_OPERATOR,
    "/screening/types/{type_id}/adapts/new": Role.RISK_OPERATOR,
    "/screening/adapts/{adapt_id}": Role.RISK_OPERATOR,
    "/screening/adapts/{adapt_id}/edit": Role.RISK_OPERATOR,
    "/groups": Role.RISK_OPERATOR,
    "/groups/new": Role.RISK_OPERATOR,
    "/groups/{group_id}": Role.RISK_OPERATOR,
    "/groups/{group_id}/edit": Role.RISK_OPERATOR,
    "/groups/{group_id}/try": Role.RISK_OPERATOR,
    "/applications": Role.RISK_OPERATOR,
    "/applications/{flow_no:path}": Role.AUDITOR,
    "/benefits/orders": Role.SUPPORT_AGENT,
    "/benefits/orders/{order_id}": Role.SUPPORT_AGENT,
    "/benefits/customers": Role.REWARDS_OPERATOR,
    "/benefits/disputes": Role.REWARDS_OPERATOR,
    "/benefits/disputes/{dispute_id}": Role.REWARDS_OPERATOR,
    "/benefits/services": Role.REWARDS_OPERATOR,
    "/benefits/new-service": Role.REWARDS_OPERATOR,
    "/benefits/services/{service}": Role.REWARDS_OPERATOR,
    "/benefits/jobs": Role.AUDITOR,
    "/benefits/providers": Role.AUDITOR,
    "/benefits/new-provider": Role.REWARDS_OPERATOR,
    "/benefits/providers/{provider}": Role.REWARDS_OPERATOR,
    "/settlement": Role.REWARDS_OPERATOR,
    "/settlement/{file_name}": Role.REWARDS_OPERATOR,
    "/runs": Role.SUPPORT_AGENT,
    "/runs/{run_id}": Role.OPERATIONS_ENGINEER,
    "/runs/{run_id}/journal": Role.AUDITOR,
    "/runs/{run_id}/migration": Role.OPERATIONS_ENGINEER,
    "/runs/{run_id}/{name}": Role.OPERATIONS_ENGINEER,
    "/procedures": Role.RISK_OPERATOR,
    "/procedures/new": Role.OPERATIONS_ENGINEER,
    "/procedures/{procedure_id}": Role.OPERATIONS_ENGINEER,
    "/procedures/{procedure_id}/migration": Role.OPERATIONS_ENGINEER,
    "/procedures/{procedure_id}/start": Role.SUPPORT_AGENT,
    "/triggers": Role.OPERATIONS_ENGINEER,
    "/triggers/{procedure_id}/{trigger}": Role.OPERATIONS_ENGINEER,
    "/points": Role.REWARDS_OPERATOR,
    "/points/wallet": Role.SUPPORT_AGENT,
    "/points/grants/new": Role.REWARDS_OPERATOR,
    "/points/audits": Role.AUDITOR,
    "/points/audits/{audit_id}": Role.AUDITOR,
    "/operations": Role.OPERATIONS_ENGINEER,
    "/outages": Role.OPERATIONS_ENGINEER,
    "/outages/{outage_id}": Role.OPERATIONS_ENGINEER,
}
NOT_PAGES = {
    "/static/{digest}/{name:path}": "a file",
    "/audit/export.jsonl": "a download",
    "/benefits/orders/{order_id}/trace.puml": "a download",
    "/runs/{run_id}/live": "a part of a page",
    "/tickets/live": "a part of a page",
    "/tickets/{ticket_id}/rejection": "a part of a page",
    "/queue/live": "a part of a page",
    "/tickets/{ticket_id}/pictures": "a part of a page",
    "/tickets/{ticket_id}/pictures/{token}": "a picture",
    "/tickets/{ticket_id}/pictures/{token}/outline": "a picture",
    "/screening/types/{type_id}/export": "a download",
    "/screening/names": "a part of a page",
    "/screening/scenes": "a part of a page",
    "/needs": "a part of a page",
    "/sign-in/oidc": "leads to the identity provider",
    "/sign-in/oidc/callback": "comes from the identity provider",
}


@dataclass(frozen=True, slots=True)
class Sample:
    """What there is in an installation, one of each."""

    people: Mapping[str, Person]
    """By role; they read English."""
    chinese: Mapping[str, Person]
    """By role; they read Chinese."""
    ticket_id: UUID
    run_id: str
    outage_id: UUID
    screening_ticket_id: UUID
    dispute: Dispute
    entry_id: int = 1

    def address(self, page: str) -> str:
        asked = page.replace("{flow_no:path}", "F-sample").replace("/points/wallet", "/points/wallet?customer=C-1")
        return asked.format(
            person_id=self.people[Role.SUPPORT_AGENT].id,
            ticket_id=self.ticket_id,
            run_id=self.run_id,
            outage_id=self.outage_id,
            entry_id=self.entry_id,
            procedure_id="refund-approval",
            type_id=1,
            adapt_id=1,
            group_id=1,
            sample_id=1,
            sampled_id=1,
            audit_id=1,
            bucket="kyc",
            order_id=self.dispute.order_id,
            dispute_id=self.dispute.dispute_id,
            service="lounge",
            provider="airport",
            trigger="cron",
            name="pause",
            file_name="airport-202512.txt.gz",
        )


async def sample(there: Console) -> Sample:
    """One of each in a new installation."""
    people = {str(role): await there.person(role) for role in Role}
    chinese = {str(role): await there.person(role, language="zh-CN") for role in Role}
    with bound(request_id="sample"):
        await settling.furnish_month(there.database)
        dispute = await disputed(there.database, now=there.now(), is_furnished=True)
    async with there.writing() as conn:
        await configured.add_reference(conn, now=there.now())
        screening = await configured.add_type(conn, now=there.now(), name="人脸比对 (sample)")
        await configured.add_adapt(conn, screening, now=there.now())
        await configured.add_group(conn, screening.type_id, now=there.now())
        facts = replace(configured.FACTS, features={"device_score": 0.3})
        await configured.take_application(conn, now=there.now(), flow_no="F-sample", facts=facts)
        screening_ticket_id = await configured.add_ticket(conn, screening, now=there.now(), flow_no="F-sample")
        await configured.add_sample(conn, screening, now=there.now())
        await points.ledger.grant(
            conn,
            customer_id="C-1",
            points=300,
            expires_at=there.now() + timedelta(days=300),
            grant_key="sample",
            actor=KEEPER,
            now=there.now(),
        )
    with bound(request_id="sample"):
        await points.auditing.audit(there.database, full=True, key=AuditKey("11" * 32), actor=KEEPER, now=there.now())
    ticket = await there.ticket()
    outage_id = await there.outage()
    return Sample(
        people=people,
        chinese=chinese,
        ticket_id=ticket.id,
        run_id=ticket.subject,
        outage_id=outage_id,
        screening_ticket_id=screening_ticket_id,
        dispute=dispute,
    )
