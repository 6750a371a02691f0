"""The triggers of a document: each of its kind, with what its `config` says."""

import re
from collections.abc import Iterator, Mapping

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_reading import Fields
from opsdesk.flows.expression_problems import nearest
from opsdesk.flows.lint_codes import Code
from opsdesk.flows.tree import plain
from opsdesk.flows.trigger import TIME_ZONE_DEFAULT, TOLERANCE_S_DEFAULT, Missed, Trigger, TriggerKind
from opsdesk.flows.triggers.schedule import problem_of

TRIGGERS_MAX = 50
TOLERANCE_S_MAX = 3_600.0
ID_CHARACTERS_MAX = 80
PATH_CHARACTERS_MAX = 200

_SPELLINGS = {"schedule": TriggerKind.CRON, **{kind.value: kind for kind in TriggerKind}}
_NOT_FIRED = frozenset({"git_push", "file_watch"})
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\Z")
_PATH = re.compile(r"[A-Za-z0-9._~-]+(?:/[A-Za-z0-9._~-]+)*\Z")
_SECRET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,89}\Z")
"""What secrets are called, with room for the name of the one before."""


def read_triggers(document: Fields) -> tuple[Trigger, ...]:
    """The triggers that are known here; each has an id, its own or one made of its kind and its place among those."""
    triggers: dict[str, Trigger] = {}
    for place, fields in document.mappings("triggers"):
        if place >= TRIGGERS_MAX:
            message = f"the document has more than {TRIGGERS_MAX} triggers"
            fields.reading.error(Code.TOO_LARGE, message, fields.tree, where="triggers")
            break
        trigger = _trigger(fields, triggers)
        if trigger is None:
            continue
        if trigger.id in triggers:
            message = (
                f"the trigger {trigger.id} is here twice; the first is at line {triggers[trigger.id].position.line}"
            )
            fields.reading.error(Code.DUPLICATE_ID, message, fields.tree, where=fields.path("config.id"))
        elif twin := _on_path(trigger, triggers):
            message = f"{fields.where}: the trigger {twin} has the path {trigger.path} already"
            fields.reading.error(Code.DUPLICATE_ID, message, fields.tree, where=fields.path("config.path"))
        else:
            triggers[trigger.id] = trigger
    return tuple(triggers.values())


def _on_path(trigger: Trigger, triggers: Mapping[str, Trigger]) -> str | None:
    return next((each.id for each in triggers.values() if trigger.path and each.path == trigger.path), None)


def _trigger(fields: Fields, before: Mapping[str, Trigger]) -> Trigger | None:
    fields.check(known.TRIGGER)
    kind = _kind(fields)
    if kind is None:
        return None
    config = fields.mapping("config")
    if config is None:
        config = Fields(fields.reading, type(fields.tree)({}, fields.tree.position), fields.path("config"))
    config.check(known.TRIGGER_CONFIGS[kind.value])
    trigger_id = _id(config) or next(_free_ids(kind, before))
    match kind:
        case TriggerKind.CRON:
            return _cron(config, trigger_id)
        case TriggerKind.WEBHOOK:
            return _webhook(config, trigger_id)
        case TriggerKind.EVENT:
            return _event(config, trigger_id)
        case _:
            return Trigger(trigger_id, kind, position=fields.tree.position)


def _free_ids(kind: TriggerKind, before: Mapping[str, Trigger]) -> Iterator[str]:
    number = sum(each.kind is kind for each in before.values()) + 1
    while True:
        name = kind.value if number == 1 else f"{kind.value}-{number}"
        if name not in before:
            yield name
        number += 1


def _kind(fields: Fields) -> TriggerKind | None:
    text = fields.text("type")
    if text is None:
        if fields.get("type") is None:
            fields.missing("type", hint=f"one of {', '.join(TriggerKind)}")
        return None
    if text in _NOT_FIRED:
        fields.not_honoured("type", hint=f"nothing fires a trigger of type {text}; have a webhook or an event start it")
        return None
    if text in _SPELLINGS:
        return _SPELLINGS[text]
    near = nearest(text, _SPELLINGS)
    hint = f"did you mean {near}?" if near else f"one of {', '.join(TriggerKind)}"
    message = f"{fields.path('type')}: there is no type of trigger {text[:40]}"
    fields.reading.error(Code.WRONG_VALUE, message, fields.entries["type"], where=fields.path("type"), hint=hint)
    return None


