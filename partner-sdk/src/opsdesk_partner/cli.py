"""The command line. Data goes to stdout, words to stderr; 0 done, 1 refused or different, 2 misuse."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from opsdesk_partner import commands, commands_bank, commands_certify
from opsdesk_partner.errors import LinkExpired, Misconfigured, OutcomeUnknown, PartnerError

DONE, REFUSED, MISUSED = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        return DONE if options.run(options) else REFUSED
    except Misconfigured as error:
        print(f"opsdesk-partner: {error}", file=sys.stderr)
        return MISUSED
    except OSError as error:
        print(f"opsdesk-partner: {error}", file=sys.stderr)
        return MISUSED
    except PartnerError as error:
        print(f"{error.code} [{error.advice}]: {error}", file=sys.stderr)
        if isinstance(error, LinkExpired):
            print(error.prompt, file=sys.stderr)
        if isinstance(error, OutcomeUnknown):
            print(f"key: {error.key}", file=sys.stderr)
        return REFUSED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="opsdesk-partner", description=__doc__, allow_abbrev=False)
    parser.add_argument("--config", type=Path, default=Path("partner.toml"), help="where keys and addresses are named")
    nouns = parser.add_subparsers(required=True, metavar="command")
    _add_own(nouns)
    _add_bank(nouns)
    return parser


def _add_own(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    keygen = nouns.add_parser("keygen", help="make the keys of a partner")
    keygen.add_argument("--out", type=Path, required=True, help="the folder that the keys are written to")
    keygen.add_argument(
        "--algorithm", choices=["ed25519", "rsa2", "sm2"], default="ed25519", help="of the key that signs"
    )
    keygen.set_defaults(run=commands.keygen)
    sign = nouns.add_parser("sign", help="show what is signed of a request, and its headers")
    _add_request(sign)
    sign.add_argument("--key", default="", help="the idempotency key, for a write")
    sign.set_defaults(run=commands.sign)
    verify = nouns.add_parser("verify", help="verify a message of the bank: the raw body comes from a file")
    verify.add_argument("--header", required=True, help="t=…,v1=…")
    verify.add_argument("--secret-file", type=Path, action="append", required=True, help="one for each secret")
    verify.add_argument("--body", type=Path, required=True, help="the raw body, as it came")
    verify.set_defaults(run=commands.verify)
    explain = nouns.add_parser("explain", help="say which line of a refused signature is wrong")
    _add_request(explain)
    explain.add_argument("--header", action="append", default=[], help="Name: value, as it was sent; once for each")
    explain.add_argument("--public-key", type=Path, required=True, help="the key that the bank has, in PEM")
    explain.add_argument("--other-key", type=Path, action="append", default=[], help="further keys that may be meant")
    explain.add_argument("--signed-text", type=Path, help="what was signed, if it was written down")
    explain.add_argument("--at", type=float, help="when the bank received it, in Unix seconds; now unless said")
    explain.set_defaults(run=commands.explain_request)
    reconcile = nouns.add_parser("reconcile", help="compare a file of the bank with a CSV of your own")
    reconcile.add_argument("bank_file", type=Path)
    reconcile.add_argument("local_file", type=Path, help="benefit_code,service,completed_at,settle_fen")
    reconcile.add_argument("--provider", help="whose file it has to be")
    reconcile.add_argument("--month", help="of which month it has to be, YYYYMM")
    reconcile.add_argument("--format", choices=["text", "json", "csv"], default="text")
    reconcile.set_defaults(run=commands.reconcile_files)


def _add_request(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--method", default="POST")
    parser.add_argument("--target", required=True, help="path and query, as they are sent")
    parser.add_argument("--body", type=Path, help="the raw body, as it is sent")


def _add_bank(nouns: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    opened = nouns.add_parser("open-link", help="read the request of a customer's link")
    opened.add_argument("request")
    opened.add_argument("--purpose", choices=["booking", "cancellation"], default="booking")
    opened.set_defaults(run=commands_bank.open_request)
    picked = nouns.add_parser(
        "pick-up", help="fetch a link key and acknowledge it: the bank seals with it from then on"
    )
    picked.add_argument("kid", type=int, help="the number of the key, 1 for the first")
    picked.set_defaults(run=commands_bank.pick_up)
    listed = nouns.add_parser("list", help="list the settlement files")
    listed.set_defaults(run=commands_bank.list_files)
    download = nouns.add_parser("download", help="fetch a settlement file and check it")
    download.add_argument("name")
    download.add_argument("--out", type=Path, default=Path(), help="the folder that it is written to")
    download.set_defaults(run=commands_bank.download_file)
    certify = nouns.add_parser("certify", help="run the cases that an integration has to pass")
    certify.add_argument("--against", required=True, help="the address of the sandbox's bank")
    certify.add_argument("--control", required=True, help="the address of the sandbox's control API")
    certify.add_argument("--api-key-file", type=Path, required=True, help="a key of the sandbox's points API")
    certify.add_argument("--customer", required=True, help="a customer of the sandbox who may redeem")
    certify.add_argument("--service", required=True, help="a service of this provider")
    certify.add_argument("--other-service", help="a service of another provider")
    certify.add_argument("--integration", help="module:name of what makes your integration; without, the SDK's own")
    certify.add_argument("--case", action="append", default=[], help="only this case; once for each")
    certify.add_argument("--json", action="store_true", help="one line of JSON for each case")
    certify.set_defaults(run=commands_certify.run_certification)


if __name__ == "__main__":
    sys.exit(main())
