"""Files of screening types put in: a dry run first, then as new versions, by the one path and over what was seen."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
import pytest_asyncio
import yaml

from opsdesk.access import Actor
from opsdesk.kit.clock import ManualClock
from opsdesk.kit.db import Connection, Database
from opsdesk.review.screening import adapts, files, types
from opsdesk.review.screening.errors import HardcodedType, ScreeningFileInvalid, ScreeningFileStale
from opsdesk.review.screening.importing import Imported, export_type, import_file
from opsdesk.review.screening.model import stored
from opsdesk.review.screening.types import Category, ScreeningType
from tests.review.screening.configuring import add, add_adapt, edit, with_key

Put = Callable[..., Any]


@pytest_asyncio.fixture
async def conn(desk: Database) -> AsyncIterator[Connection]:
    async with desk.transaction() as conn:
        yield conn


@pytest_asyncio.fixture
async def found(conn: Connection, risk: Actor, clock: ManualClock) -> ScreeningType:
    made = await add(conn, risk, clock)
    await add_adapt(conn, made, risk, clock)
    return made


@pytest.fixture
def put(conn: Connection, other: Actor, clock: ManualClock) -> Put:
    async def put_in(text: str, *, over: str | None = None, dry_run: bool = False) -> Imported:
        file = files.read(text)
        return await import_file(conn, file=file, over=over, actor=other, now=clock.now(), dry_run=dry_run)

    return put_in


def changed(text: str, change: Callable[[Any], None]) -> str:
    content = yaml.safe_load(text)
    change(content)
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False)


def with_device(content: Any) -> None:
    content["modules"][2]["keys"].append({"name": "device"})
    entry = {"module": "others", "key": "device", "source": "feature", "value": "device_score"}
    content["adapts"][0]["mapped"].append(entry)


@pytest.mark.req("REV-B16")
async def test_a_file_that_is_put_in_as_it_was_taken_out_changes_nothing(
    conn: Connection, found: ScreeningType, put: Put
) -> None:
    text = await export_type(conn, type_id=found.type_id)
    done = await put(text)
    assert not done.does_something
    assert await export_type(conn, type_id=found.type_id) == text


@pytest.mark.req("REV-B16")
async def test_a_dry_run_tells_the_difference_and_writes_nothing(
    conn: Connection, found: ScreeningType, put: Put
) -> None:
    before = await export_type(conn, type_id=found.type_id)
    told = await put(changed(before, with_device), dry_run=True)
    assert (told.type.version, [change.path for change in told.changes]) == (2, ["modules[others].keys[device]"])
    assert [len(each.changes) for each in told.adapts] == [1]
    assert await export_type(conn, type_id=found.type_id) == before


@pytest.mark.req("REV-B16", "REV-V06")
async def test_a_changed_file_is_a_new_version_of_type_and_adapt(
    conn: Connection, found: ScreeningType, put: Put, other: Actor
) -> None:
    done = await put(changed(await export_type(conn, type_id=found.type_id), with_device))
    after = await types.show_type(conn, type_id=found.type_id)
    assert (after.version, after.operator, [key.name for key in after.document.every_key][-1]) == (
        2,
        other.id,
        "device",
    )
    assert [key.id for key in after.document.every_key][:2] == [key.id for key in found.document.every_key]
    adapt = await adapts.show_adapt(conn, adapt_id=1)
    assert (adapt.version, adapt.is_auto, adapt.document.mapped_count) == (3, False, 2)
    assert done.does_something


@pytest.mark.req("REV-B16")
async def test_keys_that_the_file_has_no_more_are_told_and_go(conn: Connection, found: ScreeningType, put: Put) -> None:
    def without_front(content: Any) -> None:
        content["modules"][0]["keys"] = []
        content["adapts"][0]["mapped"] = []

    done = await put(changed(await export_type(conn, type_id=found.type_id), without_front))
    assert done.keys_removed == ["front of the card"]
    assert (await adapts.show_adapt(conn, adapt_id=1)).document.mapped_count == 0


async def save_type(conn: Connection, found: ScreeningType, by: Actor, clock: ManualClock) -> None:
    await edit(conn, found, with_key(found, "other"), actor=by, clock=clock)


async def save_adapt(conn: Connection, _found: ScreeningType, by: Actor, clock: ManualClock) -> None:
    document = {"methods": ["full"], "mapped": {}}
    await adapts.edit_adapt(conn, adapt_id=1, opened_version=1, document=document, actor=by, now=clock.now())


@pytest.mark.req("REV-B16", "REV-X26")
@pytest.mark.parametrize("meanwhile", [save_type, save_adapt])
async def test_a_file_of_an_earlier_version_is_refused_until_somebody_says_over_what(
    conn: Connection, found: ScreeningType, put: Put, risk: Actor, clock: ManualClock, meanwhile: Put
) -> None:
    text = changed(await export_type(conn, type_id=found.type_id), with_device)
    await meanwhile(conn, found, risk, clock)
    with pytest.raises(ScreeningFileStale) as refused:
        await put(text)
    told = await put(text, dry_run=True)
    assert refused.value.state == told.state
    with pytest.raises(ScreeningFileStale):
        await put(text, over="0" * 16)
    assert (await put(text, over=told.state)).does_something


@pytest.mark.req("REV-B16")
async def test_a_file_makes_the_type_elsewhere_with_the_same_ids(
    conn: Connection, found: ScreeningType, put: Put
) -> None:
    text = changed(await export_type(conn, type_id=found.type_id), lambda content: content.update(name="Elsewhere"))
    told = await put(text, dry_run=True)
    assert (told.is_new, told.state) == (True, "new")
    made = (await put(text)).type
    assert (made.version, stored(made.document)) == (1, stored(found.document))
    # From there on it is a file of its own: what is taken out of it is put in again.
    assert not (await put(await export_type(conn, type_id=made.type_id))).does_something
    # That of the first installation is not, though it has the same version.
    with pytest.raises(ScreeningFileStale):
        await put(changed(text, lambda content: content["taken_from"].update(document_sha256="0" * 64)))


@pytest.mark.req("REV-B16", "REV-X10", "REV-X11")
async def test_an_id_never_gets_another_name(
    conn: Connection, found: ScreeningType, put: Put, risk: Actor, clock: ManualClock
) -> None:
    text = await export_type(conn, type_id=found.type_id)
    renamed = changed(text, lambda content: content["modules"][1]["keys"][0].update(name="another name"))
    with pytest.raises(ScreeningFileInvalid) as refused:
        await put(renamed)
    assert refused.value.problems == {"modules.1.keys.0.name": ["cannot be changed: it is full name"]}
    document = stored(found.document)
    document["modules"][1]["keys"] = []
    await edit(conn, found, document, actor=risk, clock=clock)
    with pytest.raises(ScreeningFileInvalid):
        await put(renamed, over=(await put(text, dry_run=True)).state)


@pytest.mark.req("REV-B16", "REV-B04")
async def test_all_that_is_wrong_is_told_by_its_place_in_the_file(
    conn: Connection, found: ScreeningType, put: Put
) -> None:
    text = await export_type(conn, type_id=found.type_id)
    wrong = changed(text, lambda content: content["adapts"][0]["mapped"][0].update(source="pb", value="none"))
    with pytest.raises(ScreeningFileInvalid) as refused:
        await put(wrong)
    assert list(refused.value.problems) == ["adapts.0.mapped.0.value"]
    unknown = changed(text, lambda content: content.update(color="red"))
    with pytest.raises(ScreeningFileInvalid) as refused:
        await put(unknown)
    assert list(refused.value.problems) == ["color"]


@pytest.mark.req("REV-X04", "REV-G06")
async def test_a_file_adds_no_type_that_code_makes_and_edits_only_its_rejection(
    conn: Connection, put: Put, risk: Actor, clock: ManualClock
) -> None:
    made = await add(conn, risk, clock, "Historical", category=Category.HARDCODE)
    text = await export_type(conn, type_id=made.type_id)
    for change in ("name: Historical", "name: Other"), ("category: hardcode", "category: default"):
        with pytest.raises(ScreeningFileInvalid) as refused:
            await put(text.replace(*change))
        assert list(refused.value.problems) == ["category"]
    with pytest.raises(HardcodedType):
        await put(changed(text, lambda content: content["modules"][2]["keys"].append({"name": "device"})))
    await put(changed(text, lambda content: content["rejection"].update(choice="single")))
    assert (await types.show_type(conn, type_id=made.type_id)).document.rejection.choice == "single"


async def test_adapts_that_the_file_does_not_name_stay(conn: Connection, found: ScreeningType, put: Put) -> None:
    text = changed(await export_type(conn, type_id=found.type_id), lambda content: content.update(adapts=[]))
    done = await put(text)
    assert (done.left, done.does_something) == ([("cash_loan", "activation")], False)
