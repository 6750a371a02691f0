"""The part of the control API that is about human review: applications handed in, and what credit is told of them."""

from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web

from opsdesk.sandbox.anti_fraud import AntiFraud, Application, Case, Form
from opsdesk.sandbox.control_values import json_of, number_of
from opsdesk.sandbox.credit import Credit
from opsdesk.sandbox.pages import page
from opsdesk.sandbox.partners import Refusal
from opsdesk.sandbox.picture_host import ways

TEXT_CHARACTERS_MAX = 200
TITLE = "反欺诈与信贷 / Anti-fraud and credit"
_TEXTS = ("person", "flow_no", "application", "scene")


class ReviewControl:
    def __init__(self, *, anti_fraud: AntiFraud, credit: Credit) -> None:
        self._anti_fraud = anti_fraud
        self._credit = credit

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/control/applications", self._applications),
            web.post("/control/applications", self._hand_in),
            web.get("/control/results", self._results),
        ]

    def reset(self) -> None:
        self._anti_fraud.reset()
        self._credit.reset()

    async def _hand_in(self, request: web.Request) -> web.Response:
        """Hand an application in at `to`, with an API key of Opsdesk."""
        body = await json_of(request)
        to, key = body.get("to"), body.get("key")
        if not isinstance(to, str) or urlsplit(to).scheme not in {"http", "https"} or not isinstance(key, str):
            raise Refusal(422, "InvalidField", "to has to be the address of Opsdesk, and key an API key of it.")
        return web.json_response(await self._anti_fraud.hand_in(_parsed(body), to=to, key=key))

    async def _results(self, request: web.Request) -> web.Response:
        """What credit was told, newest first. `wait_s` waits until there is something."""
        wait_s = number_of(request.query, "wait_s", 0)
        return web.json_response(
            {"items": await self._credit.results(flow_no=request.query.get("flow_no"), wait_s=wait_s)}
        )

    async def _applications(self, request: web.Request) -> web.Response:
        """What was handed in and what came back of it, as JSON, or as a page for a browser."""
        told: dict[str, Any] = {}
        for result in await self._credit.results(flow_no=None, wait_s=0):
            told.setdefault(result["flow_no"], result["body"])
        items = [{**sent, "result": told.get(sent["flow_no"])} for sent in self._anti_fraud.sent()]
        if "text/html" not in request.headers.get("Accept", ""):
            return web.json_response({"items": items})
        articles = "".join(map(_article, items)) or "<p>还没有申请 / No application yet</p>"
        return page(title=TITLE, body=f"<h1>{TITLE}</h1>{articles}")


def _parsed(body: Mapping[str, Any]) -> Application:
    unknown = set(body) - {*_TEXTS, "case", "pictures", "form", "features", "to", "key"}
    if unknown:
        raise Refusal(422, "InvalidField", "An application has person, case, pictures, form, features and names only.")
    texts = {name: body[name] for name in _TEXTS if name in body}
    if not all(isinstance(text, str) and 0 < len(text) <= TEXT_CHARACTERS_MAX for text in texts.values()):
        raise Refusal(422, "InvalidField", f"{', '.join(_TEXTS)} are texts of 1 to {TEXT_CHARACTERS_MAX} characters.")
    for name, known in (("case", set(Case)), ("form", set(Form)), ("pictures", ways())):
        if name in body and (not isinstance(body[name], str) or body[name] not in known):
            raise Refusal(422, "InvalidField", f"{name} has to be one of {', '.join(sorted(known))}.")
    features = body.get("features", {})
    if not isinstance(features, dict):
        raise Refusal(422, "InvalidField", "features has to be a JSON object.")
    return Application(
        **{"person": "Customer", **texts},
        case=Case(body.get("case", Case.MATCH)),
        pictures=body.get("pictures"),
        form=Form(body.get("form", Form.JSON)),
        features=features,
    )


def _article(item: Mapping[str, Any]) -> str:
    """One application: who, the answer, and what credit was told."""
    answer, body = item["answer"], item["body"]
    said = answer.get("answer", "") if isinstance(answer, dict) else ""
    result = item["result"]
    back = "—" if result is None else f"{result.get('result', '')} {', '.join(map(str, result.get('codes') or ()))}"
    lines = (
        ("客户 / Customer", body["request"]["customer"]["full_name"]),
        ("产品与场景 / For", f"{body['application']} · {body['scene']} ({item['form']})"),
        ("答复 / Answer", f"{item['status']} {said}"),
        ("回传 / Came back to credit", back),
    )
    rows = "".join(f"<p>{escape(name)}: <strong>{escape(value)}</strong></p>" for name, value in lines)
    return f"<article><h2>{escape(item['flow_no'])}</h2><small>{escape(item['at'])}</small>{rows}</article>"
