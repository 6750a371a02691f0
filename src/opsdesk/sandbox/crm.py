"""crm.internal: gives each new account a customer success manager, in turn."""

from opsdesk.sandbox.behaviours import Plan
from opsdesk.sandbox.calls import Answer, Call
from opsdesk.sandbox.partners import Route, require_text
from opsdesk.sandbox.store import Store, statements

HOST = "crm.internal"
PATH = "/api/v1/csm/assign"
CSM_COUNT = 3

_SQL = statements(__file__)
_ASSIGN, _ASSIGNED = _SQL["assign"], _SQL["assigned"]


class Crm:
    def __init__(self, *, store: Store) -> None:
        self._store = store

    def routes(self) -> list[Route]:
        return [Route(HOST, PATH, self._assign)]

    async def _assign(self, call: Call, _plan: Plan) -> Answer:
        """An account keeps the manager that it was given first."""
        require_text(call, "customer_id")
        account_id = require_text(call, "account_id")
        self._store.run(_ASSIGN, account_id=account_id, csm_count=CSM_COUNT)
        row = self._store.one(_ASSIGNED, account_id=account_id)
        assert row is not None
        return Answer(200, {"csm_id": f"csm-{row['csm_number']}", "csm_name": f"CSM {row['csm_number']}"})
