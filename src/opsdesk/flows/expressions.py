"""Conditions in CEL: checked when a procedure is loaded, evaluated by the run.

An unknown name never passes the check, and a condition that cannot be decided is never false: it raises.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from cel_expr_python import cel

from opsdesk.flows import expression_tree as tree
from opsdesk.flows.expression_problems import Problem, ProblemKind, explain
from opsdesk.flows.expression_work import ROUNDS_MAX, takes_time, time_problem
from opsdesk.flows.procedure import Edge, Field, Procedure

EXPRESSION_CHARS_MAX = 2_000
NESTING_MAX = 32
"""Brackets inside brackets."""
COMPREHENSIONS_NESTED_MAX = 1
"""`all`, `exists`, `map` or `filter` inside each other; evaluation costs the length of the list to this power."""

_RESERVED = """
as break const continue else false for function if import in let loop namespace null package return true var void
while bool bytes double dyn int list map null_type string type uint
"""
RESERVED_NAMES = frozenset(_RESERVED.split())
"""Names that CEL keeps for itself: a field with such a name is seen under its qualified name only."""
EVENT_SCHEMAS: Mapping[str, Mapping[str, Any]] = {
    "event.name": {"type": "string"},
    "event.key": {"type": "string"},
    "event.data": {},
}
"""What the condition of an `event` edge sees of what has come."""
_WHOLE: Mapping[str, Any] = {"type": "integer"}
_FLAG: Mapping[str, Any] = {"type": "boolean"}
METADATA_NAMES = ("run_id", "procedure_id", "attempt")
ERROR_NAMES = ("code", "message")
"""What a condition on an error edge sees of the failure, as `error.code` and `error.message`."""

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_WORD = re.compile(r"\w+")
_KEYWORDS = frozenset({"true", "false", "null", "in"})
_HAS = re.compile(r"has\(\s*([A-Za-z_][\w.]*)\s*\)|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_LOOP = re.compile(r"(?<![\w.])(loop)\.|\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")
_OUR_LOOP = re.compile(rf"\b{tree.LOOP}\b")
_OVERLOAD = re.compile(r"No matching overloads found : (\S+?)\(([\w, <>()]*)\)")
_NO_VALUE = re.compile(r'No value with name "([^"]*)"')


@dataclass(eq=False)
class ConditionInvalid(Exception):
    """The condition is not a valid CEL expression over the names that are there."""

    expression: str
    problems: tuple[Problem, ...]

    def __str__(self) -> str:
        return "; ".join(problem.message for problem in self.problems)


@dataclass(eq=False)
class ConditionFailed(Exception):
    """The condition could not be decided: a name is missing, types do not fit, or the result is neither true nor false.

    `message` names expressions, names and types, never values.
    """

    expression: str
    message: str

    def __str__(self) -> str:
        return f"{self.expression!r}: {self.message}"


@dataclass(frozen=True, slots=True)
class Scope:
    """The names that a condition may use, each with its JSON Schema; an empty schema admits any value."""

    names: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Condition:
    """A compiled condition. Safe to share between runs and threads."""

    expression: str
    tree: tree.Expression
    names: tuple[str, ...]
    """The variables that it uses, such as `kyc_score` or `outputs.kyc_identity.kyc_score`."""
    _compiled: cel.Expression
    _presence: tuple[tuple[str, str], ...] = ()
    """Variables that stand for `has(name)`, with the name."""
    _takes_time: bool = False
    """Whether it goes through lists, or takes a pattern from a value, so that values can make it slow."""

    @property
    def guarded(self) -> frozenset[str]:
        """The names whose presence it asks for with `has(…)`."""
        return frozenset(name for _, name in self._presence)

    def items(self, values: Mapping[str, Any]) -> list[Any]:
        """The list that the expression gives, for one flat mapping of names to values.

        Raises: ConditionFailed.
        """
        value = self.value(values)
        if isinstance(value, list):
            return value
        raise ConditionFailed(self.expression, "the result is no list")

    def evaluate(self, values: Mapping[str, Any]) -> bool:
        """True or false, for one flat mapping of bare and qualified names to values.

        Raises: ConditionFailed.
        """
        value, kind = self._result(values)
        if value is True or value is False:
            return bool(value)
        raise ConditionFailed(self.expression, f"the result is neither true nor false but {kind}")

    def value(self, values: Mapping[str, Any]) -> Any:
        """Whatever it gives, as plain values of Python; of an expression that `compile_value` made.

        Raises: ConditionFailed.
        """
        return self._result(values)[0]

    def _result(self, values: Mapping[str, Any]) -> tuple[Any, str]:
        data = {tree.spelt(name): values[name] for name in self.names if name in values}
        for variable, name in self._presence:
            data[variable] = name in values
        if self._takes_time and (problem := time_problem(self.tree, values)):
            raise ConditionFailed(self.expression, problem)
        try:
            result = self._compiled.eval(data=data)
        except RuntimeError:  # what the library says where it gives up, at ROUNDS_MAX
            message = f"it goes through more than {ROUNDS_MAX} items, or cannot be evaluated"
            raise ConditionFailed(self.expression, message) from None
        value = result.plain_value()
        if result.type() == cel.Type.ERROR:
            raise ConditionFailed(self.expression, _safe_message(str(value)))
        return value, result.type().name()


def compile_condition(text: str, scope: Scope) -> Condition:
    """Parses and type-checks.

    Raises: ConditionInvalid, with every problem and where in the text it is.
    """
    return _compile(text, scope, decides=True)


def compile_value(text: str, scope: Scope) -> Condition:
    """The same for an expression that may give any value. Raises: ConditionInvalid."""
    return _compile(text, scope, decides=False)


def _compile(text: str, scope: Scope, *, decides: bool) -> Condition:
    _check_size(text)
    rewritten, presence = _rewrite_presence(text, scope)
    rewritten = _LOOP.sub(lambda found: f"{tree.LOOP}." if found[1] else found[0], rewritten)
    words = set(_WORD.findall(text))
    mentioned = {name: schema for name, schema in scope.names.items() if name.rsplit(".", 1)[-1] in words}
    variables = {tree.spelt(name): cel_type(schema) for name, schema in mentioned.items() if declarable(name)}
    variables.update(dict.fromkeys((variable for variable, _ in presence), cel.Type.BOOL))
    try:
        compiled = cel.NewEnv(variables=variables).compile(rewritten)
    except RuntimeError as error:
        raise ConditionInvalid(text, explain(text, _OUR_LOOP.sub("loop", str(error)), scope.names)) from None
    root = tree.read(compiled.serialize())
    _check_tree(text, root, compiled, scope, decides=decides)
    used = dict.fromkeys(node.name for node in tree.walk(root) if isinstance(node, tree.Name))
    names = tuple(name for name in used if name in scope.names)
    return Condition(text, root, names, compiled, presence, takes_time(root))


def cel_type(schema: Mapping[str, Any]) -> cel.Type:
    """The CEL type of a JSON Schema. Numbers stay dynamic: JSON does not tell 1 from 1.0, and CEL's types would."""
    match schema.get("type"):
        case "string":
            return cel.Type.STRING
        case "boolean":
            return cel.Type.BOOL
        case "array":
            return cel.Type.List(cel.Type.DYN)
        case _:
            return cel.Type.DYN


