"""Strategy groups in words for a terminal."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from opsdesk.app.output import compact, print_table, say
from opsdesk.app.screening_text import tell_facts

if TYPE_CHECKING:
    from opsdesk import review

_HOLDS = {True: "holds", False: "does not hold", None: "undecided"}


def tell_group(group: "review.groups.views.GroupView", type_names: Mapping[int, str]) -> None:
    """A group: what it is, what it reads, its rules, the adapts of its tickets, and what is saved and not live."""
    live = "none: it answers nothing" if group.live_revision is None else f"revision {group.live_revision}"
    tell_facts(
        {
            "group": group.name,
            "id": str(group.id),
            "application": f"{group.application}, {group.scene}",
            "place": str(group.place),
            "status": "active" if group.is_active else "inactive",
            "live": live,
            "saved": f"revision {group.revision}, {group.changed_at.astimezone():%Y-%m-%d %H:%M} by {group.operator}",
        }
    )
    features = [(each.name, each.type.value, each.source.value, each.value) for each in group.saved.features]
    print_table(("FEATURE", "TYPE", "SOURCE", "VALUE"), features)
    rules = []
    for number, rule in enumerate(group.saved.rules, start=1):
        type_name = "-" if rule.screening_type is None else type_names.get(rule.screening_type, "?")
        rules.append((str(number), rule.name, rule.when, rule.answer.value, ", ".join(rule.methods) or "-", type_name))
    print_table(("", "RULE", "WHEN", "ANSWER", "METHODS", "SCREENING TYPE"), rules)
    adapts = [(str(each.id), each.type_name, each.status, str(each.version)) for each in group.adapts]
    print_table(("ADAPT", "SCREENING TYPE", "STATUS", "VERSION"), adapts)
    if group.live_revision == group.revision:
        say("what is saved is live")
        return
    changes = len(group.changes)
    say(f"{changes} change{'' if changes == 1 else 's'} not live yet: opsdesk group diff {group.id}")
    say(f"to have what is saved answer: opsdesk group apply {group.id} --revision {group.revision}")


def tell_tried(tried: "review.groups.trying.Tried") -> None:
    """What a group says of an application, rule by rule."""
    features = [
        (each.feature.name, compact(each.value) if each.is_there else "did not come") for each in tried.features
    ]
    print_table(("FEATURE", "CAME"), features)
    rules = [
        (each.rule.name, _HOLDS[each.holds], compact(each.read), ", ".join(each.missing) or "-") for each in tried.rules
    ]
    print_table(("RULE", "", "READ", "MISSING"), rules)
    by = f" by the rule {tried.rule.name}" if tried.rule else ": no rule holds"
    say(f"revision {tried.revision} answers {tried.answer}{by}")
    if tried.problem:
        say(tried.problem)
    if tried.lacks_adapt:
        say("no ticket can be made: the screening type has no adapt to this application and scene")
