"""The tokens that the partners ask for: made at the first start, one file each, as OPSDESK_SECRETS_DIR wants them."""

import secrets
from base64 import b64encode
from pathlib import Path

from opsdesk.sandbox.private_files import write_private

TOKEN_BYTES = 24
_PREFIXES = {
    "KYC_PROVIDER_API_KEY": "kyc_",
    "EMAIL_SERVICE_KEY": "eml_",
    "LLM_API_KEY": "llm_",
    "STRIPE_SECRET_KEY": "sk_test_",
    "RESULTS_KEY": "whsec_",
    "BUS_KEY": "bus_",
}


def _token(prefix: str) -> str:
    """A secret of webhooks is base64 behind its prefix, as Standard Webhooks has it."""
    if prefix == "whsec_":
        return b64encode(secrets.token_bytes(TOKEN_BYTES)).decode()
    return secrets.token_urlsafe(TOKEN_BYTES)


def tokens(folder: Path, *, database_file: Path) -> dict[str, str]:
    """The secrets in `folder`, by name. Random ones are made once and kept; the database address follows the folder."""
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    write_private(folder / "DATABASE_URL", f"sqlite:///{database_file}".encode())
    for name, prefix in _PREFIXES.items():
        if not (folder / name).is_file():
            write_private(folder / name, f"{prefix}{_token(prefix)}".encode())
        (folder / name).chmod(0o600)
    return {name: (folder / name).read_text(encoding="utf-8") for name in ("DATABASE_URL", *_PREFIXES)}
