"""What it takes to check and draw as many procedures as are public: 129 of them, of their mix of nodes and edges.

The documents are made by code, from a census of the public ones: how many nodes and edges of which kind they have, how
conditions are written, how long texts are. Each is loaded, linted and drawn, in one process and one thread.

    .venv/bin/python bench/documents.py [--rounds 3] [--folder DIR] [--json] [--markdown [--without WORD]]

With `--folder`, the procedures in a folder are taken instead, and what is said about each is printed; with
`--markdown`, as the page docs/explain/public-examples.md, for which they are simulated too.
"""

import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import figures
from documents_table import example, page
from figures import line
from opsdesk.flows.document import SUFFIXES, executable, load
from opsdesk.flows.draw import svg
from opsdesk.flows.findings import Severity
from opsdesk.flows.lint import lint

DOCUMENTS = 129
SECONDS_MAX = 3.0
NODES = {"cli": 247, "api": 225, "agent": 140, "human": 115, "db": 14, "mcp": 10, "git": 6, "data": 4}
EDGES = {"sequential": 411, "conditional": 98, "parallel": 81, "fallback": 59, "loop": 17, "error": 11}
SEED = 1


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    text: bytes


@dataclass(frozen=True, slots=True)
class Seen:
    """What was said about one document."""

    name: str
    nodes: int
    codes: Counter[str]
    errors: int
    lacks: Sequence[str]
    """What keeps it from being run, by code."""
    drawn_bytes: int
    seconds: float


