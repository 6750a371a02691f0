"""The tests that a document declares: what is given, what the world answers, and what is expected."""

from collections.abc import Mapping
from typing import Any

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.procedure import Case, CaseKind, Injected, Node
from opsdesk.flows.tree import Tree, plain

CASES_MAX = 500
FAILURE_TIMES_MAX = 100
EVENTS = "x-events"
EVENTS_MAX = 100


def read_cases(document: Fields, nodes: Mapping[str, Node]) -> tuple[Case, ...]:
    """The tests, each with what it declares; what does not fit the procedure is an error where it stands."""
    cases: dict[str, Case] = {}
    for place, fields in document.mappings("tests"):
        if place >= CASES_MAX:
            message = f"the document has more than {CASES_MAX} tests"
            fields.reading.error(Code.TOO_LARGE, message, fields.tree, where="tests")
            break
        case = _case(fields, nodes)
        if case is None:
            continue
        if case.id in cases:
            message = f"the test {case.id[:80]} is here twice; the first is at line {cases[case.id].position.line}"
            fields.reading.error(Code.DUPLICATE_ID, message, fields.tree, where=fields.path("id"))
        else:
            cases[case.id] = case
    return tuple(cases.values())


def _case(fields: Fields, nodes: Mapping[str, Node]) -> Case | None:
    fields.check(known.CASE)
    case_id, kind = fields.text("id"), _kind(fields)
    for name in ("id", "type"):
        if fields.get(name) is None:
            fields.missing(name)
    target = fields.text("target_node")
    if target is not None:
        _known_node(fields, target, fields.entries["target_node"], nodes)
    if kind is CaseKind.UNIT and target is None:
        fields.missing("target_node", hint="a unit test is about one node")
    run = fields.text("run")
    if run is not None and run != "full_workflow":
        fields.wrong(fields.entries["run"], fields.path("run"), "full_workflow")
    mocks, failures = _mocks(fields, nodes), _failures(fields, nodes)
    if case_id is None or kind is None:
        return None
    return Case(
        id=case_id,
        kind=kind,
        target=target,
        inputs=_values(fields, "input"),
        mocks=mocks,
        failures=failures,
        expect=_expected(fields, kind, target, nodes),
        events=_events(fields, kind),
        position=fields.tree.position,
    )


def _kind(fields: Fields) -> CaseKind | None:
    text = fields.text("type")
    if text is None:
        return None
    if text in set(CaseKind):
        return CaseKind(text)
    fields.wrong(fields.entries["type"], fields.path("type"), f"one of {', '.join(CaseKind)}")
    return None


def _known_node(fields: Fields, name: str, tree: Tree, nodes: Mapping[str, Node]) -> bool:
    if name in nodes:
        return True
    near = nearest(name, nodes)
    message = f"{fields.where}: there is no node {name[:80]}"
    hint = f"did you mean {near}?" if near else ""
    fields.reading.error(Code.UNKNOWN_NODE, message, tree, where=fields.where, hint=hint)
    return False


def _values(fields: Fields, name: str) -> Mapping[str, Any]:
    inner = fields.mapping(name)
    return plain(inner.tree) if inner is not None else {}


def _mocks(fields: Fields, nodes: Mapping[str, Node]) -> Mapping[str, tuple[Mapping[str, Any], ...]]:
    """By node: what it answers when it is asked first, second and so on; the last answer is given ever after."""
    if (mocks := fields.mapping("mocks")) is None:
        return {}
    found: dict[str, tuple[Mapping[str, Any], ...]] = {}
    for name, tree in mocks.entries.items():
        answers = tree.value if isinstance(tree.value, list) else [tree]
        if not answers or not all(isinstance(answer.value, dict) for answer in answers):
            mocks.wrong(tree, mocks.path(name), "outputs by name, or a list of such answers")
        elif _known_node(mocks, name, tree, nodes):
            found[name] = tuple(plain(answer) for answer in answers)
    return found


def _failures(fields: Fields, nodes: Mapping[str, Node]) -> Mapping[str, Injected]:
    if (failures := fields.mapping("failure_injection")) is None:
        return {}
    found: dict[str, Injected] = {}
    for name, tree in failures.entries.items():
        if not _known_node(failures, name, tree, nodes):
            continue
        if isinstance(tree.value, str):
            timeout = tree.value == "timeout"
            found[name] = Injected("TimedOut" if timeout else tree.value, timeout=timeout)
        elif (inner := failures.mapping(name)) is not None:
            inner.check(known.INJECTED)
            timeout = inner.boolean("timeout") or False
            times = inner.number("times", least=1, most=FAILURE_TIMES_MAX, whole=True)
            found[name] = Injected(
                code=inner.text("code") or ("TimedOut" if timeout else "Failed"),
                message=inner.text("message") or "",
                times=int(times) if times is not None else None,
                timeout=timeout,
                retryable=inner.boolean("retryable") or False,
            )
    return found


def _events(fields: Fields, kind: CaseKind) -> tuple[Mapping[str, Any], ...]:
    """What happens outside while the run of an integration test goes on."""
    if kind is not CaseKind.INTEGRATION:
        if fields.get(EVENTS) is not None:
            fields.not_honoured(EVENTS, hint="events are told to the run of an integration test")
        return ()
    found: list[Mapping[str, Any]] = []
    for place, event in fields.mappings(EVENTS):
        if place >= EVENTS_MAX:
            message = f"{fields.where} has more than {EVENTS_MAX} events"
            fields.reading.error(Code.TOO_LARGE, message, event.tree, where=fields.path(EVENTS))
            break
        event.check(known.TOLD)
        name = event.text("name")
        if event.get("name") is None:
            event.missing("name")
        if name is not None:
            found.append({"name": name, "data": _values(event, "data"), "key": ""})
    return tuple(found)


def _expected(fields: Fields, kind: CaseKind, target: str | None, nodes: Mapping[str, Node]) -> Mapping[str, Any]:
    """What is expected; a name that nothing looks at would be a test that always passes."""
    expected = fields.mapping("expect")
    if expected is None:
        if kind is not CaseKind.END_TO_END:
            fields.missing("expect", hint="say what is expected, such as outcome: completed")
        return {}
    outputs = {output.name for output in nodes[target].outputs} if target is not None and target in nodes else set()
    admitted = known.EXPECTED[kind.value] | (outputs if kind is CaseKind.UNIT else set(nodes))
    for name, tree in expected.entries.items():
        if name in admitted or name.startswith("x-") or kind is CaseKind.END_TO_END:
            continue
        near = nearest(name, admitted)
        hint = f"did you mean {near}?" if near else f"known are {', '.join(sorted(known.EXPECTED[kind.value]))}"
        position = expected.tree.keys.get(name, tree.position)
        message = f"{expected.path(name)} is nothing that a {kind} test can expect"
        expected.reading.warning(Code.NOT_HONOURED, message, position, where=expected.path(name), hint=hint)
    return dict(plain(expected.tree))
