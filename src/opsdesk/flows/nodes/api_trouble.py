"""What is told of a connection that failed: the kind of trouble in our words, since errors may quote URLs, headers."""

import ssl

import aiohttp

from opsdesk.flows.calls import Failed
from opsdesk.flows.nodes.api_url import host_of
from opsdesk.flows.nodes.failures import Failure
from opsdesk.flows.procedure import Node

_WRONG_NAME = 62
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH; Python's text for it quotes the name."""


def trouble(node: Node, error: aiohttp.ClientError) -> Failed:
    """The failure of the node. A certificate does not get better by trying again; everything else may."""
    host = host_of(node)
    tls = _tls_problem(error)
    if tls is not None:
        return Failed(Failure.TLS_FAILED, f"the TLS connection to {host} failed: {tls}", outage=True)
    match error:
        case aiohttp.InvalidURL():
            return Failed(Failure.BAD_REQUEST, "runtime.url and runtime.endpoint make no URL that can be called")
        case aiohttp.ClientPayloadError():
            return Failed(
                Failure.ANSWER_CUT_SHORT, f"the answer of {host} ended before its end", retryable=True, outage=True
            )
        case aiohttp.ClientResponseError():
            return Failed(Failure.ANSWER_NOT_HTTP, f"what {host} answered is not HTTP", retryable=True, outage=True)
        case aiohttp.ClientConnectorDNSError():
            return Failed(Failure.UNREACHABLE, f"the name {host} was not found", retryable=True, outage=True)
        case aiohttp.ClientConnectorError():
            return Failed(Failure.UNREACHABLE, f"no connection to {host}", retryable=True, outage=True)
        case _:
            return Failed(
                Failure.UNREACHABLE, f"{host} closed the connection without an answer", retryable=True, outage=True
            )


def _tls_problem(error: aiohttp.ClientError) -> str | None:
    cause = error.certificate_error if isinstance(error, aiohttp.ClientConnectorCertificateError) else error.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        wrong_name = cause.verify_code == _WRONG_NAME
        return (
            "its certificate is for another name"
            if wrong_name
            else f"its certificate is refused, {cause.verify_message}"
        )
    if isinstance(cause, ssl.SSLError) or isinstance(error, ssl.SSLError | aiohttp.ClientSSLError):
        reason = getattr(cause, "reason", None)
        return str(reason or "handshake failed").replace("_", " ").lower()
    return None
