"""What HTTP and the command line show of settlement."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from opsdesk.benefits.settlement.downloads import Address
from opsdesk.benefits.settlement.files import NAME_PATTERN, SettlementFile
from opsdesk.benefits.settlement.issuing import Settled
from opsdesk.benefits.settlement.months import write_moment, write_month
from opsdesk.benefits.settlement.periods import Period
from opsdesk.benefits.settlement.verifying import Flaw, MadeAgain, Verified
from opsdesk.kit.http_shapes import Next, Sha256, View

MONTH_PATTERN = "^[0-9]{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(json_schema_extra={"pattern": MONTH_PATTERN}, examples=["2025-12"])]
Name = Annotated[str, Field(json_schema_extra={"pattern": NAME_PATTERN})]


class PeriodView(View):
    """A month of settlement."""

    month: Month
    """By the calendar of Shanghai."""
    closed_at: datetime | None
    """From when on nothing more is settled in it; null: it is open."""
    files: int
    """How many providers have their file of it."""
    rows: int
    """Lines of these files."""
    total_fen: int
    """What they come to."""

    @staticmethod
    def of(period: Period) -> "PeriodView":
        return PeriodView(
            month=write_month(period.month),
            closed_at=period.closed_at,
            files=period.files,
            rows=period.rows,
            total_fen=period.total_fen,
        )


class PeriodPage(View):
    """Months of settlement."""

    items: list[PeriodView]
    """The newest first; open ones that have something in them are among them."""
    next: Next


class SettledView(View):
    """What came of closing a month."""

    month: Month
    """The month that was asked for, or the last one due."""
    closed: list[Month]
    """The months that were closed by this; those before it that were still open among them."""
    issued: list[Name]
    """The files that were issued by this."""

    @staticmethod
    def of(settled: Settled) -> "SettledView":
        return SettledView(
            month=write_month(settled.month),
            closed=[write_month(each) for each in settled.closed],
            issued=list(settled.issued),
        )


class SettlementFileView(View):
    """A settlement file. It never changes."""

    name: Name
    """What it is called everywhere."""
    provider: str
    """Whose it is."""
    month: Month
    """The month that was settled."""
    rows: int
    """How many lines it has, without its first and its last."""
    total_fen: int
    """What they come to."""
    bytes: int
    """How long it is, compressed."""
    sha256: Sha256
    """Of the file as it is fetched."""
    content_sha256: Sha256
    """Of what is in it, before it was compressed."""
    generated_at: datetime
    """When the month was closed."""
    published_at: datetime
    """When it could first be fetched."""
    notified_at: datetime | None
    """When the provider was told; null: not yet, or the settings name no address of it."""
    notice_problem: str | None
    """Why it could not be told the last time."""
    downloads: int
    """How often it was fetched, or a part of it."""

    @staticmethod
    def of(file: SettlementFile) -> "SettlementFileView":
        facts = {name: getattr(file, name) for name in SettlementFileView.model_fields if name != "month"}
        return SettlementFileView(month=write_month(file.month), **facts)


class SettlementFilePage(View):
    """Settlement files."""

    items: list[SettlementFileView]
    """The newest month first, in it by provider."""
    next: Next


class ManifestView(View):
    """What a file is, signed by the bank."""

    name: Name
    """Of the file."""
    provider: str
    """Whose it is."""
    month: Month
    """The month that was settled."""
    format: int
    """How it is written: 1."""
    rows: int
    """How many lines it has, without its first and its last."""
    total_fen: int
    """What they come to."""
    generated: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9]{14}$"})]
    """When the month was closed, as the clocks in Shanghai showed it."""
    bytes: int
    """How long it is, compressed."""
    sha256: Sha256
    """Of the file as it is fetched."""
    content_sha256: Sha256
    """Of what is in it, before it was compressed."""
    key_id: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9a-f]{16}$"})]
    """Of the key that it is signed with: the beginning of the SHA-256 of the public key."""
    signature: str
    """Ed25519, base64, over the RFC 8785 form of all other fields."""


class VerificationView(View):
    """A file that was looked at again."""

    name: Name
    """Of the file."""
    good: bool
    """Nothing is wrong with it."""
    sha256: Sha256 | None
    """Of what lies there; null: nothing does."""
    rows: int | None
    """How many lines there are; null: they cannot be read."""
    total_fen: int | None
    """What they come to."""
    flaws: list[Flaw]
    """What is wrong."""

    @staticmethod
    def of(found: Verified) -> "VerificationView":
        return VerificationView(
            name=found.name,
            good=found.is_good,
            sha256=found.sha256,
            rows=found.rows,
            total_fen=found.total_fen,
            flaws=list(found.flaws),
        )


class MadeAgainView(View):
    """A file that was made again, beside the one that was issued."""

    name: Name
    """Of the file."""
    sha256: Sha256
    """Of what was made."""
    same: bool
    """Whether it is the same to the byte."""
    same_content: bool
    """Whether what is in it is the same."""

    @staticmethod
    def of(made: MadeAgain) -> "MadeAgainView":
        return MadeAgainView(name=made.name, sha256=made.sha256, same=made.is_same, same_content=made.content_is_same)


class PartnerFileView(View):
    """A file, as its provider sees it."""

    name: Name
    """What it is fetched by."""
    month: Month
    """The month that was settled."""
    generated_at: Annotated[str, Field(json_schema_extra={"pattern": "^[0-9]{14}$"})]
    """When the month was closed, as the clocks in Shanghai showed it."""
    bytes: int
    """How long it is, compressed."""
    sha256: Sha256
    """Of the file as it is fetched."""
    rows: int
    """How many lines it has, without its first and its last."""
    total_fen: int
    """What they come to."""

    @staticmethod
    def of(file: SettlementFile) -> "PartnerFileView":
        facts = {name: getattr(file, name) for name in ("name", "bytes", "sha256", "rows", "total_fen")}
        return PartnerFileView(month=write_month(file.month), generated_at=write_moment(file.generated_at), **facts)


class PartnerFilePage(View):
    """The files of the provider who asks."""

    items: list[PartnerFileView]
    """The newest first."""
    next: Next


class AddressView(View):
    """Where a file can be fetched from."""

    url: str
    """For whoever has it, whole or in ranges."""
    expires_at: datetime
    """Until when it is good."""

    @staticmethod
    def of(address: Address) -> "AddressView":
        return AddressView(url=address.url, expires_at=address.expires_at)
