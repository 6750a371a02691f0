"""`opsdesk screening` and `opsdesk reference`: tickets configured at the command line."""

import json

import pytest

from tests.app.shell import Shell
from tests.configured import type_document

CODES = "code,category,description\nAF-1001,anti-fraud,\nAF-1002,anti-fraud,\n"


@pytest.fixture
def desk(shell: Shell) -> Shell:
    """With reference data, a type and an adapt of it."""
    for words in (
        ["applications", "application=cash_loan", "name=现金贷"],
        ["scenes", "application=cash_loan", "scene=activation", "bucket=kyc"],
        ["methods", "application=cash_loan", "scene=activation", "method=face", "with_screening=Y", "verifications=lc"],
    ):
        assert shell("reference", "put", *words).code == 0
    assert shell("reference", "import", "reject-codes", shell.file(CODES, "codes.csv")).err == "2 reject codes saved\n"
    new = {"name": "人脸比对", "document": type_document()}
    assert shell("screening", "type", "add", shell.file(json.dumps(new), "new.json")).code == 0
    adapt = {"application": "cash_loan", "scene": "activation", "document": {"methods": ["face"]}}
    added = shell("screening", "adapt", "add", "人脸比对", shell.file(json.dumps(adapt), "adapt.json"))
    assert added.err == "adapt 1 of 人脸比对 to cash_loan, activation is active\n"
    return shell


@pytest.mark.req("REV-B04", "REV-B06", "REV-G02")
def test_a_type_is_listed_shown_edited_compared_and_restored(desk: Shell) -> None:
    assert "人脸比对" in desk("screening", "type", "list", "--name", "人脸", "--category", "default").out
    shown = desk("screening", "type", "show", "1")
    assert "身份证正面" in shown.out
    assert "人脸与证件不一致" in shown.out
    kept = desk("screening", "type", "show", "人脸比对", "--json").json
    kept["document"]["modules"][2]["keys"].append({"name": "device"})
    edited = desk("screening", "type", "edit", "人脸比对", desk.file(json.dumps(kept), "kept.json"))
    assert edited.err == "version 2 of 人脸比对 counts from now on; 1 adapt went up a version with it\n"
    late = desk("screening", "type", "edit", "人脸比对", "kept.json", "--json")
    assert (late.code, late.error["code"], late.error["detail"]["version"]) == (1, "ConfigurationMoved", 2)
    assert "modules[others].keys[device]" in desk("screening", "type", "diff", "人脸比对").out
    assert desk("screening", "type", "restore", "人脸比对", "--version", "1").err.startswith("version 3 of")
    history = desk("screening", "type", "history", "人脸比对")
    assert history.out.splitlines()[1].endswith("version 1 again")
    assert history.err == "3 versions\n"


@pytest.mark.req("REV-B04", "REV-D12")
def test_an_adapt_is_edited_compared_restored_paused_and_activated(desk: Shell) -> None:
    kept = desk("screening", "adapt", "show", "1", "--json").json
    outer = desk("screening", "type", "show", "人脸比对", "--json").json["document"]
    key = outer["modules"][0]["keys"][0]["id"]
    kept["document"]["mapped"][key] = {"source": "verify", "value": "liveness_check_url1"}
    edited = desk("screening", "adapt", "edit", "1", desk.file(json.dumps(kept), "kept.json"))
    assert "counts in version 2" in edited.err
    assert "liveness_check_url1" in desk("screening", "adapt", "show", "1").out
    assert "mapped.身份证正面" in desk("screening", "adapt", "diff", "1").out
    assert "counts in version 3" in desk("screening", "adapt", "restore", "1", "--version", "1").err
    assert desk("screening", "adapt", "pause", "1", "--json").json["status"] == "pause"
    assert "pause" in desk("screening", "adapt", "list", "人脸比对", "--status", "pause").out
    assert "is active" in desk("screening", "adapt", "activate", "1").err
    kinds = [each["kind"] for each in desk("screening", "adapt", "history", "1", "--json").json["items"]]
    assert kinds == ["activated", "paused", "version", "version", "version"]
    assert desk("screening", "adapt", "history", "1").err == "5 lines\n"


def test_what_is_refused_says_where_and_how_to_go_on(desk: Shell) -> None:
    refused = desk("screening", "type", "add", desk.file('{"name": "x", "document": {}}', "bad.json"))
    assert refused.code == 1
    assert "modules" in refused.err
    unknown = desk("screening", "type", "show", "none")
    assert unknown.err.splitlines()[-1] == "Next: opsdesk screening type list shows the screening types"
    assert desk("screening", "type", "list", "--category", "other").code == 2
    no_version = desk("screening", "type", "edit", "1", desk.file('{"document": {}}', "none.json"))
    assert "--opened-version" in no_version.err


def test_reference_data_is_listed_and_imported(desk: Shell) -> None:
    at = ("--application", "cash_loan", "--scene", "activation")
    proto = 'syntax = "proto3"; package loan; message Request { string name = 1; }'
    told = desk("reference", "import", "fields", desk.file(proto, "a.proto"), *at, "--message", "loan.Request")
    assert told.err == "1 fields: 1 new, 0 gone\n"
    assert desk("reference", "list", "fields", *at, "--json").json["items"] == [{"path": "name", "type": "string"}]
    again = desk("reference", "import", "fields", desk.file("path,type\nip,string\n", "f.csv"), *at, "--json").json
    assert again == {"fields": 1, "added": ["ip"], "removed": ["name"]}
    assert [desk("reference", "list", kind).code for kind in ("applications", "scenes", "methods")] == [0, 0, 0]
    assert "AF-1002" in desk("reference", "list", "reject-codes").out
    assert desk("reference", "list", "fields").code == 2
    wrong = desk("reference", "put", "scenes", "application=cash_loan", "scene=x", "bucket=none", "--json")
    assert wrong.error["detail"]["problems"] == {"1.bucket": ["is none of kyc, transaction"]}
    assert desk("reference", "put", "scenes", "color=red").code == 1


@pytest.mark.req("REV-B16")
def test_a_type_goes_out_as_a_file_and_comes_back_after_a_look(desk: Shell) -> None:
    assert desk("screening", "export", "人脸比对", "--out", "face.yaml").err == "face.yaml: version 1 of 人脸比对\n"
    text = desk("screening", "export", "人脸比对").out
    assert desk("screening", "import", "face.yaml").err == "no change: 人脸比对 is in version 1 what the file says\n"
    desk.file(text.replace("choice: multiple", "choice: single"), "face.yaml")
    told = desk("screening", "import", "face.yaml")
    assert "rejection.choice  multiple  single" in told.out
    way = told.err.splitlines()[-1].partition("To write it: opsdesk ")[2].split()
    assert desk(*way).err.splitlines()[0] == "人脸比对: version 2"
    again = desk(*way, "--json")
    assert (again.code, again.error["code"]) == (1, "ScreeningFileStale")
    desk.file(text.replace("name: 人脸比对", "name: 另一个"), "other.yaml")
    made = desk("screening", "import", "other.yaml", "--apply", "--json").json
    assert (made["is_new"], len(made["adapts"]), made["type"]["id"] > 1) == (True, 1, True)
