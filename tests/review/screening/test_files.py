"""A screening type as a file: what is written reads back as it was, and nothing else is read."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.review.screening import files, model
from opsdesk.review.screening.adapt_document import AdaptDocument, read_adapt
from opsdesk.review.screening.adapts import AdaptStatus, ScreeningAdapt
from opsdesk.review.screening.errors import ScreeningFileInvalid
from opsdesk.review.screening.model import Choice, DisplayType, Key, Module, ModuleCode, Reason, Rejection, TypeDocument
from opsdesk.review.screening.reading import read_document
from opsdesk.review.screening.sources import VERIFY_FIELDS, Mapped, Offer, Source, Verification
from opsdesk.review.screening.types import Category, ScreeningType

AT = datetime(2026, 1, 5, 10, tzinfo=UTC)
IDS = st.uuids().map(lambda each: each.hex)
# What YAML could take for something else, or break a line in.
WORDS = (
    st.one_of(
        st.sampled_from(
            ["on", "no", "null", "~", "1", "010", "1e3", "2026-01-05", "12:30:00", "a: b", "- x", "#", "'", "=", "<<"]
        ),
        st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=20),
    )
    .map(str.strip)
    .filter(str.isprintable)
)
TEXTS = WORDS.filter(bool)
METHODS = ("face", "full")
OFFER = Offer(pb_fields=("a.b", "c"), verifications=frozenset(Verification))


@st.composite
def documents(draw: st.DrawFn) -> TypeDocument:
    ids = iter(draw(st.lists(IDS, min_size=40, max_size=40, unique=True)))
    modules = [
        Module(
            code,
            tuple(
                Key(next(ids), name, draw(st.sampled_from(DisplayType)))
                for name in draw(st.lists(TEXTS, min_size=code is ModuleCode.PICTURE, max_size=4, unique=True))
            ),
        )
        for code in draw(st.permutations(list(ModuleCode)))
    ]
    with_code, with_label = draw(st.booleans()), draw(st.booleans())
    with_priority = draw(st.booleans()) if with_code else None
    reasons = tuple(
        Reason(
            next(ids),
            detail,
            label=draw(TEXTS) if with_label else None,
            code=draw(st.sampled_from(["AF-1", "007"])) if with_code else None,
            priority=number if with_priority else None,
        )
        for number, detail in enumerate(draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True)))
    )
    code_return = draw(st.sampled_from(Choice)) if with_code else None
    choice = draw(st.sampled_from(Choice))
    return TypeDocument(tuple(modules), Rejection(choice, with_code, code_return, with_priority, with_label, reasons))


MAPPED = st.one_of(
    st.none(),
    st.sampled_from(["a.b", "c"]).map(lambda value: Mapped(Source.PB, value)),
    st.sampled_from(sorted(VERIFY_FIELDS)).map(lambda value: Mapped(Source.VERIFY, value)),
    TEXTS.map(lambda value: Mapped(Source.FEATURE, value)),
)


@st.composite
def types_with_an_adapt(draw: st.DrawFn) -> tuple[ScreeningType, ScreeningAdapt]:
    outer = draw(documents())
    found = ScreeningType(1, draw(TEXTS), Category.DEFAULT, 3, draw(WORDS), outer, "0" * 64, AT, "person:risk")
    chosen = draw(st.lists(st.sampled_from(METHODS), min_size=1, unique=True))
    inner = AdaptDocument(tuple(chosen), {key.id: draw(MAPPED) for key in outer.every_key})
    where = (draw(TEXTS), draw(TEXTS))
    adapt = ScreeningAdapt(1, 1, found.name, found.category, *where, AdaptStatus.PAUSE, 7, 3, inner, AT, "x", False)
    return found, adapt


@pytest.mark.req("REV-B16")
@given(types_with_an_adapt())
def test_what_is_written_reads_back_as_it_was(made: tuple[ScreeningType, ScreeningAdapt]) -> None:
    found, adapt = made
    file = files.read(files.written(found, [adapt]))
    assert (file.name, file.description, file.version, file.category) == (found.name, found.description, 3, "default")
    document, problems = read_document(
        file.document, previous=None, codes={"AF-1": True, "007": True}, new_id=lambda: "new", earlier={}
    )
    assert (document, problems) == (found.document, {})
    (inner,) = file.adapts
    assert (inner.application, inner.scene, inner.version) == (adapt.application, adapt.scene, 7)
    given_document, _ = inner.document(found.document)
    assert read_adapt(given_document, outer=found.document, methods=METHODS, offer=OFFER) == (adapt.document, {})


HEAD = "opsdesk_screening_type: 1\nname: x\n"
REFUSED = {
    "": "file",
    "[]": "file",
    "name: x": "opsdesk_screening_type",
    "opsdesk_screening_type: 1": "name",
    HEAD + "name: y": "file",
    HEAD + "a: &a 1\nb: *a": "file",
    HEAD + "a: !!python/name:os.system x": "file",
    HEAD + "a: " + "[" * 20 + "]" * 20: "file",
    HEAD + "? [a]\n: b": "file",
    HEAD + "x: " + "y" * files.BYTES_MAX: "file",
    HEAD + "taken_from: 3": "taken_from",
    HEAD + "adapts: x": "adapts",
    HEAD + "adapts: [x]": "adapts.0",
    HEAD + "adapts: [{application: a}]": "adapts.0.scene",
    HEAD + "adapts: [{application: a, scene: s, color: red}]": "adapts.0.color",
    HEAD + "adapts: [{application: a, scene: s}, {application: a, scene: s}]": "adapts.1",
    HEAD + "adapts: [{application: a, scene: s, mapped: [x]}]": "adapts.0.mapped.0",
    HEAD + "adapts: [{application: a, scene: s, mapped: [{field: x}]}]": "adapts.0.mapped.0.field",
    "\0": "file",
}


@pytest.mark.parametrize(("text", "place"), REFUSED.items(), ids=range(len(REFUSED)))
def test_what_is_no_such_file_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(ScreeningFileInvalid) as refused:
        files.read(text)
    assert place in refused.value.problems


def test_a_key_that_is_called_like_a_truth_or_a_date_is_a_text() -> None:
    file = files.read(HEAD + "modules: [{code: others, keys: [{name: on}, {name: 2026-01-05}, {name: 1.5}]}]")
    assert [key["name"] for key in file.document["modules"][0]["keys"]] == ["on", "2026-01-05", "1.5"]


def test_a_key_of_an_adapt_is_found_by_its_module_and_name() -> None:
    keys = [Module(code, (Key(f"id-{code}", "face", DisplayType.TEXT),)) for code in ModuleCode]
    outer = TypeDocument(tuple(keys), Rejection(Choice.SINGLE, False, None, None, False, (Reason("r", "d"),)))
    entry = {"module": "personal", "key": "face", "source": "pb", "value": "c"}
    inner = files.AdaptInFile("a", "s", 1, ["face"], [entry])
    assert inner.document(outer)[0]["mapped"] == {"id-personal": {"source": "pb", "value": "c"}}
    for wrong in ([{**entry, "key": "none"}], [entry, entry]):
        with pytest.raises(ScreeningFileInvalid):
            files.AdaptInFile("a", "s", 1, ["face"], wrong).document(outer)


def test_a_line_of_the_file_is_a_line_of_the_configuration() -> None:
    long = Key("k", "k" * 64, DisplayType.TEXT)
    outer = TypeDocument(
        (Module(ModuleCode.OTHERS, (long,)),),
        Rejection(Choice.SINGLE, False, None, None, False, (Reason("r", "a long reason " * 14),)),
    )
    text = files.written(ScreeningType(1, "x", Category.DEFAULT, 1, "", outer, "0" * 64, AT, "x"), [])
    assert f"detail: '{'a long reason ' * 14}'" in text
    assert model.stored(outer)["modules"] == files.read(text).document["modules"]
