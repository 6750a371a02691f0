"""The way around the console: what is there for whom."""

from collections.abc import Sequence
from dataclasses import dataclass

from opsdesk import access
from opsdesk.app.console.words import N_


@dataclass(frozen=True, slots=True)
class Place:
    """One entry: shown to whoever has the scope. `key` is pressed after `g` to get there."""

    url: str
    label: str
    icon: str
    key: str
    scope: access.Scope | None = None
    or_scope: access.Scope | None = None
    """Whoever has this one instead is shown it as well."""

    def is_at(self, path: str) -> bool:
        """Whether a page lies here or below."""
        return path == self.url or (self.url != "/" and path.startswith(f"{self.url}/"))


@dataclass(frozen=True, slots=True)
class Group:
    """Places that belong together, under a heading if they have one."""

    places: Sequence[Place]
    heading: str = ""


WORK: Sequence[Place] = (
    Place("/", N_("Home"), "home", "h"),
    Place("/tickets", N_("Tickets"), "ticket", "t", access.Scope.TICKETS_READ),
    Place("/review/kyc", N_("kyc tickets"), "kyc", "y", access.Scope.TICKETS_READ),
    Place("/review/transaction", N_("transaction tickets"), "transaction", "x", access.Scope.TICKETS_READ),
    Place("/queue", N_("Queue board"), "queue", "q", access.Scope.TICKETS_READ),
    Place("/quality", N_("Quality"), "quality", "u", access.Scope.QUALITY_READ, access.Scope.TICKETS_DECIDE),
    Place("/screening", N_("screening config"), "screening", "c", access.Scope.SCREENING_READ),
    Place("/groups", N_("Strategy groups"), "group", "b", access.Scope.SCREENING_READ),
    Place("/applications", N_("Incoming applications"), "incoming", "i", access.Scope.APPLICATIONS_READ),
    Place("/runs", N_("Runs"), "run", "r", access.Scope.RUNS_READ),
    Place("/procedures", N_("Procedures"), "procedure", "p", access.Scope.PROCEDURES_READ),
    Place("/triggers", N_("Triggers"), "trigger", "s", access.Scope.PROCEDURES_READ),
)
BENEFITS: Sequence[Place] = (
    Place("/benefits/orders", N_("Orders"), "order", "d", access.Scope.BENEFITS_READ),
    Place("/benefits/services", N_("Services"), "service", "v", access.Scope.BENEFITS_READ),
    Place("/benefits/providers", N_("Providers"), "provider", "n", access.Scope.BENEFITS_READ),
    Place("/points", N_("Points"), "points", "l", access.Scope.POINTS_READ),
    Place("/settlement", N_("Settlement"), "settlement", "f", access.Scope.BENEFITS_READ),
    Place("/benefits/jobs", N_("Expiry jobs"), "waiting", "j", access.Scope.BENEFITS_READ),
    Place("/benefits/customers", N_("Customer lists"), "customers", "w", access.Scope.BENEFITS_READ),
    Place("/benefits/disputes", N_("Disputes"), "dispute", "z", access.Scope.BENEFITS_READ),
)
INSTALLATION: Sequence[Place] = (
    Place("/operations", N_("Operations"), "operations", "o", access.Scope.OPERATIONS_READ),
    Place("/people", N_("People"), "people", "e", access.Scope.PEOPLE_READ),
    Place("/keys", N_("API keys"), "key", "k", access.Scope.KEYS_WRITE),
    Place("/audit", N_("Audit"), "audit", "a", access.Scope.AUDIT_READ),
)


GROUPS: Sequence[Group] = (Group(WORK), Group(BENEFITS, N_("Points and benefits")), Group(INSTALLATION))


def groups(actor: access.Actor) -> Sequence[Group]:
    """What this actor finds, in its groups."""
    found = [
        Group([place for place in group.places if _is_for(place, actor)], heading=group.heading) for group in GROUPS
    ]
    return [group for group in found if group.places]


def _is_for(place: Place, actor: access.Actor) -> bool:
    scopes = [scope for scope in (place.scope, place.or_scope) if scope is not None]
    return not scopes or any(access.may(actor, scope) for scope in scopes)
