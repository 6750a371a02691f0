"""The page of docs/explain/public-examples.md, made of what was seen of a folder of procedures. Facts only: no text of
theirs but names of fields, nodes' types and paths.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from opsdesk.flows import checks
from opsdesk.flows.document import executable, load_file
from opsdesk.flows.errors import ProcedureRefused
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint import check_file, load_collection
from opsdesk.flows.procedure import Procedure

NAMES_SHOWN = 4
OUTCOMES = ("completed", "stopped", "timed_out", "waiting", "blocked", "endless")
KINDS = {
    "OSOP110": "fields that the format does not have",
    "OSOP112": "values of another kind than the field takes",
    "OSOP118": "an edge without the condition that its mode needs",
    "OSOP122": "an edge of a mode that is not run",
    "OSOP123": "nodes that say what they are for, and not how they are done",
    "OSOP124": "schemas that are no JSON Schema",
    "OSOP203": "an edge that leads back to where a run would begin, and is no loop",
    "OSOP205": "an edge that leads back, and is no loop",
    "OSOP210": "files that are not there, or outside of the folder",
    "OSOP302": "conditions on names that nothing gives",
    "OSOP304": "another language in a condition",
    "OSOP321": "`${…}` that is no reference",
    "OSOP322": "`${…}` that nothing gives",
    "OSOP501": "a password in clear text",
    "OSOP506": "a command that is not run",
}
_INTRODUCTION = """\
# What public procedures lack to be run

The specification comes with examples (repositories `osop-spec` and `osop-examples`). They describe work well, and few
of them can be run as they are. This page says of each what it lacks, so that whoever takes one over knows what to add.
None of their text is part of this project; the page is made from copies of them, and made anew by
`python bench/documents.py --folder DIR --markdown > docs/explain/public-examples.md`.
"""
_PATHS = """\
A path ends *stopped* where no condition holds, *waiting* where an event does not come, *blocked* where a node fails and
no edge takes it up, or where a condition does not fit what it compares: a person has to mend that. Conditions that
cannot be read go both ways, and edges that lead back without being loops are walked as loops, up to two rounds.
"""
_EACH = """\
## Each of them

