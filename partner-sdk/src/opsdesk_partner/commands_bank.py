"""Commands that ask the bank."""

import argparse
import dataclasses
import json
import sys

from opsdesk_partner.configuration import read_configuration
from opsdesk_partner.downloads import download
from opsdesk_partner.link_values import Purpose


def open_request(options: argparse.Namespace) -> bool:
    with read_configuration(options.config).open() as bank:
        link = bank.open_link(options.request, purpose=Purpose[options.purpose.upper()])
    print(json.dumps(dataclasses.asdict(link), ensure_ascii=False))
    return True


def pick_up(options: argparse.Namespace) -> bool:
    """Links do this by themselves, but the bank makes none before it knows that the first key arrived."""
    with read_configuration(options.config).open() as bank:
        key = bank.keys.key(options.kid)
    if key is None:
        print(f"the bank has no key {options.kid} for this partner", file=sys.stderr)
        return False
    print(json.dumps({"kid": key.kid, "profile": key.profile}))
    return True


def list_files(options: argparse.Namespace) -> bool:
    with read_configuration(options.config).open() as bank:
        for file in bank.files():
            print(json.dumps(dataclasses.asdict(file), ensure_ascii=False))
    return True


def download_file(options: argparse.Namespace) -> bool:
    configuration = read_configuration(options.config)
    bank_key = configuration.manifest_key()
    if bank_key is None:
        print("no bank_key is configured: the manifest's signature is not checked", file=sys.stderr)
    with configuration.open() as bank:
        print(download(bank, options.name, options.out, bank_key=bank_key))
    return True
