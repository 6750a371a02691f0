"""A strategy group with everything that is shown beside it."""

from opsdesk.kit.db import Connection
from opsdesk.review.groups.groups import Group, revision_document
from opsdesk.review.groups.listing import adapts_of, group_difference
from opsdesk.review.groups.views import GroupView


async def whole_view(conn: Connection, group: Group) -> GroupView:
    """With what is live, what applying would change, and the adapts that it refers to."""
    live = None
    if group.live_revision is not None:
        live = await revision_document(conn, group_id=group.group_id, revision=group.live_revision)
    changes = await group_difference(conn, group_id=group.group_id)
    return GroupView.whole(group, live, changes, await adapts_of(conn, group_id=group.group_id))
