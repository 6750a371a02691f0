"""What every page carries, and what people get when something does not work."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from opsdesk.app.console.frame import local_address
from opsdesk.app.console.statics import static_files
from opsdesk.kit.clock import ManualClock
from tests.app.serving import Api, serving

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
async def api(database_url: str, tmp_path: Path, clock: ManualClock) -> AsyncIterator[Api]:
    async with serving(database_url, tmp_path, clock) as api:
        yield api


@pytest.mark.parametrize("address", ["/", "/runs", "/runs?status=open&q=%E4%BD%A0", "/a/b#c"])
def test_an_address_of_ours_is_gone_to(address: str) -> None:
    assert local_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        None,
        "",
        "runs",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "https://evil.example",
        "/a\tb",
        "/a\r\nSet-Cookie: x",
        "/é",
        "javascript:alert(1)",
        "/" + "a" * 2000,
    ],
)
def test_an_address_that_leads_elsewhere_is_not(address: str | None) -> None:
    assert local_address(address, otherwise="/home") == "/home"


async def test_people_get_a_page_where_programs_get_json(api: Api) -> None:
    page = await api.get("/nowhere", headers=ENGLISH)
    assert (page.status, page.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is nothing at this address." in page.body
    assert (await api.get("/v1/nowhere")).code == "RouteUnknown"


async def test_a_page_speaks_chinese_unless_asked_otherwise(api: Api) -> None:
    page = await api.get("/nowhere")
    assert '<html lang="zh-CN"' in page.body
    assert "该地址没有内容。" in page.body


async def test_a_page_lets_nothing_in_that_is_not_ours(api: Api) -> None:
    page = await api.get("/nowhere")
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'")
    assert "unsafe" not in policy
    assert page.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert "max-age" in page.headers["Strict-Transport-Security"]
    assert re.findall(r"<script(?![^>]* src=)|<style| style=| on\w+=", page.body) == []


async def test_the_switch_of_languages_stays_in_the_browser(api: Api) -> None:
    switched = await api.call("POST", "/language", data={"language": "en", "next": "/nowhere"}, allow_redirects=False)
    assert (switched.status, switched.headers["Location"]) == (303, "/nowhere")
    chosen = {"Cookie": switched.headers["Set-Cookie"].partition(";")[0]}
    assert "There is nothing at this address." in (await api.get("/nowhere", headers=chosen)).body


async def test_the_switch_of_languages_leads_nowhere_else(api: Api) -> None:
    switched = await api.call(
        "POST", "/language", data={"language": "tlh", "next": "//evil.example"}, allow_redirects=False
    )
    assert (switched.status, switched.headers["Location"], "Set-Cookie" in switched.headers) == (303, "/", False)


async def test_static_files_are_kept_for_good_under_the_address_of_their_content(api: Api) -> None:
    files = static_files()
    style = await api.get(files.url("console.css"))
    assert (style.status, style.headers["Cache-Control"]) == (200, "public, max-age=31536000, immutable")
    assert style.headers["Content-Type"].startswith("text/css")
    older = await api.get("/static/0123456789abcdef/console.css")
    assert (older.status, older.headers["Cache-Control"]) == (200, "no-cache")
    assert (await api.get("/static/x/../../frame.py")).status == 404
    assert "taken.json" not in " ".join(files.files)


async def test_the_scripts_of_the_pages_are_few(api: Api) -> None:
    own = [content for name, content in static_files().files.items() if name.endswith(".js") and "/" not in name]
    assert sum(content.count(b"\n") for content in own) < 450


async def test_whoever_has_not_signed_in_is_asked_to_and_comes_back(api: Api) -> None:
    asked = await api.get("/?tab=keys", allow_redirects=False)
    assert (asked.status, asked.headers["Location"]) == (303, "/sign-in?next=/%3Ftab%3Dkeys")
    part = await api.get("/", headers={"HX-Request": "true"}, allow_redirects=False)
    assert (part.status, part.headers["HX-Redirect"]) == (204, "/sign-in")


async def test_a_form_whose_session_has_ended_leads_back_to_its_page(api: Api) -> None:
    for referer, address in (
        (f"{api.url}/tickets/1?a=b", "/sign-in?next=/tickets/1%3Fa%3Db"),
        ("https://evil.example/tickets", "/sign-in"),
        (f"{api.url}//evil.example", "/sign-in"),
    ):
        asked = await api.call("POST", "/account/preferences", headers={"Referer": referer}, allow_redirects=False)
        assert (asked.status, asked.headers["Location"]) == (303, address)
