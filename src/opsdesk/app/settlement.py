"""How this installation settles with providers, by its settings and secrets."""

from opsdesk.benefits import settlement as settling
from opsdesk.kit.clock import Clock
from opsdesk.kit.http_client import HttpClient
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings

FOLDER = "settlement"
WORK_FOLDER = "settlement-work"


def calendar_of(settings: Settings) -> settling.months.Calendar:
    return settling.months.Calendar(settings.settlement_day, settings.settlement_time, settings.settlement_alarm_time)


def settlement_of(settings: Settings, secrets: Secrets) -> settling.issuing.Settlement:
    """Raises StoreInvalid, FileKeyInvalid."""
    return settling.issuing.Settlement(
        store=settling.stores.open_store(
            settings.settlement_store, default=settings.data_dir / FOLDER, secret=secrets.get
        ),
        keys=settling.keys.settlement_keys(secrets, settings.data_dir),
        calendar=calendar_of(settings),
        work_dir=settings.data_dir / WORK_FOLDER,
        base_url=settings.base_url,
        address_lasts_s=settings.settlement_address_s,
    )


def notices_of(settings: Settings, secrets: Secrets, http: HttpClient, clock: Clock) -> settling.notices.Notices:
    """Raises NoticesUnreadable."""
    return settling.notices.Notices(
        http, secrets.get, clock, settling.notices.read_addresses(settings.settlement_notices)
    )
