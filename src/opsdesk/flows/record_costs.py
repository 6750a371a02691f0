"""What the OSOP log says of what models cost."""

from collections.abc import Mapping, Sequence
from typing import Any

IN_THE_SPECIFICATION = "USD"
_DIGITS = 6


def cost_of(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The cost of a run by node, the highest first; empty where nothing had a price.

    The specification counts dollars. What was paid in another currency is beside that, under `other`.
    """
    sums: dict[tuple[str, str], float] = {}
    for record in records:
        used = record.get("ai_metadata", {})
        if "cost" in used:
            key = (used["currency"], record["node_id"])
            sums[key] = sums.get(key, 0.0) + used["cost"]
    order = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    dollars = [(node, cost) for (currency, node), cost in order if currency == IN_THE_SPECIFICATION]
    others = [(currency, node, cost) for (currency, node), cost in order if currency != IN_THE_SPECIFICATION]
    cost: dict[str, Any] = {}
    if dollars:
        cost["total_usd"] = round(sum(each for _, each in dollars), _DIGITS)
        cost["breakdown"] = [{"node_id": node, "cost_usd": round(each, _DIGITS)} for node, each in dollars]
    if others:
        cost["other"] = [
            {"node_id": node, "currency": currency, "cost": round(each, _DIGITS)} for currency, node, each in others
        ]
    return cost
