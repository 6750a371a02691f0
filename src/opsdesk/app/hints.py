"""What to do next, for each refusal that somebody at the command line may meet."""

from collections.abc import Callable, Mapping

from opsdesk.kit.errors import OpsdeskError

Hint = str | Callable[[OpsdeskError], str]


def hint_for(error: OpsdeskError) -> str | None:
    """A sentence about how to go on; None where the message says it."""
    for kind in type(error).__mro__:
        if (hint := _HINTS.get(kind.__name__)) is not None:
            return hint if isinstance(hint, str) else hint(error)
    return None


def _role_missing(error: OpsdeskError) -> str:
    return f"if you hold the role, say so: --role {error.detail['role']}"


def _own_request(error: OpsdeskError) -> str:
    return (
        f"{error.detail['actor']} started this run, so somebody else decides: "
        "at this machine, --as NAME with the name of the person who does"
    )


def _already_answered(error: OpsdeskError) -> str:
    return f"somebody other than {error.detail['actor']} has to answer: at this machine, --as NAME"


def _claimed(error: OpsdeskError) -> str:
    holder = str(error.detail["claimed_by"])
    way = f" (--as {holder.partition('/')[2]})" if "/" in holder else ""
    return f"wait until the claim runs out, or have {holder} give it back{way}: opsdesk ticket release"


def _closed(error: OpsdeskError) -> str:
    return f"opsdesk ticket show {error.detail['ticket_id']} tells what was decided"


def _run_state(error: OpsdeskError) -> str:
    return f"opsdesk run show {error.detail['run_id']} tells where it stands"


def _refused_document(error: OpsdeskError) -> str:
    return f"opsdesk flow lint shows everything that is to be said about {error.detail['file']}"


def _adapt_exists(error: OpsdeskError) -> str:
    return f"opsdesk screening adapt edit {error.detail['adapt_id']} saves a new version of it"


def _group_exists(error: OpsdeskError) -> str:
    return f"opsdesk group edit {error.detail['group_id']} saves a new revision of it"


def _server_failed(error: OpsdeskError) -> str:
    return f"{error.detail['log_file']} tells more; or name a PostgreSQL of your own in OPSDESK_DATABASE_URL"


_HINTS: Mapping[str, Hint] = {
    "RoleMissing": _role_missing,
    "OwnRequest": _own_request,
    "AlreadyAnswered": _already_answered,
    "TicketClaimed": _claimed,
    "TicketNotOpen": _closed,
    "TicketUnknown": "opsdesk ticket list shows the tickets that are open",
    "AnswersInvalid": "opsdesk ticket show tells what is asked; answer with --answer name=value",
    "ProcedureNotFound": "opsdesk flow list shows what is stored; opsdesk flow add FILE stores a procedure",
    "ProcedureRefused": _refused_document,
    "DocumentUnreadable": _refused_document,
    "InputsInvalid": "give each input as --input name=value, or all of them as --inputs FILE.json",
    "ValuesInvalid": "write name=value, or name:=JSON for anything that is not text",
    "KeyReused": "another --key starts another run; the same key gives the first one again only for the same inputs",
    "RunNotFound": "opsdesk run list shows the runs",
    "IdUnknown": "opsdesk run list and opsdesk ticket list show what there is",
    "IdAmbiguous": "give more of it",
    "RunFinished": _run_state,
    "NotWaiting": _run_state,
    "NoIncident": _run_state,
    "RunIsPaused": _run_state,
    "RunNotPaused": _run_state,
    "NodeNotSkippable": _run_state,
    "NodeNotReached": _run_state,
    "NodeUnknown": _run_state,
    "AnswerInvalid": "the answer is a JSON object with what the node declares as its outputs",
    "TriggerNotFound": "opsdesk trigger list shows the triggers of the procedures that are stored",
    "TriggerUnfit": "mend the procedure and store it with opsdesk flow add, or set what is missing",
    "TriggerStateWrong": "opsdesk trigger show tells how it stands; move it to have it start another version",
    "WebhookPathTaken": "give it another path, or put the other out of use: opsdesk trigger deactivate",
    "ScreeningTypeNotCalled": "opsdesk screening type list shows the screening types",
    "ScreeningTypeExists": "opsdesk screening type edit saves a new version of it",
    "ScreeningAdaptUnknown": "opsdesk screening adapt list TYPE shows the adapts of a type",
    "ScreeningAdaptExists": _adapt_exists,
    "ScreeningFileStale": "without --apply, the difference to what counts here is told, and over which state to put it",
    "ConfigurationMoved": "look at it again with show --json, and save what you want of both",
    "AdaptReferenced": "take it out of these groups first, and save them",
    "GroupUnknown": "opsdesk group list shows the groups; opsdesk group history shows the revisions of one",
    "GroupExists": _group_exists,
    "GroupMoved": "look at it again with show --json, and save what you want of both",
    "FlowUnknown": "opsdesk application list shows those that came",
    "ResultUnknown": "opsdesk application show tells how the ticket of an application stands",
    "ResultNotSendable": "opsdesk result show tells whether it arrived",
    "ReceiverUnknown": "opsdesk result receiver list shows the receivers",
    "AlertUnknown": "opsdesk alert list shows those that are open",
    "ApplicationUnknown": "opsdesk reference list applications shows them; opsdesk reference put adds one",
    "SceneUnknown": "opsdesk reference list scenes shows them; opsdesk reference put adds one",
    "NothingToSample": "decide tickets there first, or choose another time: opsdesk ticket list --status decided",
    "SampleUnknown": "opsdesk quality list shows the samples",
    "NotTaken": "opsdesk quality next gives you one to judge",
    "AlreadyJudged": "opsdesk quality next gives you another one",
    "KeyNotFound": "opsdesk key list shows the keys",
    "KeyUnknown": "OPSDESK_API_KEY holds the key that commands act by",
    "NotWithKey": "leave out --role and --as, or OPSDESK_API_KEY",
    "PersonExists": "opsdesk person link EMAIL makes another one-time code for it",
    "PersonUnknown": "opsdesk person list shows who has an account",
    "LastAdmin": "make somebody else an admin first",
    "BadCursor": "leave --cursor out to begin with the first page",
    "EmbeddedServerFailed": _server_failed,
    "EmbeddedServerOutdated": "dump it with the version that made it, or name another folder in OPSDESK_DATA_DIR",
    "DatabaseUnavailable": "look after the database that OPSDESK_DATABASE_URL names, and try again",
    "SettingsInvalid": "docs/reference/settings.md explains each setting",
}
