"""Triggers: what their conditions and inputs name, and whether a run can be started with what they give."""

from collections.abc import Iterator

from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.expressions import ConditionInvalid, compile_condition, compile_value
from opsdesk.flows.findings import Finding, Severity
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.lint_expressions import CODES
from opsdesk.flows.procedure import Procedure
from opsdesk.flows.references import parse_all
from opsdesk.flows.trigger import Trigger, TriggerKind
from opsdesk.flows.triggers.occurrence import SCHEMAS, name_of, names_of, referred


def lint_triggers(procedure: Procedure) -> Iterator[Finding]:
    for trigger in procedure.triggers:
        if trigger.fires:
            yield from _expressions(trigger)
            yield from _references(trigger)
            yield from _inputs(procedure, trigger)


def _expressions(trigger: Trigger) -> Iterator[Finding]:
    texts = [("when", trigger.condition, compile_condition)] if trigger.condition is not None else []
    for name, text, compile_one in [*texts, *((name, text, compile_value) for name, text in trigger.computed.items())]:
        try:
            compile_one(text, names_of(trigger.kind))
        except ConditionInvalid as error:
            for problem in error.problems:
                yield _finding(trigger, CODES[problem.kind], f"{name}: {problem.message}", problem.hint)


def _references(trigger: Trigger) -> Iterator[Finding]:
    known = SCHEMAS[trigger.kind]
    for name, value in trigger.inputs.items():
        for text in referred(value):
            references, malformed = parse_all(text)
            for problem in malformed:
                yield _finding(trigger, Code.REFERENCE_MALFORMED, f"{name}: {problem}", problem.hint)
            for reference in references:
                if name_of(reference) not in known:
                    near = nearest(name_of(reference), known)
                    hint = f"did you mean {near}?" if near else f"known are {', '.join(known)}"
                    message = f"{name}: nothing provides {reference.text[:80]}"
                    yield _finding(trigger, Code.REFERENCE_NAME, message, hint)


def _inputs(procedure: Procedure, trigger: Trigger) -> Iterator[Finding]:
    """What is given and not asked for, and what is asked for and not given."""
    given = {*trigger.inputs, *trigger.computed}
    declared = {field.name for field in procedure.inputs}
    for name in sorted(given - declared) if declared else ():
        near = nearest(name, declared)
        message = f"{name[:80]} is not an input of {procedure.id}"
        yield _finding(trigger, Code.TRIGGER_INPUTS, message, f"did you mean {near}?" if near else "")
    if trigger.gives_everything and trigger.kind is not TriggerKind.CRON:
        return
    for field in procedure.inputs:
        if field.required and "default" not in field.schema and field.name not in given:
            message = f"{field.name} is missing, so that no run could be started"
            yield _finding(trigger, Code.TRIGGER_INPUTS, message, "give it in inputs or in transform")


def _finding(trigger: Trigger, code: Code, message: str, hint: str) -> Finding:
    where = f"triggers.{trigger.id}"
    return Finding(code, Severity.ERROR, f"the trigger {trigger.id}: {message}", hint, trigger.position, where)
