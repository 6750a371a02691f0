"""The outside world for the demo and the tests: partner systems as real HTTP and SMTP servers on loopback.

It imports nothing of the product and the product imports nothing of it; docs/reference/sandbox.md describes it.
"""

from opsdesk.sandbox.server import Sandbox, serve

__all__ = ["Sandbox", "serve"]
