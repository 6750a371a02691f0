"""What came of tests as JUnit XML, which every build server reads."""

import re
from collections.abc import Mapping, Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from opsdesk.flows.rehearsal.document_tests import CaseResult, Verdict

_NOT_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(tested: Mapping[str, Sequence[CaseResult]]) -> str:
    """One suite for each procedure, by its id."""
    root = Element("testsuites", _counts([each for tests in tested.values() for each in tests]))
    for procedure, tests in tested.items():
        suite = SubElement(root, "testsuite", {"name": _clean(procedure), **_counts(tests)})
        for each in tests:
            attributes = {"classname": f"{procedure}.{each.case.kind}", "name": each.case.id}
            case = SubElement(suite, "testcase", {key: _clean(value) for key, value in attributes.items()})
            told = _clean("\n".join(each.problems))
            if each.verdict is Verdict.FAILED:
                SubElement(case, "failure", {"message": told.splitlines()[0]}).text = told
            elif each.verdict is Verdict.LEFT_OUT:
                SubElement(case, "skipped", {"message": told})
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def _counts(tests: Sequence[CaseResult]) -> dict[str, str]:
    verdicts = [each.verdict for each in tests]
    return {
        "tests": str(len(tests)),
        "failures": str(verdicts.count(Verdict.FAILED)),
        "skipped": str(verdicts.count(Verdict.LEFT_OUT)),
    }


def _clean(text: str) -> str:
    return _NOT_XML.sub("�", text)
