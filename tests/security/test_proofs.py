"""Secrets go to the coordinator and to nobody else: whatever listens in its place is asked for a proof first."""

import asyncio
import json
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import pytest

from tests.backend.api.plain_http import browsing
from tests.commands.processes import daemon, xats
from tests.mcp_bridge.host import ScriptedHost, bridge
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Settings

SECRET = "not-a-real-token"

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter, list[bytes]], Awaitable[None]]


@asynccontextmanager
async def stranger(play: Play) -> AsyncIterator[tuple[int, list[bytes]]]:
    """A program that listens where a coordinator is expected; its port, and all that it heard."""
    heard: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await play(reader, writer, heard)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # whoever asked has heard enough
        finally:
            writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1], heard


async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[bytes]) -> None:
    heard.append(await reader.read(65536))


def answering(body: str) -> Play:
    """Answer every request with 200 and this."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[bytes]) -> None:
        while data := await reader.read(65536):
            heard.append(data)
            writer.write(f"HTTP/1.1 200 OK\r\ncontent-length: {len(body)}\r\n\r\n{body}".encode())

    return play


async def never_ends(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[bytes]) -> None:
    heard.append(await reader.read(65536))
    while True:
        writer.write(b"x: y\r\n" * 1000)
        await writer.drain()


def relaying(port: int) -> Play:
    """Pass everything on to the real coordinator and back."""

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, heard: list[bytes]) -> None:
        there, back = await asyncio.open_connection("127.0.0.1", port)

        async def answers() -> None:
            while data := await there.read(65536):
                writer.write(data)

        answering = asyncio.create_task(answers())
        while data := await reader.read(65536):
            heard.append(data)
            back.write(data)
        answering.cancel()
        back.close()

    return play


@asynccontextmanager
async def lonely_bridge(home: Path, port: int) -> AsyncIterator[ScriptedHost]:
    """A bridge with a token and a port to look at, which starts no coordinator of its own."""
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home, "--port", str(port), XATS_TOKEN=SECRET) as host:
            yield host


STRANGERS = {
    "hangs up": hang_up,
    "answers 200": answering('{"ok": true, "version": "0.1.0"}'),
    "makes proofs up": answering(json.dumps({"proofs": ["", "0" * 64, 7]})),
    "answers no JSON": answering("<html>"),
    "nests without end": answering("[" * 8000),
    "never ends": never_ends,
}


@pytest.mark.slow
@pytest.mark.parametrize("play", STRANGERS.values(), ids=list(STRANGERS))
async def test_the_bridge_gives_its_token_to_no_stranger(tmp_path: Path, play: Play) -> None:
    async with stranger(play) as (port, heard), lonely_bridge(tmp_path, port) as host:
        await host.shake_hands()
        said = await host.call("echo", msg="x")

    assert "cannot be reached" in said
    requests = [request for request in heard if request]  # a bridge may end before it has asked
    assert requests
    assert SECRET.encode() not in b"".join(requests)
    assert all(b"challenge=" in request for request in requests)


async def test_a_program_that_passes_on_to_the_coordinator_proves_nothing_and_the_coordinator_itself_does(
    tmp_path: Path,
) -> None:
    with daemon(tmp_path / "real", "--token", SECRET) as (_, port):
        async with stranger(relaying(port)) as (between, heard):
            async with lonely_bridge(tmp_path / "mine", between) as host:
                await host.shake_hands()
                assert "does not prove that it is the coordinator" in await host.call("echo", msg="x")
            assert heard
            assert SECRET.encode() not in b"".join(heard)
        async with lonely_bridge(tmp_path / "other", port) as host:
            await host.shake_hands()
            assert (await host.call("echo", msg="x"))["msg"] == "x"


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("command", [("status",), ("hook",)], ids=["operator", "hook"])
async def test_no_command_gives_a_secret_to_what_has_taken_the_port_of_a_coordinator_that_ends(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    (tmp_path / "operator.token").write_text(SECRET)
    (tmp_path / "coordinator.key").write_text("key")
    async with stranger(answering('{"ok": true}')) as (port, heard):
        with pid_file.held(tmp_path / "daemon.pid") as holding:
            holding.write(PidRecord(pid=os.getpid(), port=port, hook_key="opens-hooks-only"))
            await asyncio.to_thread(xats, *command, XATS_HOME=str(tmp_path), XATS_TOKEN=SECRET)

    assert heard
    assert SECRET.encode() not in b"".join(heard)


async def test_the_coordinator_proves_itself_only_under_its_own_name(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend, browsing(backend) as http:
        mode = settings.proof_key_path.stat().st_mode
        plain = await http.get("/health")
        asked = await http.get("/health", params={"challenge": "abc"})
        rebound = await http.get("/health", params={"challenge": "abc"}, headers={"host": "evil.example"})
        long = await http.get("/health", params={"challenge": "a" * 1000})

    assert stat.S_IMODE(mode) == 0o600
    assert "proofs" not in plain.json()
    assert "proofs" not in long.json()
    (proof,) = asked.json()["proofs"]
    assert len(proof) == 64
    assert rebound.status_code == 421


async def test_a_proof_holds_on_its_own_connection_only(settings: Settings) -> None:
    async with Coordinator.running(settings) as backend:
        proofs = set()
        for _ in range(3):
            async with httpx2.AsyncClient(base_url=f"http://127.0.0.1:{backend.port}", trust_env=False) as http:
                proofs.update((await http.get("/health", params={"challenge": "abc"})).json()["proofs"])

    assert len(proofs) == 3
