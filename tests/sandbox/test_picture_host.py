"""The host of identity pictures, over TLS."""

from dataclasses import dataclass

import pytest
from yarl import URL

from opsdesk.sandbox.picture_host import HOST, PATH, picture_address
from opsdesk.sandbox.specimens import Kind, picture, somebody_else
from tests.sandbox.outside import Outside


@dataclass(frozen=True, slots=True)
class Got:
    status: int
    content_type: str
    data: bytes


def here(outside: Outside, address: str) -> URL:
    """The address, with the port that it is served on in the test."""
    return URL(address, encoded=True).with_port(outside.sandbox.https_port)


async def got(outside: Outside, kind: Kind = Kind.FACE_FRONT, *, how: str = "match", person: str = "Lin") -> Got:
    async with outside.session.get(
        here(outside, picture_address(person, kind, how=how)), allow_redirects=False
    ) as response:
        return Got(response.status, response.content_type, await response.read())


async def test_a_picture_comes_over_tls_under_the_name_of_its_host(outside: Outside) -> None:
    assert await got(outside) == Got(200, "image/png", picture("Lin", Kind.FACE_FRONT))


async def test_where_they_differ_the_faces_are_somebody_elses_and_the_card_is_not(outside: Outside) -> None:
    other = somebody_else("Lin")
    assert (await got(outside, how="differ")).data == picture(other, Kind.FACE_FRONT)
    assert (await got(outside, Kind.FACE_SIDE, how="differ")).data == picture(other, Kind.FACE_SIDE)
    assert (await got(outside, Kind.CARD_FRONT, how="differ")).data == picture("Lin", Kind.CARD_FRONT)


async def test_a_name_may_hold_anything(outside: Outside) -> None:
    assert (await got(outside, person="客户 a/b?c")).status == 200


@pytest.mark.parametrize(
    ("how", "status", "content_type"),
    [
        ("gone", 410, "application/json"),
        ("svg", 200, "image/svg+xml"),
        ("html", 200, "text/html"),
        ("redirected", 302, "application/json"),
    ],
)
async def test_a_picture_can_be_something_else_by_its_address(
    outside: Outside, how: str, status: int, content_type: str
) -> None:
    found = await got(outside, how=how)
    assert (found.status, found.content_type) == (status, content_type)


async def test_a_huge_picture_is_sent_until_whoever_asked_hangs_up(outside: Outside) -> None:
    address = picture_address("Lin", Kind.FACE_FRONT, how="oversized")
    async with outside.session.get(here(outside, address)) as response:
        assert len(await response.content.readexactly(1_000_000)) == 1_000_000
        response.close()


async def test_a_script_counts_for_every_picture(outside: Outside) -> None:
    await outside.script(HOST, PATH, "*", "gone", times=2)
    assert [(await got(outside, kind)).status for kind in list(Kind)[:3]] == [410, 410, 200]


@pytest.mark.parametrize("path", ["/specimens/match/passport/Lin.png", "/specimens/nicely/card_front/Lin.png", "/"])
async def test_there_are_no_other_pictures(outside: Outside, path: str) -> None:
    async with outside.session.get(here(outside, f"https://{HOST}{path}")) as response:
        assert response.status == 404


async def test_the_record_of_calls_says_what_was_fetched(outside: Outside) -> None:
    await got(outside)
    (call,) = await outside.calls(participant=HOST)
    assert (call["path"], call["statuses"], call["scheme"]) == (PATH, ["200"], "https")
    assert call["bytes_sent_max"] > 10_000
    assert call["idempotency_key"].endswith("/face_front/Lin.png")
