"""Everything there is, in plain lists, and what is handed to whom."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from opsdesk import access, benefits, flows, jobs, points, review
from opsdesk.app import desk, events, partner_jobs, points_jobs
from opsdesk.app.benefit_steps import tell_steps
from opsdesk.app.callback_keys import callback_addresses
from opsdesk.app.escalations import escalate_tickets
from opsdesk.app.forgetting import EVERY_HOUR, forget_sign_ins
from opsdesk.app.link_master import link_master
from opsdesk.app.observation import Observation, observation
from opsdesk.app.pictures import picture_fetcher
from opsdesk.app.points_audits import AUDIT_AT, audit_key, audit_points
from opsdesk.app.points_audits import EVERY_HOUR as AUDIT_NEW_AT
from opsdesk.app.redemptions import benefit_rules, redemptions
from opsdesk.app.run_signals import signals
from opsdesk.app.sealing import Sealer, sealing_key
from opsdesk.app.settlement import calendar_of, notices_of, settlement_of
from opsdesk.app.sign_in_rules import oidc_sign_in, sign_in_rules
from opsdesk.app.stalls import EVERY_MINUTE, stall_check
from opsdesk.app.triggers import fire_triggers
from opsdesk.kit.clock import Clock, SystemClock
from opsdesk.kit.db import Database
from opsdesk.kit.embedded import database_url
from opsdesk.kit.errors import Refused
from opsdesk.kit.http_client import HttpClient, http_client
from opsdesk.kit.migrate import Step, migrate, pending
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings

CONSOLE_KEY = "CONSOLE_KEY"
"""The secret that pages sign what they say next with. Servers behind one address have to be given the same one."""
CLOCK_FILE = "clock"

MIGRATION_STEPS: Sequence[Step] = (jobs.install,)

JOB_KINDS: Sequence[jobs.JobKind] = (
    jobs.JobKind("operations_log:run_stalled", events.write_in_operations_log),
    jobs.JobKind("operations_log:ticket_opened", events.write_in_operations_log),
    jobs.JobKind("operations_log:ticket_decided", events.write_in_operations_log),
    jobs.JobKind("operations_log:ticket_escalated", events.write_in_operations_log),
    jobs.JobKind("operations_log:review_alert", events.write_in_operations_log),
)

SUBSCRIPTIONS: Mapping[str, Sequence[str]] = {
    events.RunStalled.__name__: ["operations_log:run_stalled"],
    events.TicketOpened.__name__: ["operations_log:ticket_opened"],
    events.TicketDecided.__name__: ["operations_log:ticket_decided"],
    events.TicketEscalated.__name__: ["operations_log:ticket_escalated"],
    **{alert: ["operations_log:review_alert"] for alert in review.alerts.Alert},
}


@dataclass(eq=False)
class MigrationsPending(Refused):
    """The tables of the database are older than this version of Opsdesk: run `opsdesk migrate`."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opsdesk:
    """One open installation: what every process of it shares."""

    settings: Settings
    database: Database
    clock: Clock
    secrets: Secrets
    http: HttpClient
    pictures: review.pictures.fetching.Fetcher
    callbacks: flows.nodes.CallbackAddresses
    sign_in_rules: access.sign_in.SignInRules
    console_key: bytes
    observation: Observation
    redeem: "benefits.redeeming.Redeem"

    def nodes(self) -> Mapping[flows.NodeType, flows.nodes.NodeFunction]:
        """How each type of node is executed; `human` is not among them, it goes through `open_ticket`."""
        api = flows.nodes.api_node(self.http, self.secrets.get, clock=self.clock)
        data, db = flows.nodes.data_node(), flows.nodes.db_node(self.secrets.get)
        mcp = flows.nodes.mcp_node(self.http, self.secrets.get, self.settings.commands_dir)
        called_by_models = {
            flows.NodeType.API: api,
            flows.NodeType.DATA: data,
            flows.NodeType.DB: db,
            flows.NodeType.MCP: mcp,
        }
        tool = flows.nodes.tool_node(self.secrets.get, self.settings.commands_dir)
        return {
            flows.NodeType.API: api,
            flows.NodeType.AGENT: flows.nodes.agent_node(self.http, self.secrets.get, called_by_models),
            flows.NodeType.CLI: flows.nodes.cli_node(self.secrets.get, self.settings.commands_dir),
            flows.NodeType.DATA: data,
            flows.NodeType.DB: db,
            flows.NodeType.GIT: tool,
            flows.NodeType.DOCKER: tool,
            flows.NodeType.INFRA: tool,
            flows.NodeType.CICD: tool,
            flows.NodeType.MCP: mcp,
            flows.NodeType.SYSTEM: flows.nodes.system_node(self.secrets.get, signals(self.database, self.clock)),
        }

    def runtime(self) -> flows.Runtime:
        """A new worker for runs; start and stop it."""
        ports = flows.Ports(
            clock=self.clock,
            nodes=self.nodes(),
            open_ticket=desk.open_ticket,
            close_ticket=desk.close_ticket,
            escalate_ticket=desk.escalate_ticket,
            move_clock=desk.move_clock,
            callback_url=self.callbacks.url,
            observer=self.observation,
            endpoint_of=flows.nodes.endpoint_by(self.secrets.get),
            outage_limits=self._outage_limits(),
        )
        return flows.Runtime(self.database, ports, lease_s=self.settings.worker_lease_s)

    @property
    def bus(self) -> "benefits.bus.Bus":
        """Where the open platform asks."""
        if url := self.settings.esb_url:
            return benefits.bus.HttpBus(self.http, url, self.secrets.get)
        return benefits.bus.LocalBus(self.database, self.clock, self.benefit_rules, self.link_master)

    @property
    def benefit_rules(self) -> benefits.rules.Rules:
        """What the settings say of benefits."""
        return benefit_rules(self.settings)

    def _outage_limits(self) -> flows.reports.outage_control.OutageLimits:
        settings = self.settings
        return flows.reports.outage_control.OutageLimits(
            runs=settings.outage_runs,
            pause_s=settings.outage_pause_s,
            pause_max_s=settings.outage_pause_max_s,
            release_per_s=settings.outage_release_per_s,
        )

    @property
    def oidc(self) -> access.oidc.OidcSignIn | None:
        """Signing in through the identity provider, if the settings name one. Raises OidcMisconfigured."""
        return oidc_sign_in(self.settings, self.secrets, self.http)

    @property
    def link_master(self) -> bytes:
        """What link keys of partners come from. Raises LinkMasterTooShort, LinkMasterReadable."""
        return link_master(self.settings, self.secrets)

    @property
    def settlement(self) -> benefits.settlement.issuing.Settlement:
        """What months are settled with. Raises StoreInvalid, FileKeyInvalid."""
        return settlement_of(self.settings, self.secrets)

    @property
    def points_checks(self) -> points.auditing.Checks:
        """What audits of the ledger ask: of points, and of what is bought with them."""
        full = {**points.auditing.LEDGER.full, **benefits.invariants.INVARIANTS}
        return points.auditing.Checks(full=full, since=points.auditing.LEDGER.since)

    def crons(self) -> Sequence[jobs.CronKind]:
        key, checks = audit_key(self.settings, self.secrets), self.points_checks
        return [
            jobs.CronKind("stall_check", EVERY_MINUTE, stall_check(self.clock, calendar_of(self.settings))),
            jobs.CronKind("forget_sign_ins", EVERY_HOUR, forget_sign_ins(self.clock)),
            jobs.CronKind("fire_triggers", EVERY_MINUTE, fire_triggers(self.clock)),
            jobs.CronKind("tell_benefit_steps", EVERY_MINUTE, tell_steps(self.clock)),
            jobs.CronKind("escalate_tickets", EVERY_MINUTE, escalate_tickets(self.clock)),
            jobs.CronKind("keep_partner_keys", partner_jobs.EVERY_HOUR, partner_jobs.keep_partner_keys(self.clock)),
            jobs.CronKind("sweep_points", points_jobs.SWEEP_AT, points_jobs.sweep_points(self.clock)),
            jobs.CronKind("audit_points", AUDIT_AT, audit_points(key, checks, self.clock, full=True)),
            jobs.CronKind("audit_new_points", AUDIT_NEW_AT, audit_points(key, checks, self.clock, full=False)),
        ]

    def sealer(self) -> Sealer:
        """A new sealer of the audit chain; run and stop it. Raises SealingKeyTooShort."""
        return Sealer(self.database, sealing_key(self.settings, self.secrets), clock=self.clock)

    def job_worker(self) -> jobs.JobWorker:
        """A new worker for jobs; run and stop it."""
        return jobs.JobWorker(self.database, self.job_kinds(), self.crons(), SUBSCRIPTIONS, clock=self.clock)

    def job_kinds(self) -> Sequence[jobs.JobKind]:
        return [
            *JOB_KINDS,
            review.pictures.jobs.picture_job(self.pictures, self.clock),
            review.applications.delivering.delivery_job(self.http, self.secrets.get, self.clock),
            notices_of(self.settings, self.secrets, self.http, self.clock).job(),
        ]


