"""docs/reference/osop.md: every field of a document, and what becomes of it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from opsdesk.flows import document_fields as known
from opsdesk.flows.document_fields import FieldSet
from opsdesk.flows.procedure import EdgeMode, NodeType
from script.osop_words import Word, names_in, sections, words
from script.tables import table

SAID = sections()
SOURCE = Path(known.__file__).parent
OWN_FIELD = re.compile(r'"(x-[a-z]+(?:-[a-z]+)*)"')
HEADERS = {"x-api-key"}
"""Of requests, and no fields of documents."""


@dataclass(frozen=True, slots=True)
class Level:
    """One kind of object in a document."""

    path: str
    """As `tests/flows/specification.py` spells it."""
    fields: FieldSet


LEVELS: Mapping[str, Level] = {
    "document": Level("", known.PROCEDURE),
    "node": Level("nodes[].", known.NODE),
    "io": Level("nodes[].inputs[].", known.IO),
    "edge": Level("edges[].", known.EDGE),
    "spawn": Level("nodes[].spawn_policy.", known.SPAWN_POLICY),
    "way": Level("edges[].cases[].", known.WAY),
    "retry": Level("nodes[].retry_policy.", known.RETRY),
    "backoff": Level("nodes[].retry_policy.backoff.", known.BACKOFF),
    "security": Level("nodes[].security.", known.SECURITY),
    "approval": Level("nodes[].approval_gate.", known.APPROVAL),
    "auth": Level("nodes[].runtime.auth.", known.AUTH),
    "explain": Level("nodes[].explain.", known.EXPLAIN),
    "case": Level("tests[].", known.CASE),
    "injected": Level("tests[].failure_injection.", known.INJECTED),
    "trigger": Level("triggers[].", known.TRIGGER),
    **{
        f"trigger {kind}": Level(f"triggers[].config.{kind}.", known.TRIGGER_CONFIGS[kind])
        for kind in ("cron", "webhook", "event", "manual")
    },
    "told": Level("tests[].x-events[].", known.TOLD),
    "collection": Level("sop:", known.COLLECTION),
    "section": Level("sop:sections[].", known.SECTION),
    "listed": Level("sop:sections[].workflows[].", known.LISTED),
}


def osop_page() -> str:
    tables = {name: _level(name) for name in LEVELS}
    return f"""
# What each field of a document does

A document may be of any version and use any spelling; where two spellings of one field are there, they have to agree
(`OSOP113`). **Since** is the public schema that has the field first; *text*: no schema has it, and the specification's
text or examples do; *ours*: neither has it. **Here** is what becomes of it:

- **run**: it changes what happens;
- **checked**: what is wrong with it is a finding;
- **kept**: it is shown to readers, and nothing could happen because of it;
- **named**: it is not honoured, and lint says so (`OSOP120`); unless it says what happens anyway.

Nothing is passed over in silence: a field that is not listed is an error (`OSOP110`), one of another type is
`OSOP112`, one that is needed and missing is `OSOP111`. Whatever begins with `x-` is kept. A *duration* is a number of
seconds, or `90s`, `10m`, `1h30m`, `24h`, `7d`; it is longer than nothing and at most ten years (`OSOP116`).
[What lint finds](lint.md) explains every code.

## Document

{tables["document"]}

## Nodes

{tables["node"]}

## Inputs and outputs

{tables["io"]}

Beside these, an input or output may have any keyword of JSON Schema 2020-12, such as `enum` or `minimum`. What is no
schema is `OSOP124`; `$ref` leads into `schemas` of the document and nowhere else.

## Spawn policy

Over the runs that `spawn` edges from the node start.

{tables["spawn"]}

## Explain

{tables["explain"]}

## Edges

{tables["edge"]}

{_modes()}

The cases of a `switch`:

{tables["way"]}

## Retries

{tables["retry"]}

`backoff` as a mapping:

{tables["backoff"]}

## Security

{tables["security"]}

`runtime.auth` as a mapping, of the types that have it:

{tables["auth"]}

## Approvals

`approval_gate` of a `human` node. `true` is a gate with nothing to say.

{tables["approval"]}

### A screening type for a person

`x-screening` of a `human` node names the [screening type](../guides/screening.md) that makes its ticket, so that risk
operators say what the reviewer sees and may reject for, and change it without touching the procedure:

```yaml
x-screening:
  type: Compliance review      # its name, as the desk compares names
  application: onboarding      # its adapt: one application and one scene
  scene: activation
  user: customer_id            # the input that says whom the ticket is about
  outputs:                     # what a verdict is in the outputs of the node
    compliance_decision: {{pass: approved, reject: rejected}}
    review_notes: remark
  without_type: ticket
```

- An adapt reads the inputs of the node: a `pb field` by its path in them, a `feature field` and a `verify field` by the
  name of an input.
- An output is `decision` (`pass`, `reject`, `resubmit`), `codes`, `reasons` (their words), `remark`, or a value for
  each verdict. One that has the name of one of these four needs no line. `resubmit` is offered where every mapping has
  a value for it. Where an output that is required is the remark, nobody decides without one.
- Every required output, and the decision, has to have a source, and what a verdict gives has to fit the schema of the
  output: anything else is an error (`OSOP112`).
