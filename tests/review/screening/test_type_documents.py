"""The outer layer: what a screening type may be, and what of it stays through an edit."""

from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from opsdesk.review.screening.model import (
    Choice,
    DisplayType,
    ModuleCode,
    ReviewRules,
    SecondReview,
    read_stored,
    stored,
)
from opsdesk.review.screening.reading import read_document, warnings_of
from tests.review.screening.samples import CODES, document, given, key, read, reason


def problems_of(**changes: Any) -> dict[str, list[str]]:
    found, problems = read(given(**changes))
    assert (found is None) == bool(problems)
    return problems


@pytest.mark.req("REV-T08")
def test_a_key_is_shown_as_its_module_says_unless_it_is_told_otherwise() -> None:
    modules = [
        {"code": "picture", "keys": [key("front"), key("page", "link")]},
        {"code": "personal", "keys": [key("name")]},
        {"code": "others", "keys": [key("device"), key("since", "date")]},
    ]
    shown = {each.name: each.display for each in document(modules=modules).every_key}
    assert shown == {
        "front": DisplayType.IMG,
        "page": DisplayType.LINK,
        "name": DisplayType.TEXT,
        "device": DisplayType.TEXT,
        "since": DisplayType.DATE,
    }


@pytest.mark.req("REV-T04", "REV-T05", "REV-X12")
def test_modules_keep_the_order_that_they_are_given_in() -> None:
    modules = [{"code": "others", "keys": [key("device")]}, {"code": "picture", "keys": [key("front")]}]
    codes = [module.code for module in document(modules=modules).modules]
    assert codes == [ModuleCode.OTHERS, ModuleCode.PICTURE, ModuleCode.PERSONAL]


@pytest.mark.req("REV-T06", "REV-X09")
def test_a_key_is_named_and_only_once_in_its_table() -> None:
    modules = [{"code": "personal", "keys": [key("name"), key(" name "), key("  ")]}]
    assert problems_of(modules=modules) == {
        "modules.0.keys.1.name": ["is there twice"],
        "modules.0.keys.2.name": ["is required"],
    }


@pytest.mark.req("REV-X09")
def test_the_same_key_in_two_modules_is_a_warning() -> None:
    modules = [{"code": "picture", "keys": [key("face")]}, {"code": "others", "keys": [key("face")]}]
    assert warnings_of(document(modules=modules)) == [("modules.1.keys.0.name", "is also a key of picture")]


@pytest.mark.req("REV-T07")
def test_a_value_is_displayed_in_one_of_five_ways() -> None:
    assert [*DisplayType] == ["link", "date", "datetime", "img", "text"]
    assert problems_of(modules=[{"code": "others", "keys": [key("x", "video")]}]) == {
        "modules.0.keys.0.display": ["is none of link, date, datetime, img, text"]
    }


@pytest.mark.req("REV-X23")
def test_a_type_has_a_key_and_a_reason() -> None:
    assert problems_of(modules=[]) == {"modules": ["hold no key"]}
    assert problems_of(reasons=[]) == {"rejection.reasons": ["hold no reason: nobody could reject"]}


@pytest.mark.req("REV-X24")
@pytest.mark.parametrize(
    ("changes", "place", "problem"),
    [
        (
            {"modules": [{"code": "others", "keys": [key("k" * 65)]}]},
            "modules.0.keys.0.name",
            "has more than 64 characters",
        ),
        (
            {"modules": [{"code": "others", "keys": [key(f"k{n}") for n in range(51)]}]},
            "modules.0.keys",
            "are more than 50",
        ),
        (
            {"reasons": [reason("d" * 201, code="AF-1001", priority=1)]},
            "rejection.reasons.0.detail",
            "has more than 200 characters",
        ),
        (
            {"reasons": [reason(f"r{n}", code="AF-1001", priority=n) for n in range(201)]},
            "rejection.reasons",
            "are more than 200",
        ),
        (
            {"with_label": "Y", "reasons": [reason("r", label="l" * 65, code="AF-1001", priority=1)]},
            "rejection.reasons.0.label",
            "has more than 64 characters",
        ),
    ],
)
def test_what_is_longer_than_its_limit_is_refused(changes: dict[str, Any], place: str, problem: str) -> None:
    assert problems_of(**changes)[place] == [problem]


def test_a_key_may_be_named_like_a_script_and_may_not_hold_what_nobody_sees() -> None:
    names = ["<script>alert(1)</script>", "a\u202eb", "tab\tbed"]
    found = problems_of(modules=[{"code": "others", "keys": [key(name) for name in names]}])
    assert found == {
        "modules.0.keys.1.name": ["holds control characters"],
        "modules.0.keys.2.name": ["holds characters that cannot be printed"],
    }


