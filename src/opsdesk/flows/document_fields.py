"""Which fields a document may have, over all versions of the specification, and which of them this runtime honours."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FieldSet:
    """The fields of one kind of object. Those in neither set, and not beginning with `x-`, are unknown."""

    honoured: frozenset[str]
    not_honoured: frozenset[str] = frozenset()
    defaults: Mapping[str, bool | int | str] = field(default_factory=dict)
    """Of those not honoured: values that say what happens anyway."""
    open: bool = False
    """Whether the specification admits any field here: one that is unknown is named as not honoured, and no error."""

    @property
    def known(self) -> frozenset[str]:
        return self.honoured | self.not_honoured


def _fields(
    honoured: str, not_honoured: str = "", *, admits_any: bool = False, **defaults: bool | int | str
) -> FieldSet:
    return FieldSet(frozenset(honoured.split()), frozenset(not_honoured.split()), defaults, open=admits_any)


_SCHEMA_RUNTIME = """
provider model os image command endpoint repo action branch engine table environment method url system_prompt
temperature max_tokens tools headers body_template auth tool config_path connection source destination shell
"""
SCHEMA_RUNTIME = frozenset(_SCHEMA_RUNTIME.split())
"""What the schema lists for `runtime` whatever the type of the node."""


def _runtime(
    honoured: str, not_honoured: str = "", *, admits_any: bool = False, defaults: Mapping[str, str] = {}
) -> FieldSet:
    own = frozenset(("response_mapping " + honoured).split())
    return FieldSet(own, (frozenset(not_honoured.split()) | SCHEMA_RUNTIME) - own, defaults, open=admits_any)


PROCEDURE = _fields(
    "osop_version id name description version owner tags metadata nodes edges inputs timeout timeout_sec schemas retry"
    " retry_policy conformance_level extensions tests triggers imports",
    "visibility status usage workflow_type extends roles variables env platforms outputs contracts"
    " message_contracts views security observability evolution ledger",
)
NODE = _fields(
    "id type name purpose description subtype role owner explain runtime inputs outputs timeout timeout_sec retry"
    " retry_policy security approval_gate metadata parent spawn_policy workflow_ref workflow_inputs",
    "success_criteria failure_modes idempotency handoff observability cost message_contract",
)
IO = _fields("name schema required description explain")
"""Of an input or output, beside the keywords of JSON Schema."""
EDGE = _fields(
    "from to mode when condition label explain metadata join_mode join_count cases default_to"
    " for_each iterator_var max_iterations spawn_count",
    "contract transform",
)
WAY = _fields("value to")
"""Of a case of a switch."""
SPAWN_POLICY = _fields("max_children child_tools can_spawn_children")
RETRY = _fields("max_retries max_attempts strategy backoff backoff_sec", "retryable_errors")
BACKOFF = _fields("type initial_delay max_delay", "multiplier", multiplier=2)
SECURITY = _fields(
    "auth secret_ref secrets require_ssl rate_limit credentials",
    "permissions risk_level access_control data_classification encryption model_governance mandatory bypass_allowed"
    " audit_trail approval_gate",
    bypass_allowed=False,
    mandatory=True,
)
_BY_URL = frozenset({"api", "agent", "mcp"})
_BY_COMMAND = frozenset({"cli", "git", "docker", "infra", "cicd", "mcp"})
SECURITY_TYPES: Mapping[str, frozenset[str]] = {
    "auth": _BY_URL,
    "secret_ref": _BY_URL | {"db"},
    "require_ssl": _BY_URL,
    "credentials": _BY_COMMAND,
    "secrets": _BY_COMMAND,
}
"""By field of `security` that not every type of node looks at: the types that do."""
APPROVAL = _fields(
    "required_approvers min_approvals approvers approver_role role timeout_min timeout_hours timeout_sec",
    "required mandatory bypass_allowed",
    required=True,
    mandatory=True,
    bypass_allowed=False,
)
AUTH = _fields("type secret_ref")
EXPLAIN = _fields("why what result")
COLLECTION = _fields("sop_version id name description author version base_url tags sections", admits_any=True)
SECTION = _fields("name description workflows", admits_any=True)
LISTED = _fields("ref title description", admits_any=True)
"""Of a procedure in a section of a collection."""
TRIGGER = _fields("type config")
TRIGGER_CONFIGS: Mapping[str, FieldSet] = {
    "manual": _fields("id", "required_inputs", admits_any=True),
    "api": _fields("id", "required_inputs", admits_any=True),
    "cron": _fields("id cron schedule expression timezone time_zone missed inputs transform", admits_any=True),
    "webhook": _fields("id path method secret_ref tolerance_sec when condition inputs transform", admits_any=True),
    "event": _fields("id event name filter when condition inputs transform", "source", admits_any=True),
}
"""By kind of trigger. The specification says nothing of what is in a `config`."""
CASE = _fields("id type target_node run input expect mocks failure_injection description")
INJECTED = _fields("code message times timeout retryable")
TOLD = _fields("name data")
"""Of an event in a test."""
_OF_A_RUN = "outcome status node reason visited not_visited path edges outputs attempts"
EXPECTED: Mapping[str, frozenset[str]] = {
    "unit": frozenset(["schema_valid", "outputs", "error", "next", "edges"]),
    "integration": frozenset(_OF_A_RUN.split()),
    "simulation": frozenset(["outcomes", "never", "always", "paths"]),
    "e2e": frozenset(),
}
"""What a test of a kind can expect, beside outputs of its node (unit) or of nodes by their ids (integration)."""

RUNTIMES: Mapping[str, FieldSet] = {
    "agent": _runtime(
        "provider url model system_prompt prompt temperature max_tokens max_total_tokens max_tool_calls max_cost prices"
        " tools auth timeout",
        "input_mapping output_mapping ",
        admits_any=True,
    ),
    "api": _runtime(
        "method url endpoint headers body body_template auth expected_status timeout query"
        " variables operation_name signing_secret content_type"
    ),
    "cli": _runtime(
        "command timeout", "working_directory env success_codes capture output_mapping ", defaults={"shell": "sh"}
    ),
    "human": _runtime("approvers min_approvals timeout", "assignees channel prompt options escalation "),
    "data": _runtime("transform schema checks on_failure", "expectations report_output ", admits_any=True),
    "db": _runtime(
        "engine connection query read_only timeout",
        "migration_tool migration_path direction dry_run backup_before ",
        admits_any=True,
    ),
    "git": _runtime(
        "repository repo action branch ref tag message title body sign push remote paths base directory dry_run"
        " timeout",
        admits_any=True,
    ),
    "docker": _runtime(
        "dockerfile context image tag build_args labels cache_from platform push name network env args file project"
        " action services dry_run timeout",
        admits_any=True,
    ),
    "infra": _runtime(
        "tool working_directory backend_config variables auto_approve action config_path context namespace resource"
        " release chart version revision stack inventory dry_run timeout",
        "backend plan_output ",
        admits_any=True,
    ),
    "cicd": _runtime(
        "platform workflow repo ref inputs environment dry_run timeout", "strategy canary ", admits_any=True
    ),
    "mcp": _runtime(
        "transport url command tool_name tool uri prompt_name arguments auth timeout",
        "output_mapping ",
        admits_any=True,
    ),
    "system": _runtime("operation duration until message level run node answer", admits_any=True),
}
"""Of the node types that can be run; the runtime of the others is not looked into."""

_JSON_SCHEMA = """
type enum const default title description examples format pattern minLength maxLength minimum maximum
exclusiveMinimum exclusiveMaximum multipleOf items prefixItems contains minItems maxItems uniqueItems minContains
maxContains properties required additionalProperties patternProperties propertyNames minProperties maxProperties
dependentRequired dependentSchemas allOf anyOf oneOf not if then else deprecated readOnly writeOnly contentEncoding
contentMediaType $ref $comment unevaluatedItems unevaluatedProperties
"""
JSON_SCHEMA = frozenset(_JSON_SCHEMA.split())
"""The keywords of JSON Schema 2020-12 that a field may be described with."""
