"""What changed between two versions, in words that can be followed."""

from opsdesk.review.screening.difference import Change, difference
from opsdesk.review.screening.model import stored
from tests.review.screening.samples import document


def test_a_row_that_moved_is_told_by_its_order_and_not_as_changed() -> None:
    before = stored(document())
    after = stored(document())
    after["rejection"]["reasons"].reverse()
    [change] = difference(before, after)
    assert change.path == "rejection.reasons (order)"


def test_what_changed_came_and_went_is_told_by_the_name_of_its_row() -> None:
    before, after = stored(document()), stored(document())
    after["rejection"]["choice"] = "single"
    after["modules"][0]["keys"][0]["display"] = "link"
    gone = after["rejection"]["reasons"].pop(0)
    assert list(difference(before, after)) == [
        Change("modules[picture].keys[front of the card].display", "img", "link"),
        Change("rejection.choice", "multiple", "single"),
        Change("rejection.reasons[The face is another one]", gone, None),
    ]


def test_equal_documents_have_no_difference() -> None:
    assert list(difference(stored(document()), stored(document()))) == []