def declarable(name: str) -> bool:
    """Whether CEL can have a variable of this name."""
    parts = name.split(".")
    if not all(_IDENTIFIER.match(part) and part not in _KEYWORDS for part in parts):
        return False
    return len(parts) > 1 or name not in RESERVED_NAMES


def qualified(node_id: str, name: str) -> str:
    """How an expression names an output: hyphens in node ids become underscores."""
    return f"outputs.{node_id.replace('-', '_')}.{name}"


def widest_scope(procedure: Procedure) -> Scope:
    """Every name that any path of the procedure could provide; which of them a given edge sees is lint's question."""
    names: dict[str, Mapping[str, Any]] = {}
    for input_field in procedure.inputs:
        names[f"inputs.{input_field.name}"] = input_field.schema
    fields: list[Field] = list(procedure.inputs)
    for node in procedure.nodes.values():
        fields.extend(node.outputs)
        for output in node.outputs:
            key = qualified(node.id, output.name)
            names[key] = output.schema if names.get(key, output.schema) == output.schema else {}
    for entry in fields:
        names[entry.name] = entry.schema if names.get(entry.name, entry.schema) == entry.schema else {}
    names.update({f"metadata.{name}": {} for name in METADATA_NAMES})
    names.update({f"error.{name}": {"type": "string"} for name in ERROR_NAMES})
    for edge in procedure.edges:
        names.update(edge_schemas(edge))
    return Scope(names)


