"""Answers are given once and kept: the same key gets the same answer for good, refusals too.

Whoever writes locks what the request is about before looking whether it was answered, so that the second of two that
are equal finds the first one's answer. Answers are the last that a transaction writes.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import orjson

from opsdesk.benefits.errors import KeyInUse
from opsdesk.benefits.messages import text, text_en
from opsdesk.benefits.model import Answer, Asked
from opsdesk.kit.db import Connection
from opsdesk.kit.sql import statements

_SQL = statements(__file__)


def refusal(code: str, *, order_id: Any = None, **facts: Any) -> Answer:
    """What is not done, with what is shown to people and the facts of the case."""
    return Answer(code, {"message": text(code, **facts), "message_en": text_en(code, **facts), **facts}, order_id)


async def given(conn: Connection, asked: Sequence[Asked]) -> Mapping[tuple[str, str], Answer]:
    """What was answered before, by scope and key; where the content was another, that this is so."""
    values = {"scopes": [each.scope for each in asked], "keys": [each.key for each in asked]}
    rows = await (await conn.execute(_SQL["given"], values)).fetchall()
    by_key = {
        (scope, key): (bytes(digest), Answer(code, body, order_id)) for scope, key, digest, code, body, order_id in rows
    }
    found = {}
    for each in asked:
        if before := by_key.get((each.scope, each.key)):
            found[each.scope, each.key] = before[1] if before[0] == each.digest else refusal("key_reused")
    return found


async def given_to(conn: Connection, asked: Asked) -> Answer | None:
    """The same for one."""
    return (await given(conn, [asked])).get((asked.scope, asked.key))


async def keep(conn: Connection, answered: Sequence[tuple[Asked, Answer]], *, now: datetime) -> None:
    """Keep what is answered. Raises KeyInUse where another one answers to the same key at this moment."""
    if not answered:
        return
    values = {
        "scopes": [asked.scope for asked, _ in answered],
        "keys": [asked.key for asked, _ in answered],
        "digests": [asked.digest for asked, _ in answered],
        "codes": [answer.code for _, answer in answered],
        "orders": [answer.order_id for _, answer in answered],
        "bodies": [orjson.dumps(answer.body).decode() for _, answer in answered],
        "traces": [asked.trace_id for asked, _ in answered],
        "paths": [asked.path for asked, _ in answered],
        "now": now,
    }
    if (await conn.execute(_SQL["keep"], values)).rowcount != len(answered):
        raise KeyInUse(answered[0][0].key)


async def kept(conn: Connection, asked: Asked, answer: Answer, *, now: datetime) -> Answer:
    """Keep one answer, and give it."""
    await keep(conn, [(asked, answer)], now=now)
    return answer
