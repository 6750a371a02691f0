"""`opsdesk partner list`, `show` and `put`: how providers are served on the open platform."""

from typing import TYPE_CHECKING, Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows, one_of
from opsdesk.app.output import local_time, print_data, print_json, print_table, say

if TYPE_CHECKING:
    from opsdesk import benefits

ProviderId = Annotated[str, typer.Argument(help="The id of the provider.", metavar="PROVIDER")]
PROFILES = ("gcm", "sm", "legacy-ecb")


@command
async def list_partners(limit: Limit = None, cursor: CursorText = None, as_json: AsJson = False) -> None:
    """List the providers that are served on the open platform.

    Example: `opsdesk partner list`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        page = await benefits.partners.partner.page_of_partners(conn, limit=page_rows(limit), cursor=cursor)
    if as_json:
        print_json({"items": list(map(benefits.partners.views.PartnerView.of, page.items)), "next": page.next})
        return
    print_table(
        ("PARTNER", "PROFILE", "GRACE", "SETTINGS", "BOOKING"),
        [(each.provider, each.profile, f"{each.grace_s} s", _settings(each), each.booking_url) for each in page.items],
    )
    count_rows(len(page.items), "partner", page.next)


def _settings(partner: "benefits.partners.partner.Partner") -> str:
    told = {
        "legacy allowed": partner.is_legacy_allowed,
        "newest link only": partner.is_newest_only,
        "token optional": partner.is_token_optional,
    }
    return ", ".join(name for name, is_set in told.items() if is_set)


@command
async def show_partner(provider: ProviderId, as_json: AsJson = False) -> None:
    """Show a partner with its public keys and its link keys.

    Example: `opsdesk partner show airport-lounge`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        await acting(opsdesk, conn, Scope.BENEFITS_READ)
        now = opsdesk.clock.now()
        shown = benefits.partners.views.PartnerDetailView.whole(
            await benefits.partners.partner.read_partner(conn, provider),
            await benefits.partners.keys.list_keys(conn, provider),
            await benefits.partners.link_keys.list_epochs(conn, provider),
            now=now,
        )
    if as_json:
        print_json(shown)
        return
    for name in ("booking_url", "cancellation_url", "profile", "grace_s", "is_newest_only", "is_token_optional"):
        print_data(f"{name}: {getattr(shown, name)}")
    print_table(
        ("KEY", "ALGORITHM", "ADDED", "ENDS"),
        [
            (key.key_id, key.algorithm, local_time(key.added_at, now=now), local_time(key.ends_at, now=now) or "-")
            for key in shown.keys
        ],
    )
    print_table(
        ("LINK KEY", "PROFILE", "STATE", "OFFERED", "ACKNOWLEDGED"),
        [
            (
                str(key.kid),
                key.profile,
                key.state,
                local_time(key.offered_at, now=now),
                local_time(key.acknowledged_at, now=now) or "-",
            )
            for key in shown.link_keys
        ],
    )


@command
async def put_partner(
    provider: ProviderId,
    booking_url: Annotated[str, typer.Option("--booking-url", help="Where customers book.", metavar="URL")],
    cancellation_url: Annotated[str, typer.Option("--cancellation-url", help="Where they cancel.", metavar="URL")],
    profile: Annotated[
        str, typer.Option("--profile", help="With what the next link key seals: gcm, sm or legacy-ecb.")
    ] = "gcm",
    allow_legacy: Annotated[
        bool, typer.Option("--allow-legacy", help="Allow legacy-ecb, which keeps little of what it seals.")
    ] = False,
    grace_s: Annotated[
        int, typer.Option("--grace", help="Seconds that a link is still taken for after its 20 minutes.", metavar="S")
    ] = 0,
    newest_only: Annotated[
        bool, typer.Option("--newest-only", help="Only the newest link of an order counts.")
    ] = False,
    token_optional: Annotated[
        bool, typer.Option("--token-optional", help="Take requests without the link token, by the newest link.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Serve a provider of the catalogue on the open platform, or serve it otherwise: what is left out is as at first.

    Example: `opsdesk partner put lounge --booking-url https://lounge.example.com/use --cancellation-url https://lounge.example.com/cancel`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    chosen = one_of(profile, PROFILES, "--profile") or PROFILES[0]
    wanted = benefits.partners.partner.Partner(
        provider,
        booking_url,
        cancellation_url,
        profile=benefits.partners.tokens.Profile(chosen),
        is_legacy_allowed=allow_legacy,
        grace_s=grace_s,
        is_newest_only=newest_only,
        is_token_optional=token_optional,
    )
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        put = await benefits.partners.partner.put_partner(conn, wanted, actor=actor, now=opsdesk.clock.now())
    if as_json:
        print_json(benefits.partners.views.PartnerView.of(put))
    else:
        say(f"partner {put.provider} is served")