@pytest.mark.req("REV-J02", "REV-J03", "REV-J04", "REV-J05", "REV-J06", "REV-X14")
@pytest.mark.parametrize("switch", ["choice", "with_code", "code_return", "with_priority", "with_label"])
def test_no_switch_has_a_value_before_somebody_gives_it_one(switch: str) -> None:
    assert problems_of(**{switch: ""}).get(f"rejection.{switch}") == ["is required"]


@pytest.mark.req("REV-J03", "REV-X15")
def test_without_codes_there_are_no_codes_no_priorities_and_no_rule_for_them() -> None:
    rejection = document(with_code="N", code_return="", with_priority="").rejection
    assert (rejection.code_return, rejection.with_priority) == (None, None)
    assert [(each.code, each.priority) for each in rejection.reasons] == [(None, None), (None, None)]


@pytest.mark.req("REV-J05", "REV-J06", "REV-X15")
def test_columns_that_are_hidden_are_not_kept() -> None:
    rows = [reason("r", label="Face", code="AF-1001", priority=7)]
    kept = document(with_priority="N", with_label="N", reasons=rows).rejection.reasons[0]
    assert (kept.label, kept.code, kept.priority) == (None, "AF-1001", None)


@pytest.mark.req("REV-J07", "REV-J08", "REV-J09", "REV-J10")
def test_columns_that_are_shown_are_filled_in() -> None:
    found = problems_of(with_label="Y", reasons=[reason("")])
    assert found == {f"rejection.reasons.0.{name}": ["is required"] for name in ("detail", "label", "code", "priority")}


@pytest.mark.req("REV-J09", "REV-X22")
def test_a_code_is_one_that_is_active_and_for_tickets() -> None:
    rows = [reason("a", code="AF-OLD", priority=1), reason("b", code="NONE", priority=2)]
    assert problems_of(reasons=rows) == {
        "rejection.reasons.0.code": ["is a code that is not active any more, or not for tickets"],
        "rejection.reasons.1.code": ["is no reject code"],
    }


@pytest.mark.req("REV-J10")
@pytest.mark.parametrize("priority", ["-1", 100_000, "1.5", "１", True, [], "ten"])
def test_a_priority_is_a_number_from_0_to_99999(priority: Any) -> None:
    rows = [reason("a", code="AF-1001", priority=priority)]
    assert list(problems_of(reasons=rows)) == ["rejection.reasons.0.priority"]


@pytest.mark.req("REV-J10")
def test_no_two_reasons_have_one_priority() -> None:
    rows = [reason("a", code="AF-1001", priority="0"), reason("b", code="AF-1001", priority=0)]
    assert problems_of(reasons=rows) == {"rejection.reasons.1.priority": ["is there twice"]}


@pytest.mark.req("REV-X17", "REV-X18")
def test_one_code_may_have_several_reasons_and_one_reason_is_told_once() -> None:
    rows = [reason("a", code="AF-1001", priority=1), reason("a", code="AF-1001", priority=2)]
    assert problems_of(reasons=rows) == {"rejection.reasons.1.detail": ["is there twice"]}
    apart = [{**rows[0], "label": "Face"}, {**rows[1], "label": "Card"}]
    assert problems_of(with_label="Y", reasons=apart) == {}


@pytest.mark.req("REV-X19", "REV-X20")
def test_a_single_code_out_of_several_reasons_by_their_order_is_a_warning() -> None:
    told = warnings_of(document(choice="multiple", code_return="single", with_priority="N"))
    assert told == [("rejection.with_priority", "of several reasons the order here decides which code goes back")]
    assert warnings_of(document(choice="single", code_return="multiple")) == []


@pytest.mark.req("REV-V01", "REV-X10")
def test_a_key_keeps_its_name_through_an_edit() -> None:
    before = document()
    form = stored(before)
    form["modules"][0]["keys"][0]["name"] = "back of the card"
    _, problems = read(form, previous=before)
    assert problems == {"modules.0.keys.0.name": ["cannot be changed: it is front of the card"]}


@pytest.mark.req("REV-V01", "REV-T13", "REV-X13")
def test_keys_are_moved_shown_otherwise_and_stay_those_that_they_were() -> None:
    before = document()
    form = stored(before)
    moved = form["modules"][0]["keys"].pop()
    form["modules"][1]["keys"].append({**moved, "display": "link"})
    after, problems = read(form, previous=before)
    assert after is not None, problems
    assert [(each.id, each.name, each.display) for each in after.modules[1].keys] == [
        (before.modules[1].keys[0].id, "full name", "text"),
        (before.modules[0].keys[0].id, "front of the card", "link"),
    ]


