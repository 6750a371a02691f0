"""Why an application was answered as it was: the revision that answered it is read again, rule by rule."""

from opsdesk.kit.db import Connection
from opsdesk.review.applications.listing import Answer
from opsdesk.review.groups.document import Compile
from opsdesk.review.groups.groups import revision_document
from opsdesk.review.groups.trying import Tried, tried_on
from opsdesk.review.reference.fields import list_fields
from opsdesk.review.screening.sources import Facts


async def explain(conn: Connection, answer: Answer, *, compile_condition: Compile) -> Tried | None:
    """What the revision that answered says of what came; None: no rule answered, or what came was not kept.

    The fields of the request are those that the scene has now. Where they are others by now, it may say something else
    than it did, and what was answered counts.
    """
    if answer.group_id is None or answer.revision is None or answer.content is None:
        return None
    document = await revision_document(conn, group_id=answer.group_id, revision=answer.revision)
    fields = await list_fields(conn, application=answer.application, scene=answer.scene)
    return tried_on(
        document,
        Facts(**answer.content),
        revision=answer.revision,
        pb_fields=[field.path for field in fields],
        compile_condition=compile_condition,
    )
