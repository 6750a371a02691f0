"""Quality sampling as the HTTP API shows it."""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from opsdesk.access import Actor
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.review.model import Verdict
from opsdesk.review.sampling.comparing import Compared, JudgedLine, Side
from opsdesk.review.sampling.figures import Figures
from opsdesk.review.sampling.judging import Taken
from opsdesk.review.sampling.samples import Sample
from opsdesk.review.screening.deciding import RejectionPanel
from opsdesk.review.views import AskedView, seen, seen_shown
from opsdesk.review.views_screening import ReasonView, RejectionView


class SampleView(View):
    """A sample of decided tickets that are judged again."""

    id: int
    """Its id."""
    application: str
    """The id of the application."""
    scene: str
    """The id of the scene."""
    decided_from: datetime
    """It was drawn from what was decided from then on,"""
    decided_to: datetime
    """and before then."""
    types: list[int]
    """Of the screening types with these ids; empty: of all."""
    size: int
    """How many tickets were asked for."""
    seed: str
    """What the lots were drawn with."""
    population: int
    """How many tickets it was drawn from."""
    population_sha256: Sha256
    """SHA-256 of them: a line for each, by their ids, with the number of the answer that decided it, the type, the
    verdict and the reviewer, separated by tabs."""
    drawn: int
    """How many tickets it holds."""
    drawn_at: datetime
    """When it was drawn."""
    operator: str
    """The id of who drew it."""
    judged: int
    """How many of them were judged again so far."""
    agreed: int
    """Of those, how often the second verdict was the first."""
    overturned: int
    """Of those, how often it was another."""

    @staticmethod
    def of(sample: Sample) -> "SampleView":
        facts = asdict(sample)
        facts |= {"id": facts.pop("sample_id"), "types": facts.pop("type_ids"), "size": facts.pop("wanted")}
        return SampleView(**facts, overturned=sample.overturned)


class SamplePage(View):
    """Some samples, the last drawn first."""

    items: list[SampleView]
    """The samples."""
    next: Next


class DrawnAgainView(View):
    """What drawing a sample again comes to."""

    population: int
    """How many tickets there are to draw from now."""
    population_sha256: Sha256
    """SHA-256 of them, as of the sample."""
    is_same_population: bool
    """Whether they are those that the sample was drawn from."""
    is_same_sample: bool
    """Whether the same tickets are drawn, in the same order."""


class JudgedView(View):
    """A sampled ticket that was judged again."""

    id: int
    """The id that it has in the sample."""
    ticket: UUID
    """The id of the ticket."""
    type_id: int
    """The id of its screening type."""
    type_name: str
    """The name of the type."""
    reviewer: str
    """The id of whoever gave the verdict that decided it."""
    first_verdict: Verdict
    """That verdict."""
    second_verdict: Verdict
    """The blind one."""
    is_agreed: bool
    """Whether they are the same."""
    judge: str
    """The id of whoever gave the blind one."""
    judged_at: datetime
    """When they did."""

    @staticmethod
    def of(line: JudgedLine) -> "JudgedView":
        same = "type_id type_name reviewer first_verdict second_verdict is_agreed judge judged_at"
        return JudgedView(
            id=line.sampled_id, ticket=line.ticket_id, **{name: getattr(line, name) for name in same.split()}
        )


class JudgedPage(View):
    """Some sampled tickets that were judged again, in the order in which they were drawn."""

    items: list[JudgedView]
    """Those that nobody has judged again yet are not among them."""
    next: Next


