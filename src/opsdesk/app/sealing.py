"""The sealer: while a worker runs, entries of the audit chain and postings get their places, and the ends of runs are
recorded.

Off the path of every write, by one process at a time, whichever has the turn. Its head goes into the operations log at
each batch: whoever keeps that elsewhere can prove later that nothing was taken from the end of the chain.
"""

import asyncio
from contextlib import suppress

from opsdesk import access, flows, points
from opsdesk.kit.clock import Clock
from opsdesk.kit.db import Database, DatabaseUnavailable
from opsdesk.kit.ids import new_id
from opsdesk.kit.log import bound, get_logger
from opsdesk.kit.secrets import SecretMissing, Secrets
from opsdesk.kit.settings import Settings

AUDIT_KEY = "AUDIT_KEY"
"""The secret that the batches of the audit chain are signed with. Processes on several machines have to be given the
same one."""
AUDIT_KEYS_PREVIOUS = "AUDIT_KEYS_PREVIOUS"
"""Those before, with a space or a new line between them: what they have signed is verified with them for good."""
EVERY_S = 2.0
"""How long an entry waits for its place at most, while a worker runs and the database answers."""

_log = get_logger("opsdesk.operations")


def sealing_key(settings: Settings, secrets: Secrets) -> access.audit.SealingKey:
    """The key that is set, else one in the data folder. Raises SealingKeyTooShort."""
    return access.audit.SealingKey(secrets.get_or_create(AUDIT_KEY, settings.data_dir))


def verifying_keys(settings: Settings, secrets: Secrets) -> tuple[access.audit.SealingKey, ...]:
    """The key, and all that there were before. Raises SealingKeyTooShort."""
    previous = ""
    with suppress(SecretMissing):
        previous = secrets.get(AUDIT_KEYS_PREVIOUS)
    return (sealing_key(settings, secrets), *map(access.audit.SealingKey, previous.split()))


class Sealer:
    """Seals every EVERY_S, until it is stopped; what was written until then is sealed before it ends."""

    def __init__(self, database: Database, key: access.audit.SealingKey, *, clock: Clock) -> None:
        self._database = database
        self._key = key
        self._clock = clock
        self._points = points.chain.Sealer()
        self._stopping = asyncio.Event()
        self._database_away = False

    async def run(self) -> None:
        """Survives whatever happens in a round; each failure is logged, the absence of the database once."""
        while not self._stopping.is_set():
            await self.once()
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), timeout=EVERY_S)
        await self.once()

    def stop(self) -> None:
        self._stopping.set()

    async def once(self) -> None:
        """Seal what waits now."""
        try:
            await seal_all(self._database, self._key, clock=self._clock)
            await self._points.once(self._database)
            self._database_away = False
        except DatabaseUnavailable:
            if not self._database_away:
                _log.warning("audit_not_sealed", reason="the database is away")
            self._database_away = True
        except Exception:  # noqa: BLE001 - the loop must survive
            _log.exception("audit_not_sealed")


async def seal_all(
    database: Database, key: access.audit.SealingKey, *, clock: Clock
) -> tuple[int, access.audit.Head | None]:
    """Record the runs that have ended and seal all that waits; returns how many entries, and the head after them.

    In several short transactions, by turns, so that many ends keep no entry waiting. Nothing is sealed while another
    sealer has the turn.
    """
    total = 0
    while True:
        ended = await _record_ends(database, clock=clock)
        async with database.transaction() as conn:
            sealed, head = await access.audit.seal(conn, key=key)
        if sealed:
            assert head is not None, "what was sealed has a place"
            total += sealed
            _log.info("audit_sealed", entries=sealed, seq=head.seq, head=head.hash)
        elif not ended:
            return total, head


async def _record_ends(database: Database, *, clock: Clock) -> int:
    with bound(request_id=f"seal:{new_id()}"):
        async with database.transaction() as conn:
            return await flows.record.record_ends(conn, actor=access.system_actor("sealer"), now=clock.now())
