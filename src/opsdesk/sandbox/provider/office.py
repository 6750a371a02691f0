"""The provider's own desk: its orders, the bank's files, and the report of each."""

from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import quote

from aiohttp import web

from opsdesk.sandbox.bank.visits import guarded
from opsdesk.sandbox.provider.accounts import Account, Accounts
from opsdesk.sandbox.provider.orders import Orders
from opsdesk.sandbox.provider.rendering import form, page, table
from opsdesk.sandbox.provider.settling import Compared, Settling
from opsdesk_partner import PartnerError

STATUS = {200: "已预约", 300: "已完成", 400: "已取消"}
_Page = Callable[[web.Request, Account], Awaitable[web.Response]]


class ProviderOffice:
    def __init__(self, *, accounts: Accounts, orders: Orders, settling: Settling) -> None:
        self._accounts = accounts
        self._orders = orders
        self._settling = settling

    def routes(self) -> list[web.RouteDef]:
        base = "/provider/{provider}"
        return [
            web.get(f"{base}/orders", self._of(self._listed)),
            web.get(f"{base}/files", self._of(self._files)),
            web.post(f"{base}/files", self._of(self._compare)),
            web.get(f"{base}/reports/{{name}}", self._of(self._report)),
        ]

    def _of(self, handler: _Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
        async def handle(request: web.Request) -> web.StreamResponse:
            account = self._accounts.one(request.match_info["provider"])
            if account is None:
                raise web.HTTPNotFound
            try:
                return await handler(request, account)
            except PartnerError as error:
                body = f'<div class="card"><h1 class="no">{escape(str(error))}</h1></div>'
                return page("未完成", body, company=account.name, is_wide=True)

        return guarded(handle)

    async def _listed(self, _request: web.Request, account: Account) -> web.Response:
        rows = [
            [
                each["benefit_code"],
                account.service_name(each["service"]),
                STATUS.get(each["status"], str(each["status"])),
                each["completed_at"] or "",
                _yuan(each["settle_fen"]),
            ]
            for each in self._orders.all(account.provider)
        ]
        body = table(["权益码", "服务", "状态", "完成时间", "结算金额"], rows)
        return page("订单", f'<div class="card"><h1>订单</h1>{body}</div>', company=account.name, is_wide=True)

    async def _files(self, _request: web.Request, account: Account) -> web.Response:
        found = await self._settling.files(self._settling.visit(account))
        cards = [
            f'<div class="card"><h1>{escape(str(each["name"]))}</h1>'
            f"<p>{each['rows']} 笔,{_yuan(int(str(each['total_fen'])))} 元,{each['bytes']} 字节,"
            f"{escape(str(each['generated_at']))}</p>"
            + form(f"/provider/{account.provider}/files", "下载并核对", _chosen(each))
            + "</div>"
            for each in found
        ]
        body = "".join(cards) or '<div class="card"><h1>暂无对账文件</h1></div>'
        return page("对账文件", body, company=account.name, is_wide=True)

    async def _compare(self, request: web.Request, account: Account) -> web.Response:
        values = await request.post()
        name, month = str(values.get("name", "")), str(values.get("month", ""))
        await self._settling.compare(self._settling.visit(account), name, month=month)
        raise web.HTTPSeeOther(f"/provider/{account.provider}/reports/{quote(name, safe='')}")

    async def _report(self, request: web.Request, account: Account) -> web.Response:
        found = self._settling.report(account.provider, request.match_info["name"])
        if found is None:
            raise web.HTTPNotFound
        return page("对账结果报告", _shown(found), company=account.name, is_wide=True)


def _shown(found: Compared) -> str:
    verdict = "对账一致" if found.is_clean else "对账有差异"
    kind = "ok" if found.is_clean else "no"
    return (
        f'<div class="card"><h1 class="{kind}">{verdict}</h1><p>{escape(found.name)}</p>'
        f'<div class="scroll"><pre>{escape(found.text)}</pre></div></div>'
    )


def _chosen(file: dict[str, object]) -> dict[str, str]:
    return {"name": str(file["name"]), "month": str(file["month"]).replace("-", "")}


def _yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"
