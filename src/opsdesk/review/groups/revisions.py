"""An earlier revision of a strategy group, taken back as a new one."""

from datetime import datetime

from opsdesk.access import Actor, Scope, require
from opsdesk.kit.db import Connection
from opsdesk.review.groups.document import Compile, stored
from opsdesk.review.groups.groups import Group, revision_document, save_group


async def restore_revision(
    conn: Connection,
    *,
    group_id: int,
    revision: int,
    opened_revision: int,
    actor: Actor,
    now: datetime,
    compile_condition: Compile,
) -> Group:
    """Save what an earlier revision was as the newest one, if it can be saved now; what is live stays.

    Raises ScopeMissing, GroupUnknown, GroupMoved, GroupInvalid.
    """
    require(actor, Scope.SCREENING_WRITE)
    earlier = await revision_document(conn, group_id=group_id, revision=revision)
    return await save_group(
        conn,
        group_id=group_id,
        opened_revision=opened_revision,
        document=stored(earlier),
        restored_from=revision,
        actor=actor,
        now=now,
        compile_condition=compile_condition,
    )
