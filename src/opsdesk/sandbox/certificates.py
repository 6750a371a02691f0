"""A certificate authority of the sandbox's own, and one server certificate for all its names."""

import ipaddress
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from opsdesk.sandbox.private_files import write_private

VALID_DAYS = 397
RENEW_BEFORE_DAYS = 2
DNS_NAMES = (
    "api.platform.com",
    "kyc-provider.com",
    "email-service.internal",
    "crm.internal",
    "llm-provider.com",
    "pictures.platform.com",
    "credit.internal",
    "channel2.internal",
    "esb.internal",
    "localhost",
)
ADDRESSES = ("127.0.0.1",)

CA_FILE = "ca.pem"
SERVER_FILE = "server.pem"
KEY_FILE = "server.key"

_SERVER_USAGE = frozenset({"digital_signature"})
_CA_USAGE = frozenset({"key_cert_sign", "crl_sign"})


@dataclass(frozen=True, slots=True)
class Certificates:
    ca_file: Path
    server_context: ssl.SSLContext


def certificates(folder: Path) -> Certificates:
    """The certificates of this folder, made if there are none, names are missing or they are about to expire.

    The authority's private key is forgotten as soon as it has signed: nobody can sign a second certificate with it.
    """
    if not _usable(folder):
        _make(folder)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(folder / SERVER_FILE, folder / KEY_FILE)
    return Certificates(ca_file=folder / CA_FILE, server_context=context)


def _usable(folder: Path) -> bool:
    if not all((folder / name).is_file() for name in (CA_FILE, SERVER_FILE, KEY_FILE)):
        return False
    server = x509.load_pem_x509_certificate((folder / SERVER_FILE).read_bytes())
    names = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if set(names.get_values_for_type(x509.DNSName)) != set(DNS_NAMES):
        return False
    return server.not_valid_after_utc - timedelta(days=RENEW_BEFORE_DAYS) > datetime.now(UTC)


def _make(folder: Path) -> None:
    (folder / SERVER_FILE).unlink(missing_ok=True)  # written last but one: a start that was cut off is noticed
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name = _name("Opsdesk sandbox CA, for tests on this machine only")
    ca = _certificate(subject=ca_name, issuer=ca_name, key=ca_key, issuer_key=ca_key, usage=_CA_USAGE)
    server = _certificate(
        subject=_name("localhost"), issuer=ca_name, key=server_key, issuer_key=ca_key, usage=_SERVER_USAGE
    )
    key_text = server_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    write_private(folder / KEY_FILE, key_text)
    (folder / SERVER_FILE).write_bytes(server.public_bytes(serialization.Encoding.PEM))
    (folder / CA_FILE).write_bytes(ca.public_bytes(serialization.Encoding.PEM))


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(
    *,
    subject: x509.Name,
    issuer: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    issuer_key: ec.EllipticCurvePrivateKey,
    usage: frozenset[str],
) -> x509.Certificate:
    """A certificate with every extension that strict verification (the default of Python 3.13 and newer) asks for."""
    is_ca = usage == _CA_USAGE
    now = datetime.now(UTC)
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=VALID_DAYS))
        .add_extension(x509.BasicConstraints(ca=is_ca, path_length=0 if is_ca else None), critical=True)
        .add_extension(_key_usage(usage), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(authority, critical=False)
    )
    if not is_ca:
        names: list[x509.GeneralName] = [x509.DNSName(name) for name in DNS_NAMES]
        names += [x509.IPAddress(ipaddress.ip_address(address)) for address in ADDRESSES]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    return builder.sign(issuer_key, hashes.SHA256())


def _key_usage(usage: frozenset[str]) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature="digital_signature" in usage,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign="key_cert_sign" in usage,
        crl_sign="crl_sign" in usage,
        encipher_only=False,
        decipher_only=False,
    )
