"""The picture: valid, safe, complete, and told apart by more than colour."""

import base64
import hashlib
import re
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opsdesk.flows.document import load
from opsdesk.flows.draw import STYLE, mermaid, svg
from opsdesk.flows.draw_shapes import PHASE_GLYPHS, TYPE_GLYPHS, outline
from opsdesk.flows.draw_text import width_px, wrapped
from opsdesk.flows.draw_words import CHINESE, ENGLISH
from opsdesk.flows.facts import FactKind
from opsdesk.flows.procedure import Edge, EdgeMode, Node, NodeType, Procedure
from opsdesk.flows.state import NodePhase, State
from tests.flows.documents import document, read
from tests.flows.pictured import (
    BEGIN,
    EMAIL,
    WHOLE_CONDITION,
    automatic,
    ended,
    fact,
    onboarding,
    run_ended,
    state_after,
    until_review,
)

SVG = "{http://www.w3.org/2000/svg}"


def tree(picture: str) -> ElementTree.Element:
    return ElementTree.fromstring(picture)


def group(picture: str, title: str) -> ElementTree.Element:
    """The group whose title has this line."""
    for found in tree(picture).iter(f"{SVG}g"):
        if title in (found.findtext(f"{SVG}title") or "").splitlines():
            return found
    raise AssertionError(f"no group is called {title}")


def edge_group(picture: str, ends: str) -> ElementTree.Element:
    found = [item for item in tree(picture).iter(f"{SVG}g") if (item.findtext(f"{SVG}title") or "").startswith(ends)]
    assert len(found) == 1
    return found[0]


def said(element: ElementTree.Element) -> str:
    """All the text that is drawn in an element."""
    return " ".join("".join(text.itertext()) for text in element.iter(f"{SVG}text"))


def single(name: str, kind: NodeType = NodeType.API) -> Procedure:
    return Procedure("one", name, {"a": Node("a", kind, name, purpose=name)}, ())


@pytest.mark.req("FLO-402")
def test_every_node_and_edge_of_the_procedure_is_drawn_once() -> None:
    procedure = onboarding()
    groups = [
        (item.get("class") or "").split()[0] for item in tree(svg(procedure)).iter(f"{SVG}g") if item.get("class")
    ]
    drawn_edges = [
        item for item in tree(svg(procedure)).iter(f"{SVG}g") if " → " in (item.findtext(f"{SVG}title") or "")
    ]
    assert groups.count("node") == len(procedure.nodes)
    assert len(drawn_edges) == len(procedure.edges)


@pytest.mark.req("FLO-402")
def test_edges_carry_their_condition_and_the_whole_of_it_in_the_title() -> None:
    short = edge_group(svg(onboarding()), "kyc_identity → setup_account")
    long = edge_group(svg(onboarding()), "kyc_identity → compliance_review")
    assert said(short) == "if kyc_score >= 0.7"
    assert said(long).endswith("…")
    assert WHOLE_CONDITION in (long.findtext(f"{SVG}title") or "")


@pytest.mark.req("FLO-402")
def test_types_have_outlines_glyphs_and_words_that_differ() -> None:
    assert len({outline(kind, width=200, height=100) for kind in NodeType}) == len(NodeType)
    assert len({TYPE_GLYPHS[kind] for kind in NodeType}) == len(NodeType)
    for kind in NodeType:
        assert ENGLISH[kind.value] in said(tree(svg(single("x", kind))))
    assert len({PHASE_GLYPHS[phase] for phase in NodePhase}) == len(NodePhase)


@pytest.mark.parametrize("mode", list(EdgeMode))
def test_every_mode_of_edge_can_be_drawn_and_is_named(mode: EdgeMode) -> None:
    nodes = {key: Node(key, NodeType.API, key) for key in "ab"}
    picture = svg(Procedure("p", "p", nodes, (Edge(0, "a", "b", mode),)))
    drawn = edge_group(picture, "a → b")
    assert f"edge-{mode.value}" in (drawn.get("class") or "")
    assert said(drawn) == ENGLISH[mode.value]


def test_a_long_label_of_an_edge_is_broken_into_lines_above_its_condition() -> None:
    nodes = {key: Node(key, NodeType.API, key) for key in "ab"}
    edge = Edge(0, "a", "b", EdgeMode.CONDITIONAL, "score >= 0.7", "not within twenty-four hours / 24 小时内未确认邮箱")
    drawn = edge_group(svg(Procedure("p", "p", nodes, (edge,))), "a → b")
    assert said(drawn) == "if not within twenty-four hours / 24 小时内未确认邮箱 score >= 0.7"
    assert len(list(drawn.iter(f"{SVG}text"))) == 3


def test_failure_edges_are_dashed_each_in_its_own_way() -> None:
    dashes = re.findall(r"\.edge-(fallback|error|timeout) \.line \{ stroke-dasharray: ([^;]+);", STYLE)
    assert len({pattern for _, pattern in dashes}) == len(dashes) == 3


