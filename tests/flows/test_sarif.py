import json

import pytest

from opsdesk.flows.sarif import sarif
from tests.flows.documents import document, findings_of


@pytest.mark.req("FLO-107")
def test_findings_are_results_at_their_places() -> None:
    findings = findings_of(document(edges="- {from: first, to: second, when: scor > 1}"))
    run = sarif({"procedures\\a.osop": findings, "b.osop": []})["runs"][0]
    result = next(result for result in run["results"] if result["ruleId"] == "OSOP302")
    assert result["level"] == "error"
    assert result["message"]["text"] == "first → second: nothing provides scor (did you mean score?)"
    assert result["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "procedures/a.osop"},
        "region": {"startLine": 8, "startColumn": 37},
    }
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == "OSOP302"


def test_a_clean_procedure_has_no_results() -> None:
    document_of_none = sarif({"a.osop": []})
    assert document_of_none["version"] == "2.1.0"
    assert document_of_none["runs"][0]["results"] == []
    assert json.dumps(document_of_none)
