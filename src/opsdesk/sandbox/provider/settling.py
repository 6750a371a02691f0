"""A provider's month: the bank's file is fetched, compared with the provider's own orders, and a report is kept."""

import asyncio
import io
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from opsdesk.sandbox.bank.hops import Hops
from opsdesk.sandbox.bank.journey import OPEN_PLATFORM
from opsdesk.sandbox.provider.accounts import Account, Accounts
from opsdesk.sandbox.provider.acts import SERVICE_PROVIDER
from opsdesk.sandbox.provider.orders import Orders
from opsdesk.sandbox.provider.visits import Visit, visit_of
from opsdesk_partner import Report, download, reconcile


@dataclass(frozen=True, slots=True)
class Compared:
    """What came of a file."""

    name: str
    is_clean: bool
    summary: dict[str, object]
    text: str


class Settling:
    def __init__(self, *, accounts: Accounts, orders: Orders, hops: Hops) -> None:
        self._accounts = accounts
        self._orders = orders
        self._hops = hops
        self._reports: dict[tuple[str, str], Compared] = {}

    def visit(self, account: Account) -> Visit:
        """A background task of the provider, without a customer."""
        return visit_of(account, self._accounts.bank(account), {}, path=SERVICE_PROVIDER)

    async def files(self, visit: Visit) -> list[dict[str, object]]:
        """What the bank has ready. Raises PartnerError."""
        self._hops.add(visit.trace_id, SERVICE_PROVIDER, OPEN_PLATFORM, "调用服开查询文件接口")
        found = await asyncio.to_thread(visit.bank.files)
        self._hops.add_return(visit.trace_id, OPEN_PLATFORM, SERVICE_PROVIDER, "返回文件列表")
        return [
            {
                "name": each.name,
                "month": each.month,
                "generated_at": each.generated_at,
                "bytes": each.bytes,
                "rows": each.rows,
                "total_fen": each.total_fen,
            }
            for each in found
        ]

    async def compare(self, visit: Visit, name: str, *, month: str) -> Compared:
        """Fetch a file and compare it with what was performed in its month. Raises PartnerError."""
        provider, month = visit.account.provider, month.replace("-", "")
        rows = self._orders.completed(provider, month)
        self._hops.add(visit.trace_id, SERVICE_PROVIDER, OPEN_PLATFORM, "调用文件下载接口(指定文件名)")

        def work() -> tuple[dict[str, object], str, bool]:
            with TemporaryDirectory() as folder:
                path = download(visit.bank, name, Path(folder))
                with reconcile(path, rows, provider=provider, month=month) as report:
                    return report.summary(), _text(report), report.is_clean

        summary, text, is_clean = await asyncio.to_thread(work)
        self._hops.add_return(visit.trace_id, OPEN_PLATFORM, SERVICE_PROVIDER, "返回对账文件")
        for label in ("解析对账文件", "与本地订单数据核对", "生成对账结果报告"):
            self._hops.add_own(visit.trace_id, SERVICE_PROVIDER, label)
        compared = Compared(name, is_clean, summary, text)
        self._reports[provider, name] = compared
        return compared

    def report(self, provider: str, name: str) -> Compared | None:
        """What came of a file that was compared since the sandbox started."""
        return self._reports.get((provider, name))

    def reset(self) -> None:
        self._reports.clear()


def _text(report: Report) -> str:
    file = io.StringIO()
    report.write_text(file)
    return file.getvalue()
