"""The command line: `opsdesk <noun> <verb>`. Every command is listed here; what it needs is imported when it runs."""

import sys
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Annotated

import typer

from opsdesk.app import (
    commands_adapt,
    commands_adapt_change,
    commands_alert,
    commands_application,
    commands_audit,
    commands_benefits_catalogue,
    commands_benefits_desk,
    commands_benefits_jobs,
    commands_benefits_order,
    commands_db,
    commands_event,
    commands_flow,
    commands_flow_check,
    commands_flow_collection,
    commands_flow_compare,
    commands_flow_migrate,
    commands_flow_run,
    commands_group_change,
    commands_key,
    commands_mcp,
    commands_outage,
    commands_partner_keys,
    commands_person,
    commands_points_audit,
    commands_process,
    commands_quality_judge,
    commands_reference,
    commands_result,
    commands_run,
    commands_run_change,
    commands_run_children,
    commands_run_list,
    commands_run_report,
    commands_run_steer,
    commands_screening,
    commands_screening_change,
    commands_screening_file,
    commands_session,
    commands_settlement,
    commands_ticket,
    commands_ticket_board,
    commands_ticket_decide,
    commands_ticket_evidence,
    commands_ticket_lead,
    commands_trigger,
    commands_trigger_change,
)

app = typer.Typer(
    name="opsdesk",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    # A traceback with the values of variables would show what is personal.
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _noun(name: str, words: str, verbs: Mapping[str, Callable[..., None]], *, within: typer.Typer = app) -> typer.Typer:
    noun = typer.Typer(name=name, help=words, no_args_is_help=True, rich_markup_mode=None)
    for verb, run in verbs.items():
        noun.command(verb)(run)
    within.add_typer(noun)
    return noun


_noun(
    "flow",
    "Procedures: check, draw, read, store and run them.",
    {
        "lint": commands_flow.lint_files,
        "draw": commands_flow.draw_file,
        "show": commands_flow.show_file,
        "collection": commands_flow_collection.show_collection,
        "simulate": commands_flow_check.simulate_file,
        "test": commands_flow_check.check_declared_tests,
        "diff": commands_flow_compare.diff_versions,
        "backtest": commands_flow_compare.backtest_file,
        "migrate": commands_flow_migrate.migrate_runs,
        "run": commands_flow_run.run_file,
        "log": commands_flow_run.write_log,
        "add": commands_flow.add_file,
        "list": commands_flow.list_stored,
    },
)
_noun(
    "run",
    "Runs: start, follow, answer, steer and cancel them.",
    {
        "start": commands_run.start_run,
        "list": commands_run_list.list_runs,
        "show": commands_run.show_run,
        "children": commands_run_children.list_children,
        "watch": commands_run.watch_run,
        "journal": commands_run.read_journal,
        "report": commands_run_report.report_run,
        "signal": commands_run_change.signal_run,
        "cancel": commands_run_change.cancel_run,
        "retry": commands_run_change.retry_run,
        "pause": commands_run_steer.pause_run,
        "resume": commands_run_steer.resume_run,
        "skip": commands_run_steer.skip_node,
        "rerun": commands_run_steer.rerun_node,
        "correct": commands_run_steer.correct_run,
        "stalled": commands_run.list_stalled,
    },
)
_noun("event", "Events: tell the runs that wait for them, and triggers.", {"send": commands_event.send_event})
_noun(
    "trigger",
    "Triggers: what starts runs by itself, and with which version.",
    {
        "list": commands_trigger.list_triggers,
        "show": commands_trigger.show_trigger,
        "next": commands_trigger.next_fires,
        "deliveries": commands_trigger.list_deliveries,
        "activate": commands_trigger_change.activate_trigger,
        "move": commands_trigger_change.move_trigger,
        "pause": commands_trigger_change.pause_trigger,
        "deactivate": commands_trigger_change.deactivate_trigger,
        "fire": commands_trigger_change.fire_trigger,
        "retry": commands_trigger_change.retry_delivery,
    },
)
_noun(
    "settlement",
    "Settlement: months that are closed, and the files that providers get of them.",
    {
        "close": commands_settlement.close_month,
        "list": commands_settlement.list_files,
        "show": commands_settlement.show_file,
        "verify": commands_settlement.verify_file,
        "regenerate": commands_settlement.regenerate_file,
    },
)
_noun(
    "outage",
    "Outages: which endpoints do not answer, who waits, and a hand on them.",
    {
        "list": commands_outage.list_outages,
        "show": commands_outage.show_outage,
        "hold": commands_outage.hold_endpoint,
        "release": commands_outage.release_endpoint,
    },
)
_noun(
    "ticket",
    "Tickets: see what people are asked, and answer.",
    {
        "list": commands_ticket.list_tickets,
        "board": commands_ticket_board.show_board,
        "show": commands_ticket.show_ticket,
        "claim": commands_ticket.claim_ticket,
        "assign": commands_ticket_lead.assign_tickets,
        "release": commands_ticket_lead.release_tickets,
        "decide": commands_ticket_decide.decide_ticket,
        "amend": commands_ticket_evidence.amend_ticket,
        "evidence": commands_ticket_evidence.show_evidence,
    },
)
_screening = _noun(
    "screening",
    "The configuration of tickets: screening types and their adapts.",
    {"export": commands_screening_file.export_type, "import": commands_screening_file.import_type},
)
_noun(
    "type",
    "Screening types: what tickets show, and what they are rejected for.",
    {
        "list": commands_screening.list_types,
        "show": commands_screening.show_type,
        "add": commands_screening_change.add_type,
        "edit": commands_screening_change.edit_type,
        "history": commands_screening.list_versions,
        "diff": commands_screening.diff_versions,
        "restore": commands_screening_change.restore_type,
    },
    within=_screening,
)
_noun(
    "adapt",
    "Adapts: for each application and scene, where the values of a type come from.",
    {
        "list": commands_adapt.list_adapts,
        "show": commands_adapt.show_adapt,
        "add": commands_adapt_change.add_adapt,
        "edit": commands_adapt_change.edit_adapt,
        "history": commands_adapt.list_history,
        "diff": commands_adapt.diff_versions,
        "restore": commands_adapt_change.restore_adapt,
        "pause": commands_adapt_change.pause_adapt,
        "activate": commands_adapt_change.activate_adapt,
    },
    within=_screening,
)
_noun(
    "reference",
    "Reference data: applications, scenes, methods, protobuf fields, reject codes.",
    {
        "list": commands_reference.list_reference,
        "put": commands_reference.put_reference,
        "import": commands_reference.import_reference,
    },
)
_noun(
    "quality",
    "Quality sampling: decided tickets are judged again, without being told what was decided.",
    commands_quality_judge.VERBS,
)
_noun(
    "application",
    "Applications: hand them in, and see how they were answered.",
    {
        "send": commands_application.send_application,
        "list": commands_application.list_applications,
        "show": commands_application.show_application,
    },
)
_noun(
    "group",
    "Strategy groups: which applications pass, are rejected, or get a ticket.",
    commands_group_change.VERBS,
)
_result = _noun(
    "result",
    "Results: what goes back for tickets, and whether it arrived.",
    {"show": commands_result.show_result, "send": commands_result.send_result},
)
_noun(
    "receiver",
    "Receivers: where the results of each application go.",
    {
        "list": commands_result.list_receivers,
        "put": commands_result.put_receiver,
        "remove": commands_result.remove_receiver,
    },
    within=_result,
)
_noun(
    "alert",
    "Alerts of the review desk: what somebody has to look at.",
    {"list": commands_alert.list_alerts, "close": commands_alert.close_alert},
)
_noun(
    "points",
    "Points: grant them, see wallets and every movement, sweep what is past its date, and audit it all.",
    commands_points_audit.VERBS,
)
_noun(
    "partner",
    "Partners: how providers are served on the open platform, their keys, and what they sign.",
    commands_partner_keys.VERBS,
)
_noun(
    "key",
    "API keys: make, list and revoke them.",
    {"create": commands_key.create_key, "list": commands_key.list_keys, "revoke": commands_key.revoke_key},
)
_noun(
    "person",
    "People: their accounts, roles, and one-time codes.",
    {
        "create": commands_person.create_person,
        "list": commands_person.list_people,
        "show": commands_person.show_person,
        "link": commands_person.make_link,
        "roles": commands_person.change_roles,
        "disable": commands_person.disable_person,
        "enable": commands_person.enable_person,
        "remove-second-factor": commands_person.remove_second_factor,
        "reseal": commands_person.reseal_secrets,
    },
)
_noun(
    "session",
    "Sessions: who is signed in, and an end to it.",
    {"list": commands_session.list_sessions, "revoke": commands_session.revoke_sessions},
)
_noun(
    "audit",
    "The audit chain: who wrote what, and the proof that nobody has changed it.",
    {
        "list": commands_audit.list_audit,
        "show": commands_audit.show_audit,
        "verify": commands_audit.verify_audit,
        "compare": commands_audit.compare_audit,
        "export": commands_audit.export_audit,
        "seal": commands_audit.seal_audit,
    },
)
_noun(
    "db",
    "The database: where it is, and a prompt in it.",
    {"url": commands_db.show_url, "psql": commands_db.open_prompt},
)
_benefits = _noun(
    "benefits",
    "Points and benefits: the catalogue, customers, orders and disputes.",
    {"expire": commands_benefits_jobs.expire_orders, "jobs": commands_benefits_jobs.list_jobs},
)
_noun(
    "provider",
    "Providers: companies that render services.",
    {"list": commands_benefits_catalogue.list_providers, "put": commands_benefits_catalogue.put_provider},
    within=_benefits,
)
_noun(
    "service",
    "Services: what customers can have for points.",
    {"list": commands_benefits_catalogue.list_services, "put": commands_benefits_catalogue.put_service},
    within=_benefits,
)
_noun(
    "customers",
    "The day's list of customers: load it, and see which there were.",
    {"load": commands_benefits_desk.load_customers, "list": commands_benefits_desk.list_customer_lists},
    within=_benefits,
)
_noun(
    "order",
    "Orders: what customers have for their points.",
    {"list": commands_benefits_order.list_orders, "show": commands_benefits_order.show_order},
    within=_benefits,
)
_noun(
    "dispute",
    "Disputes: rendered, says a provider, although it was cancelled.",
    {
        "list": commands_benefits_desk.list_disputes,
        "show": commands_benefits_desk.show_dispute,
        "propose": commands_benefits_desk.propose_dispute,
        "decide": commands_benefits_desk.decide_dispute,
    },
    within=_benefits,
)
_benefits.command("trace")(commands_benefits_desk.trace_order)
app.command("serve")(commands_process.serve)
app.command("worker")(commands_process.worker)
app.command("mcp")(commands_mcp.serve_mcp)
app.command("migrate")(commands_process.migrate)
app.command("sandbox")(commands_process.sandbox)
app.command("demo")(commands_process.demo)


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"opsdesk {version('opsdesk')}")
        raise typer.Exit


@app.callback()
def opsdesk(
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Runs a company's customer operations from procedures that people can read.

    Without OPSDESK_DATABASE_URL, commands use the database in OPSDESK_DATA_DIR, which starts by itself.

    With an API key in OPSDESK_API_KEY, a command acts as the owner of the key, with its scopes and in its roles.
    Without one it acts as the person at this machine, who can reach the database itself and so may do everything.

    Exit codes: 0 done, 1 refused or failed, 2 misuse.
    """


def main() -> None:
    """The entry point of the command `opsdesk`."""
    sys.excepthook = _tell_uncaught
    app(prog_name="opsdesk")


def _tell_uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    """A defect of ours, without the words of the exception, which may hold anything."""
    from opsdesk.kit.log_exceptions import tell_uncaught

    tell_uncaught(kind, error, trace)