@pytest.mark.req("REV-X11")
def test_a_key_that_was_removed_and_comes_again_is_another_one() -> None:
    before = document()
    form = stored(before)
    form["modules"][0]["keys"] = []
    without, _ = read(form, previous=before)
    assert without is not None
    form["modules"][0]["keys"] = [key("front of the card", key_id=before.modules[0].keys[0].id)]
    again, _ = read(form, previous=without)
    assert again is not None
    assert again.modules[0].keys[0].id != before.modules[0].keys[0].id


def test_one_row_does_not_come_twice() -> None:
    before = document()
    form = stored(before)
    form["modules"][2]["keys"] = form["modules"][0]["keys"]
    form["rejection"]["reasons"].append({**form["rejection"]["reasons"][0], "detail": "Another", "priority": 5})
    _, problems = read(form, previous=before)
    assert problems == {"modules.2.keys.0.id": ["is there twice"], "rejection.reasons.2.id": ["is there twice"]}


NAMES = ["modules", "rejection", "code", "keys", "name", "reasons", "choice", "detail"]
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.sampled_from(["single", "Y", "N", "picture"]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["modules", "rejection", "code", "keys", "name", "reasons", "choice", "detail"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@examples(ANYTHING)
def test_whatever_is_given_is_read_or_refused_by_name(anything: Any) -> None:
    found, problems = read(anything)
    assert (found is None) == bool(problems)


@st.composite
def forms(draw: st.DrawFn) -> dict[str, Any]:
    names = draw(st.lists(st.text("abcd", min_size=1, max_size=3), min_size=1, max_size=6, unique=True))
    flag = st.sampled_from("YN")
    modules = [
        {"code": code, "keys": [key(name, draw(st.sampled_from([*DisplayType]))) for name in names]}
        for code in draw(st.permutations([*ModuleCode]))
    ]
    priorities = draw(st.lists(st.integers(0, 99_999), min_size=1, max_size=5, unique=True))
    rows = [
        reason(
            f"detail {n}",
            label=draw(st.sampled_from(["A", "B"])),
            code=draw(st.sampled_from(["AF-1001", "SYS-9"])),
            priority=n,
        )
        for n in priorities
    ]
    choices = st.sampled_from([*Choice])
    return given(
        modules=modules,
        choice=draw(choices),
        with_code=draw(flag),
        code_return=draw(choices),
        with_priority=draw(flag),
        with_label=draw(flag),
        reasons=rows,
    )


@examples(forms())
def test_a_document_is_kept_and_read_and_edited_without_a_change(form: dict[str, Any]) -> None:
    first, problems = read(form)
    assert first is not None, problems
    assert read_stored(stored(first)) == first
    again, problems = read_document(stored(first), previous=first, codes=CODES, new_id=str)
    assert (again, problems) == (first, {})


@pytest.mark.req("REV-B10", "REV-X45")
def test_a_type_says_how_its_tickets_are_reviewed_and_else_nothing_is_asked() -> None:
    assert document().review == ReviewRules()
    found, problems = read(given() | {"review": {"second": "random", "share": "20", "remark_required": "Y"}})
    assert found is not None, problems
    assert found.review == ReviewRules(SecondReview.RANDOM, 20, remark_required=True)
    assert read_stored(stored(found)) == found
    off, _ = read(given() | {"review": {"second": "all", "share": "20"}})
    assert off is not None
    assert off.review == ReviewRules(SecondReview.ALL), "a share that is not drawn is not kept"


@pytest.mark.req("REV-B10")
def test_what_was_stored_before_there_were_rules_keeps_reading() -> None:
    kept = stored(document())
    del kept["review"]
    assert read_stored(kept) == document()


@pytest.mark.req("REV-B10")
@pytest.mark.parametrize(
    ("rules", "place"),
    [
        ({"second": "twice"}, "review.second"),
        ({"second": ""}, "review.second"),
        ({"second": "random"}, "review.share"),
        ({"second": "random", "share": "0"}, "review.share"),
        ({"second": "random", "share": "100"}, "review.share"),
        ({"second": "random", "share": "2.5"}, "review.share"),
        ({"remark_required": "maybe"}, "review.remark_required"),
        ({"third": "all"}, "review.third"),
        ("all", "review"),
    ],
)
def test_rules_that_cannot_be_are_told_at_their_place(rules: Any, place: str) -> None:
    found, problems = read(given() | {"review": rules})
    assert (found, list(problems)) == (None, [place])


@pytest.mark.parametrize("share", ["1", 99])
def test_a_share_lies_between_one_and_ninety_nine(share: Any) -> None:
    found, problems = read(given() | {"review": {"second": "random", "share": share}})
    assert found is not None, problems
    assert found.review.share == int(share)
