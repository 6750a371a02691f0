"""Commands that need no bank."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from opsdesk_partner.configuration import read_configuration
from opsdesk_partner.errors import Misconfigured
from opsdesk_partner.explain import Sent, explain
from opsdesk_partner.reconcile import read_local, reconcile
from opsdesk_partner.report import Report
from opsdesk_partner.signing import Parts, load_signer, public_key, signed_headers
from opsdesk_partner.sm2 import generate_sm2
from opsdesk_partner.webhooks import verify_webhook

RSA_BITS, RSA_EXPONENT = 2048, 65_537


def keygen(options: argparse.Namespace) -> bool:
    """Two pairs of keys, the private halves for nobody else to read. What is there is never written over."""
    folder: Path = options.out
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for name, (private, public) in {
        "signing": _signing_pair(options.algorithm),
        "agreement": _pair(X25519PrivateKey.generate()),
    }.items():
        _write(folder / f"{name}.pem", private)
        (folder / f"{name}.pub.pem").write_bytes(public)
        print(folder / f"{name}.pub.pem")
    print("give the two .pub.pem to the bank, and the others to nobody", file=sys.stderr)
    return True


def sign(options: argparse.Namespace) -> bool:
    configuration = read_configuration(options.config)
    body = _body(options)
    headers = signed_headers(
        load_signer(configuration.path(configuration.signing_key)),
        partner=configuration.partner,
        key_id=configuration.key_id,
        method=options.method,
        target=options.target,
        body=body,
        key=options.key,
        now=time.time(),
    )
    for name, value in headers.items():
        print(f"{name}: {value}")
    parts = Parts(
        options.method, options.target, headers["Opsdesk-Timestamp"], headers["Opsdesk-Nonce"], options.key, body
    )
    print(f"signed:\n{parts.text.decode()}", file=sys.stderr)
    return True


def verify(options: argparse.Namespace) -> bool:
    secrets = [path.read_text(encoding="utf-8").strip() for path in options.secret_file]
    sent_at = verify_webhook(options.body.read_bytes(), options.header, secrets=secrets, now=time.time())
    print(sent_at)
    return True


def explain_request(options: argparse.Namespace) -> bool:
    headers = dict(_header(line) for line in options.header)
    told = explain(
        Sent(options.method, options.target, headers, _body(options)),
        public_key(options.public_key.read_bytes()),
        now=time.time() if options.at is None else options.at,
        signed_text=None if options.signed_text is None else options.signed_text.read_text(encoding="utf-8"),
        other_keys={path.name: public_key(path.read_bytes()) for path in options.other_key},
    )
    for finding in told.findings:
        print(finding)
    if told.is_valid:
        print("签名正确 / the signature is right")
    print(f"银行签名的文本 / what the bank signs:\n{told.text}", file=sys.stderr)
    return told.is_valid


def reconcile_files(options: argparse.Namespace) -> bool:
    rows = read_local(options.local_file)
    with reconcile(options.bank_file, rows, provider=options.provider, month=options.month) as report:
        writers: dict[str, Callable[[Report], None]] = {
            "text": lambda made: made.write_text(sys.stdout),
            "json": lambda made: made.write_json(sys.stdout),
            "csv": lambda made: made.write_csv(sys.stdout),
        }
        writers[options.format](report)
        return report.is_clean


def _signing_pair(algorithm: str) -> tuple[bytes, bytes]:
    """The private and the public half, in PEM."""
    if algorithm == "sm2":
        signer = generate_sm2()
        return signer.pem(), signer.public_key().pem()
    if algorithm == "rsa2":
        return _pair(generate_private_key(RSA_EXPONENT, RSA_BITS))
    return _pair(Ed25519PrivateKey.generate())


def _pair(key: Ed25519PrivateKey | RSAPrivateKey | X25519PrivateKey) -> tuple[bytes, bytes]:
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)


def _body(options: argparse.Namespace) -> bytes:
    return b"" if options.body is None else bytes(options.body.read_bytes())


def _header(line: str) -> tuple[str, str]:
    name, colon, value = line.partition(":")
    if not colon:
        raise Misconfigured(f"a header is Name: value, and not {json.dumps(line)}")
    return name.strip(), value.strip()