class BlindView(View):
    """A sampled ticket as whoever judges it is to see it: without anything that was said of it."""

    id: int
    """The id that it has in the sample; what a judgement names."""
    ticket: UUID
    """The id of the ticket, by which its pictures are asked for."""
    until: datetime
    """Until when nobody else is given it."""
    shown: dict[str, Any]
    """What the ticket showed when it was decided."""
    shown_sha256: Sha256
    """SHA-256 of the RFC 8785 JSON of what is shown, before anything is masked."""
    asked: list[AskedView]
    """What is asked for."""
    rejection: RejectionView
    """What it can be rejected for now."""

    @staticmethod
    def of(taken: Taken, panel: RejectionPanel, *, actor: Actor) -> "BlindView":
        ticket = taken.ticket
        return BlindView(
            id=taken.sampled_id,
            ticket=ticket.id,
            until=taken.until,
            shown=seen_shown(actor, ticket.shown, personal=ticket.shown_personal),
            shown_sha256=ticket.shown_sha256,
            asked=list(map(AskedView.of, ticket.asked)),
            rejection=RejectionView.of(panel),
        )


class NextView(View):
    """What there is to judge."""

    sampled: BlindView | None
    """The sampled ticket that is to be judged; null: none waits for this actor."""
    waiting: int
    """How many wait for this actor, this one among them; 1,000 stands for that many or more."""


class SideView(View):
    """One of the two judgements of a sampled ticket."""

    verdict: Verdict
    """`pass`, `reject`, or `resubmit`."""
    reasons: list[ReasonView]
    """What it was rejected for, as the reasons were then."""
    codes: list[str]
    """The reject codes that the reasons come to; those of the blind judgement went to nobody."""
    remark: str
    """What else was written, masked for whoever may not see personal values."""
    rejection_version: int
    """The version of the type that the reasons are of."""
    at: datetime
    """When it was given."""
    by: str | None
    """The id of who gave it; null: not for this reader to know."""

    @staticmethod
    def of(side: Side, *, actor: Actor) -> "SideView":
        same = "verdict codes rejection_version at by"
        return SideView(
            reasons=[ReasonView(**asdict(each)) for each in side.reasons],
            remark=seen(actor, {"remark": side.remark}, personal={"remark"})["remark"],
            **{name: getattr(side, name) for name in same.split()},
        )


class ComparedView(View):
    """Both judgements of a sampled ticket side by side."""

    id: int
    """The id that it has in the sample."""
    sample: int
    """The id of the sample."""
    ticket: UUID
    """The id of the ticket."""
    type_id: int
    """The id of its screening type."""
    type_name: str
    """The name of the type."""
    is_agreed: bool
    """Whether the verdicts are the same; reasons may differ."""
    first: SideView
    """The judgement that decided the ticket; `by` is for whoever has `quality:read`."""
    second: SideView
    """The blind one, which changed nothing."""

    @staticmethod
    def of(both: Compared, *, actor: Actor) -> "ComparedView":
        return ComparedView(
            id=both.sampled_id,
            sample=both.sample_id,
            ticket=both.ticket_id,
            type_id=both.type_id,
            type_name=both.type_name,
            is_agreed=both.is_agreed,
            first=SideView.of(both.first, actor=actor),
            second=SideView.of(both.second, actor=actor),
        )


class FiguresView(View):
    """How often the verdicts of a reviewer, or those on tickets of a type, held."""

    name: str
    """The id of the reviewer, or the name of the type."""
    type_id: int | None
    """The id of the type; null: the figures are those of a reviewer."""
    judged: int
    """How many were judged again."""
    agreed: int
    """How often the second verdict was the first."""
    overturned: int
    """How often it was another."""
    overturn_rate: float
    """The share that was overturned, 0 to 1."""
    low: float
    """Where the share among all verdicts begins, with a confidence of 95 % (Wilson's score interval)."""
    high: float
    """Where it ends."""
    is_enough: bool
    """False: fewer than 20 were judged again, which is too few to say anything of a person."""

    @staticmethod
    def of(found: Figures) -> "FiguresView":
        low, high = found.interval
        same = "name type_id judged agreed overturned is_enough"
        facts = {name: getattr(found, name) for name in same.split()}
        return FiguresView(**facts, overturn_rate=found.rate, low=low, high=high)


class FiguresPage(View):
    """Some figures, by name."""

    items: list[FiguresView]
    """Whoever has no `quality:read` gets those of themselves."""
    next: Next
