"""A contract is data: nothing in it is fetched, and no pattern in it is ever run."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.conftest import Connect

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
