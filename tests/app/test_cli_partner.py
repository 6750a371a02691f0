"""`opsdesk partner`: how providers are served, their keys, and what they sign, at the command line."""

import psycopg
import pytest

from tests.app.shell import Shell
from tests.benefits.partners.partnering import RECEIVING, SIGNING, a_request, public_text

PUT = (
    *("partner", "put", "airport", "--booking-url", "https://airport.example.com/use"),
    *("--cancellation-url", "https://airport.example.com/cancel"),
)
SENT = ("--method", "POST", "--target", "/open/v1/bookings", "--nonce", "nonce-0123456789", "--key", "key-1")


@pytest.fixture
def airport(shell: Shell) -> Shell:
    """A shell where a provider of the catalogue is served."""
    with psycopg.connect(shell.database_url) as conn:
        conn.execute("insert into benefit_provider (provider, name_zh, name_en) values ('airport', '机场', 'Airport')")
    assert shell(*PUT).err == "partner airport is served\n"
    return shell


def test_a_partner_is_listed_and_shown_with_its_keys(airport: Shell) -> None:
    airport.file(public_text(SIGNING), "signing.pem")
    airport.file(public_text(RECEIVING), "receiving.pem")
    key_id = airport("partner", "add-key", "airport", "signing.pem").out.strip()
    added = airport("partner", "add-key", "airport", "receiving.pem", "--algorithm", "x25519", "--json").json
    assert airport("partner", "rotate", "airport").out == "1\n"
    assert airport("partner", "acknowledge", "airport", "1").err == "link key 1 of airport is current\n"
    ended = airport("partner", "revoke-key", "airport", key_id, "--at", "2999-01-01T00:00:00Z")
    assert ended.err == f"key {key_id} ends at 2999-01-01T00:00:00+00:00\n"
    shown = airport("partner", "show", "airport").out
    assert all(each in shown for each in (key_id, added["key_id"], "ed25519", "x25519", "current"))
    assert [each["kid"] for each in airport("partner", "show", "airport", "--json").json["link_keys"]] == [1]
    assert airport("partner", "list").err == "1 partner\n"
    assert airport("partner", "list", "--json").json["items"][0]["profile"] == "gcm"


def test_what_a_partner_cannot_have_is_refused(airport: Shell) -> None:
    assert airport(*PUT, "--profile", "legacy-ecb", "--json").error["code"] == "PartnerInvalid"
    assert airport(*PUT, "--profile", "rot13").code == 2
    assert airport(*PUT, "--profile", "legacy-ecb", "--allow-legacy", "--json").json["profile"] == "legacy-ecb"
    airport.file("nonsense", "nonsense.pem")
    refused = airport("partner", "add-key", "airport", "nonsense.pem", "--json")
    assert (refused.code, refused.error["code"]) == (1, "PartnerKeyRefused")
    assert airport("partner", "acknowledge", "airport", "1", "--json").error["code"] == "LinkKeyUnknown"


def test_what_was_signed_is_compared_with_what_should_have_been(shell: Shell) -> None:
    request = a_request()
    shell.file(request.body.decode(), "body.json")
    shell.file(request.text, "right.txt")
    shell.file(a_request(method="post").text, "wrong.txt")
    sent = (*SENT, "--timestamp", request.timestamp, "--body", "body.json")
    right = shell("partner", "explain", "right.txt", *sent)
    assert (right.code, right.err) == (0, "the texts are equal: is it the right key?\n")
    wrong = shell("partner", "explain", "wrong.txt", *sent)
    assert (wrong.code, wrong.err) == (1, "the texts differ\n")
    assert wrong.out.splitlines()[0] == "method: the method is in lower case: write it in upper case"
    told = shell("partner", "explain", "wrong.txt", *sent, "--json").json
    assert [each["line"] for each in told["differences"]] == ["method"]
    assert told["signed_text"] == request.text
