"""The command that certifies an integration."""

import argparse
import importlib
import json
import sys
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from opsdesk_partner.certification.cases import CASES, Case, Stage
from opsdesk_partner.certification.integration import Integration, SdkIntegration
from opsdesk_partner.certification.running import Result, Verdict, certify
from opsdesk_partner.certification.sandbox import Sandbox, SandboxClock
from opsdesk_partner.client import Bank
from opsdesk_partner.configuration import read_configuration
from opsdesk_partner.errors import Misconfigured

_MARKS = {Result.PASSED: "✔", Result.FAILED: "✘", Result.NOT_RUN: "–"}


def run_certification(options: argparse.Namespace) -> bool:
    """True if every case passed."""
    configuration = replace(read_configuration(options.config), bank=options.against)
    cases = _chosen(options.case)
    connections = configuration.connections()
    clock = SandboxClock(options.control, connections)
    sandbox = Sandbox(
        options.against,
        api_key=options.api_key_file.read_text(encoding="utf-8").strip(),
        clock=clock,
        connections=connections,
        customer_id=options.customer,
        service=options.service,
        other_service=options.other_service,
    )
    passed = 0
    with configuration.open(clock=clock, connections=connections) as bank, TemporaryDirectory() as folder:
        stage = Stage(_integration(options.integration, bank), bank, sandbox, Path(folder))
        for verdict in certify(stage, cases=cases):
            passed += verdict.result is Result.PASSED
            _tell(verdict, as_json=options.json)
    print(f"{passed} of {len(cases)} cases passed", file=sys.stderr)
    return passed == len(cases)


def _chosen(names: list[str]) -> list[Case]:
    known = {case.name: case for case in CASES}
    if unknown := [name for name in names if name not in known]:
        raise Misconfigured(f"there is no case {', '.join(unknown)}; there are {', '.join(known)}")
    return [known[name] for name in names] or list(CASES)


def _integration(place: str | None, bank: Bank) -> Integration:
    if place is None:
        return SdkIntegration(bank)
    module, colon, name = place.partition(":")
    try:
        factory = getattr(importlib.import_module(module), name) if colon else None
    except (ImportError, AttributeError) as error:
        raise Misconfigured(f"--integration {place}: {error}") from None
    if not callable(factory):
        raise Misconfigured("--integration is module:name of something that is called with the Bank")
    made: Integration = factory(bank)
    return made


def _tell(verdict: Verdict, *, as_json: bool) -> None:
    case = verdict.case
    if as_json:
        line = {"case": case.name, "result": verdict.result, "reason": verdict.reason, "zh": case.zh, "en": case.en}
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    print(f"{_MARKS[verdict.result]} {case.name}: {case.zh} / {case.en}", flush=True)
    if verdict.reason:
        print(f"    {verdict.result}: {verdict.reason}", flush=True)
