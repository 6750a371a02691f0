"""The bank's desks at which a customer has benefits: mobile and telephone banking, and the manager's CRM.

Each has the words of the drawing for its arrows.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from opsdesk.sandbox.bank.journey import CRM, CUSTOMER, MOBILE_BANK, Journey
from opsdesk.sandbox.bank.product import Words


class Errand(StrEnum):
    """What a customer wants."""

    REDEEM = "redeem"
    BOOK = "booking"
    CANCEL = "cancellation"
    ASK_REFUND = "quote"
    REFUND = "refund"


@dataclass(frozen=True, slots=True)
class Arrows:
    """The customer's own arrow, those between the desk and the system behind it, and the one back to the customer."""

    begun: str
    words: Words
    shown: str
    own: str = ""
    """What the desk does by itself before it shows anything."""


@dataclass(frozen=True, slots=True)
class Desk:
    name: str
    """As the points system calls the channel; the addresses of its pages begin with it."""
    title: str
    participant: str
    look: str
    """The folder of its templates."""
    arrows: Mapping[Errand, Arrows]

    def journey(self, *, traceparent: str, key: str | None = None) -> Journey:
        return Journey(traceparent=traceparent, path=(CUSTOMER, self.participant), key=key)


_QUESTION = '提示"存在已过期幸福点XX,只能退还未过期幸福点YY,是否继续?"'
_REFUND = Arrows(
    "确认退还", Words("调用积分系统退还接口", "返回退还成功(退还数量)", "返回失败 {message}"), "显示退还成功 "
)
_ASK_REFUND = Words("查询订单是否有过期幸福点", "返回过期幸福点信息", "返回失败 {message}")
_CANCEL_LINK = Words("调用积分系统生成取消链接", "返回加密链接", "返回失败 {message}")

_OF_CUSTOMERS: Mapping[Errand, Arrows] = {
    Errand.REDEEM: Arrows(
        "选择权益服务发起兑换", Words("调用渠道二期转发请求", "返回结果", "返回结果 {message}"), "显示兑换成功"
    ),
    Errand.BOOK: Arrows(
        "进入权益使用页面",
        Words("调用积分系统生成服务使用链接", "返回加密链接", "返回失败 {message}"),
        "跳转服务商页面(携带加密参数)",
    ),
    Errand.CANCEL: Arrows("发起服务取消", _CANCEL_LINK, "跳转服务商取消页面"),
    Errand.ASK_REFUND: Arrows("发起服务退还申请", _ASK_REFUND, _QUESTION),
    Errand.REFUND: _REFUND,
}
_OF_MANAGERS: Mapping[Errand, Arrows] = {
    Errand.REDEEM: Arrows(
        "理财经理为客户发起兑换",
        Words("直接调用ESB总线", "返回结果", "返回结果 {message}"),
        "展示二维码",
        own="生成二维码供客户扫描",
    ),
    Errand.BOOK: Arrows(
        "理财经理为客户发起预约",
        Words("调用积分系统生成预约链接", "返回加密链接", "返回失败 {message}"),
        "展示二维码供客户扫描",
        own="将链接转成二维码图片",
    ),
    Errand.CANCEL: Arrows("发起服务取消", _CANCEL_LINK, "展示二维码供客户扫描", own="将链接转成二维码图片"),
    Errand.ASK_REFUND: Arrows("发起服务退还申请", _ASK_REFUND, _QUESTION),
    Errand.REFUND: _REFUND,
}

MOBILE = Desk("mobile", "手机银行", MOBILE_BANK, "app", _OF_CUSTOMERS)
PHONE = Desk("phone", "电话银行", MOBILE_BANK, "app", _OF_CUSTOMERS)
MANAGER = Desk("crm", "零售客户关系管理", CRM, "crm", _OF_MANAGERS)
DESKS = (MOBILE, PHONE, MANAGER)
