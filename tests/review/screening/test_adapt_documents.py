"""The inner layer: where values come from, and what an edit of the outer layer makes of it."""

from typing import Any

import pytest

from opsdesk.review.screening.adapt_document import (
    AdaptDocument,
    adapt_warnings,
    carried_over,
    read_adapt,
    read_stored,
    stored,
    values_of,
)
from opsdesk.review.screening.model import stored as stored_type
from opsdesk.review.screening.sources import SOURCES, VERIFY_FIELDS, Facts, Mapped, Offer, Source, Verification
from tests.review.screening.samples import document, key, read

OUTER = document()
FRONT, NAME = (each.id for each in OUTER.every_key)
OFFER = Offer(pb_fields=("customer.name", "customer.card_url"), verifications=(Verification.LIVENESS,))


def read_form(mapped: Any, methods: Any = ("face",)) -> tuple[AdaptDocument | None, dict[str, list[str]]]:
    return read_adapt({"methods": methods, "mapped": mapped}, outer=OUTER, methods=("face", "full"), offer=OFFER)


def adapt(mapped: Any) -> AdaptDocument:
    found, problems = read_form(mapped)
    assert found is not None, problems
    return found


@pytest.mark.req("REV-D05", "REV-X34")
def test_every_key_has_a_row_and_none_has_to_be_mapped() -> None:
    found = adapt({NAME: {"source": "pb", "value": ""}, FRONT: {"source": "verify", "value": "liveness_check_url1"}})
    assert found.mapped == {FRONT: Mapped(Source.VERIFY, "liveness_check_url1"), NAME: None}
    assert found.mapped_count == 1


@pytest.mark.req("REV-D05")
def test_a_value_without_a_value_type_is_a_field_of_the_request() -> None:
    assert adapt({NAME: {"value": "customer.name"}}).mapped[NAME] == Mapped(Source.PB, "customer.name")


@pytest.mark.req("REV-D06", "REV-D07", "REV-D08")
def test_a_value_is_one_that_its_source_has() -> None:
    _, problems = read_form(
        {NAME: {"source": "pb", "value": "customer.shoe_size"}, FRONT: {"source": "verify", "value": "fingerprint"}}
    )
    assert problems == {
        f"mapped.{NAME}.value": ["is no field of this application and scene"],
        f"mapped.{FRONT}.value": ["is no field of a verification"],
    }
    assert adapt({NAME: {"source": "feature", "value": "device_score_90d"}}).mapped[NAME] is not None
    _, problems = read_form({NAME: {"source": "telepathy", "value": "x"}})
    assert problems == {f"mapped.{NAME}.source": ["is none of pb, verify, feature"]}


@pytest.mark.req("REV-D07", "REV-X35")
def test_a_liveness_check_offers_three_fields_and_a_face_matching_one() -> None:
    options = SOURCES[Source.VERIFY].options
    assert options is not None
    assert len(options(Offer(verifications=[Verification.LIVENESS]))) == 3
    assert options(Offer(verifications=[Verification.FACE_MATCHING])) == ["face_matching_result"]
    assert len(options(Offer(verifications=[*Verification]))) == len(VERIFY_FIELDS) == 4


@pytest.mark.req("REV-D04")
@pytest.mark.parametrize(
    ("methods", "problem"),
    [
        ([], {"methods": ["is required"]}),
        (["sms"], {"methods.0": ["is no method with screening of this application and scene"]}),
        (["face", "face"], {"methods.1": ["is there twice"]}),
    ],
)
def test_methods_are_those_with_screening_and_at_least_one(methods: Any, problem: dict[str, list[str]]) -> None:
    assert read_form({}, methods)[1] == problem


@pytest.mark.req("REV-X31")
def test_a_mapping_to_a_method_that_is_gone_is_a_warning() -> None:
    found = adapt({FRONT: {"source": "verify", "value": "face_matching_result"}})
    assert [place for place, _ in adapt_warnings(found, OFFER)] == [f"mapped.{FRONT}.value"]
    assert adapt_warnings(found, Offer(verifications=[*Verification])) == []


@pytest.mark.req("REV-V03", "REV-V04", "REV-T12", "REV-X11")
def test_an_edit_of_the_type_adds_empty_rows_and_takes_away_those_of_deleted_keys() -> None:
    before = adapt({FRONT: {"source": "verify", "value": "liveness_check_url1"}, NAME: {"value": "customer.name"}})
    form = stored_type(OUTER)
    form["modules"][0]["keys"] = [key("front of the card")]
    form["modules"][2]["keys"] = [key("device")]
    outer, problems = read(form, previous=OUTER)
    assert outer is not None, problems
    after = carried_over(before, outer)
    assert list(after.mapped.values()) == [None, Mapped(Source.PB, "customer.name"), None]
    assert FRONT not in after.mapped


@pytest.mark.req("REV-K08", "REV-D07", "REV-D08")
def test_what_cannot_be_found_is_empty_and_breaks_nothing() -> None:
    found = adapt({FRONT: {"source": "verify", "value": "liveness_check_url1"}, NAME: {"value": "customer.name"}})
    assert values_of(found, Facts(request={"customer": "gone"})) == {FRONT: None, NAME: None}
    facts = Facts(request={"customer": {"name": "王"}}, verifications={"liveness_check_url1": "https://example.com/1"})
    assert values_of(found, facts) == {FRONT: "https://example.com/1", NAME: "王"}


def test_an_adapt_is_kept_and_read_without_a_change() -> None:
    found = adapt({NAME: {"source": "feature", "value": "device_score"}})
    assert read_stored(stored(found)) == found
