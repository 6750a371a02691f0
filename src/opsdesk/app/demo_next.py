"""What to do next: what the demo says when everything is up, and the settings for another terminal."""

import json
import os
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from opsdesk.access import Role
from opsdesk.app.demo_installation import PROGRAMS, Installation
from opsdesk.app.demo_people import PURPOSES
from opsdesk.app.demo_review import Arrived
from opsdesk.app.demo_screen import Screen
from opsdesk.app.demo_story import Journey

ENVIRONMENT_FILE = "demo.env"
PROCEDURE_ID = "customer-onboarding"


@contextmanager
def written_environment(data_dir: Path, installed: Installation) -> Iterator[Path]:
    """The file for `. demo.env`, for as long as the block runs: the keys in it are worth nothing afterwards."""
    file = data_dir / ENVIRONMENT_FILE
    key = installed.keys.engine.key
    another = {"to": installed.base_url, "key": key, "person": "Customer Stranger", "case": "differ"}
    variables = {
        **installed.environment,
        "DEMO_API_KEY": installed.keys.portal.key,
        "DEMO_REVIEWER_KEY": installed.keys.reviewer.key,
        "DEMO_APPLICATION": json.dumps(another),
        "DEMO_ENGINE_KEY": key,
        "DEMO_SANDBOX_URL": installed.control_url,
    }
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in sorted(variables.items())]
    lines.append(f'export PATH={shlex.quote(str(PROGRAMS))}:"$PATH"\n')
    file.unlink(missing_ok=True)
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.writelines(lines)
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)


def tell_what_is_there(
    installed: Installation, *, waiting: Journey, arrived: Arrived, file: Path, screen: Screen
) -> None:
    """Where everything is, who can sign in, and what to try."""
    people = installed.people
    screen.title("Everything stays up until Ctrl-C")
    screen.words(f"  console   {installed.base_url}")
    screen.words(f"  mailbox   {installed.mailbox_url}")
    screen.words(f"  outside   {installed.outside_url}")
    screen.words(f"  bank      {installed.bank_url}  redeem, use, cancel as a customer or a manager would")
    screen.words(f"  API       {installed.base_url}/v1/openapi.json")
    screen.title("Who can sign in to the console")
    for role, email in people.emails.items():
        screen.words(f"  {email:34} {PURPOSES[role]}")
    screen.words(f"  The password of all of them, made for this demo: {people.password}")
    screen.title(f"{waiting.applicant.name} waits for a person")
    screen.words(f"  Sign in as {people.emails[Role.COMPLIANCE_OFFICER]}, and decide:")
    screen.words(f"    {installed.base_url}/tickets/{waiting.ticket_id}")
    screen.title(f"An application waits too: is {arrived.person} the person on the card?")
    screen.words(f"  Sign in as {people.emails[Role.REVIEWER]}, look at the pictures, and pass or reject it:")
    screen.words(f"    {installed.base_url}/tickets/{arrived.ticket_id}")
    screen.words("  The anti-fraud engine asks what came of it like this:")
    screen.words(f"    opsdesk application show {arrived.flow_no}")
    screen.title("API keys, shown this once")
    for key in (installed.keys.portal, installed.keys.reviewer, installed.keys.engine, installed.keys.bank):
        screen.words(f"  {key.name}, {key.purpose}")
        screen.words(f"    {key.key}")
    screen.title("Try in another terminal")
    screen.words(f"  . {shlex.quote(_short(file))}")
    screen.words("  opsdesk run list")
    screen.words(f"  opsdesk run show {waiting.run_id}")
    screen.words(f"  opsdesk run start {PROCEDURE_ID} --input name='Customer Lowscore' \\")
    screen.words("    --input email=customer@example.com --input phone='138 0000 0001'")
    screen.words("    # confirm in the mailbox, then decide in the console, as somebody who did not start it")
    screen.words('  curl -H "Authorization: Bearer $DEMO_API_KEY" "$OPSDESK_BASE_URL/v1/runs"')
    screen.words("    # another application comes in, whose face is not that of the card")
    screen.words(
        '  curl -H "Content-Type: application/json" -d "$DEMO_APPLICATION" "$DEMO_SANDBOX_URL/control/applications"'
    )
    screen.words()


def _short(path: Path) -> str:
    """From where the person is, if that is shorter."""
    relative = os.path.relpath(path)
    return str(path) if relative.startswith("..") else f"./{relative}"
