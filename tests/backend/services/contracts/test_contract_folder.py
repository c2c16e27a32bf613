"""A folder of schemas: saving a file is registering a version, and nothing else in it ever is."""

import json
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Connect, Sql
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.model.agents import OPERATOR_ID
from xats_tui.core.records import replace
from xats_tui.runtime.settings import Settings

STRING: dict[str, Any] = {"properties": {"id": {"type": "string"}}}
INTEGER: dict[str, Any] = {"properties": {"id": {"type": "integer"}}}

Save = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder, with nothing in it yet."""
    path = tmp_path / "contracts"
    path.mkdir()
    return path


@pytest.fixture
def save(folder: Path) -> Save:
    """Saves a schema, or a text, as an editor does: beside it, then in its place."""

    def save(name: str, content: object) -> Path:
        path = folder / f"{name}.schema.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        beside = path.with_suffix(".tmp")
        beside.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
        return beside.replace(path)

    return save


@pytest.fixture
async def backend(settings: Settings, folder: Path) -> AsyncIterator[Coordinator]:
    """A coordinator that looks after the folder."""
    async with Coordinator.running(replace(settings, contracts=folder)) as running:
        yield running


@pytest.fixture
def versions(sql: Sql) -> Callable[[], list[tuple[str, str, int]]]:
    return lambda: sql("SELECT team, name, version FROM contracts ORDER BY id")


Versions = Callable[[], list[tuple[str, str, int]]]


async def test_saving_a_file_registers_the_next_version_as_the_operator(
    backend: Coordinator, save: Save, versions: Versions, sql: Sql
) -> None:
    save("orders", STRING)
    await eventually(lambda: versions() == [("default", "orders", 1)])
    save("orders", INTEGER)
    await eventually(lambda: len(versions()) == 2)

    assert sql("SELECT DISTINCT registered_by FROM contracts") == [(OPERATOR_ID,)]
    assert [noted.verb for noted in await backend.operator.activity()] == ["register contract"] * 2
    told = [notice.text for notice in backend.notices.latest]
    assert told[-1] == "registered orders v2 of default, which breaks the one before"
    assert backend.notices.troubles == ()


async def test_a_folder_in_the_folder_is_a_team_and_its_subscribers_are_told(
    backend: Coordinator, register: Connect, save: Save, versions: Versions
) -> None:
    bob = await register("bob", team="shop")
    await bob.call("subscribe_contract", name="orders")
    save("shop/orders", STRING)
    await eventually(lambda: versions() == [("shop", "orders", 1)])
    (event,) = (await bob.call("pending_contract_events"))["events"]
    assert (event["contract_name"], event["version"]) == ("orders", 1)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("{not json", "not valid JSON"),
        ("[]", "a schema must be a JSON object"),
        ({"type": "nonsense"}, "'nonsense' is not valid"),
    ],
)
async def test_what_is_no_schema_is_told_of_and_never_a_version(
    backend: Coordinator, save: Save, versions: Versions, content: object, told: str
) -> None:
    save("orders", content)
    await eventually(lambda: bool(backend.notices.troubles))
    (trouble,) = backend.notices.troubles
    assert trouble.subject == "orders.schema.json" and told in trouble.text
    assert versions() == []
    save("orders", STRING)
    await eventually(lambda: len(versions()) == 1)
    await eventually(lambda: backend.notices.troubles == ())


async def test_the_same_schema_again_and_a_file_older_than_the_newest_version_change_nothing(
    backend: Coordinator, register: Connect, save: Save, versions: Versions
) -> None:
    save("orders", STRING)
    await eventually(lambda: len(versions()) == 1)
    path = save("orders", json.dumps(STRING, indent=4))
    bob = await register("bob")
    await bob.call("register_contract", name="orders", schema=INTEGER)
    os.utime(path, (1, 1))
    save("other", STRING)
    await eventually(lambda: ("default", "other", 1) in versions())
    save("another", STRING)  # a look of its own, after the one that saw the older file
    await eventually(lambda: ("default", "another", 1) in versions())
    assert [name for _, name, _ in versions()].count("orders") == 2


async def test_a_folder_that_goes_and_comes_back_is_looked_after_again(
    backend: Coordinator, folder: Path, save: Save, versions: Versions
) -> None:
    save("orders", STRING)
    await eventually(lambda: len(versions()) == 1)
    shutil.rmtree(folder)
    folder.mkdir()
    save("orders", INTEGER)
    await eventually(lambda: len(versions()) == 2)


async def test_what_lies_there_at_the_start_is_registered_if_it_is_new(
    settings: Settings, folder: Path, save: Save, versions: Versions
) -> None:
    save("orders", STRING)
    for _ in range(2):
        async with Coordinator.running(replace(settings, contracts=folder)):
            await eventually(lambda: len(versions()) == 1)


@pytest.mark.parametrize("name", [".hidden", "._orders", ".#orders", "", ".git/orders", "shop/._orders"])
async def test_what_editors_and_file_managers_keep_there_is_no_contract(
    backend: Coordinator, save: Save, versions: Versions, name: str
) -> None:
    save(name, STRING)
    save("orders", STRING)
    await eventually(lambda: bool(versions()))
    save("another", STRING)  # a look of its own, after the one that saw the hidden file
    await eventually(lambda: len(versions()) == 2)

    assert versions() == [("default", "orders", 1), ("default", "another", 1)]
    assert backend.notices.troubles == ()


@pytest.mark.usefixtures("backend")
async def test_a_file_system_that_takes_letters_apart_makes_no_second_contract(save: Save, versions: Versions) -> None:
    save("caf\u00e9", STRING)
    await eventually(lambda: len(versions()) == 1)
    save("cafe\u0301", INTEGER)
    await eventually(lambda: len(versions()) == 2)

    assert versions() == [("default", "caf\u00e9", 1), ("default", "caf\u00e9", 2)]


async def test_a_file_whose_name_is_no_name_is_told_of(backend: Coordinator, save: Save, versions: Versions) -> None:
    save("orders\u3164", STRING)
    await eventually(lambda: bool(backend.notices.troubles))

    assert "a contract name has 1 to 200 printable characters" in backend.notices.troubles[0].text
    assert versions() == []
