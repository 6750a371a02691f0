"""Identity pictures made by code."""

from io import BytesIO

import pytest
from PIL import Image

from opsdesk.sandbox.specimens import CARD_PX, FACE_PX, Kind, picture, somebody_else, traits_of


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_is_a_png_of_its_size(kind: Kind) -> None:
    image = Image.open(BytesIO(picture("Lin", kind)))
    assert image.format == "PNG"
    assert image.size == (CARD_PX if kind.value.startswith("card") else FACE_PX)


def test_a_person_looks_the_same_each_time_and_others_do_not() -> None:
    assert picture("Lin", Kind.FACE_FRONT) is picture("Lin", Kind.FACE_FRONT)
    assert picture("Lin", Kind.FACE_FRONT) != picture("Mo", Kind.FACE_FRONT)


@pytest.mark.parametrize("person", ["Lin", "Mo", "客户", ""])
def test_somebody_else_differs_in_hair_and_skin(person: str) -> None:
    one, other = traits_of(person), traits_of(somebody_else(person))
    assert all(one.of(place, 4) != other.of(place, 4) for place in (0, 1))


def test_the_number_of_a_card_says_that_it_is_a_specimen() -> None:
    assert traits_of("Lin").number.startswith("SPECIMEN-")
