"""What signing in to this installation goes by, from its settings and secrets."""

from opsdesk import access
from opsdesk.kit.http_addresses import is_plain_loopback
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.secrets import SecretMissing, Secrets
from opsdesk.kit.settings import Settings

DEVICE_KEY = "DEVICE_KEY"
"""The secret that the cookies of known browsers are signed with."""
TOTP_KEY = "TOTP_KEY"
"""The secret that the secrets of second factors are encrypted with; whoever loses it loses all of them.

Processes on several machines have to be given the same keys.
"""
TOTP_KEY_PREVIOUS = "TOTP_KEY_PREVIOUS"
"""The one before, while `opsdesk person reseal` puts the new one in its place."""
OIDC_CLIENT_SECRET = "OIDC_CLIENT_SECRET"  # noqa: S105 - the name of a secret
"""The secret that the identity provider knows this installation by, if it gave one."""


def sign_in_rules(settings: Settings, secrets: Secrets) -> access.sign_in.SignInRules:
    """Makes the keys that are not there."""
    return access.sign_in.SignInRules(
        limits=access.sessions.SessionLimits(idle_s=settings.session_idle_s, absolute_s=settings.session_max_s),
        secure=not is_plain_loopback(settings.base_url),
        device_key=secrets.get_or_create(DEVICE_KEY, settings.data_dir).encode(),
        totp_key=secrets.get_or_create(TOTP_KEY, settings.data_dir).encode(),
    )


def oidc_sign_in(settings: Settings, secrets: Secrets, http: HttpClient) -> access.oidc.OidcSignIn | None:
    """None where the settings name no identity provider. Raises OidcMisconfigured."""
    try:
        client_secret = secrets.get(OIDC_CLIENT_SECRET)
    except SecretMissing:
        client_secret = ""
    return access.oidc.oidc_sign_in(
        http,
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=client_secret,
        base_url=settings.base_url,
        roles_claim=settings.oidc_roles_claim,
        roles=settings.oidc_roles,
        creates=settings.oidc_create,
    )
