"""What a bank does to make links, by the published format: for tests of what reads them."""

import hmac
import struct
from base64 import b64encode, urlsafe_b64encode

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from opsdesk_partner import LinkKey, Profile

CODE, SERVICE, ISSUED_AT, TTL_S = "0123456789ABCDEF", "spa-体检", 1_790_000_000, 1_200
NONCE = bytes(range(12))


def sealed(key: LinkKey, *, provider: str = "spa-one", purpose: int = 1, channel: int = 1) -> str:
    if key.profile is Profile.LEGACY_ECB:
        return _sealed_legacy(key, provider, purpose, channel)
    head = struct.pack(">BBHI", 1, purpose, key.kid, ISSUED_AT + TTL_S)
    plain = struct.pack(">16sBI8s", CODE.encode(), channel, ISSUED_AT, b"12345678") + SERVICE.encode()
    aad = head + provider.encode()
    if key.profile is Profile.GCM:
        body = AESGCM(key.secret).encrypt(NONCE, plain, aad)
    else:
        encryptor = Cipher(algorithms.SM4(key.secret), modes.GCM(NONCE)).encryptor()
        encryptor.authenticate_additional_data(aad)
        body = encryptor.update(plain) + encryptor.finalize() + encryptor.tag
    return _text(head + NONCE + body)


def _sealed_legacy(key: LinkKey, provider: str, purpose: int, channel: int) -> str:
    name = ("", "mobile", "phone", "crm")[channel]
    padder = PKCS7(128).padder()
    padded = padder.update(f"{CODE}|{SERVICE}|{name}|{ISSUED_AT}|{'00' * 8}".encode()) + padder.finalize()
    encryptor = Cipher(algorithms.AES(key.secret[:16]), modes.ECB()).encryptor()
    ciphertext = _text(encryptor.update(padded) + encryptor.finalize())
    text = f"2.{purpose}.{key.kid}.{ISSUED_AT + TTL_S}.{ciphertext}"
    return f"{text}.{_text(hmac.digest(key.secret[16:], f'{provider}|{text}'.encode(), 'sha256'))}"


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def sealed_key(key: LinkKey, *, provider: str, to: X25519PublicKey) -> dict[str, object]:
    ephemeral = X25519PrivateKey.generate()
    info = f"opsdesk/link-key/v1|{provider}|{key.kid}".encode()
    secret = HKDF(SHA256(), length=32, salt=None, info=info).derive(ephemeral.exchange(to))
    public = ephemeral.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return {
        "kid": key.kid,
        "profile": key.profile.value,
        "ephemeral": b64encode(public).decode(),
        "sealed": b64encode(NONCE + AESGCM(secret).encrypt(NONCE, key.secret, info)).decode(),
    }