def documents() -> list[Document]:
    """129 documents with the nodes and edges of the census dealt out to them at random, the same every time."""
    chance = random.Random(SEED)
    kinds = [kind for kind, count in NODES.items() for _ in range(count)]
    modes = [mode for mode, count in EDGES.items() for _ in range(count)]
    chance.shuffle(kinds)
    chance.shuffle(modes)
    sizes = [len(kinds) // DOCUMENTS] * DOCUMENTS
    for place in range(len(kinds) - sum(sizes)):
        sizes[place] += 1
    for _ in range(DOCUMENTS * 2):
        one, other = chance.randrange(DOCUMENTS), chance.randrange(DOCUMENTS)
        if sizes[one] > 3 and one != other and sizes[other] < 20:
            sizes[one], sizes[other] = sizes[one] - 1, sizes[other] + 1
    made = []
    for number, size in enumerate(sizes):
        own, kinds = kinds[:size], kinds[size:]
        text = "\n".join(_document(number, own, modes, chance)) + "\n"
        made.append(Document(f"procedure-{number:03}.osop.yaml", text.encode()))
    return made


def _document(number: int, kinds: Sequence[str], modes: list[str], chance: random.Random) -> Iterator[str]:
    yield 'osop_version: "1.0"'
    yield f"id: procedure-{number:03}"
    yield f"name: Procedure {number:03} of the measurement"
    yield "nodes:"
    for place, kind in enumerate(kinds):
        yield f"  - id: step_{place}"
        yield f"    type: {kind}"
        yield f"    purpose: Do what step {place} of the procedure is there for, and tell what came of it"
        yield from _runtime(kind, place)
        yield f"    inputs: [result_{place - 1}]" if place else "    inputs: [request]"
        yield f"    outputs: [result_{place}, passed_{place}]"
        yield f"    timeout_sec: {30 * (place + 1)}"
        if kind != "human":
            yield "    retry_policy: {max_retries: 2, backoff_sec: 10}"
    yield "edges:"
    for place in range(1, len(kinds)):
        mode = modes.pop() if modes else "sequential"
        source = place - 1 if mode != "parallel" else max(place - 2, 0)
        yield f"  - from: step_{source}"
        yield f"    to: step_{place if mode != 'loop' else source}"
        yield f"    mode: {mode}"
        if mode in ("conditional", "loop"):
            yield f"    condition: passed_{source} == true && result_{source} > {chance.randrange(100)}"
        if mode == "loop":
            yield f"  - {{from: step_{source}, to: step_{place}}}"


def _runtime(kind: str, place: int) -> Iterator[str]:
    before = f"result_{place - 1}" if place else "request"
    match kind:
        case "cli":
            yield f'    runtime: {{command: "tool step-{place} --input ${{{before}}} --format json"}}'
        case "api":
            yield f"    runtime: {{method: POST, url: 'https://partner-{place}.example.com', endpoint: /v1/steps}}"
        case "agent":
            yield "    runtime: {provider: openai, model: some-model, temperature: 0}"
        case "human":
            yield "    role: reviewer"
        case "db":
            yield "    runtime: {engine: postgres, connection: '${secrets.DATABASE_URL}', query: SELECT 1}"
        case _:
            yield "    runtime: {}"


def procedures_of(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.name.endswith(SUFFIXES))


def folder_of(folder: Path) -> list[Document]:
    return [Document(str(path.relative_to(folder)), path.read_bytes()) for path in procedures_of(folder)]


def seen(document: Document) -> Seen:
    """Load, lint and draw one document."""
    begin = time.perf_counter()
    loaded = load(document.text, name=document.name)
    findings = lint(loaded.procedure, loaded.findings)
    drawn = svg(loaded.procedure) if loaded.procedure is not None else ""
    seconds = time.perf_counter() - begin
    errors = [finding for finding in findings if finding.severity is Severity.ERROR]
    lacking = {str(finding.code) for finding in errors}
    if loaded.procedure is not None:
        lacking |= {str(finding.code) for finding in executable(loaded.procedure)}
    return Seen(
        name=document.name,
        nodes=len(loaded.procedure.nodes) if loaded.procedure is not None else 0,
        codes=Counter(str(finding.code) for finding in findings),
        errors=len(errors),
        lacks=sorted(lacking),
        drawn_bytes=len(drawn),
        seconds=seconds,
    )


def tell(found: Sequence[Seen]) -> None:
    """A table of what each document lacks."""
    for each in found:
        codes = ", ".join(f"{code}×{count}" for code, count in sorted(each.codes.items()))
        lacks = ", ".join(each.lacks) or "nothing"
        print(f"{each.name}: {each.nodes} nodes; lacks {lacks}; {codes}; {each.seconds * 1000:.0f} ms")


def main() -> int:
    asked = figures.arguments(__doc__)
    asked.add_argument("--rounds", type=int, default=3, help="how often, of which the median counts")
    asked.add_argument("--folder", type=Path, help="procedures to take instead of those that are made")
    asked.add_argument("--without", action="append", default=[], help="a word that the page shows as …")
    asked.add_argument("--markdown", action="store_true", help="the page about a folder, and nothing else")
    given = asked.parse_args()
    if given.markdown:
        if given.folder is None:
            asked.error("--markdown is about a --folder")
        collections = sorted(path for path in given.folder.rglob("*.sop") if path.is_file())
        examples = [example(path, given.folder) for path in procedures_of(given.folder)]
        print(page(examples, collections, given.folder, given.without), end="")
        return 0
    taken = folder_of(given.folder) if given.folder else documents()
    rounds = []
    found: list[Seen] = []
    for _ in range(given.rounds):
        begin = time.perf_counter()
        found = [seen(document) for document in taken]
        rounds.append(time.perf_counter() - begin)
    if given.folder:
        tell(found)
    all_s = median(rounds)
    lines = [
        line("documents", len(taken), "documents"),
        line("drawn", sum(bool(each.drawn_bytes) for each in found), "documents"),
        line("slowest document", max((each.seconds for each in found), default=0) * 1000, "ms"),
        line("lint and draw all", all_s, "s", limit=SECONDS_MAX, at_most=1.0),
    ]
    return figures.tell(lines, given)


if __name__ == "__main__":
    sys.exit(main())