def edge_schemas(edge: Edge) -> dict[str, Mapping[str, Any]]:
    """What the target of a loop sees of it, or of the event that an edge waits for, and whatever is behind that."""
    if edge.waits:
        return dict(EVENT_SCHEMAS)
    if edge.for_each is None:
        return {"loop.iteration": _WHOLE} if edge.leads_back else {}
    numbers = {f"loop.{name}": _WHOLE for name in ("iteration", "index", "count")}
    flags = {f"loop.{name}": _FLAG for name in ("first", "last")}
    return {**numbers, **flags, "loop.item": {}, f"loop.{edge.iterator_var}": {}}


def compile_conditions(procedure: Procedure) -> dict[int, Condition]:
    """The conditions of a procedure that passed `load` without errors, by index of the edge."""
    scope = widest_scope(procedure)
    conditions = {}
    for edge in procedure.edges:
        if edge.for_each:
            conditions[edge.index] = compile_value(edge.for_each, scope)
        elif edge.condition:
            conditions[edge.index] = compile_condition(edge.condition, scope)
    return conditions


def _check_size(text: str) -> None:
    if len(text) > EXPRESSION_CHARS_MAX:
        message = f"the expression has {len(text)} characters, and the limit is {EXPRESSION_CHARS_MAX}"
        raise ConditionInvalid(text, (Problem(ProblemKind.LIMIT, message, "split the decision over several nodes"),))
    depth = deepest = 0
    for at, character in enumerate(text):
        depth += (character in "([{") - (character in ")]}")
        if depth > NESTING_MAX:
            message = f"brackets are nested more than {NESTING_MAX} deep"
            raise ConditionInvalid(text, (Problem(ProblemKind.LIMIT, message, offset=at),))
        deepest = max(depth, deepest)
    if "\0" in text or any("\ud800" <= character <= "\udfff" for character in text):
        raise ConditionInvalid(
            text, (Problem(ProblemKind.SYNTAX, "the expression holds a character that is not text"),)
        )


def _check_tree(text: str, root: tree.Expression, compiled: cel.Expression, scope: Scope, *, decides: bool) -> None:
    problems = []
    if decides and compiled.return_type() not in (cel.Type.BOOL, cel.Type.DYN):
        kind = compiled.return_type().name().lower()
        message = f"the condition gives a {kind}, and a condition is true or false"
        problems.append(Problem(ProblemKind.NOT_BOOLEAN, message, "compare it with something, such as `== 1`"))
    if tree.comprehension_depth(root) > COMPREHENSIONS_NESTED_MAX:
        message = "all, exists, map or filter stand inside each other, which can take any time"
        problems.append(Problem(ProblemKind.LIMIT, message, "have a node compute the value"))
    problems.extend(_habits_that_compile(text, root, scope))
    if problems:
        raise ConditionInvalid(text, tuple(problems))


def _habits_that_compile(text: str, root: tree.Expression, scope: Scope) -> Iterable[Problem]:
    """`x.length` is valid CEL on a value of any type, and fails in every run."""
    for node in tree.walk(root):
        if isinstance(node, tree.Select) and node.field == "length" and not node.presence:
            operand = node.operand
            schema = scope.names.get(operand.name, {}) if isinstance(operand, tree.Name) else {}
            if "length" not in schema.get("properties", {}):
                at = re.search(r"([\w.]*?)\s*\.\s*length\b", text)
                subject = (at[1] if at else "") or "x"
                offset = at.start() if at else 0
                hint = f"write size({subject})"
                yield Problem(ProblemKind.HABIT, "`.length` is JavaScript's; CEL has a function for it", hint, offset)


def _rewrite_presence(text: str, scope: Scope) -> tuple[str, tuple[tuple[str, str], ...]]:
    """`has(inputs.x)` asks whether a variable of our flat scope is there, which CEL cannot ask of a variable."""
    found: dict[str, str] = {}

    def replace(match: re.Match[str]) -> str:
        name = match[1]
        if name is None or "." not in name or name not in scope.names:
            return match[0]
        return found.setdefault(name, f"has__{len(found)}").ljust(len(match[0]))

    rewritten = _HAS.sub(replace, text)
    return rewritten, tuple((variable, name) for name, variable in found.items())


def _safe_message(message: str) -> str:
    """What CEL says, without values: its own words may quote them."""
    if found := _NO_VALUE.search(message):
        return f"{found[1]} is missing"
    if found := _OVERLOAD.search(message):
        return f"`{found[1].strip('_@')}` does not fit the types ({found[2]})"
    if "out of range" in message:
        return "a number is out of range"
    if "no such key" in message.lower() or "Key not found" in message:
        return "a field is missing"
    if "divide" in message or "modulus" in message:
        return "a division by zero"
    return "the types of the values do not fit the expression"
