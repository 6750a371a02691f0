"""What HTTP and the command line show of runs that are moved to another version."""

from uuid import UUID

from opsdesk.flows.fitting import Misfit
from opsdesk.flows.migrating import Batch, Migration
from opsdesk.kit.http_shapes import Next, Sha256, View
from opsdesk.kit.paging import encode_cursor


class MisfitView(View):
    """One reason why a run does not fit a version."""

    why: str
    """In words, without a value of any input or output."""
    fact: int | None
    """The number of the fact in the journal that does not fit; null: it is about how the run stands."""
    node: str | None
    """The id of the node that it is about; null: about none."""
    edge: str | None
    """The edge that it is about, as its ends, its mode and its condition; null: about none."""

    @staticmethod
    def of(misfit: Misfit) -> "MisfitView":
        return MisfitView(why=misfit.why, fact=misfit.fact, node=misfit.node, edge=misfit.edge)


class MigrationView(View):
    """Whether a run fits a version, and whether it was moved there."""

    run: UUID
    """The id of the run."""
    before: Sha256
    """The digest of the version that it was pinned to."""
    after: Sha256
    """The digest of the other version."""
    fits: bool
    """Whether everything that has happened in it means there what it meant."""
    moved: bool
    """Whether it is pinned to the other version now."""
    misfits: list[MisfitView]
    """Why it does not fit; empty where it does."""

    @staticmethod
    def of(found: Migration) -> "MigrationView":
        return MigrationView(
            run=found.run_id,
            before=found.before,
            after=found.after,
            fits=found.fits,
            moved=found.moved,
            misfits=list(map(MisfitView.of, found.misfits)),
        )


class MigrationPage(View):
    """Some of the open runs of a version, in the order of their ids."""

    before: Sha256
    """The digest of the version that they were pinned to."""
    after: Sha256
    """The digest of the other version."""
    fitting: int
    """How many of these fit."""
    moved: int
    """How many of these were moved."""
    items: list[MigrationView]
    """The runs."""
    next: Next

    @staticmethod
    def of(batch: Batch) -> "MigrationPage":
        return MigrationPage(
            before=batch.before,
            after=batch.after,
            fitting=batch.fitting,
            moved=batch.moved,
            items=list(map(MigrationView.of, batch.items)),
            next=encode_cursor((batch.last,)) if batch.last else None,
        )
