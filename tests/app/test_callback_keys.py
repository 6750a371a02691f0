"""One callback key replaces another while partners still hold addresses of the first."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from aiohttp import web

from opsdesk.app.callback_keys import PreviousKeyWithoutEnd, callback_addresses
from opsdesk.app.wiring import open_app
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.secrets import Secrets
from opsdesk.kit.settings import Settings
from tests.app.serving import BASE_URL, Api, partner, serving, serving_for, until, working_for

LATER = """\
osop_version: "2.0"
id: later
name: Be answered later
nodes:
  - id: ask
    type: api
    purpose: Ask a partner that answers later
    runtime: {url: "PARTNER", method: POST}
    outputs: [x]
    timeout_sec: 600
edges: []
"""
NEW_KEY = "the-new-callback-key-of-32-bytes"


def settings_in(folder: Path, database_url: str, **more: object) -> Settings:
    values = {"database_url": database_url, "data_dir": folder, "base_url": BASE_URL, "allow_networks": "127.0.0.0/8"}
    return Settings.model_validate({**values, **more})


async def wait_for_partner(api: Api, run_id: str, key: str) -> None:
    async def waits() -> bool:
        return bool((await api.get(f"/v1/runs/{run_id}", key=key)).body["status"] == "waiting")

    await until(waits)


async def test_a_partner_answers_at_its_old_address_while_the_previous_key_is_taken(
    tmp_path: Path, database_url: str, clock: ManualClock
) -> None:
    asked: list[str] = []

    async def promise(request: web.Request) -> web.Response:
        asked.append(request.headers["Opsdesk-Callback-Url"].removeprefix(BASE_URL))
        return web.Response(status=202)

    async with partner(promise) as url:
        async with serving(database_url, tmp_path, clock) as api, working_for(api.installation):
            key = await api.key()
            await api.store(LATER.replace("PARTNER", url), key=key)
            runs = [await api.start("later", key=key, once=once) for once in "ab"]
            for run_id in runs:
                await wait_for_partner(api, run_id, key)
    secrets = tmp_path / "secrets"
    secrets.mkdir()
    (secrets / "CALLBACK_KEY").write_text(NEW_KEY)
    (secrets / "CALLBACK_KEY_PREVIOUS").write_text((tmp_path / "keys" / "CALLBACK_KEY").read_text())
    end = clock.now() + timedelta(days=1)
    rotated = settings_in(tmp_path, database_url, secrets_dir=secrets, callback_key_previous_until=end)
    async with open_app(rotated, clock=clock) as opsdesk, serving_for(opsdesk) as api, working_for(opsdesk):
        assert opsdesk.callbacks.token(UUID(runs[0]), "ask", 1) not in asked[0]
        assert (await api.post(asked[0], {"x": 1})).status == 200
        clock.advance(seconds=86_400)
        assert (await api.post(asked[1], {"x": 1})).code == "CallbackForged"


def test_a_previous_key_without_an_end_is_refused_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "CALLBACK_KEY_PREVIOUS").write_text(NEW_KEY)
    settings = Settings(data_dir=tmp_path, secrets_dir=tmp_path)
    with pytest.raises(PreviousKeyWithoutEnd) as refused:
        callback_addresses(settings, Secrets(settings))
    assert refused.value.missing == "OPSDESK_CALLBACK_KEY_PREVIOUS_UNTIL"


def test_an_end_without_a_previous_key_is_refused_at_the_start(tmp_path: Path, clock: ManualClock) -> None:
    settings = Settings(data_dir=tmp_path, secrets_dir=tmp_path, callback_key_previous_until=clock.now())
    with pytest.raises(PreviousKeyWithoutEnd) as refused:
        callback_addresses(settings, Secrets(settings))
    assert refused.value.missing == "CALLBACK_KEY_PREVIOUS"
