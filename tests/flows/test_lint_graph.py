import pytest

from opsdesk.flows.findings import Severity
from tests.flows.documents import codes_of, document, only

THREE = """
- {id: a, type: api, name: A, runtime: {url: https://a.test}, timeout_sec: 5}
- {id: b, type: api, name: B, runtime: {url: https://b.test}}
- {id: c, type: api, name: C, runtime: {url: https://c.test}}
"""
GRAPH = {"OSOP201", "OSOP202", "OSOP203", "OSOP204", "OSOP205", "OSOP206", "OSOP207", "OSOP208", "OSOP209"}


def graph_codes(*edges: str) -> set[str]:
    """Edges as `a>b`, or `a>b fallback`."""
    lines = []
    for edge in edges:
        ends, _, more = edge.partition(" ")
        source, target = ends.split(">")
        lines.append(f"- {{from: {source}, to: {target}{', ' + more if more else ''}}}")
    return codes_of(document(nodes=THREE, edges="\n".join(lines))) & GRAPH


@pytest.mark.req("FLO-201")
@pytest.mark.parametrize(
    ("edges", "codes"),
    [
        (["a>b", "b>c"], set()),
        (["a>b", "a>c"], set()),
        (["a>b", "a>c", "b>c"], set()),
        (["a>b", "b>c", "c>nowhere"], {"OSOP201"}),
        (["a>b", "b>c", "c>b mode: loop, when: 1 == 1"], set()),
        (["a>b", "b>a mode: loop, when: 1 == 1", "b>c"], set()),
        (["a>b", "b>c", "c>a"], {"OSOP203"}),
        (["a>b", "b>c", "c>b"], {"OSOP205"}),
        (["a>a", "a>b", "b>c"], {"OSOP203"}),
        (["b>c", "c>b"], {"OSOP202", "OSOP205", "OSOP208"}),
        (["b>c", "c>b", "b>a", "c>a"], {"OSOP203"}),
        (["a>b", "c>b", "c>c"], {"OSOP202", "OSOP204", "OSOP205"}),
        (["a>b mode: fallback", "b>c"], set()),
        (["b>b", "b>c mode: fallback", "a>c"], {"OSOP202", "OSOP204", "OSOP205", "OSOP206"}),
        (["a>b mode: timeout", "a>c"], set()),
        (["b>a mode: timeout", "b>c"], {"OSOP207"}),
        (["a>b"], {"OSOP208"}),
        (["a>b", "b>c", "a>b"], {"OSOP209"}),
        (["a>b", "b>c", "a>b mode: error"], set()),
        (["a>b", "b>c join_mode: wait_n, join_count: 2"], {"OSOP204"}),
        (["a>b", "b>c join_mode: wait_n"], {"OSOP204"}),
        (["a>c", "b>c join_mode: wait_n, join_count: 2"], set()),
        (["a>b mode: switch, when: '1', cases: [{value: 1, to: c}], default_to: b"], set()),
        (["a>c join_mode: wait_n, join_count: 2", "b>c join_mode: wait_any"], {"OSOP204"}),
        (["a>c join_mode: wait_any", "b>c", "b>b"], {"OSOP202", "OSOP205"}),
    ],
)
def test_each_flaw_of_the_graph_has_its_code(edges: list[str], codes: set[str]) -> None:
    assert graph_codes(*edges) == codes


def test_a_circle_is_told_as_the_way_round_it() -> None:
    text = document(nodes=THREE, edges="- {from: a, to: b}\n- {from: b, to: c}\n- {from: c, to: b, mode: fallback}")
    finding = only(text, "OSOP205")
    assert "b → c → b" in finding.message
    assert (finding.severity, finding.position.line) == (Severity.ERROR, 11)


def test_one_node_alone_needs_no_edges() -> None:
    nodes = "- {id: a, type: human, name: A}"
    assert not codes_of(document(nodes=nodes, edges="")) & GRAPH


def test_a_long_chain_is_no_trouble() -> None:
    nodes = "\n".join(f"- {{id: n{index}, type: human, name: N, outputs: [o{index}]}}" for index in range(500))
    edges = "\n".join(f"- {{from: n{index}, to: n{index + 1}}}" for index in range(498))
    edges += "\n- {from: n498, to: n499, mode: conditional, when: o0 == 1}"
    assert not codes_of(document(nodes=nodes, edges=edges)) & (GRAPH | {"OSOP303"})
