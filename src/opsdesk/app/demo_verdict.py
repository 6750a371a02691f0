"""Whether what the demo showed is what should have happened, asked of the world and not of the screen."""

from collections.abc import Mapping, Sequence
from typing import Any

from opsdesk.app.demo_remote import Remote
from opsdesk.app.demo_story import Journey


async def problems(*, automatic: Journey, reviewed: Journey, portal: Remote, world: Remote) -> Sequence[str]:
    """What is wrong, in words; nothing if both paths ended right."""
    accounts = await world.get("/control/accounts")
    found = [
        await _path_problems(name, path, accounts["items"], world)
        for name, path in (("automatic", automatic), ("review", reviewed))
    ]
    if automatic.ticket_id is not None:
        found.append(["A person was asked on the automatic path."])
    found.append(await _review_problems(reviewed, portal))
    return [problem for group in found for problem in group]


async def _path_problems(name: str, path: Journey, accounts: Sequence[Mapping[str, Any]], world: Remote) -> list[str]:
    wrong = []
    if path.outcome != "completed":
        wrong.append(f"The {name} path is {path.outcome} ({path.reason}), and not completed.")
    customer = path.outputs.get("register", {}).get("customer_id")
    account = path.outputs.get("setup_account", {}).get("account_id")
    made = [each for each in accounts if each["customer_id"] == customer]
    if [each["account_id"] for each in made] != [account]:
        wrong.append(f"The customer of the {name} path has {len(made)} accounts, and the run says {account}.")
    mails = (await world.get("/control/mailbox", email=path.applicant.email))["items"]
    welcomes = [mail for mail in mails if account and account in mail["body"]]
    if len(welcomes) != 1:
        wrong.append(f"The customer of the {name} path got {len(welcomes)} welcome messages, and not one.")
    return wrong


async def _review_problems(path: Journey, portal: Remote) -> list[str]:
    if path.ticket_id is None:
        return ["Nobody was asked on the review path."]
    ticket = await portal.get(f"/v1/tickets/{path.ticket_id}")
    deciders = [answer["by"] for answer in ticket["answers"]]
    if ticket["status"] != "decided" or not deciders:
        return [f"The ticket of the review path is {ticket['status']}, and not decided."]
    if ticket["requested_by"] in deciders:
        return ["The ticket of the review path was decided by the one who started the run."]
    return []
