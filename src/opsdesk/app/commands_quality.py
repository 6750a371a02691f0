"""`opsdesk quality draw`, `list`, `show`, `verify` and `figures`: samples of decided tickets, and what they tell."""

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

import typer

from opsdesk.app.command_frame import AsJson, command
from opsdesk.app.commands_screening import CursorText, Limit, count_rows, one_of
from opsdesk.app.output import local_time, print_data, print_json, print_table, say
from opsdesk.app.values import moment

if TYPE_CHECKING:
    from opsdesk import review

SampleId = Annotated[
    int, typer.Argument(help="The sample, as `opsdesk quality list` shows it.", metavar="SAMPLE", min=1, max=2**31 - 1)
]
KINDS = ("reviewer", "type")


@command
async def draw_sample(
    application: Annotated[str, typer.Argument(help="The application.", metavar="APPLICATION")],
    scene: Annotated[str, typer.Argument(help="The scene of the application.", metavar="SCENE")],
    decided_from: Annotated[
        str, typer.Option("--from", help="From what was decided from this time on, as RFC 3339.", metavar="TIME")
    ],
    size: Annotated[int, typer.Option("--size", help="How many tickets, 1000 at most.")],
    decided_to: Annotated[
        str | None, typer.Option("--to", help="And before this time; now, if it is left out.", metavar="TIME")
    ] = None,
    types: Annotated[
        list[str],
        typer.Option("--type", help="Only of this screening type, by name or id; may be given again.", metavar="TYPE"),
    ] = [],  # noqa: B006 - typer reads the default and never changes it
    seed: Annotated[
        str | None, typer.Option("--seed", help="What the lots are drawn with; else one that nobody chose.")
    ] = None,
    key: Annotated[str | None, typer.Option("--key", help="Makes it once-only.")] = None,
    as_json: AsJson = False,
) -> None:
    """Draw a sample of decided tickets, which others then judge again without being told what was decided.

    Some of every screening type, verdict and reviewer, in proportion.

    Example: `opsdesk quality draw cash_loan activation --from 2026-11-01T00:00:00+08:00 --size 50`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.transaction() as conn:
        actor = await acting(opsdesk, conn, Scope.QUALITY_WRITE)
        now = opsdesk.clock.now()
        found = [await review.screening.listing.find_type(conn, called) for called in types]
        drawn_from = review.sampling.samples.DrawnFrom(
            application,
            scene,
            moment(decided_from, called="--from"),
            now if decided_to is None else moment(decided_to, called="--to"),
            tuple(each.type_id for each in found),
        )
        sample = await review.sampling.samples.draw_sample(
            conn, drawn_from, size=size, seed=seed, actor=actor, key=key or uuid4().hex, now=now
        )
    if as_json:
        print_json(review.sampling.views.SampleView.of(sample))
        return
    _tell(sample)
    say("Next: opsdesk quality next, by somebody who decided none of them")


@command
async def list_samples(limit: Limit = None, cursor: CursorText = None, as_json: AsJson = False) -> None:
    """List the quality samples, the last drawn first.

    Example: `opsdesk quality list`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.QUALITY_READ)
        page = await review.sampling.samples.list_samples(conn, actor=actor, limit=page_rows(limit), cursor=cursor)
        now = opsdesk.clock.now()
    if as_json:
        print_json(
            {"items": list(map(review.sampling.views.SampleView.of, page.items)), "next": page.next},
        )
        return
    rows = [
        (
            str(each.sample_id),
            f"{each.application} / {each.scene}",
            f"{each.drawn} of {each.population}",
            f"{each.judged}",
            f"{each.overturned}",
            local_time(each.drawn_at, now=now),
            each.operator,
        )
        for each in page.items
    ]
    print_table(("ID", "SCENE", "DRAWN", "JUDGED", "OVERTURNED", "AT", "OPERATOR"), rows)
    count_rows(len(rows), "sample", page.next)


