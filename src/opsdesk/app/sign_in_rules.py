"""What signing in to this installation goes by, from its settings and secrets."""

from opsdesk import access
from opsdesk.kit.http_addresses import is_plain_loopback
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings

DEVICE_KEY = "DEVICE_KEY"
"""The secret that the cookies of known browsers are signed with."""
TOTP_KEY = "TOTP_KEY"
"""The secret that the secrets of second factors are encrypted with; whoever loses it loses all of them.

Processes on several machines have to be given the same keys.
"""


def sign_in_rules(settings: Settings, secrets: Secrets) -> access.sign_in.SignInRules:
    """Makes the keys that are not there."""
    return access.sign_in.SignInRules(
        limits=access.sessions.SessionLimits(idle_s=settings.session_idle_s, absolute_s=settings.session_max_s),
        secure=not is_plain_loopback(settings.base_url),
        device_key=secrets.get_or_create(DEVICE_KEY, settings.data_dir).encode(),
        totp_key=secrets.get_or_create(TOTP_KEY, settings.data_dir).encode(),
    )
