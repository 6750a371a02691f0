"""How long a retry is waited for. Pure, like the engine."""

from hashlib import sha256

from opsdesk.flows.procedure import Backoff, RetryPolicy


def backoff_s(policy: RetryPolicy, attempt: int, seed: str) -> float:
    """Fixed, or doubling with up to a tenth of jitter, which depends on the seed alone so that replay agrees."""
    if policy.backoff is Backoff.FIXED:
        return policy.backoff_s
    delay = policy.backoff_s * float(2 ** min(attempt - 1, 30))
    jitter = int.from_bytes(sha256(seed.encode()).digest()[:4], "big") / 2**32
    return min(delay * (1 + 0.1 * jitter), policy.max_backoff_s or float("inf"))
