"""Every setting, read once at start from `OPSDESK_*`."""

from collections.abc import Iterable
from datetime import time
from difflib import get_close_matches
from pathlib import Path

from pydantic import AwareDatetime, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

NOT_SETTINGS = ("OPSDESK_SECRET_", "OPSDESK_TEST_", "OPSDESK_API_KEY")
"""Secrets, which have names of their own, what only the tests ask for, and the key that a command acts by."""


class Settings(BaseSettings):
    """The settings of one process; the environment is the only source."""

    model_config = SettingsConfigDict(env_prefix="OPSDESK_", frozen=True, extra="ignore")

    database_url: str | None = Field(
        None, description="PostgreSQL 14 or newer; unset: an embedded one in the data folder"
    )
    accept_newer_database: bool = Field(
        False, description="start although a newer version migrated the database: to go back to the one directly before"
    )
    data_dir: Path = Field(Path(".opsdesk"), description="folder of the embedded database and of generated keys")
    base_url: str = Field("http://127.0.0.1:8700", description="how partners and people reach this installation")
    host: str = Field("127.0.0.1", description="address that `opsdesk serve` listens on")
    port: int = Field(8700, description="port that `opsdesk serve` listens on", ge=1, le=65535)
    proxies: str = Field(
        "127.0.0.1,::1",
        description="addresses and networks, separated by commas, whose `X-Forwarded-For` tells who asked",
    )
    secrets_dir: Path | None = Field(None, description="folder with one file per secret; else OPSDESK_SECRET_<NAME>")
    callback_key_previous_until: AwareDatetime | None = Field(
        None,
        description="until when callback addresses made with the secret CALLBACK_KEY_PREVIOUS are taken, with zone",
    )
    commands_dir: Path = Field(Path(), description="folder that commands of `cli` nodes start in")
    ca_file: Path | None = Field(None, description="additional certificate authority for calls to partners")
    connect_to: str = Field(
        "",
        description="where to connect instead: `host=address:port`, separated by commas; names in certificates stay",
    )
    allow_networks: str = Field(
        "",
        description="networks inside that may be called, such as `10.0.0.0/8,fd00::/8`; else only public addresses",
    )
    picture_hosts: str = Field(
        "",
        description="hosts that pictures of tickets are fetched from: `host`, `host:port` or `*.host`, separated by "
        "commas; unset: none are fetched",
    )
    picture_networks: str = Field(
        "",
        description="networks inside that such hosts may be in, such as `10.0.0.0/8`; else only public addresses",
    )
    worker_lease_s: float = Field(
        15.0, description="seconds after which the runs of a worker that went silent are taken over", ge=0.2, le=600
    )
    outage_runs: int = Field(
        3,
        description="different runs in a row that an endpoint has to fail, with no answer between, to count as out",
        ge=1,
        le=100,
    )
    outage_pause_s: float = Field(
        5.0, description="seconds from the beginning of an outage to the first call that tries", ge=0.5, le=3600
    )
    outage_pause_max_s: float = Field(
        300.0, description="seconds between two such calls at most; the pause doubles with each", ge=0.5, le=86_400
    )
    outage_release_per_s: float = Field(
        10.0, description="waiting calls that are let through a second when an outage is over", ge=0.01, le=10_000
    )
    benefit_aum_min_fen: int = Field(
        50_000_000, description="fen that a customer has to have with the bank to redeem, this much included", ge=0
    )
    benefit_list_days: int = Field(
        3, description="days after which the newest list of customers is too old to redeem by", ge=1, le=366
    )
    benefit_days: int = Field(90, description="days after which an order that was not booked expires", ge=1, le=3660)
    benefit_expiry_by: str = Field(
        "moment",
        description="`moment`: it expires to the same time of the day; `day`: at the end of the last day",
        pattern="^(moment|day)$",
    )
    benefit_quote_s: int = Field(
        300,
        description="seconds that a quote of what would come back holds, unless points expire before",
        ge=10,
        le=3600,
    )
    benefit_skew_s: int = Field(
        300, description="seconds that the clock of a provider may be off when it says when it served", ge=0, le=86_400
    )
    esb_url: str | None = Field(
        None,
        description="where the bank's bus takes messages; unset: the open platform asks this installation itself",
        pattern=r"^https?://",
    )
    session_idle_s: float = Field(
        1800.0, description="seconds without use after which a person has to sign in again", ge=60, le=86_400
    )
    session_max_s: float = Field(
        43_200.0, description="seconds after which a person has to sign in again in any case", ge=60, le=2_592_000
    )
    settlement_store: str = Field(
        "",
        description="where settlement files are kept: a folder, or `s3://bucket/prefix`, for another service than "
        "Amazon's with `?endpoint=https://…&region=…`; unset: the folder `settlement` in the data folder",
    )
    settlement_day: int = Field(
        3, description="the day on which the month before is closed and its settlement files are made", ge=3, le=28
    )
    settlement_time: time = Field(time(1), description="from when on that day, in Shanghai")
    settlement_alarm_time: time = Field(
        time(9), description="when on that day settlement files that are missing are an alarm"
    )
    settlement_address_s: int = Field(
        600, description="seconds for which an address to fetch a settlement file from is good", ge=30, le=3600
    )
    settlement_notices: str = Field(
        "",
        description="where providers are told of new settlement files: `provider=url`, separated by commas; signed "
        "with the secret SETTLEMENT_NOTICE_<PROVIDER>",
    )
    metrics_open: bool = Field(
        False, description="`/metrics` answers without an API key; else it asks for one with the scope operations:read"
    )
    worker_metrics_port: int | None = Field(
        None,
        description="port of `opsdesk worker` for `/metrics` and health; unset: it listens nowhere",
        ge=0,
        le=65535,
    )
    worker_metrics_host: str = Field("127.0.0.1", description="address that `opsdesk worker` listens on for it")
    otlp_endpoint: str | None = Field(
        None,
        description="base address of an OTLP receiver, as `http://127.0.0.1:4318`; unset: no spans",
        pattern=r"^https?://",
    )
    trace_ratio: float = Field(1.0, description="how many of the traces are sent, from 0 to 1", ge=0, le=1)
    oidc_issuer: str = Field("", description="the identity provider (OpenID Connect) that people may sign in through")
    oidc_client_id: str = Field(
        "", description="what this installation is called there; its secret, if it has one, is OIDC_CLIENT_SECRET"
    )
    oidc_roles_claim: str = Field("groups", description="the claim that `oidc_roles` is about")
    oidc_roles: str = Field(
        "",
        description="`value=role`, separated by commas: who signs in through the provider has the roles that the "
        "values of the claim give, and no others; unset: roles are given here",
    )
    oidc_create: bool = Field(False, description="whether who signs in through the provider gets an account")
    log_format: str = Field(
        "auto", description="`json`, `text`, or `auto`: text on a terminal", pattern="^(auto|json|text)$"
    )
    log_level: str = Field(
        "info", description="least severe level that is logged", pattern="^(debug|info|warning|error)$"
    )


def strange_settings(environment: Iterable[str]) -> list[str]:
    """Variables that look like settings and are none, a sentence each: a misspelt one would be ignored in silence."""
    known = {f"OPSDESK_{name.upper()}" for name in Settings.model_fields}
    told = []
    for name in sorted(environment):
        if name.startswith("OPSDESK_") and name not in known and not name.startswith(NOT_SETTINGS):
            near = get_close_matches(name, known, n=1, cutoff=0.8)
            told.append(f"{name}: there is no such setting" + (f"; did you mean {near[0]}?" if near else ""))
    return told
