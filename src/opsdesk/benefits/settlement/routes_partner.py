"""Settlement files for their own providers, who sign their requests: listed, and addresses to fetch them from."""

from fastapi import APIRouter, Request

from opsdesk.benefits.partners import guard
from opsdesk.benefits.partners.guard import SignedPartner
from opsdesk.benefits.settlement import downloads, files, issuing
from opsdesk.benefits.settlement.errors import SettlementFileUnknown
from opsdesk.benefits.settlement.manifest import read_manifest
from opsdesk.benefits.settlement.routes import FileName, after
from opsdesk.benefits.settlement.views import AddressView, ManifestView, PartnerFilePage, PartnerFileView
from opsdesk.kit.http_errors import documented
from opsdesk.kit.http_json import StrictRoute
from opsdesk.kit.http_requests import Conn, Now
from opsdesk.kit.http_shapes import Cursor, Limit
from opsdesk.kit.paging import BadCursor, BadPageSize, page_rows


def partner_routes(settlement: issuing.Settlement) -> APIRouter:
    """Every route asks for a signature, and knows of the files of no other provider."""
    routes = APIRouter(prefix="/open/v1", tags=["open platform"], route_class=StrictRoute)

    @routes.get(
        "/files", summary="List the settlement files", responses=documented(*guard.REFUSALS, BadPageSize, BadCursor)
    )
    async def list_partner_files(
        partner: SignedPartner, conn: Conn, limit: Limit = None, cursor: Cursor = None
    ) -> PartnerFilePage:
        """Those of the provider who asks."""
        page = await files.list_files(conn, size=page_rows(limit), provider=partner.provider, after=after(cursor))
        return PartnerFilePage(items=list(map(PartnerFileView.of, page.items)), next=page.next)

    @routes.get(
        "/files/{name}/manifest",
        summary="Show the manifest of a settlement file, signed by the bank",
        responses=documented(*guard.REFUSALS, SettlementFileUnknown),
    )
    async def show_partner_manifest(name: FileName, partner: SignedPartner, conn: Conn) -> ManifestView:
        """What to compare the file with that was fetched."""
        file = await files.find_file(conn, name, provider=partner.provider)
        return ManifestView(**read_manifest(file.manifest))

    @routes.post(
        "/files/{name}/downloads",
        status_code=201,
        summary="Ask for an address to fetch a settlement file from",
        responses=documented(*guard.REFUSALS, SettlementFileUnknown),
    )
    async def give_download_address(
        name: FileName, partner: SignedPartner, conn: Conn, now: Now, request: Request
    ) -> AddressView:
        """Good for a few minutes, for whoever has it: whole, or in ranges."""
        client = request.client.host if request.client else ""
        return AddressView.of(
            await downloads.give_address(
                conn, settlement, name, provider=partner.provider, actor=partner.actor, client=client, now=now
            )
        )

    return routes
