"""The published vectors are what the code does, and hold by themselves."""

import json
from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from opsdesk.benefits.partners.delivery import SealedKey, open_key
from opsdesk.benefits.partners.signatures import Signed, explain
from opsdesk.benefits.partners.tokens import Content, LinkKey, Profile, Purpose, Rejected, derive_key, open_token
from script.partner_vectors import FILE, written

PUBLISHED: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def opened(given: dict[str, Any], now: int) -> Content | Rejected:
    secrets = {each["profile"]: bytes.fromhex(each["secret"]) for each in PUBLISHED["link_keys"]}
    profile = Profile(given["profile"])
    key = LinkKey(PUBLISHED["provider"], 7, profile, secrets[profile])
    purpose = Purpose[given["purpose"].upper()]
    return open_token(given["request"], keys={7: key}, purpose=purpose, now=datetime.fromtimestamp(now, UTC))


def test_the_published_file_is_what_the_script_writes() -> None:
    assert FILE.read_text(encoding="utf-8") == written()


def test_link_keys_come_from_the_master_as_published() -> None:
    for each in PUBLISHED["link_keys"]:
        master, profile = bytes.fromhex(PUBLISHED["master"]), Profile(each["profile"])
        key = derive_key(master, provider=PUBLISHED["provider"], kid=each["kid"], profile=profile)
        assert key.secret.hex() == each["secret"]


def test_published_links_open_to_what_is_published_of_them() -> None:
    for each in PUBLISHED["links"]:
        content = opened(each, each["expires_at"] - 1)
        assert isinstance(content, Content)
        assert (content.benefit_code, content.service, content.channel) == (
            each["benefit_code"],
            each["service"],
            each["channel"],
        )


def test_published_links_that_do_not_count_are_rejected_as_published() -> None:
    for each in PUBLISHED["rejected_links"]:
        found = opened(each, each["now"])
        assert isinstance(found, Rejected)
        assert found.fault == each["fault"]
    assert {each["fault"] for each in PUBLISHED["rejected_links"]} == {
        "expired",
        "wrong_purpose",
        "forged",
        "truncated",
    }


def test_published_deliveries_open_with_the_published_key() -> None:
    for each in PUBLISHED["deliveries"]:
        answer = each["answer"]
        sealed = SealedKey(
            answer["kid"],
            Profile(answer["profile"]),
            b64decode(answer["ephemeral"]),
            b64decode(answer["sealed"]),
        )
        private = X25519PrivateKey.from_private_bytes(bytes.fromhex(each["private_key"]))
        key = open_key(sealed, provider=PUBLISHED["provider"], private=private)
        assert key is not None
        assert key.secret.hex() == each["secret"]


def sent(each: dict[str, Any]) -> Signed:
    return Signed(
        each["method"],
        each["target"],
        each["timestamp"],
        each["nonce"],
        each["idempotency_key"],
        each["body"].encode(),
    )


def test_published_requests_are_signed_as_published() -> None:
    for each in PUBLISHED["requests"]:
        assert sent(each).text == each["signed_text"]
        public = Ed25519PublicKey.from_public_bytes(bytes.fromhex(each["public_key"]))
        public.verify(b64decode(each["signature"]), each["signed_text"].encode())


def test_published_mistakes_are_explained_as_published() -> None:
    for each in PUBLISHED["mistakes"]:
        found = explain(sent(PUBLISHED["requests"][0]), each["signed_text"])
        assert [(difference.line, difference.explanation) for difference in found] == [
            (each["line"], each["explanation"])
        ]
