"""The anti-fraud engine: hands applications in at Opsdesk, with what the step-up verifications produced."""

import json
import secrets
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import aiohttp

from opsdesk.sandbox.apply_message import encoded
from opsdesk.sandbox.picture_host import DIFFER, MATCH, picture_address
from opsdesk.sandbox.specimens import Kind, traits_of
from opsdesk.sandbox.store import Store, statements, timestamp

APPLICATION, SCENE = "cash_loan", "activation"
PATH = "/v1/applications"
TIMEOUT_S = 30.0
SENT_ROWS_MAX = 100

_SQL = statements(__file__)
_ADD, _SENT, _FORGET = _SQL["add"], _SQL["sent"], _SQL["forget"]


class Case(StrEnum):
    """What is known of the customer."""

    CLEAR = "clear"
    """The face is surely that of the card."""
    MATCH = "match"
    """The engine is not sure of the face; a person sees that it is the same."""
    DIFFER = "differ"
    """Neither is it here, and a person sees that it is another."""
    BLOCKED = "blocked"
    """The device is known for fraud."""


class Form(StrEnum):
    JSON = "json"
    PROTOBUF = "protobuf"


_SCORES: Mapping[Case, tuple[float, float]] = {
    Case.CLEAR: (0.97, 0.05),
    Case.MATCH: (0.74, 0.21),
    Case.DIFFER: (0.41, 0.35),
    Case.BLOCKED: (0.90, 0.99),
}
"""Of the face, and of the device."""


@dataclass(frozen=True, slots=True)
class Application:
    """An application to hand in."""

    person: str
    case: Case = Case.MATCH
    pictures: str | None = None
    """How their host serves them; None: as the case says."""
    flow_no: str = ""
    application: str = APPLICATION
    scene: str = SCENE
    form: Form = Form.JSON
    features: Mapping[str, Any] = field(default_factory=dict)

    def content(self) -> dict[str, Any]:
        """What is sent, whatever the form."""
        how = self.pictures or (DIFFER if self.case is Case.DIFFER else MATCH)
        at = {kind: picture_address(self.person, kind, how=how) for kind in Kind}
        traits, (face, device) = traits_of(self.person), _SCORES[self.case]
        return {
            "flow_no": self.flow_no or f"{timestamp()[:10].replace('-', '')}-{secrets.token_hex(4)}",
            "application": self.application,
            "scene": self.scene,
            "user_id": f"U-{traits.digest[:3].hex()}",
            "request": {
                "customer": {
                    "full_name": self.person,
                    "id_number": traits.number,
                    "birth_date": f"{1960 + traits.of(9, 40)}-{1 + traits.of(10, 12):02}-{1 + traits.of(11, 28):02}",
                    "phone": "138 0000 0000",
                    "id_card": {"front_url": at[Kind.CARD_FRONT], "back_url": at[Kind.CARD_BACK]},
                },
                "device": {"ip": f"192.0.2.{1 + traits.of(19, 250)}", "model": "Specimen 1"},
                "loan": {"purpose": "教育 / education", "months": 12},
            },
            "verifications": {
                "liveness_check_url1": at[Kind.FACE_FRONT],
                "liveness_check_url2": at[Kind.FACE_SIDE],
                "liveness_check_result": "pass",
                "face_matching_result": f"{face:.2f}",
            },
            "features": {"face_score": face, "device_score": device, **self.features},
        }


class AntiFraud:
    """Hands applications in, and keeps what it was answered. The key that it shows is kept nowhere."""

    def __init__(self, *, store: Store, ca_file: Path) -> None:
        self._store = store
        self._trust = ssl.create_default_context()
        self._trust.load_verify_locations(cafile=ca_file)

    async def hand_in(self, application: Application, *, to: str, key: str) -> Mapping[str, Any]:
        """The flow number, the status and the answer; a status of None: nobody answered."""
        content = application.content()
        status, answer = await self._post(content, application.form, to=to, key=key)
        sent = {"flow_no": content["flow_no"], "status": status, "answer": answer}
        self._store.run(
            _ADD,
            at=timestamp(),
            flow_no=content["flow_no"],
            form=application.form.value,
            body=json.dumps(content, ensure_ascii=False),
            status=status,
            answer=json.dumps(answer, ensure_ascii=False),
        )
        return sent

    async def _post(self, content: Mapping[str, Any], form: Form, *, to: str, key: str) -> tuple[int | None, Any]:
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        body = json.dumps(content, ensure_ascii=False).encode()
        if form is Form.PROTOBUF:
            headers["Content-Type"] = "application/x-protobuf"
            for name in ("flow_no", "application", "scene", "user_id"):
                headers[f"Opsdesk-{name.replace('_', '-')}"] = content[name]
            for name in ("verifications", "features"):
                headers[f"Opsdesk-{name}"] = json.dumps(content[name])
            body = encoded(content["request"])
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.post(
                    f"{to.rstrip('/')}{PATH}", data=body, headers=headers, ssl=self._trust, allow_redirects=False
                ) as response,
            ):
                text = await response.text()
                return response.status, json.loads(text) if response.content_type == "application/json" else text
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            return None, type(error).__name__

    def sent(self) -> list[Mapping[str, Any]]:
        """What was handed in, newest first."""
        rows = self._store.all(_SENT, rows=SENT_ROWS_MAX)
        return [{**row, "body": json.loads(row["body"]), "answer": json.loads(row["answer"])} for row in rows]

    def reset(self) -> None:
        self._store.run(_FORGET)