Paths are those that `simulate` finds, with how many of them do not end completed in brackets. The codes are explained
above. Beside `OSOP123` stand the types of nodes, with what they lack or say that is not run; beside `OSOP110`,
`OSOP302` and `OSOP322` the names that are not there; beside the others how often.
"""
_CODES = "[the reference](../reference/lint.md)"
_OF_NAMES = re.compile(r"nothing provides (?:\$\{)?([^}\s]+)")
_FAILED = re.compile(r": (\S+) is not there, because")
_FIELD = re.compile(r"has no field (\S+)")
_NODE = re.compile(r"^nodes\.[\w-]+(?:\.[\w.]+)?: (an?) (\w+) node (.*?),? cannot be run(?: yet)?$")
_AUTH = re.compile(r"^nodes\.[\w-]+\.(?:security|runtime)\.auth: (\w+) cannot")


@dataclass(frozen=True, slots=True)
class Example:
    """What was found out about one procedure."""

    path: str
    nodes: int = 0
    edges: int = 0
    outcomes: dict[str, int] | None = None
    """How many paths end how; None where it cannot be walked."""
    lacks: tuple[Finding, ...] = ()
    """What keeps it from being run."""
    types: Counter[str] = field(default_factory=Counter)
    modes: Counter[str] = field(default_factory=Counter)
    every_walk: bool = True


def example(path: Path, root: Path) -> Example:
    """Load, lint and walk one procedure."""
    name, loaded = str(path.relative_to(root)), load_file(path)
    checked = dict(check_file(str(path), load=load_file))[str(path)]
    if loaded.procedure is None:
        return Example(name, lacks=tuple(loaded.errors))
    found = [each for each in checked.findings if each.severity is Severity.ERROR]
    more = [each for each in executable(loaded.procedure) if each not in found]
    try:
        simulation = checks.simulate(checks.walkable(loaded, file_name=name))
    except ProcedureRefused:
        simulation = None
    return Example(
        name,
        len(loaded.procedure.nodes),
        len(_edges(loaded.procedure)),
        None if simulation is None else simulation.outcomes,
        (*found, *more),
        Counter(node.type.value for node in loaded.procedure.nodes.values()),
        Counter(str(edge.get("mode", "sequential")) for edge in _edges(loaded.procedure)),
        simulation is None or simulation.complete,
    )


def _edges(procedure: Procedure) -> list[dict[str, object]]:
    edges = procedure.raw.get("edges") or []
    return [edge for edge in edges if isinstance(edge, dict)]


def page(examples: Sequence[Example], collections: Sequence[Path], root: Path, without: Sequence[str] = ()) -> str:
    """The whole page, in Markdown. `without`: words of theirs that are not to be in it, and are shown as `…`."""
    parts = [*_head(examples), *_kinds(examples), *_table(examples), *_collections(collections, root), ""]
    text = "\n".join(parts)
    for word in without:
        text = text.replace(word, "…")
    return text


def _head(examples: Sequence[Example]) -> Iterator[str]:
    walked = [each for each in examples if each.outcomes is not None]
    runs = [each for each in examples if not each.lacks]
    paths = Counter[str]()
    for each in walked:
        paths.update(each.outcomes)
    told = ", ".join(f"{paths[outcome]} {outcome.replace('_', ' ')}" for outcome in OUTCOMES if paths[outcome])
    types = sum((each.types for each in examples), Counter[str]())
    modes = sum((each.modes for each in examples), Counter[str]())
    yield _INTRODUCTION
    yield "| of the examples | |"
    yield "|---|---|"
    yield f"| procedures | {len(examples)} |"
    yield f"| loaded and drawn | {sum(bool(each.nodes) for each in examples)} |"
    yield f"| walked to their ends by `opsdesk flow simulate` | {len(walked)} |"
    yield f"| paths found | {sum(paths.values())}: {told} |"
    yield f"| lack nothing to be run | {len(runs)} |"
    yield f"| nodes | {sum(types.values())}: {_counted(types)} |"
    yield f"| edges | {sum(modes.values())}: {_counted(modes)} |"
    yield ""
    yield _PATHS


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.most_common())


def _kinds(examples: Sequence[Example]) -> Iterator[str]:
    documents, findings = Counter[str](), Counter[str]()
    for each in examples:
        codes = [str(finding.code) for finding in each.lacks]
        findings.update(codes)
        documents.update(set(codes))
    yield f"## What is missing, by kind\n\nThe codes are those of {_CODES}.\n"
    yield "| what | code | procedures | places |"
    yield "|---|---|---|---|"
    for code, count in documents.most_common():
        yield f"| {KINDS.get(code, _CODES)} | `{code}` | {count} | {findings[code]} |"
    yield ""


def _table(examples: Sequence[Example]) -> Iterator[str]:
    yield _EACH
    yield "| example | nodes | edges | paths | what it lacks to be run |"
    yield "|---|---|---|---|---|"
    for each in examples:
        lacks = "; ".join(_lacks(each.lacks)) or "nothing"
        yield f"| `{each.path}` | {each.nodes} | {each.edges} | {_paths(each)} | {lacks} |"
    yield ""


def _paths(each: Example) -> str:
    if each.outcomes is None:
        return "not walked"
    count = sum(each.outcomes.values())
    otherwise = count - each.outcomes.get("completed", 0)
    more = "" if each.every_walk else "+"
    return f"{count}{more} ({otherwise})" if otherwise else f"{count}{more}"


def _lacks(findings: Iterable[Finding]) -> Iterator[str]:
    by_code: dict[str, list[Finding]] = {}
    for finding in findings:
        by_code.setdefault(str(finding.code), []).append(finding)
    for code, found in sorted(by_code.items()):
        yield f"`{code}` {_WORDS.get(code, _counted_places)(found)}"


def _counted_places(found: Sequence[Finding]) -> str:
    return f"× {len(found)}"


def _nodes(found: Sequence[Finding]) -> str:
    """By type of node: how many lack something, and what they lack together."""
    counts, lacks = Counter[str](), dict[str, dict[str, None]]()
    for finding in found:
        match, auth = _NODE.match(finding.message), _AUTH.match(finding.message)
        owner, what = (match[2], match[3]) if match else (f"auth {auth[1]}" if auth else finding.message, "")
        counts[owner] += 1
        lacks.setdefault(owner, {}).update(dict.fromkeys(_lacked(what) if what else ()))
    told = []
    for owner, count in counts.items():
        inside = f" ({', '.join(lacks[owner])})" if lacks[owner] else ""
        told.append(f"{owner}{f' × {count}' if count > 1 else ''}{inside}")
    return ", ".join(told)


def _lacked(what: str) -> Iterator[str]:
    """`without runtime.url and outputs, and whose provider is …` as `url`, `outputs`, `provider`."""
    what = re.sub(r" \([^)]*\)", "", what).replace("runtime.", "").replace("transform, schema or checks", "transform")
    for part in what.split(", and "):
        if part.startswith("without "):
            for name in re.split(r", | and ", part.removeprefix("without ")):
                yield _SHORT.get(name, name)
        else:
            yield _SHORT.get(part, re.sub(r"^that does |^of (subtype|tool|platform) ", "", part))


def _named(pattern: re.Pattern[str]) -> Callable[[Sequence[Finding]], str]:
    def told(found: Sequence[Finding]) -> str:
        matches = [pattern.search(finding.message) or _FAILED.search(finding.message) for finding in found]
        names = list(dict.fromkeys(match[1] for match in matches if match))
        shown = ", ".join(names[:NAMES_SHOWN])
        return shown + (f" and {len(names) - NAMES_SHOWN} more" if len(names) > NAMES_SHOWN else "")

    return told


_SHORT = {
    "a connection that is kept as a secret": "connection",
    "whose provider is not openai-compatible": "provider",
    "whose engine is not postgresql": "engine",
    "with a tool that has no name of its own": "tools",
    "whose URL does not begin with https:// or http://": "a whole URL",
    "that sends something else than JSON": "JSON",
    "a subtype": "subtype",
}
_WORDS: dict[str, Callable[[Sequence[Finding]], str]] = {
    "OSOP110": _named(_FIELD),
    "OSOP123": _nodes,
    "OSOP302": _named(_OF_NAMES),
    "OSOP322": _named(_OF_NAMES),
}


def _collections(paths: Sequence[Path], root: Path) -> Iterator[str]:
    if not paths:
        return
    yield "## Collections"
    yield ""
    yield "| collection | procedures it lists | what it lacks |"
    yield "|---|---|---|"
    for path in paths:
        collection = load_collection(path)
        errors = Counter(str(each.code) for each in collection.findings if each.severity is Severity.ERROR)
        lacks = (
            ", ".join(f"{KINDS.get(code, code)} × {count} (`{code}`)" for code, count in errors.items()) or "nothing"
        )
        yield f"| `{path.relative_to(root)}` | {len(collection.entries)} | {lacks} |"
