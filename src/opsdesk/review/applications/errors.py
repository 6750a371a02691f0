"""What is refused of an application."""

from dataclasses import dataclass

from opsdesk.kit.errors import Refused


@dataclass(eq=False)
class FlowReused(Refused):
    """Another application came under this flow number before."""

    flow_no: str
