"""`opsdesk quality next`, `judge` and `compare`: sampled tickets are judged again, and both judgements compared."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from opsdesk.app import commands_quality
from opsdesk.app.command_frame import AsJson, Reveal, command
from opsdesk.app.commands_ticket import AsName, Roles, checked_name
from opsdesk.app.commands_ticket_decide import Key, ReasonIds, RejectionVersion, Remark
from opsdesk.app.output import print_data, print_json, say

if TYPE_CHECKING:
    from opsdesk import review

SampledId = Annotated[
    int,
    typer.Argument(help="The sampled ticket, as `next` and `show` tell it.", metavar="SAMPLED", min=1, max=2**31 - 1),
]


@command
async def take_next(
    roles: Roles = [],  # noqa: B006 - typer reads the default and never changes it
    name: AsName = None,
    reveal: Reveal = False,
    as_json: AsJson = False,
) -> None:
    """Take the next sampled ticket to judge: one that you had no part in, without anything that was said of it.

    Example: `opsdesk quality next --as reviewer-two`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting, sees
    from opsdesk.app.opening import installation

    who = checked_name(name)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.TICKETS_DECIDE, roles=roles, as_name=who)
        found = await review.sampling.routes.next_view(
            conn, actor=actor, reader=sees(actor, reveal=reveal), now=opsdesk.clock.now()
        )
    if as_json:
        print_json(found)
    elif found.sampled is None:
        say("nothing waits to be judged again by you")
    else:
        _print_blind(found.sampled)
        say(f"{found.waiting} wait for you, this one among them")


@command
async def judge_sampled(
    sampled_id: SampledId,
    verdict: Annotated[str, typer.Option("--verdict", help="`pass`, `reject` or `resubmit`.")],
    reasons: ReasonIds = [],  # noqa: B006 - typer reads the default and never changes it
    remark: Remark = "",
    rejection_version: RejectionVersion = None,
    roles: Roles = [],  # noqa: B006 - as above
    name: AsName = None,
    key: Key = None,
    as_json: AsJson = False,
) -> None:
    """Judge a sampled ticket that you took, and see what was decided. Neither the ticket nor its result changes.

    Example: `opsdesk quality judge 7 --verdict pass --as reviewer-two`
    """
    from uuid import uuid4

    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting, sees
    from opsdesk.app.opening import installation

    if verdict not in (*review.model.Verdict,):
        raise typer.BadParameter(f"is none of {', '.join(review.model.Verdict)}", param_hint="--verdict")
    who, said = checked_name(name), review.model.Verdict(verdict)
    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.TICKETS_DECIDE, roles=roles, as_name=who)
        now = opsdesk.clock.now()
        version = rejection_version
        if version is None and said is review.model.Verdict.REJECT:
            taken = await review.sampling.judging.taken(conn, sampled_id=sampled_id, actor=actor, now=now)
            assert taken.ticket.screening is not None
            panel = await review.screening.deciding.rejection_panel(conn, type_id=taken.ticket.screening.type_id)
            version = panel.version
        judgement = review.screening.deciding.Judgement(said, tuple(reasons), remark, version)
        await review.sampling.judging.judge(
            conn, sampled_id=sampled_id, judgement=judgement, actor=actor, key=key or uuid4().hex, now=now
        )
        both = await review.sampling.comparing.compare(conn, sampled_id=sampled_id, actor=actor)
        view = review.sampling.views.ComparedView.of(both, actor=sees(actor, reveal=False))
    _print_both(view, as_json=as_json)


@command
async def compare_judgements(sampled_id: SampledId, reveal: Reveal = False, as_json: AsJson = False) -> None:
    """Show both judgements of a sampled ticket side by side, once there are both.

    Example: `opsdesk quality compare 7`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import reading
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await reading(opsdesk, conn, Scope.TICKETS_READ, reveal=reveal)
        both = await review.sampling.comparing.compare(conn, sampled_id=sampled_id, actor=actor)
    _print_both(review.sampling.views.ComparedView.of(both, actor=actor), as_json=as_json)


def _print_blind(view: "review.sampling.views.BlindView") -> None:
    from opsdesk.app.ticket_text import shown_lines

    lines = [f"sampled ticket {view.id}", *shown_lines(view.shown, view.rejection)]
    print_data("\n".join(lines))
    version = view.rejection.rejection_version
    say(f"Next: opsdesk quality judge {view.id} --verdict reject --reason ID --rejection-version {version}, or pass")


def _print_both(view: "review.sampling.views.ComparedView", *, as_json: bool) -> None:
    if as_json:
        print_json(view)
        return
    lines = [f"sampled ticket {view.id} of sample {view.sample}: {view.type_name}"]
    for called, side in (("first", view.first), ("second", view.second)):
        why = "".join(f", {reason.detail}" for reason in side.reasons)
        codes = f" [{' '.join(side.codes)}]" if side.codes else ""
        by = f" by {side.by}" if side.by else ""
        lines.append(f"  {called + by}: {side.verdict}{why}{codes} {side.remark}".rstrip())
    print_data("\n".join(lines))
    say("agreed" if view.is_agreed else "overturned; the ticket stays as it was decided")


VERBS: Mapping[str, Callable[..., Any]] = {
    "draw": commands_quality.draw_sample,
    "list": commands_quality.list_samples,
    "show": commands_quality.show_sample,
    "verify": commands_quality.verify_sample,
    "next": take_next,
    "judge": judge_sampled,
    "compare": compare_judgements,
    "figures": commands_quality.show_figures,
}
"""What the noun does, by what it is called at the command line."""