def _id(config: Fields) -> str | None:
    text: str | None = config.text("id")
    if text is not None and (len(text) > ID_CHARACTERS_MAX or not _ID.match(text)):
        wanted = f"at most {ID_CHARACTERS_MAX} letters, digits, hyphens and underscores"
        config.wrong(config.entries["id"], config.path("id"), wanted)
        return None
    return text


def _cron(config: Fields, trigger_id: str) -> Trigger | None:
    expression = config.text("cron", "schedule", "expression")
    zone = config.text("timezone", "time_zone") or TIME_ZONE_DEFAULT
    if expression is None:
        if config.one_of("cron", "schedule", "expression") is None:
            config.missing("cron", hint='write cron: "0 9 * * MON-FRI"')
        return None
    if problem := problem_of(expression, zone):
        name = (config.one_of("cron", "schedule", "expression") or ("cron", config.tree))[0]
        message = f"{config.path(name)}: {problem}"
        config.reading.error(Code.WRONG_VALUE, message, config.entries[name], where=config.path(name))
        return None
    missed = config.text("missed") or Missed.ONCE
    if missed not in frozenset(Missed):
        config.wrong(config.entries["missed"], config.path("missed"), " or ".join(Missed))
        return None
    return Trigger(
        trigger_id,
        TriggerKind.CRON,
        cron=expression,
        time_zone=zone,
        missed=Missed(missed),
        inputs=_inputs(config),
        computed=_computed(config),
        position=config.tree.position,
    )


def _webhook(config: Fields, trigger_id: str) -> Trigger | None:
    path, secret_ref, method = config.text("path"), config.text("secret_ref"), config.text("method")
    for name, hint in (("path", "write path: /orders"), ("secret_ref", "name the secret that senders sign with")):
        if config.get(name) is None:
            config.missing(name, hint=hint)
    if method is not None and method.upper() != "POST":
        config.wrong(config.entries["method"], config.path("method"), "POST")
    path = path and path.strip("/")
    if path is not None and (len(path) > PATH_CHARACTERS_MAX or not _PATH.match(path) or ".." in path.split("/")):
        wanted = f"a path of at most {PATH_CHARACTERS_MAX} letters, digits and any of . _ ~ - / between them"
        config.wrong(config.entries["path"], config.path("path"), wanted)
        return None
    if secret_ref is not None and not _SECRET.match(secret_ref):
        config.wrong(config.entries["secret_ref"], config.path("secret_ref"), "the name of a secret")
        return None
    tolerance = config.number("tolerance_sec", least=1, most=TOLERANCE_S_MAX)
    if path is None or secret_ref is None:
        return None
    return Trigger(
        trigger_id,
        TriggerKind.WEBHOOK,
        path=path,
        secret_ref=secret_ref,
        tolerance_s=TOLERANCE_S_DEFAULT if tolerance is None else tolerance,
        condition=config.text("when", "condition"),
        inputs=_inputs(config),
        computed=_computed(config),
        position=config.tree.position,
    )


def _event(config: Fields, trigger_id: str) -> Trigger | None:
    name = config.text("event", "name")
    if name is None or not name.strip():
        if config.one_of("event", "name") is None or name is not None:
            config.missing("event", hint="write event: payment.received")
        return None
    wanted = config.mapping("filter")
    return Trigger(
        trigger_id,
        TriggerKind.EVENT,
        event=name,
        filter=plain(wanted.tree) if wanted else {},
        condition=config.text("when", "condition"),
        inputs=_inputs(config),
        computed=_computed(config),
        position=config.tree.position,
    )


def _inputs(config: Fields) -> Mapping[str, object]:
    given = config.mapping("inputs")
    return plain(given.tree) if given else {}


def _computed(config: Fields) -> Mapping[str, str]:
    """An input that is given twice, by `inputs` too, is an error."""
    given, plain_ones = config.mapping("transform"), config.mapping("inputs")
    if given is None:
        return {}
    for name in given.entries:
        if plain_ones is not None and name in plain_ones.entries:
            message = f"{given.path(name)}: {name[:80]} is among the inputs already"
            given.reading.error(Code.DUPLICATE_ID, message, given.entries[name], where=given.path(name))
    return {name: text for name in given.entries if (text := given.text(name)) is not None}
