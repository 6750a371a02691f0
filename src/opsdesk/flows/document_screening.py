"""`x-screening` of a human node: the screening type that makes its ticket, and what a verdict is in its outputs.

Whether there is such a type is known where it is stored, and not here.
"""

from collections.abc import Sequence

from opsdesk.flows.document_fields import FieldSet
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.nodes.schemas import is_schema, schema_problem
from opsdesk.flows.procedure import Field, NodeType
from opsdesk.flows.screening import NEEDED, TOLD, VERDICTS, OutputSource, Screening, Told, VerdictWord
from opsdesk.flows.tree import Tree, plain

FIELD = "x-screening"
WITHOUT_TYPE = "without_type"
DERIVED = "ticket"
"""The one thing that can be said of a desk without such a type: the ticket follows from the node then."""
_FIELDS = FieldSet(frozenset({"type", "application", "scene", "user", "outputs", WITHOUT_TYPE}))
_SAMPLES = {Told.DECISION: "pass", Told.CODES: ["A-1"], Told.REASONS: ["text"], Told.REMARK: "text"}


def read_screening(
    node: Fields, node_type: NodeType | None, inputs: Sequence[Field], outputs: Sequence[Field]
) -> Screening | None:
    """None where there is none, or none that can be used: then an error says so."""
    if node.get(FIELD) is None:
        return None
    if node_type is not NodeType.HUMAN:
        node.not_honoured(FIELD, hint="human nodes ask for tickets")
        return None
    fields = node.mapping(FIELD)
    if fields is None:
        return None
    fields.check(_FIELDS)
    names = {name: _name(fields, name) for name in ("type", "application", "scene", "user")}
    if names["user"] and names["user"] not in {each.name for each in inputs}:
        hint = "name the input that says whom it is about"
        _wrong(fields, "user", f"{names['user'][:80]} is no input of the node", hint)
    sources = _sources(fields, outputs)
    may_derive = _may_derive(fields)
    if not all(names.values()) or sources is None:
        return None
    screening = Screening(
        type=names["type"] or "",
        application=names["application"] or "",
        scene=names["scene"] or "",
        user=names["user"] or "",
        outputs=sources,
        may_derive=may_derive,
    )
    _check_outputs(fields, screening, outputs)
    return screening


def _name(fields: Fields, name: str) -> str | None:
    text = fields.text(name)
    if fields.get(name) is None:
        fields.missing(name)
    elif text is not None and not text.strip():
        _wrong(fields, name, "is empty")
        return None
    return text.strip() if text else None


def _may_derive(fields: Fields) -> bool:
    said = fields.text(WITHOUT_TYPE)
    if said is not None and said != DERIVED:
        _wrong(fields, WITHOUT_TYPE, f"has to be {DERIVED}", "leave it out, and a desk without the type is an incident")
    return said == DERIVED


def _sources(fields: Fields, outputs: Sequence[Field]) -> dict[str, OutputSource] | None:
    listed = fields.mapping("outputs")
    if listed is None:
        return {} if fields.get("outputs") is None else None
    declared = {each.name: each for each in outputs}
    found: dict[str, OutputSource] = {}
    for name, tree in listed.entries.items():
        if name not in declared:
            _wrong(listed, name, f"is no output of the node: {', '.join(declared) or 'it has none'}")
        elif (source := _source(listed, name, tree)) is not None:
            found[name] = source
    return found


def _source(listed: Fields, name: str, tree: Tree) -> OutputSource | None:
    if not isinstance(tree.value, dict):
        if isinstance(tree.value, str) and tree.value in TOLD:
            return Told(tree.value)
        words = f"{', '.join(Told)}, or a mapping with a value for each of {', '.join(VerdictWord)}"
        listed.wrong(tree, listed.path(name), words)
        return None
    by_verdict = listed.mapping(name)
    assert by_verdict is not None
    for word in by_verdict.entries:
        if word not in VERDICTS:
            _wrong(by_verdict, word, f"is no verdict: there are {', '.join(VerdictWord)}")
    for word in NEEDED:
        if by_verdict.get(word) is None:
            by_verdict.missing(word, hint="say what the output is for each verdict")
    return {VerdictWord(word): plain(value) for word, value in by_verdict.entries.items() if word in VERDICTS}


def _check_outputs(fields: Fields, screening: Screening, outputs: Sequence[Field]) -> None:
    """A verdict has to be an answer that the node takes, and to lead somewhere."""
    sources = {each.name: screening.source_of(each.name) for each in outputs}
    for output in outputs:
        source = sources[output.name]
        if source is None and output.required:
            hint = f"say under {FIELD}.outputs what it is, or that it is not required"
            _wrong(fields, "outputs", f"nothing is said of {output.name}, which the node requires", hint)
        elif source is not None and is_schema(output.schema):
            _check_values(fields, output, source)
    if not any(source is Told.DECISION or isinstance(source, dict) for source in sources.values()):
        hint = "have an output be the decision, so that conditions can tell a rejection"
        _wrong(fields, "outputs", "nothing is said of the decision", hint)


def _check_values(fields: Fields, output: Field, source: OutputSource) -> None:
    if isinstance(source, Told):
        values = {source.value: _SAMPLES[source]}
        if source is Told.DECISION:
            values = {word.value: word.value for word in NEEDED}
    else:
        values = {word.value: value for word, value in source.items()}
    for word, value in values.items():
        # Of texts that people write only the type can be known.
        schema = output.schema if not isinstance(source, Told) or source is Told.DECISION else _of_type(output)
        if problem := schema_problem(schema, value):
            _wrong(fields, "outputs", f"what {output.name} is for {word} does not fit its schema: it{problem}")


def _of_type(output: Field) -> dict[str, object]:
    return {name: rule for name, rule in output.schema.items() if name == "type"}


def _wrong(fields: Fields, name: str, problem: str, hint: str = "") -> None:
    tree = fields.get(name) or fields.tree
    where = fields.path(name)
    fields.reading.error(Code.WRONG_VALUE, f"{where}: {problem}", tree, where=where, hint=hint)
