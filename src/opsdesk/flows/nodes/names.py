"""The values that the `${…}` of a node stand for."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from opsdesk.flows.calls import NodeCall
from opsdesk.flows.nodes.failures import Failure, NodeFailure
from opsdesk.flows.references import Lookup, Namespace, Reference
from opsdesk.kit.secrets import BadSecretName, SecretMissing

NO_ENV: Mapping[str, str] = MappingProxyType({})
SecretLookup = Callable[[str], str]
"""Gives a secret by name; raises SecretMissing."""


def lookup_for(call: NodeCall, *, secrets: SecretLookup, env: Mapping[str, str]) -> Lookup:
    """What the references of this call stand for. `env` holds the environment variables that procedures may see."""

    def lookup(reference: Reference) -> Any:
        name = reference.name
        match reference.namespace:
            case Namespace.BARE:
                return call.scope[name]
            case Namespace.INPUTS:
                return call.run_inputs[name] if name in call.run_inputs else call.inputs[name]
            case Namespace.OUTPUTS:
                return _outputs_of(call, reference.node or "")[name]
            case Namespace.LOOP | Namespace.EVENT | Namespace.SPAWN:
                return call.scope[f"{reference.namespace}.{name}"]
            case Namespace.METADATA:
                return _metadata(call)[name]
            case Namespace.SECRETS:
                return secret(name, secrets=secrets)
            case Namespace.ENV:
                return env[name]

    return lookup


def secret(name: str, *, secrets: SecretLookup) -> str:
    """The secret, or the failure of the node that names it."""
    try:
        return secrets(name)
    except (SecretMissing, BadSecretName) as error:
        raise NodeFailure(Failure.SECRET_MISSING, f"the secret {name} is not set") from error


def _outputs_of(call: NodeCall, node: str) -> Mapping[str, Any]:
    """Conditions cannot spell a hyphen, so that `my_node` means `my-node` here too."""
    if node in call.outputs:
        return call.outputs[node]
    return {name.replace("-", "_"): outputs for name, outputs in call.outputs.items()}[node]


def _metadata(call: NodeCall) -> Mapping[str, Any]:
    return {
        "run_id": str(call.run_id),
        "procedure_id": call.procedure_id,
        "node_id": call.node.id,
        "iteration": call.iteration,
        "attempt": call.attempt,
        "idempotency_key": call.idempotency_key,
    }