- Role, number of approvers, time limit, escalations, and that nobody decides what they started, are those of the node.
  Of several approvers one rejects alone, and all of them pass; with one, the type may have a second person look. The
  reasons and their codes are those of the type; `x-reason-codes` is for tickets that follow from the node.
- Whether there is such a type is known when the node is reached. If there is none, or no adapt of it to the application
  and scene, the node fails with `AdaptMissing`: its `error` edge is taken, else it is an incident. With
  `without_type: ticket` a desk that has no type of this name derives the ticket from the node, and the journal of the
  run says so. A type without the adapt is an incident all the same.

## Runtime

[What each type of node does](nodes.md) tells more. The public schema has the fields of some types for every node: what
another type has, and this one has not, is named. For every type:

{_runtime_table("runtime")}

{_runtimes()}

## Tests

{tables["case"]}

`failure_injection` of a node as a mapping:

{tables["injected"]}

An entry of `x-events`. Each is told when the run has nothing else to do than to wait for an event; one that it does not
wait for then fails the test.

{tables["told"]}

`expect` may have, by type of test:

{_expected()}

## Triggers

{tables["trigger"]}

`config` of type `cron`; whatever is not listed in a `config` is named (`OSOP120`):

{tables["trigger cron"]}

`config` of type `webhook`:

{tables["trigger webhook"]}

`config` of type `event`:

{tables["trigger event"]}

`config` of types `manual` and `api`, which only say that people and programs start runs, as they always may:

{tables["trigger manual"]}

## Collections

A file that ends with `.sop`. Fields that are not listed are named (`OSOP120`).

{tables["collection"]}

A section:

{tables["section"]}

A procedure in it:

{tables["listed"]}

## Fields of our own

{table(("field", "type", "default", "here", ""), _own())}
"""


def said_of(level: str) -> list[Word]:
    return words(SAID[level])


def _level(name: str) -> str:
    rows = (_row(word, LEVELS[name].fields) for word in said_of(name))
    return table(("field", "since", "type", "default", "here", ""), rows)


def _row(word: Word, fields: FieldSet) -> tuple[str, ...]:
    return (_names(word.names), word.since, word.type, word.default, treatment(word, fields), word.text)


def _names(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names if name)


def treatment(word: Word, fields: FieldSet) -> str:
    """What the reader of documents does with the field; only how it is honoured is said in words."""
    named = [name for name in word.names if name in fields.not_honoured]
    if not named:
        return word.use
    default = fields.defaults.get(named[0])
    return "named" if default is None else f"named, unless {str(default).lower()}"


def _modes() -> str:
    taken = {line[0]: line[1] for line in SAID["modes"]}
    rows = [(f"`{mode}`", taken[mode.value], "run") for mode in EdgeMode]
    return table(("mode", "is taken when", "here"), rows)


def _runtimes() -> str:
    return "\n\n".join(_runtime(node_type.value) for node_type in NodeType)


def _runtime(node_type: str) -> str:
    fields, own = known.RUNTIMES[node_type], _runtime_table(f"runtime {node_type}")
    named = sorted(fields.not_honoured - known.SCHEMA_RUNTIME)
    more = f" Named: {_names(named)}." if named else ""
    others = "Any other field is named." if fields.open else "A field of no type is an error."
    return f"### {node_type}\n\n{own}\n\n{others}{more}"


def _runtime_table(heading: str) -> str:
    rows = ((_names(names_in(names)), *rest) for names, *rest in SAID[heading])
    return table(("field", "type", "default", ""), rows)


def _expected() -> str:
    rows = ((f"`{kind}`", ", ".join(f"`{name}`" for name in sorted(names))) for kind, names in known.EXPECTED.items())
    return table(("test", "fields"), rows)


def _own() -> Iterator[tuple[str, ...]]:
    for word in said_of("ours"):
        yield _names(word.names), word.type, word.default, word.use, word.text


def unexplained() -> Iterator[str]:
    """What has to be mended in script/osop_fields.txt, or for a new kind of object in LEVELS."""
    listed = [level.fields for level in LEVELS.values()]
    for name, value in vars(known).items():
        if isinstance(value, FieldSet) and not any(value is each for each in listed):
            yield f"LEVELS lacks {name}"
    for name, level in LEVELS.items():
        explained = {field for word in said_of(name) for field in word.names}
        yield from (f"[{name}] {field}" for field in sorted(explained ^ level.fields.known))
    for node_type, fields in known.RUNTIMES.items():
        lines = [*SAID["runtime"], *SAID[f"runtime {node_type}"]]
        explained = {field for line in lines for field in names_in(line[0])}
        yield from (f"[runtime {node_type}] {field}" for field in sorted(explained ^ fields.honoured))
    sources = (path.read_text(encoding="utf-8") for path in sorted(SOURCE.rglob("*.py")))
    own = {field for source in sources for field in OWN_FIELD.findall(source)} - HEADERS
    explained = {field for word in said_of("ours") for field in word.names}
    yield from (f"[ours] {field}" for field in sorted(explained ^ own))
    yield from (f"[modes] {mode}" for mode in sorted({line[0] for line in SAID["modes"]} ^ {*EdgeMode}))