@asynccontextmanager
async def open_app(settings: Settings, *, clock: Clock | None = None) -> AsyncIterator[Opsdesk]:
    """Open an installation; it is closed in order when the block ends.

    The embedded database is migrated. One that the settings name is only checked, because it may be shared with
    processes of the version before. Raises MigrationsPending, DatabaseUnavailable, and what `migrate` raises.
    """
    clock = clock or SystemClock(settings.data_dir / CLOCK_FILE)
    secrets = Secrets(settings)
    async with database_url(settings) as url:
        if settings.database_url is None:
            await migrate(url, steps=MIGRATION_STEPS)
        async with (
            _database(url) as database,
            http_client(
                ca_file=settings.ca_file, connect_to=settings.connect_to, allow_networks=settings.allow_networks
            ) as http,
            picture_fetcher(settings) as pictures,
        ):
            await _check_migrations(database, accept_newer=settings.accept_newer_database)
            callbacks = callback_addresses(settings, secrets)
            rules = sign_in_rules(settings, secrets)
            console_key = secrets.get_or_create(CONSOLE_KEY, settings.data_dir).encode()
            async with _observed(settings, secrets, database) as seen, redemptions(settings, database, clock) as redeem:
                yield Opsdesk(
                    settings,
                    database,
                    clock,
                    secrets,
                    http,
                    pictures,
                    callbacks,
                    rules,
                    console_key,
                    seen,
                    redeem,
                )


async def migrate_database(settings: Settings) -> Sequence[str]:
    """Bring the database to what this version expects; returns the names of the migrations that were applied."""
    async with database_url(settings) as url:
        return [migration.name for migration in await migrate(url, steps=MIGRATION_STEPS)]


@asynccontextmanager
async def _observed(settings: Settings, secrets: Secrets, database: Database) -> AsyncIterator[Observation]:
    seen = observation(settings, secrets, database)
    try:
        yield seen
    finally:
        await seen.close()


@asynccontextmanager
async def _database(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


async def _check_migrations(database: Database, *, accept_newer: bool) -> None:
    async with database.connection() as conn:
        missing = await pending(conn, accept_newer=accept_newer)
    if missing:
        raise MigrationsPending(tuple(f"{migration.version:04}_{migration.name}" for migration in missing))
