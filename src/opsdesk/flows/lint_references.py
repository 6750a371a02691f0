"""`${…}` in the runtime of nodes: every name has to come from somewhere, and should come on every path."""

from collections.abc import Collection, Iterator, Mapping

from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_names import Names, Provider
from opsdesk.flows.lint_paths import Certainty, places, position_of
from opsdesk.flows.procedure import Node, Position
from opsdesk.flows.references import Namespace, Reference, parse_all
from opsdesk.flows.tree import locate

METADATA_NAMES = ("run_id", "procedure_id", "node_id", "iteration", "attempt")


def lint_references(names: Names, *, env_allowed: Collection[str] | None = None) -> Iterator[Finding]:
    """Where `env_allowed` is not given, any `${env.…}` passes: the deployment decides."""
    for index, node in places(names.procedure):
        known = names.at(node.id)
        yield from _inputs_from_nowhere(node, known, names)
        for path, text in texts(names.procedure.raw["nodes"][index].get("runtime"), f"nodes.{index}.runtime"):
            references, malformed = parse_all(text)
            start = position_of(names.procedure, *path.split("."))
            for wrong in malformed:
                position = locate(names.procedure.source, start, text, wrong.offset)
                yield Finding(
                    Code.REFERENCE_MALFORMED, Severity.ERROR, f"{node.id}: {wrong}", wrong.hint, position, path
                )
            for reference in references:
                position = locate(names.procedure.source, start, text, reference.offset)
                finding = _reference(names, node, known, reference, position, path, env_allowed)
                if finding is not None:
                    yield finding


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


def _reference(
    names: Names,
    node: Node,
    known: Mapping[str, list[Provider]],
    reference: Reference,
    position: Position,
    path: str,
    env_allowed: Collection[str] | None,
) -> Finding | None:
    match reference.namespace:
        case Namespace.SECRETS:
            return None
        case Namespace.METADATA if reference.name in METADATA_NAMES:
            return None
        case Namespace.ENV if env_allowed is None or reference.name in env_allowed:
            return None
        case Namespace.ENV:
            message = f"{node.id}: the environment variable {reference.name} is not given to procedures"
            hint = "pass it as an input, or a secret"
            return Finding(Code.REFERENCE_ENVIRONMENT, Severity.ERROR, message, hint, position, path)
    providers = known.get(_key(node, reference, known), [])
    if not providers:
        message = f"{node.id}: nothing provides ${{{reference.text}}}"
        hint = _hint(names, reference, known)
        return Finding(Code.REFERENCE_NAME, Severity.ERROR, message, hint, position, path)
    if names.certainty(node.id, providers) is Certainty.SURELY:
        return None
    message = f"{node.id}: ${{{reference.text}}} may be missing, because not every path gives it; the node then fails"
    return Finding(Code.REFERENCE_MAYBE, Severity.WARNING, message, "", position, path)


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
        case _:
            return reference.name


def _hint(names: Names, reference: Reference, known: Mapping[str, list[Provider]]) -> str:
    if reference.namespace is Namespace.METADATA:
        return f"metadata has {', '.join(METADATA_NAMES)}"
    if reference.namespace is Namespace.BARE and reference.name in names.procedure.nodes and reference.path:
        return f"write ${{outputs.{reference.text}}}"
    if near := nearest(reference.text, known):
        return f"did you mean ${{{near}}}?"
    if near := nearest(reference.name, known):
        return f"did you mean ${{{near}}}?"
    for other in names.procedure.nodes.values():
        if any(output.name == reference.name for output in other.outputs):
            return f"{other.id} provides {reference.name}, and does not run before"
    if reference.namespace is Namespace.BARE and reference.name.isupper():
        return f"write $${{{reference.text}}} for a variable of the shell, ${{secrets.{reference.text}}} for a secret"
    return ""


def _inputs_from_nowhere(node: Node, known: Mapping[str, list[Provider]], names: Names) -> Iterator[Finding]:
    for entry in node.inputs:
        if entry.name not in known:
            near = nearest(entry.name, known)
            message = f"{node.id} takes {entry.name}, which neither the run's inputs nor a node before it provide"
            hint = f"did you mean {near}?" if near else "it is left out of the call"
            where = f"nodes.{node.id}.inputs"
            yield Finding(Code.INPUT_FROM_NOWHERE, Severity.WARNING, message, hint, entry.position, where)
