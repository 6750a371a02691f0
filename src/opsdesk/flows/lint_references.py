"""`${…}` in the runtime of nodes: every name has to come from somewhere, and should come on every path."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names, Provider
from opsdesk.flows.lint_paths import Certainty, places, position_of
from opsdesk.flows.lint_templates import templates
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.references import Namespace, Reference, ReferenceMalformed, parse_all
from opsdesk.flows.tree import locate

METADATA_NAMES = ("run_id", "procedure_id", "node_id", "iteration", "attempt", "idempotency_key")


def lint_references(names: Names, *, env_allowed: Collection[str] | None = None) -> Iterator[Finding]:
    """Where `env_allowed` is not given, any `${env.…}` passes: the deployment decides."""
    for index, node in places(names.procedure):
        yield from _inputs_from_nowhere(node, names)
        yield from templates(names, node, index)
        for path, text in _texts_of(names.procedure.raw["nodes"][index], node, f"nodes.{index}"):
            references, malformed = parse_all(text)
            given = _arguments(node, path)
            references = [each for each in references if each.namespace is not Namespace.BARE or each.name not in given]
            once = {reference.text: reference for reference in reversed(references)}
            known = names.at(node.id, [reference.name for reference in once.values()])
            found: list[_Wrong | None] = [_malformed(node, wrong) for wrong in malformed]
            kept = path.startswith(f"nodes.{index}.workflow_inputs")
            found += [
                (_not_for_a_journal(node, reference) if kept else None)
                or _reference(names, node, known, reference, env_allowed)
                for reference in once.values()
            ]
            start = position_of(names.procedure, *path.split("."))
            for wrong in sorted((each for each in found if each is not None), key=lambda each: each.offset):
                position = locate(names.lines, start, text, wrong.offset)
                yield Finding(wrong.code, wrong.severity, wrong.message, wrong.hint(), position, path)


def _texts_of(raw: Mapping[str, Any], node: Node, path: str) -> Iterator[tuple[str, str]]:
    """Every text in which references stand for values: of a node that runs a procedure, what that is started with."""
    if node.children is not None and node.children.procedure is not None:
        yield from texts(raw.get("workflow_inputs"), f"{path}.workflow_inputs")
    else:
        yield from texts(raw.get("runtime"), f"{path}.runtime")


def _not_for_a_journal(node: Node, reference: Reference) -> "_Wrong | None":
    """What a run is started with is kept, and shown."""
    if reference.namespace not in (Namespace.SECRETS, Namespace.ENV):
        return None
    message = f"{node.id}: a run cannot be started with ${{{reference.text}}}, because its journal keeps what it is"
    hint = "let the procedure name it where it is needed"
    code = Code.SECRET_IN_CLEAR if reference.namespace is Namespace.SECRETS else Code.REFERENCE_ENVIRONMENT
    return _Wrong(code, Severity.ERROR, message, reference.offset, lambda: hint)


def _arguments(node: Node, path: str) -> frozenset[str]:
    """The names that a tool of an agent node is given by the model, where the text is inside of one."""
    steps = path.split(".")
    tools = node.runtime.get("tools")
    if node.type is not NodeType.AGENT or steps[3:4] != ["tools"] or not isinstance(tools, list):
        return frozenset()
    tool = tools[int(steps[4])] if len(steps) > 4 else None
    parameters = tool.get("parameters") if isinstance(tool, Mapping) else None
    properties = parameters.get("properties") if isinstance(parameters, Mapping) else None
    return frozenset(properties) if isinstance(properties, Mapping) else frozenset()


def texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every text with a `$` inside, with its path."""
    match value:
        case str() if "$" in value:
            yield path, value
        case dict():
            for key, item in value.items():
                yield from texts(item, f"{path}.{key}")
        case list():
            for index, item in enumerate(value):
                yield from texts(item, f"{path}.{index}")


@dataclass(frozen=True, slots=True)
class _Wrong:
    """What is wrong with one reference. Looking for hints is left until it is told."""

    code: Code
    severity: Severity
    message: str
    offset: int
    hint: Callable[[], str]


