"""The report of a run as one HTML file: static, without scripts, without anything from elsewhere, light and dark."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from hashlib import sha256
from html import escape

from opsdesk.flows.run_report import Attempt, Entry, Report, took

STYLE = (
    ":root{color-scheme:light dark;--text:#111827;--page:#ffffff;--line:#e5e7eb}"
    "@media(prefers-color-scheme:dark){:root{--text:#e5e7eb;--page:#111827;--line:#374151}}"
    "body{margin:0 auto;padding:1.5rem;max-width:60rem;background:var(--page);color:var(--text);"
    "font:14px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}"
    "h1{font-size:1.3rem;margin:0}h2{font-size:1rem;margin:1.5rem 0 .5rem}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:.25rem 0}dt,.dim{color:#6b7280}"
    "dd{margin:0;overflow-wrap:anywhere}ol{list-style:none;margin:0;padding:0}"
    "li{border-top:1px solid var(--line);padding:.4rem 0}"
    "table{border-collapse:collapse}th,td{text-align:left;padding:.2rem 1rem .2rem 0}"
    "li li{margin-left:3rem}.name{margin:0 .75rem}.PASS{color:#22c55e}.FAIL{color:#ef4444}.WAIT{color:#eab308}"
    ".INFO{color:#3b82f6}.SKIP,.NONE{color:#6b7280}"
    "@media print{body{max-width:none}}"
)
POLICY = f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""What a browser has to allow for it, and nothing else."""
_COLOURS = {
    "COMPLETED": "PASS",
    "STOPPED": "WAIT",
    "TIMED_OUT": "FAIL",
    "CANCELLED": "FAIL",
    "RUNNING": "INFO",
    "WAITING": "WAIT",
    "PAUSED": "WAIT",
    "BLOCKED": "FAIL",
}


_COST_HEADS = ("Node", "Model", "Tokens read", "Tokens written", "Cost")


def html(report: Report) -> str:
    """The whole file."""
    title = escape(f"OSOP Report: {report.name} — {report.run}")
    parts = [
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="UTF-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1.0">',
        f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>",
        f"<header>\n<h1>{escape(report.name)}</h1>",
        _facts(_head(report)),
        f'<p class="{_COLOURS.get(report.status, "INFO")}"><strong>{escape(report.status)}</strong></p>\n</header>',
        f'<section id="summary">\n<h2>Summary</h2>\n<p>{escape(report.summary)}</p>',
        f"<p>Nodes: {escape(report.counts)}</p>",
        *([f"<p>Cost: {escape(report.cost)}</p>"] if report.cost else []),
        "</section>",
        '<section id="timeline">\n<h2>Timeline</h2>\n<ol>',
        *(part for entry in report.entries for part in _entry(entry)),
        "</ol>\n</section>",
        *_costs(report),
        f'<footer class="dim">\n{_facts(_foot(report))}\n</footer>\n</body>\n</html>\n',
    ]
    return "\n".join(parts)


def _head(report: Report) -> dict[str, str]:
    return {
        "Workflow": f"{report.procedure} {report.version}".strip(),
        "Run ID": report.run,
        "Started": report.started_at,
        "Ended": report.ended_at or "still open",
        "Duration": took(report.took_ms),
    }


def _foot(report: Report) -> dict[str, str]:
    return {
        "Runtime": "opsdesk",
        "Started by": report.started_by,
        "Definition": f"sha256:{report.digest}",
        "Generated": report.made_at,
    }


def _costs(report: Report) -> Iterator[str]:
    """What models used, where any was asked; the most expensive node first."""
    if not report.usages:
        return
    yield f'<section id="cost">\n<h2>Cost</h2>\n<p>Total: {escape(report.cost or "no prices are declared")}</p>'
    yield "<table><tr>" + "".join(f'<th scope="col">{head}</th>' for head in _COST_HEADS) + "</tr>"
    for used in report.usages:
        cells = (used.node, used.models, str(used.prompt_tokens), str(used.completion_tokens), used.cost or "–")
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"
    yield "</table>\n</section>"


def _entry(entry: Entry) -> Iterator[str]:
    """The last attempt tells how the node stands; those before it are beneath."""
    yield "<li>" + _line(entry, entry.last)
    earlier = entry.attempts[:-1]
    if earlier:
        yield "<ol>"
        yield from (f"<li>{_line(entry, attempt, inner=True)}</li>" for attempt in earlier)
        yield "</ol>"
    yield "</li>"


def _line(entry: Entry, attempt: Attempt, *, inner: bool = False) -> str:
    colour = attempt.label if attempt.label.isalpha() else "NONE"
    name = f"attempt {attempt.number}" if inner else entry.name
    told = [f'<span class="{colour}">[{attempt.status}]</span><span class="name">{escape(name)}</span>']
    if not inner:
        more = [entry.node, entry.type, f"iteration {entry.iteration}" if entry.iteration > 1 else ""]
        more.append(f"attempt {attempt.number}" if attempt.number > 1 else "")
        told.append(f'<span class="dim">{escape(" · ".join(filter(None, more)))}</span>')
    told.append(f'<span class="name">{took(attempt.took_ms)}</span>')
    facts = {"Started": attempt.started_at, "Error": attempt.error, "Reason": attempt.reason, "By": attempt.actor}
    facts |= {"Inputs": _values(attempt.inputs), "Outputs": _values(attempt.outputs)}
    return "".join(told) + _facts(facts)


def _values(values: Mapping[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in values.items())


def _facts(facts: Mapping[str, str]) -> str:
    lines = [f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.items() if value]
    return f"<dl>{''.join(lines)}</dl>" if lines else ""
