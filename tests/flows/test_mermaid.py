"""The Mermaid text of a procedure."""

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from opsdesk.flows.mermaid import mermaid
from opsdesk.flows.procedure import Edge, EdgeMode, Node, NodeType, Procedure
from tests.flows.pictured import WHOLE_CONDITION, onboarding

OPENED = r"(?P<open>\(\[|\{\{|\[\(|\[\[|\[\\|\[/|\(\(|\(|\[|>)"
CLOSED = r"(\]\)|\}\}|\)\]|\]\]|\\\]|/\]|\)\)|\)|\])"
NODE = re.compile(rf'    n\d+{OPENED}"[^"]*"{CLOSED}')
EDGE = re.compile(r'    n\d+ (-->|==>|-\.->)(\|"[^"|]*"\|)? n\d+')
START = re.compile(r"    start_n\d+\(\(Start\)\) --> n\d+")


def lines(procedure: Procedure) -> list[str]:
    return mermaid(procedure).splitlines()


def decoded(text: str) -> str:
    return re.sub(r"#(\d+);", lambda found: chr(int(found.group(1))), text)


def pair(name: str, *, condition: str | None = None, mode: EdgeMode = EdgeMode.CONDITIONAL) -> Procedure:
    nodes = {name: Node(name, NodeType.API, name), f"{name}2": Node(f"{name}2", NodeType.API, "b")}
    return Procedure("p", name, nodes, (Edge(0, name, f"{name}2", mode, condition),))


@pytest.mark.req("FLO-402")
def test_the_export_has_every_node_and_every_edge_with_its_whole_condition() -> None:
    exported = lines(onboarding())
    assert exported[:4] == ["---", 'title: "客户入门"', "---", "flowchart TD"]
    assert len([line for line in exported if NODE.fullmatch(line)]) == 6
    assert len([line for line in exported if EDGE.fullmatch(line)]) == 6
    assert f'    n1 -->|"if {WHOLE_CONDITION}"| n2' in [decoded(line) for line in exported]
    assert '    n3 ==>|"parallel"| n4' in exported


def test_a_person_is_shown_with_the_role() -> None:
    assert '    n2(["Person: compliance_officer<br/>compliance_review"])' in lines(onboarding())


def test_types_have_shapes_that_differ() -> None:
    shapes = set()
    for kind in NodeType:
        exported = lines(Procedure("p", "p", {"a": Node("a", kind, "a")}, ()))
        found = NODE.fullmatch(exported[4])
        assert found is not None
        shapes.add((found.group("open"), exported[4][-2:]))
    assert len(shapes) == len(NodeType)


def test_ids_that_are_words_of_mermaid_do_no_harm() -> None:
    assert lines(pair("end"))[-1] == '    n0 -->|"if"| n1'


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_and_no_condition_breaks_out_of_its_quotes(name: str, condition: str) -> None:
    rest = lines(pair(name, condition=condition))[4:]
    assert all(NODE.fullmatch(line) or EDGE.fullmatch(line) or START.fullmatch(line) for line in rest)


def test_markup_in_names_is_shown_and_not_obeyed() -> None:
    exported = mermaid(pair('100 %%{init: {}}%% <img src=x onerror="alert(1)">%%{init: {}}%% `**b**` & #35;'))
    assert [sign for sign in ("<img", "%%", "`") if sign in exported.partition("flowchart")[2]] == []
    assert "%" not in exported
    assert yaml.safe_load(exported.split("---")[1])["title"].startswith("100 %%{init: {}}%% <img")
