"""Where what runs is not what is drawn, each by a requirement that says so: one table."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from tests.stories.drawing import Arrow

Arrows = list[Arrow]


@dataclass(frozen=True, slots=True)
class Deviation:
    why: str
    apply: Callable[[Sequence[Arrow]], Arrows]


def _asks_for_a_link(arrows: Sequence[Arrow]) -> Arrows:
    """The CRM asks for a link before it draws the code of a redemption."""
    at = next(index for index, arrow in enumerate(arrows) if arrow.label == "生成二维码供客户扫描")
    flow, branch = arrows[at].flow, arrows[at].branch
    asked = Arrow(flow, branch, "CRM", "PointSystem", "call", "调用积分系统生成预约链接")
    sealed = Arrow(
        flow, branch, "PointSystem", "PointSystem", "self", "生成加密链接【权益码+服务类型AES加密】【有效期20分钟】"
    )
    answered = Arrow(flow, branch, "PointSystem", "CRM", "return", "返回加密链接")
    return [*arrows[:at], asked, sealed, answered, *arrows[at:]]


def _ends_when_given_up(arrows: Sequence[Arrow]) -> Arrows:
    at = next(index for index, arrow in enumerate(arrows) if arrow.label == "返回服务详情页")
    return list(arrows[: at + 1])


def _at_the_crm(arrows: Sequence[Arrow]) -> Arrows:
    """The manager's desk does what is drawn for mobile banking, and shows a code where that jumps."""
    found: Arrows = []
    for arrow in arrows:
        source, target = (name.replace("MobileBank", "CRM") for name in (arrow.source, arrow.target))
        moved = replace(arrow, source=source, target=target)
        if arrow.label == "跳转服务商取消页面":
            found.append(replace(moved, target="CRM", kind="self", label="将链接转成二维码图片"))
            moved = replace(moved, label="展示二维码供客户扫描")
        found.append(moved)
    return found


DEVIATIONS: Mapping[str, Deviation] = {
    "PTS-110": Deviation("a redemption brings no link, so that the CRM asks for one at once", _asks_for_a_link),
    "PTS-403": Deviation("giving up ends a refund, where the drawing goes on", _ends_when_given_up),
    "PTS-307": Deviation("the CRM cancels and refunds as mobile banking does, which alone is drawn", _at_the_crm),
}


def as_it_runs(arrows: Sequence[Arrow], *requirements: str) -> Arrows:
    """The arrows of the drawing with these deviations."""
    found = list(arrows)
    for requirement in requirements:
        found = DEVIATIONS[requirement].apply(found)
    return found
