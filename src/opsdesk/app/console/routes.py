"""Every page that there is."""

from collections.abc import Sequence

from fastapi import APIRouter

from opsdesk.app.console import (
    account,
    audit,
    group_edit,
    group_pages,
    group_try,
    home,
    keys,
    language,
    operations,
    outages,
    own_keys,
    people,
    procedures,
    queue_board,
    reference,
    review_lists,
    run_actions,
    run_migration,
    runs,
    screening_adapt_edit,
    screening_adapts,
    screening_edit,
    screening_types,
    screening_verdicts,
    second_factor,
    sign_in,
    ticket_amend,
    ticket_list,
    ticket_pictures,
    tickets,
    triggers,
)
from opsdesk.app.console.frame import Frame


def page_routers(frame: Frame) -> Sequence[APIRouter]:
    """The routes of all pages, and of the files that they are drawn with."""
    return [
        frame.statics.routes(),
        home.routes,
        sign_in.routes,
        language.routes,
        account.routes,
        second_factor.routes,
        own_keys.routes,
        people.routes,
        keys.routes,
        audit.routes,
        ticket_list.routes,
        tickets.routes,
        review_lists.routes,
        screening_verdicts.routes,
        ticket_pictures.routes,
        ticket_amend.routes,
        queue_board.routes,
        reference.routes,
        screening_edit.routes,
        screening_adapt_edit.routes,
        screening_adapts.routes,
        screening_types.routes,
        group_edit.routes,
        group_pages.routes,
        group_try.routes,
        procedures.routes,
        triggers.routes,
        operations.routes,
        outages.routes,
        runs.routes,
        run_migration.routes,
        run_actions.routes,
    ]