def _malformed(node: Node, wrong: ReferenceMalformed) -> _Wrong:
    message = f"{node.id}: {wrong}"
    return _Wrong(Code.REFERENCE_MALFORMED, Severity.ERROR, message, wrong.offset, lambda: wrong.hint)


def _reference(
    names: Names,
    node: Node,
    known: Mapping[str, list[Provider]],
    reference: Reference,
    env_allowed: Collection[str] | None,
) -> _Wrong | None:
    told = f"{node.id}: ${{{reference.text}}}"
    match reference.namespace:
        case Namespace.SECRETS:
            return None
        case Namespace.METADATA if reference.name in METADATA_NAMES:
            return None
        case Namespace.ENV if env_allowed is None or reference.name in env_allowed:
            return None
        case Namespace.ENV:
            message = f"{told}: this environment variable is not given to procedures"
            hint = "pass it as an input, or a secret"
            return _Wrong(Code.REFERENCE_ENVIRONMENT, Severity.ERROR, message, reference.offset, lambda: hint)
    providers = known.get(_key(node, reference, known), [])
    if not providers:
        message = f"{node.id}: nothing provides ${{{reference.text}}}"
        hints = partial(_hint, names, node, reference)
        return _Wrong(Code.REFERENCE_NAME, Severity.ERROR, message, reference.offset, hints)
    if names.certainty(node.id, providers) is Certainty.SURELY:
        return None
    message = f"{told} may be missing, because not every path gives it; the node then fails"
    return _Wrong(Code.REFERENCE_MAYBE, Severity.WARNING, message, reference.offset, str)


def _key(node: Node, reference: Reference, known: Mapping[str, list[Provider]]) -> str:
    match reference.namespace:
        case Namespace.OUTPUTS:
            return f"outputs.{(reference.node or '').replace('-', '_')}.{reference.name}"
        case Namespace.INPUTS:
            run_input = f"inputs.{reference.name}"
            own = any(entry.name == reference.name for entry in node.inputs)
            return reference.name if own and run_input not in known else run_input
        case Namespace.METADATA:
            return f"metadata.{reference.name}"
        case Namespace.LOOP | Namespace.EVENT | Namespace.SPAWN:
            return f"{reference.namespace}.{reference.name}"
        case _:
            return reference.name


def _hint(names: Names, node: Node, reference: Reference) -> str:
    if reference.namespace is Namespace.METADATA:
        return f"metadata has {', '.join(METADATA_NAMES)}"
    if reference.namespace is Namespace.BARE and reference.name in names.procedure.nodes and reference.path:
        return f"write ${{outputs.{reference.text}}}"
    known = names.at(node.id)
    if near := nearest(reference.text, known) or nearest(reference.name, known):
        return f"did you mean ${{{near}}}?"
    for other in names.procedure.nodes.values():
        if any(output.name == reference.name for output in other.outputs):
            return f"{other.id} provides {reference.name}, and does not run before"
    start = f"declare {reference.name} in the inputs of the document"
    if reference.namespace is Namespace.INPUTS:
        return start
    if reference.namespace is not Namespace.BARE:
        return ""
    if not reference.name.isupper():
        return f"{start}, or in the outputs of the node that gives it"
    shell = f"write $${{{reference.text}}} for a variable of the shell; " if node.type is NodeType.CLI else ""
    return f"{shell}write ${{secrets.{reference.text}}} for a secret; {start}"


def _inputs_from_nowhere(node: Node, names: Names) -> Iterator[Finding]:
    known = names.at(node.id, [entry.name for entry in node.inputs])
    told = {each.name for _, text in texts(dict(node.runtime), "") for each in parse_all(text)[0] if not each.namespace}
    for entry in node.inputs:
        if entry.name not in known and entry.name not in told:
            near = nearest(entry.name, names.at(node.id))
            message = f"{node.id} takes {entry.name}, which neither the run's inputs nor a node before it provide"
            hint = f"did you mean {near}?" if near else "it is left out of the call"
            where = f"nodes.{node.id}.inputs"
            yield Finding(Code.INPUT_FROM_NOWHERE, Severity.WARNING, message, hint, entry.position, where)
