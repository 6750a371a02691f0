"""The fields of a `db` node, and its query: every `${…}` becomes a bound parameter, and never text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from opsdesk.flows.nodes.problems import FieldProblem
from opsdesk.flows.procedure import Node
from opsdesk.flows.references import Namespace, Reference, ReferenceMalformed, parse

QUERY_CHARS_MAX = 20_000
PARAMETERS_MAX = 200
READ_MAX = 1024
ENGINES = frozenset({"postgres", "postgresql"})
_SECRET = re.compile(r"\$\{\s*secrets\.([A-Za-z0-9_-]+)\s*\}")
_MARK = re.compile(r"'|\"|--|/\*|\$(?:[^\W\d]\w*)?\$")
_ENDS = {"'": re.compile(r"'"), "e'": re.compile(r"\\.|'", re.DOTALL), '"': re.compile(r'"'), "--": re.compile(r"\n")}
_COMMENT = re.compile(r"/\*|\*/")


@dataclass(eq=False)
class QueryUnreadable(Exception):
    """The query cannot be bound."""

    problem: str

    def __str__(self) -> str:
        return self.problem


@dataclass(frozen=True, slots=True)
class Query:
    """`text` has `%s` for each of `parameters`, and `%%` for a percent sign."""

    text: str
    parameters: tuple[Reference, ...]


def db_problems(node: Node) -> Iterator[FieldProblem]:
    """Why the node cannot be run."""
    runtime = node.runtime
    if node.subtype not in (None, "query"):
        yield FieldProblem("subtype", f"a db node of subtype {str(node.subtype)[:40]} (known: query)")
        return
    if runtime.get("engine", "postgresql") not in ENGINES:
        yield FieldProblem("engine", "a db node whose engine is not postgresql")
    if connection_secret(node) is None:
        what = "a connection that is kept as a secret (security.secret_ref, or one ${secrets.<NAME>})"
        yield FieldProblem("connection", f"a db node without {what}")
    if not isinstance(runtime.get("read_only", True), bool):
        yield FieldProblem("read_only", "a db node whose read_only is neither true nor false")
    query = runtime.get("query")
    if not isinstance(query, str) or not query.strip():
        yield FieldProblem("query", "a db node without runtime.query")
        return
    try:
        read_query(query)
    except QueryUnreadable as error:
        yield FieldProblem("query", f"a db node with {error.problem}")


def connection_secret(node: Node) -> str | None:
    """The name of the secret that the connection string is kept under."""
    given = node.runtime.get("connection")
    if given is None:
        return node.security.secret_ref
    found = _SECRET.fullmatch(given.strip()) if isinstance(given, str) else None
    return found[1] if found else None


@lru_cache(maxsize=READ_MAX)
def read_query(text: str) -> Query:
    """Raises QueryUnreadable."""
    if len(text) > QUERY_CHARS_MAX:
        raise QueryUnreadable(f"a query of more than {QUERY_CHARS_MAX} characters")
    try:
        parts = parse(text)
    except ReferenceMalformed as error:
        raise QueryUnreadable(f"a query in which {error}") from None
    inside, depth = "", 0
    written, parameters = [], []
    for part in parts:
        if isinstance(part, str):
            inside, depth = _state_after(part, inside, depth)
            written.append(part.replace("%", "%%"))
            continue
        if inside:
            raise QueryUnreadable(f"a query with ${{{part.text}}} inside of quotes or a comment")
        if part.namespace is Namespace.SECRETS:
            raise QueryUnreadable(f"a query with ${{{part.text}}}, which the log of the database may show")
        written.append("%s")
        parameters.append(part)
    if len(parameters) > PARAMETERS_MAX:
        raise QueryUnreadable(f"a query of more than {PARAMETERS_MAX} parameters")
    return Query("".join(written), tuple(parameters))


def _state_after(text: str, inside: str, depth: int) -> tuple[str, int]:
    """In which quotes or comment the text ends: `inside` names their beginning. Comments nest, by `depth`."""
    at = 0
    while True:
        if not inside:
            found = _MARK.search(text, at)
            if found is None:
                return "", 0
            at, inside, depth = found.end(), found[0], 1
            before = text[max(found.start() - 2, 0) : found.start()]
            if inside == "'" and re.fullmatch(r"(?:.*\W)?[eE]", before, re.DOTALL):
                inside = "e'"
        elif inside == "/*":
            if (found := _COMMENT.search(text, at)) is None:
                return inside, depth
            at, depth = found.end(), depth + (1 if found[0] == "/*" else -1)
            inside = inside if depth else ""
        else:
            end = _ENDS.get(inside) or re.compile(re.escape(inside))
            if (found := end.search(text, at)) is None:
                return inside, depth
            at = found.end()
            inside = inside if found[0].startswith("\\") else ""
