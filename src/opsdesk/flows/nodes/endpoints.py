"""Whom a call is to: the scheme, the host and the port, over all procedures and nodes that call there."""

from collections.abc import Callable, Mapping

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from yarl import URL

from opsdesk.flows.calls import NodeCall
from opsdesk.flows.nodes.api_url import TRUSTED, template_of, url_of
from opsdesk.flows.nodes.db_fields import connection_secret
from opsdesk.flows.nodes.failures import NodeFailure
from opsdesk.flows.nodes.mcp_fields import STDIO, transport_of
from opsdesk.flows.nodes.names import NO_ENV, SecretLookup, lookup_for, secret
from opsdesk.flows.procedure import Node, NodeType
from opsdesk.flows.references import ReferenceMalformed, ReferenceMissing, parse

ENDPOINT_CHARACTERS_MAX = 300
_POSTGRESQL_PORT = 5432
_BY_URL = frozenset({NodeType.API, NodeType.AGENT, NodeType.MCP})


def endpoint_by(secrets: SecretLookup, env: Mapping[str, str] = NO_ENV) -> Callable[[NodeCall], str | None]:
    """The function that says whom a call is to, as `https://partner.example.com:443`.

    None: a command, a node that calls nobody, or a host that is put together from values of the run, which may be
    personal. Of a database's address, which is a secret, the host and the port are told, because somebody has to know
    what is out.
    """

    def endpoint_of(call: NodeCall) -> str | None:
        node = call.node
        try:
            if node.type is NodeType.DB:
                found = _database(secret(connection_secret(node) or "", secrets=secrets))
            elif _has_address(node):
                found = _origin(url_of(node, lookup_for(call, secrets=secrets, env=env)))
            else:
                return None
        except (NodeFailure, ReferenceMissing, ReferenceMalformed, ProgrammingError, ValueError, KeyError):
            return None
        return found if found and len(found) <= ENDPOINT_CHARACTERS_MAX else None

    return endpoint_of


def _has_address(node: Node) -> bool:
    if node.type not in _BY_URL or (node.type is NodeType.MCP and transport_of(node.runtime) == STDIO):
        return False
    seen = ""
    for part in parse(template_of(node)):
        if isinstance(part, str):
            seen += part
        elif part.namespace in TRUSTED:
            # It may be a whole address, and what comes after it is then in its path.
            seen = seen if "://" in seen else f"{seen}://"
        else:
            return False
        if "/" in seen.partition("://")[2]:
            return True
    return "://" in seen


def _origin(url: URL) -> str:
    host = url.host or ""
    return f"{url.scheme}://{f'[{host}]' if ':' in host else host}:{url.port}"


def _database(conninfo: str) -> str:
    given = conninfo_to_dict(conninfo)
    host = given.get("host") or given.get("hostaddr") or "localhost"
    return f"postgresql://{host}:{given.get('port') or _POSTGRESQL_PORT}"