def test_ways_that_part_in_parallel_leave_from_one_bar() -> None:
    assert "∥ parallel × 2" in said(group(svg(onboarding()), "setup_account"))


def test_the_picture_begins_and_ends_with_a_marker() -> None:
    text = said(tree(svg(onboarding())))
    assert (text.count("Start"), text.count("End")) == (1, 2)


def test_a_person_is_shown_with_role_approvers_and_time_limit() -> None:
    assert "compliance_officer 2 approvers ≤ 1 d" in said(group(svg(onboarding()), "compliance_review"))


@pytest.mark.req("FLO-402")
def test_a_picture_of_a_run_says_who_is_waited_for_and_until_when() -> None:
    picture = svg(
        onboarding(), state_after(until_review()), now=BEGIN + timedelta(hours=1), zone=ZoneInfo("Asia/Shanghai")
    )
    waiting = group(picture, "compliance_review")
    assert "waiting" in (waiting.get("class") or "")
    assert "Waiting for compliance_officer until 2026-01-06 10:00 · in 23 h" in said(waiting)


def test_a_wait_that_is_over_its_time_is_called_overdue() -> None:
    picture = svg(onboarding(), state_after(until_review()), now=BEGIN + timedelta(days=2))
    assert "overdue since 2026-01-06 02:00" in said(group(picture, "compliance_review"))


@pytest.mark.req("FLO-402")
def test_taken_edges_are_strong_and_dead_ones_faint() -> None:
    picture = svg(onboarding(), state_after(automatic()))
    assert "taken" in (edge_group(picture, "kyc_identity → setup_account").get("class") or "")
    assert "dead" in (edge_group(picture, "compliance_review → setup_account").get("class") or "")
    assert "skipped" in (group(picture, "compliance_review").get("class") or "")


@pytest.mark.req("FLO-402")
def test_each_phase_is_told_by_a_word_and_a_glyph() -> None:
    facts = [
        *automatic()[:4],
        fact(
            FactKind.ATTEMPT_FAILED,
            4,
            "assign_csm",
            code="Answered503",
            message="x",
            attempt=1,
            retry_at=(BEGIN + timedelta(seconds=60)).isoformat(),
        ),
        fact(FactKind.NODE_FAILED, 5, "send_welcome", code="MissingOutput", message="no id", attempt=1, taken=[]),
    ]
    picture = svg(onboarding(), state_after(facts))
    for node, word, phase in [
        ("register", "Done · 1 s", NodePhase.DONE),
        ("compliance_review", "Skipped", NodePhase.SKIPPED),
        ("assign_csm", "Retrying attempt 2 at 2026-01-05 02:01", NodePhase.RETRYING),
        ("send_welcome", "Blocked MissingOutput: no id", NodePhase.BLOCKED),
    ]:
        drawn = group(picture, node)
        assert word in said(drawn)
        assert PHASE_GLYPHS[phase] in [path.get("d") for path in drawn.iter(f"{SVG}path")]


def test_the_outcome_of_the_run_stands_above_the_picture() -> None:
    facts = [*until_review(), run_ended(60, outcome="stopped", node="compliance_review", reason="rejected")]
    assert "Stopped at compliance_review: rejected" in said(tree(svg(onboarding(), state_after(facts))))


def test_nobody_is_waited_for_in_a_run_that_has_ended() -> None:
    facts = [*until_review(), run_ended(60, outcome="cancelled", reason="asked to", actor="ops")]
    text = said(tree(svg(onboarding(), state_after(facts))))
    assert "Waiting" not in text
    assert "Not finished" in text


def test_a_picture_does_not_move_while_the_run_goes_on() -> None:
    def places(state: State) -> list[str | None]:
        picture = tree(svg(onboarding(), state))
        return [
            item.get("transform") for item in picture.iter(f"{SVG}g") if (item.get("class") or "").startswith("node")
        ]

    assert (
        places(state_after(until_review()[:1]))
        == places(state_after(until_review()))
        == places(state_after(automatic()[:-1]))
    )


def test_personal_values_in_error_texts_are_masked() -> None:
    assert EMAIL not in svg(onboarding(), state_after(until_review()[:3]))


@pytest.mark.parametrize("language", ["zh-CN", "zh"])
def test_the_picture_speaks_chinese_when_asked(language: str) -> None:
    picture = svg(onboarding(), state_after(until_review()), language=language)
    assert 'lang="zh-CN"' in picture
    assert "等待 compliance_officer" in said(tree(picture))


def test_both_languages_have_the_same_words_with_the_same_gaps() -> None:
    assert ENGLISH.keys() == CHINESE.keys()
    gaps = re.compile(r"\{\w+\}")
    assert [key for key in ENGLISH if sorted(gaps.findall(ENGLISH[key])) != sorted(gaps.findall(CHINESE[key]))] == []


HOSTILE = """</title><script>alert("1")</script>&lt;'" onload='x' ]]> \x00\x1b[31m\ud800\u202eabc"""


