"""The drawn signs: an outline and a glyph for each type of node, and a glyph for each state.

Types and states are told apart by form first; colour repeats it. Glyphs of types are drawn in a square of 24, those of
states in a square of 16.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from opsdesk.flows.procedure import NodeType
from opsdesk.flows.state import NodePhase

SLANT_PX = 13
CYLINDER_PX = 9
WAVE_PX = 9


def outline(kind: NodeType, *, width: float, height: float) -> str:
    """The outline of a node as one path from 0, 0."""
    return _OUTLINES[kind](round(width), round(height))


def _rounded(width: int, height: int, radius: int) -> str:
    arc = f"a{radius} {radius} 0 0 1"
    return (
        f"M{radius} 0H{width - radius}{arc} {radius} {radius}V{height - radius}{arc} -{radius} {radius}"
        f"H{radius}{arc} -{radius} -{radius}V{radius}{arc} {radius} -{radius}Z"
    )


def _human(width: int, height: int) -> str:
    return _rounded(width, height, min(26, height // 2))


def _agent(width: int, height: int) -> str:
    return (
        f"M{SLANT_PX} 0H{width - SLANT_PX}L{width} {height // 2}L{width - SLANT_PX} {height}H{SLANT_PX}L0 {height // 2}"
        f"Z"
    )


def _api(width: int, height: int) -> str:
    return _rounded(width, height, 9)


def _cli(width: int, height: int) -> str:
    return f"M0 0H{width}V{height}H0ZM0 6H{width}"


def _db(width: int, height: int) -> str:
    curve = f"a{width / 2} {CYLINDER_PX} 0 0"
    return (
        f"M0 {CYLINDER_PX}{curve} 1 {width} 0V{height - CYLINDER_PX}{curve} 1 -{width} 0Z"
        f"M0 {CYLINDER_PX}{curve} 0 {width} 0"
    )


def _git(width: int, height: int) -> str:
    return f"M16 0H{width}V{height - 16}L{width - 16} {height}H0V16Z"


def _docker(width: int, height: int) -> str:
    return f"M0 0H{width}V{height}H0ZM6 0V{height}M{width - 6} 0V{height}"


def _cicd(width: int, height: int) -> str:
    return f"M0 0H{width - SLANT_PX}L{width} {height // 2}L{width - SLANT_PX} {height}H0L{SLANT_PX - 3} {height // 2}Z"


def _mcp(width: int, height: int) -> str:
    first, second = height // 3, 2 * height // 3
    return (
        f"M6 0H{width}V{height}H6V{second + 7}H0V{second - 7}H6V{first + 7}H0V{first - 7}H6Z"
        f"M6 {first - 7}H12V{first + 7}H6M6 {second - 7}H12V{second + 7}H6"
    )


def _system(width: int, height: int) -> str:
    return f"M0 0H{width}V{height}H0ZM4 4H{width - 4}V{height - 4}H4Z"


def _infra(width: int, height: int) -> str:
    return (
        f"M{SLANT_PX} 0H{width - SLANT_PX}L{width} {SLANT_PX}V{height - SLANT_PX}L{width - SLANT_PX} {height}"
        f"H{SLANT_PX}L0 {height - SLANT_PX}V{SLANT_PX}Z"
    )


def _data(width: int, height: int) -> str:
    half, base = width / 2, height - WAVE_PX
    return (
        f"M0 0H{width}V{base}C{width - half / 2} {base - WAVE_PX} {half + half / 2} {base - WAVE_PX} {half} {base}"
        f"S{half / 2} {height + WAVE_PX} 0 {base}Z"
    )


_OUTLINES: Mapping[NodeType, Callable[[int, int], str]] = MappingProxyType(
    {
        NodeType.HUMAN: _human,
        NodeType.AGENT: _agent,
        NodeType.API: _api,
        NodeType.CLI: _cli,
        NodeType.DB: _db,
        NodeType.GIT: _git,
        NodeType.DOCKER: _docker,
        NodeType.CICD: _cicd,
        NodeType.MCP: _mcp,
        NodeType.SYSTEM: _system,
        NodeType.INFRA: _infra,
        NodeType.DATA: _data,
    }
)

TYPE_GLYPHS: Mapping[NodeType, str] = MappingProxyType(
    {
        NodeType.HUMAN: "M12 11.5a4.2 4.2 0 1 0 0-8.4 4.2 4.2 0 0 0 0 8.4ZM3.5 21c.8-4.6 4-7 8.5-7s7.7 2.4 8.5 7Z",
        NodeType.AGENT: "M11 3l2.2 6.3L19.5 11.5 13.2 13.7 11 20 8.8 13.7 2.5 11.5 8.8 9.3ZM19 2.5v5M16.5 5h5",
        NodeType.API: "M3 8h16M15 4l4 4-4 4M21 16H5M9 12l-4 4 4 4",
        NodeType.CLI: "M4 6l6 6-6 6M12.5 18.5H20.5",
        NodeType.DB: (
            "M4 6c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3Zv12c0 1.7 3.6 3 8 3s8-1.3 8-3V6"
            "M4 12c0 1.7 3.6 3 8 3s8-1.3 8-3"
        ),
        NodeType.GIT: (
            "M7 7.5v9M7 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM7 21.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5Z"
            "M17 10.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5ZM17 10.5c0 4-6 3.5-9.2 6.2"
        ),
        NodeType.DOCKER: "M2.5 13h6v6h-6ZM9 13h6v6H9ZM15.5 13h6v6h-6ZM5.7 6.5h6v6h-6ZM12.3 6.5h6v6h-6Z",
        NodeType.CICD: "M3 5.5l6 6.5-6 6.5M9.5 5.5l6 6.5-6 6.5M16 5.5l5.5 6.5L16 18.5",
        NodeType.MCP: "M9 2.5V8M15 2.5V8M5.5 8h13v3a6.5 6.5 0 0 1-13 0ZM12 17.5v4",
        NodeType.SYSTEM: (
            "M12 8.2a3.8 3.8 0 1 0 0 7.6 3.8 3.8 0 0 0 0-7.6ZM12 2.5v3.5M12 18v3.5M2.5 12H6M18 12h3.5"
            "M5.3 5.3l2.4 2.4M16.3 16.3l2.4 2.4M5.3 18.7l2.4-2.4M16.3 7.7l2.4-2.4"
        ),
        NodeType.INFRA: "M3.5 3.5h17v7h-17ZM3.5 13.5h17v7h-17ZM7 7h2.5M7 17h2.5M14 7h3M14 17h3",
        NodeType.DATA: "M3.5 4h17v16h-17ZM3.5 9.5h17M9.5 4v16M3.5 14.8h17",
    }
)

PHASE_GLYPHS: Mapping[NodePhase, str] = MappingProxyType(
    {
        NodePhase.PENDING: (
            "M8 2.5v1M8 12.5v1M2.5 8h1M12.5 8h1M4.1 4.1l.7.7M11.2 11.2l.7.7M4.1 11.9l.7-.7M11.2 4.8l.7-.7"
        ),
        NodePhase.ACTIVE: "M4.5 2.5v11L13.5 8Z",
        NodePhase.RETRYING: "M13 8a5 5 0 1 1-1.6-3.7M13.2 1.8v3h-3",
        NodePhase.WAITING: (
            "M3.5 1.5h9M3.5 14.5h9M4.5 1.5c0 3.5 3.5 4 3.5 6.5s-3.5 3-3.5 6.5"
            "M11.5 1.5c0 3.5-3.5 4-3.5 6.5s3.5 3 3.5 6.5"
        ),
        NodePhase.DONE: "M2 8.5l4 4L14 3.5",
        NodePhase.FAILED: "M3 3l10 10M13 3L3 13",
        NodePhase.BLOCKED: "M5.3 1.5h5.4l3.8 3.8v5.4l-3.8 3.8H5.3l-3.8-3.8V5.3ZM8 4.5v4.5M8 11v.6",
        NodePhase.SKIPPED: "M2 4l4.5 4L2 12M8 4l4.5 4L8 12M14.5 3.5v9",
    }
)

PERSON_MARK = "M6 5.8a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6ZM1.5 11c.4-2.6 2-3.8 4.5-3.8s4.1 1.2 4.5 3.8"
APPROVAL_MARK = "M1 6l2.5 2.5L8 3M6 8.5l.5.5L11.5 3.5"
SCREENING_MARK = "M1 2.5h10v7H1ZM2.8 4.5h2v2h-2ZM6.3 4.8h3M6.3 7h3"
CLOCK_MARK = "M6 1a5 5 0 1 0 0 10A5 5 0 0 0 6 1ZM6 3.2V6l2 1.4"
RETRY_MARK = "M10.3 6.5a4.4 4.4 0 1 1-1.3-3.7M10.5 1v2.5H8"
CHILDREN_MARK = "M1.5 1h4v3.5h-4ZM6.5 7.5h4V11h-4ZM3.5 4.5v4.7h3"
"""Small marks in a square of 12, before the words they stand for."""
