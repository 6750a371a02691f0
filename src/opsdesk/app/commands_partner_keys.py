"""`opsdesk partner add-key`, `revoke-key`, `rotate`, `acknowledge`, `explain`: keys of partners, and what they sign."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_partner import ProviderId, list_partners, put_partner, show_partner
from opsdesk.app.commands_screening import one_of
from opsdesk.app.output import print_data, print_json, say
from opsdesk.app.values import moment

ALGORITHMS = ("ed25519", "rsa2", "sm2", "x25519")
FILE_BYTES_MAX = 1024 * 1024

KeyId = Annotated[str, typer.Argument(help="The key, as `opsdesk partner show` has it.", metavar="KEY")]
Kid = Annotated[int, typer.Argument(help="The number of the link key.", metavar="KID", min=1, max=65535)]


@command
async def add_partner_key(
    provider: ProviderId,
    file: Annotated[
        Path,
        typer.Argument(help="The public key: PEM, or base64.", metavar="FILE", exists=True, dir_okay=False),
    ],
    algorithm: Annotated[
        str, typer.Option("--algorithm", help="ed25519, rsa2 or sm2 for signing; x25519 for link keys.")
    ] = "ed25519",
    as_json: AsJson = False,
) -> None:
    """Register a public key of a partner; those there are go on working until they are revoked.

    Example: `opsdesk partner add-key airport-lounge signing.pub.pem`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    chosen = one_of(algorithm, ALGORITHMS, "--algorithm") or ALGORITHMS[0]
    public_key = _read(file).decode("utf-8", "replace")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        added = await benefits.partners.keys.add_key(
            conn,
            provider,
            algorithm=benefits.partners.keys.Algorithm(chosen),
            public_key=public_key,
            actor=actor,
            now=opsdesk.clock.now(),
        )
    if as_json:
        print_json(benefits.partners.views.PartnerKeyView.of(added))
        return
    print_data(added.key_id)
    say(f"registered for {provider}: its requests name it in the header Opsdesk-Key")


@command
async def revoke_partner_key(
    provider: ProviderId,
    key_id: KeyId,
    ends_at: Annotated[
        str | None, typer.Option("--at", help="When it ends; at once, if it is left out.", metavar="TIME")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """End a public key of a partner, at once or when its successor has taken over. It never comes back.

    Example: `opsdesk partner revoke-key airport-lounge pk_4fgh7klmn0pqrstu --at 2026-12-31T00:00:00+08:00`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    until = None if ends_at is None else moment(ends_at, called="--at")
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        now = opsdesk.clock.now()
        revoked = await benefits.partners.keys.revoke_key(conn, provider, key_id, actor=actor, now=now, ends_at=until)
    if as_json:
        print_json(benefits.partners.views.PartnerKeyView.of(revoked))
    else:
        assert revoked.ends_at is not None, "it was revoked"
        say(f"key {revoked.key_id} ends at {revoked.ends_at.isoformat()}")


@command
async def rotate_link_key(provider: ProviderId, as_json: AsJson = False) -> None:
    """Offer a partner its next link key. Links are sealed with it once the partner has acknowledged it.

    Example: `opsdesk partner rotate airport-lounge`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        now = opsdesk.clock.now()
        epoch = await benefits.partners.link_keys.rotate(conn, provider, actor=actor, now=now)
    if as_json:
        print_json(benefits.partners.views.LinkKeyView.of(epoch, now))
        return
    print_data(str(epoch.kid))
    say(f"link key {epoch.kid} is offered to {provider}; the one before seals until this one is acknowledged")


@command
async def acknowledge_link_key(provider: ProviderId, kid: Kid, as_json: AsJson = False) -> None:
    """Say that a partner has a link key, where it has told so some other way: links are sealed with it from now on.

    Example: `opsdesk partner acknowledge airport-lounge 2`
    """
    from opsdesk import benefits
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.BENEFITS_WRITE)
        now = opsdesk.clock.now()
        epoch = await benefits.partners.link_keys.acknowledge(conn, provider, kid, actor=actor, now=now)
    if as_json:
        print_json(benefits.partners.views.LinkKeyView.of(epoch, now))
    else:
        say(f"link key {epoch.kid} of {provider} is {epoch.state(now)}")


@command
async def explain_signature(
    signed_text: Annotated[
        Path,
        typer.Argument(help="The text that the partner has signed.", metavar="FILE", exists=True, dir_okay=False),
    ],
    method: Annotated[str, typer.Option("--method", help="The method of the request.")],
    target: Annotated[str, typer.Option("--target", help="Path and query, as they were sent.")],
    timestamp: Annotated[str, typer.Option("--timestamp", help="The header Opsdesk-Timestamp.")],
    nonce: Annotated[str, typer.Option("--nonce", help="The header Opsdesk-Nonce.")],
    key: Annotated[str, typer.Option("--key", help="The header Idempotency-Key; left out: it has none.")] = "",
    body: Annotated[
        Path | None,
        typer.Option("--body", help="The body, byte by byte.", metavar="FILE", exists=True, dir_okay=False),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Compare what a partner has signed with what it should have, and say which line is wrong, and why.

    Example: `opsdesk partner explain theirs.txt --method GET --target /open/v1/files --timestamp 1767578400 --nonce …`
    """
    from dataclasses import asdict

    from opsdesk import benefits

    sent = benefits.partners.signatures.Signed(
        method, target, timestamp, nonce, key, b"" if body is None else _read(body)
    )
    differences = benefits.partners.signatures.explain(sent, _read(signed_text).decode("utf-8", "replace"))
    if as_json:
        print_json({"signed_text": sent.text, "differences": list(map(asdict, differences))})
    else:
        for each in differences:
            print_data(f"{each.line}: {each.explanation}")
            print_data(f"  to be signed: {each.ours!r}")
            print_data(f"  was signed:   {each.theirs!r}")
    say("the texts differ" if differences else "the texts are equal: is it the right key?")
    if differences:
        raise typer.Exit(1)


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(FILE_BYTES_MAX + 1)
    if len(content) > FILE_BYTES_MAX:
        raise typer.BadParameter(f"{file} has more than {FILE_BYTES_MAX} bytes")
    return content


VERBS: Mapping[str, Callable[..., None]] = {
    "list": list_partners,
    "show": show_partner,
    "put": put_partner,
    "add-key": add_partner_key,
    "revoke-key": revoke_partner_key,
    "rotate": rotate_link_key,
    "acknowledge": acknowledge_link_key,
    "explain": explain_signature,
}
"""Every command of the noun `partner`."""