def test_hostile_names_are_text_and_nothing_else() -> None:
    nodes = {
        HOSTILE: Node(HOSTILE, NodeType.API, HOSTILE, purpose=HOSTILE, subtype=HOSTILE),
        "b": Node("b", NodeType.API, "b"),
    }
    procedure = Procedure(HOSTILE, HOSTILE, nodes, (Edge(0, HOSTILE, "b", EdgeMode.CONDITIONAL, HOSTILE, HOSTILE),))
    picture = svg(replace(procedure, description=HOSTILE))
    allowed = {"svg", "g", "path", "rect", "circle", "text", "tspan", "title", "desc", "style"}
    attributes = {name for item in tree(picture).iter() for name in item.attrib}
    assert {item.tag.removeprefix(SVG) for item in tree(picture).iter()} <= allowed
    assert not [name for name in attributes if name.startswith("on") or "href" in name or name == "style"]
    assert "\u202e" not in picture


@given(st.text(max_size=60))
@settings(max_examples=100, deadline=None)
def test_any_name_makes_a_well_formed_picture(name: str) -> None:
    assert tree(svg(single(name))).tag == f"{SVG}svg"


def test_the_picture_needs_nothing_from_elsewhere() -> None:
    picture = svg(onboarding(), state_after(automatic()))
    assert re.findall(r"https?://[^\"' ]+", picture) == ["http://www.w3.org/2000/svg"]
    assert "url(" not in picture
    assert "@import" not in picture


def test_the_style_is_the_same_in_every_picture_so_that_a_page_can_permit_it_by_hash() -> None:
    styles = [tree(svg(item)).findtext(f"{SVG}style") or "" for item in (onboarding(), single("x"))]
    digests = {base64.b64encode(hashlib.sha256(style.encode()).digest()) for style in [*styles, STYLE]}
    assert len(digests) == 1


def test_the_picture_is_named_and_described_for_those_who_do_not_see_it() -> None:
    root = tree(svg(onboarding(), state_after(until_review())))
    named = [root.find(f"*[@id='{key}']") for key in (root.get("aria-labelledby") or "").split()]
    assert root.get("role") == "img"
    assert [item.text if item is not None else None for item in named] == [
        "客户入门",
        "Procedure 客户入门: 6 nodes, 6 edges. Waiting compliance_review: Waiting for compliance_officer · "
        "until 2026-01-06 02:00",
    ]


def test_an_empty_procedure_and_one_with_edges_to_nowhere_can_be_drawn() -> None:
    assert tree(svg(Procedure("p", "p", {}, ())))
    assert tree(svg(replace(single("x"), edges=(Edge(0, "a", "gone"), Edge(1, "gone", "a")))))


@pytest.mark.parametrize("width", range(56, 120, 14))
def test_text_breaks_between_chinese_characters_but_never_before_a_comma(width: float) -> None:
    text = "核对客户，身份证件，并与活体，检测的结果，比较"
    lines = wrapped(text, width=width, size_px=14, lines_max=20)
    assert len(lines) > 2
    assert not [line for line in lines if line.startswith("，")]
    assert "".join(lines) == text


@given(st.text(st.characters(categories=["L", "N", "P", "Zs"]), max_size=80), st.integers(1, 3))
@settings(deadline=None)
def test_wrapped_text_fits_its_width_and_its_lines(text: str, lines_max: int) -> None:
    lines = wrapped(text, width=100, size_px=14, lines_max=lines_max)
    assert len(lines) <= lines_max
    assert all(width_px(line, 14) <= 100 + 14 for line in lines)


def test_an_end_that_was_reached_is_joined_by_a_strong_line() -> None:
    facts = [*automatic()[:4], ended("assign_csm", 4, [])]
    markers = [
        item.get("class")
        for item in tree(svg(onboarding(), state_after(facts))).iter(f"{SVG}g")
        if (item.get("class") or "").startswith("end")
    ]
    assert sorted(markers, key=str) == ["end ", "end taken"]


@pytest.mark.req("FLO-402")
def test_a_node_with_nothing_but_a_failure_or_a_loop_behind_it_is_an_end() -> None:
    nodes = "- {id: a, type: cli, name: A, runtime: {command: a}}\n- {id: b, type: human, name: B, outputs: [again]}"
    back = "- {from: b, to: a, mode: loop, when: again == true}"
    made = read(document(nodes, f"- {{from: a, to: b}}\n{back}"))
    assert svg(made).count('<g class="end ') == 1
    made = read(document(nodes, "- {from: a, to: b, mode: fallback}"))
    assert svg(made).count('<g class="end ') == 2


@pytest.mark.req("FLO-402")
def test_a_circle_is_drawn_with_a_start_where_the_document_begins() -> None:
    nodes = "- {id: a, type: cli, name: A, runtime: {command: a}}\n- {id: b, type: cli, name: B, runtime: {command: b}}"
    loaded = load(document(nodes, "- {from: a, to: b}\n- {from: b, to: a, mode: fallback}"), name="x.osop.yaml")
    assert loaded.procedure is not None
    assert svg(loaded.procedure).count('<g class="start ') == 1
    assert mermaid(loaded.procedure).count("start_") == 1
