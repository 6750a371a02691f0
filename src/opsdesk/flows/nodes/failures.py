"""Why a node can fail: the codes that error edges and operators read."""

from enum import StrEnum

from opsdesk.flows.calls import Failed


class Failure(StrEnum):
    """The code of a failure: those of each type of node in turn, and last those of all of them."""

    ADDRESS_REFUSED = "AddressRefused"
    """The address lies inside, where procedures may only call what the setting `OPSDESK_ALLOW_NETWORKS` lists."""
    ANSWER_CUT_SHORT = "AnswerCutShort"
    """The connection ended before the answer did."""
    ANSWER_NOT_HTTP = "AnswerNotHttp"
    """What came back is not HTTP."""
    ANSWER_TOO_LARGE = "AnswerTooLarge"
    BAD_REQUEST = "BadRequest"
    """The request that the procedure describes cannot be made: a URL, a header or a body of it."""
    GRAPHQL_ERRORS = "GraphqlErrors"
    INSECURE_URL = "InsecureUrl"
    """The node requires TLS, and its URL does not use it."""
    PARTNER_FAILING = "PartnerFailing"
    """The partner answered with a status of 500 or more."""
    REDIRECTED = "Redirected"
    REFUSED_4XX = "Refused4xx"
    TIMED_OUT = "TimedOut"
    TLS_FAILED = "TlsFailed"
    UNEXPECTED_STATUS = "UnexpectedStatus"
    UNREACHABLE = "Unreachable"

    BAD_COMMAND = "BadCommand"
    """The command that the procedure describes cannot be run."""
    BAD_ARGUMENT = "BadArgument"
    """A value cannot be an argument of any program."""
    COMMAND_FAILED = "CommandFailed"
    COMMAND_NOT_FOUND = "CommandNotFound"
    COMMAND_NOT_STARTED = "CommandNotStarted"

    BAD_NODE = "BadNode"
    """The node cannot be run as it is declared."""
    DATA_INVALID = "DataInvalid"
    """A value does not fit the schema or a check of a `data` node."""
    EXPRESSION_FAILED = "ExpressionFailed"
    """An expression of a `data` node could not be evaluated for these values."""

    SIGNAL_REFUSED = "SignalRefused"
    """The other run did not take the signal of a `system` node."""

    CHILD_CANCELLED = "ChildCancelled"
    """A run that carries out the node was cancelled."""
    CHILD_NOT_STARTED = "ChildNotStarted"
    """The procedure that the node runs is not stored, or does not take the inputs that it is given."""
    CHILD_STOPPED = "ChildStopped"
    """A run that carries out the node ended as `stopped`."""
    CHILD_TOO_DEEP = "ChildTooDeep"
    """Runs start runs deeper than 8; the message names the procedures on the way."""
    SPAWN_REFUSED = "SpawnRefused"
    """A `spawn_policy` does not let this run start runs of its own."""

    DATABASE_UNREACHABLE = "DatabaseUnreachable"
    QUERY_REFUSED = "QueryRefused"
    """The database refused the statement of a `db` node; the message has its SQLSTATE."""
    RESULT_TOO_LARGE = "ResultTooLarge"

    AGENT_CUT_OFF = "AgentCutOff"
    """The model reached its `max_tokens` before it had answered."""
    AGENT_OUTSIDE_SCHEMA = "AgentOutsideSchema"
    """The model answered outside of the schema, and again when it was told so."""
    AGENT_OVER_LIMIT = "AgentOverLimit"
    """The next step could take more tokens, cost or tool calls than the `agent` node may use."""
    AGENT_REFUSED = "AgentRefused"

    MCP_REFUSED = "McpRefused"
    """The server of an `mcp` node answered with an error of the protocol, such as for a tool that it does not have."""
    MCP_TOOL_FAILED = "McpToolFailed"

    ANSWER_NOT_JSON = "AnswerNotJson"
    """The answer, or the standard output, is not one JSON object."""
    OUTPUT_INVALID = "OutputInvalid"
    """An output does not fit its schema, or cannot be stored."""
    OUTPUT_MISSING = "OutputMissing"
    PROVIDER_OUT = "ProviderOut"
    """Whoever the node calls does not answer, which is known from other calls, and the procedure says how to go on."""
    REFERENCE_MISSING = "ReferenceMissing"
    """A `${…}` names something that is not there in this run."""
    SECRET_MISSING = "SecretMissing"  # noqa: S105  the name of a failure, not a secret


NOT_ASKED = frozenset(
    {
        *(Failure.ADDRESS_REFUSED, Failure.AGENT_OVER_LIMIT, Failure.BAD_ARGUMENT, Failure.BAD_NODE),
        *(Failure.BAD_REQUEST, Failure.INSECURE_URL, Failure.REFERENCE_MISSING, Failure.SECRET_MISSING),
    }
)
"""The node failed before anybody was called, so it says nothing of whom it would have called."""


class NodeFailure(Exception):
    """Ends a node from within, so not an error of Opsdesk: `failed` is what the node answers."""

    def __init__(self, code: Failure, message: str, *, retryable: bool = False, timeout: bool = False) -> None:
        super().__init__(message)
        self.failed = Failed(code, message, retryable=retryable, timeout=timeout)

    @classmethod
    def of(cls, failed: Failed) -> "NodeFailure":
        """Ends the node with an answer that is there already."""
        failure = cls(Failure(failed.code), failed.message)
        failure.failed = failed
        return failure