@command
async def show_sample(
    sample_id: SampleId,
    overturned: Annotated[
        bool, typer.Option("--overturned", help="List only those whose second verdict was another.")
    ] = False,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """Show a quality sample, and those of its tickets that were judged again.

    Example: `opsdesk quality show 1 --overturned`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.QUALITY_READ)
        sample = await review.sampling.samples.show_sample(conn, sample_id=sample_id, actor=actor)
        page = await review.sampling.comparing.list_judged(
            conn, sample_id=sample_id, overturned=overturned, actor=actor, limit=page_rows(limit), cursor=cursor
        )
    views = review.sampling.views
    if as_json:
        lines = views.JudgedPage(items=list(map(views.JudgedView.of, page.items)), next=page.next)
        print_json({"sample": views.SampleView.of(sample), "tickets": lines})
        return
    _tell(sample)
    rows = [
        (
            str(each.sampled_id),
            each.type_name,
            each.first_verdict.value,
            each.second_verdict.value,
            "agreed" if each.is_agreed else "overturned",
            each.reviewer,
            each.judge,
        )
        for each in page.items
    ]
    print_table(("ID", "TYPE", "FIRST", "SECOND", "", "REVIEWER", "JUDGE"), rows)
    count_rows(len(rows), "ticket", page.next)


@command
async def verify_sample(sample_id: SampleId, as_json: AsJson = False) -> int:
    """Draw a quality sample again with its seed, and compare. Exit code 1 where it comes to another one.

    Example: `opsdesk quality verify 1`
    """
    from dataclasses import asdict

    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.command_frame import EXIT_REFUSED
    from opsdesk.app.opening import installation

    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.QUALITY_READ)
        again = await review.sampling.samples.draw_again(conn, sample_id=sample_id, actor=actor)
    if as_json:
        print_json(review.sampling.views.DrawnAgainView(**asdict(again)))
    elif again.is_same_sample and again.is_same_population:
        say(f"the same {again.population} tickets were drawn from, and the same ones are drawn")
    elif again.is_same_population:
        say("what was drawn from is the same, and other tickets are drawn")
    else:
        say(f"there are other tickets to draw from than there were: {again.population} now")
    return 0 if again.is_same_sample and again.is_same_population else EXIT_REFUSED


@command
async def show_figures(
    by: Annotated[str, typer.Option("--by", help="`reviewer` or `type`.")] = "reviewer",
    sample_id: Annotated[
        int | None, typer.Option("--sample", help="Only of this sample.", min=1, max=2**31 - 1)
    ] = None,
    limit: Limit = None,
    cursor: CursorText = None,
    as_json: AsJson = False,
) -> None:
    """Show how often verdicts were overturned when they were judged again, and how sure that is.

    Example: `opsdesk quality figures --by type`
    """
    from opsdesk import review
    from opsdesk.access import Scope
    from opsdesk.app.acting import acting
    from opsdesk.app.opening import installation
    from opsdesk.kit.paging import page_rows

    kind = review.sampling.figures.FiguresBy(one_of(by, KINDS, "--by") or by)
    async with installation() as opsdesk, opsdesk.database.connection() as conn:
        actor = await acting(opsdesk, conn, Scope.TICKETS_READ)
        page = await review.sampling.figures.figures(
            conn, by=kind, actor=actor, sample_id=sample_id, limit=page_rows(limit), cursor=cursor
        )
    if as_json:
        print_json(
            {"items": list(map(review.sampling.views.FiguresView.of, page.items)), "next": page.next},
        )
        return
    rows = [(each.name, str(each.judged), str(each.agreed), str(each.overturned), *_rate(each)) for each in page.items]
    print_table((by.upper(), "JUDGED", "AGREED", "OVERTURNED", "RATE", "95 % INTERVAL"), rows)
    count_rows(len(rows), by, page.next)


def _rate(found: "review.sampling.figures.Figures") -> tuple[str, str]:
    low, high = found.interval
    told = f"{low:.1%} to {high:.1%}"
    return f"{found.rate:.1%}", told if found.is_enough else f"{told}, too few to say"


def _tell(sample: "review.sampling.samples.Sample") -> None:
    begin, end = (f"{at.astimezone():%Y-%m-%d %H:%M}" for at in (sample.decided_from, sample.decided_to))
    lines = [
        f"sample {sample.sample_id} of {sample.application} / {sample.scene}",
        f"  decided    {begin} to {end}",
        f"  drawn      {sample.drawn} of {sample.population}, with the seed {sample.seed}",
        f"  population {sample.population_sha256}",
        f"  judged     {sample.judged}: {sample.agreed} agreed, {sample.overturned} overturned",
    ]
    print_data("\n".join(lines))
