"""How benches tell what they measured: each figure beside its limit, for people or as JSON, and whether it will do."""

import argparse
import json
from collections.abc import Sequence
from typing import Any


def arguments(description: str | None) -> argparse.ArgumentParser:
    """What every bench can be asked for: JSON, and that it be better than its targets."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one object a line")
    parser.add_argument(
        "--demand", type=float, default=1.0, help="how many times as good as the targets the figures have to be"
    )
    return parser


def line(
    name: str,
    value: float,
    unit: str,
    *,
    limit: float | None = None,
    at_least: float | None = None,
    at_most: float | None = None,
) -> dict[str, Any]:
    """One measured figure beside its limit; the target is of the ratio."""
    return {
        "name": name,
        "value": round(value, 2),
        "unit": unit,
        "limit": round(limit, 2) if limit else None,
        "ratio": round(value / limit, 3) if limit else None,
        "target": f">= {at_least}" if at_least else f"<= {at_most}" if at_most else None,
        "ok": True,
    }


def tell(lines: Sequence[dict[str, Any]], options: argparse.Namespace) -> int:
    """Print the figures; the exit code is 1 if a target is missed."""
    judged = [item | {"ok": _meets(item, options.demand)} for item in lines]
    if options.json:
        for item in judged:
            print(json.dumps(item))
    else:
        _table(judged)
    return 0 if all(item["ok"] for item in judged) else 1


def _meets(item: dict[str, Any], demand: float) -> bool:
    if item["target"] is None or item["ratio"] is None:
        return True
    than, _, target = item["target"].partition(" ")
    if than == ">=":
        return bool(item["ratio"] >= float(target) * demand)
    return bool(item["ratio"] <= float(target) / demand)


def _table(lines: Sequence[dict[str, Any]]) -> None:
    print(f"{'':28}{'value':>10} {'unit':<9}{'limit':>10}{'ratio':>8}  target")
    for item in lines:
        limit = "" if item["limit"] is None else f"{item['limit']:.2f}"
        ratio = "" if item["ratio"] is None else f"{item['ratio']:.2f}"
        verdict = "" if item["target"] is None else f"{item['target']} {'✔' if item['ok'] else '✘'}"
        print(f"{item['name']:28}{item['value']:>10.2f} {item['unit']:<9}{limit:>10}{ratio:>8}  {verdict}")
