"""A contract is data: nothing in it is fetched, and no pattern in it is ever run."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Connect
from tests.patience import PATIENCE
from xats_tui.backend.services.contracts import book

PATTERN, VICTIM = "^(a+)+$", "a" * 64 + "!"
"""A pattern, and a text for which a search for it would take years."""


@asynccontextmanager
async def listener() -> AsyncIterator[tuple[int, list[str]]]:
    """A port of this machine, and who has come to it."""
    came: list[str] = []

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(str(writer.get_extra_info("peername")))
        writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], came


async def test_no_reference_is_ever_looked_up(register: Connect, tmp_path: Path) -> None:
    alice = await register("alice")
    secret = tmp_path / "secret.json"
    secret.write_text('{"type": "SECRET"}')
    async with listener() as (port, came):
        there = f"http://127.0.0.1:{port}/schema.json"
        schemas = [
            {"$ref": there},
            {"$schema": there, "$id": there, "allOf": [{"$ref": "other.json"}, {"$dynamicRef": there + "#a"}]},
            {"$ref": secret.as_uri(), "properties": {"a": {"$ref": f"file://{secret}"}}},
            {"$schema": "http://json-schema.org/draft-04/schema#", "id": there, "extends": {"$ref": "#/x"}},
        ]
        answers = [await alice.call("register_contract", name="x", schema=schema) for schema in schemas]
        answers.append(await alice.call("diff_contracts", name="x", from_version=1, to_version=4))

    assert [answer.get("version") for answer in answers[:4]] == [1, 2, 3, 4]
    assert "SECRET" not in str(answers)
    assert came == []


async def test_no_pattern_is_ever_run(register: Connect) -> None:
    alice = await register("alice")
    for values in ([VICTIM], [VICTIM, "b"], [VICTIM + "b"]):
        schema = {
            "type": "object",
            "properties": {VICTIM: {"enum": values, "pattern": PATTERN}},
            "patternProperties": {PATTERN: {"pattern": PATTERN}},
            "propertyNames": {"pattern": PATTERN},
            "additionalProperties": {"const": VICTIM},
        }
        assert "error" not in await alice.call("register_contract", name="x", schema=schema)  # run, it takes hours


async def test_nobody_waits_while_two_schemas_are_compared(register: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    alice, bob = await register("alice"), await register("bob")
    changes, may_end = book._changes, threading.Event()

    def takes_long(old: Any, new: Any) -> Any:
        assert may_end.wait(PATIENCE)
        return changes(old, new)

    monkeypatch.setattr(book, "_changes", takes_long)
    await alice.call("register_contract", name="x", schema={"type": "string"})
    comparing = asyncio.create_task(alice.call("register_contract", name="x", schema={"type": "number"}))
    try:
        async with asyncio.timeout(PATIENCE):
            for number in range(20):
                assert "task_id" in await bob.call("task_add", title=str(number))
        assert not comparing.done()
    finally:
        may_end.set()

    assert (await comparing)["version"] == 2


async def test_of_schemas_that_are_compared_at_once_each_becomes_a_version(register: Connect) -> None:
    agents = [await register(f"agent {number}") for number in range(4)]
    schemas = [{"const": number} for number in range(4)]
    pairs = zip(agents, schemas, strict=True)

    answers = await asyncio.gather(*(one.call("register_contract", name="x", schema=schema) for one, schema in pairs))

    assert sorted(answer["version"] for answer in answers) == [1, 2, 3, 4]
