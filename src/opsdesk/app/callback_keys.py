"""The keys that callback addresses are signed with, and how one replaces another."""

from dataclasses import dataclass
from datetime import datetime

from opsdesk import flows
from opsdesk.kit.errors import Invalid
from opsdesk.kit.secrets import SecretMissing, Secrets
from opsdesk.kit.settings import Settings

CALLBACK_KEY = "CALLBACK_KEY"
"""The secret that callback addresses are signed with. Processes on several machines have to be given the same one."""
CALLBACK_KEY_PREVIOUS = "CALLBACK_KEY_PREVIOUS"
"""The one before: its addresses are taken until the setting `callback_key_previous_until`."""


@dataclass(eq=False)
class PreviousKeyWithoutEnd(Invalid):
    """CALLBACK_KEY_PREVIOUS and OPSDESK_CALLBACK_KEY_PREVIOUS_UNTIL are only set together."""

    missing: str


def callback_addresses(settings: Settings, secrets: Secrets) -> flows.nodes.CallbackAddresses:
    """Made with the key that is set, else with one in the data folder. Raises PreviousKeyWithoutEnd."""
    key = secrets.get_or_create(CALLBACK_KEY, settings.data_dir).encode()
    return flows.nodes.CallbackAddresses(settings.base_url, key, previous=_previous(settings, secrets))


def _previous(settings: Settings, secrets: Secrets) -> tuple[bytes, datetime] | None:
    until = settings.callback_key_previous_until
    try:
        key = secrets.get(CALLBACK_KEY_PREVIOUS).encode()
    except SecretMissing:
        if until is not None:
            raise PreviousKeyWithoutEnd(missing=CALLBACK_KEY_PREVIOUS) from None
        return None
    if until is None:
        raise PreviousKeyWithoutEnd(missing="OPSDESK_CALLBACK_KEY_PREVIOUS_UNTIL")
    return key, until
