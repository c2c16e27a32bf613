"""Prompts, as an agent's program gets them: from a bridge and from the coordinator, early and late."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.backend.api.plain_http import INITIALIZE, browsing, open_session
from tests.mcp_bridge.host import bridge
from tests.mcp_bridge.test_first_answers import SLOW_MODULE
from xats_tui.backend.coordinator import Coordinator
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.prompts import listed
from xats_tui.runtime import pid_file

SHOWING = [spec.handshake for spec in CLIENTS.values() if spec.shows_prompts]

NOT_SHOWING = [spec.handshake for spec in CLIENTS.values() if not spec.shows_prompts] + ["some-client"]


def opening(client: str) -> dict[str, Any]:
    """The parameters of `initialize` of a client."""
    return {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": client, "version": "1"}}


def says(answer: dict[str, Any]) -> str:
    """The text that the model gets of a prompt."""
    return str(answer["messages"][0]["content"]["text"])


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("client", [*SHOWING, NOT_SHOWING[0], NOT_SHOWING[-1]])
async def test_prompts_are_claimed_only_where_the_client_shows_them(home: Path, client: str) -> None:
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            greeting = (await host.request("initialize", **opening(client)))["result"]
    assert greeting["capabilities"].get("prompts") == ({} if client in SHOWING else None)
    assert greeting["capabilities"]["tools"] == {"listChanged": True}


@pytest.mark.slow
async def test_an_early_answer_claims_what_a_later_one_does(home: Path, tmp_path: Path) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / "typer.py").write_text(SLOW_MODULE.format(name="typer"))
    async with bridge(home, "--port", "0", PYTHONPATH=str(folder)) as host:
        early = await host.request("initialize", **opening(SHOWING[0]))
        (folder / "go on").touch()
        later = await host.request("initialize", **opening(SHOWING[0]))
    assert early["result"]["capabilities"] == later["result"]["capabilities"]
    assert early["result"]["capabilities"]["prompts"] == {}


@pytest.mark.slow
async def test_a_bridge_answers_prompts_without_a_coordinator(home: Path) -> None:
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            await host.request("initialize", **opening(SHOWING[0]))
            offered = (await host.request("prompts/list"))["result"]["prompts"]
            got = await host.request("prompts/get", name="register", arguments={"name": "ann", "team": "shop"})
            inbox = await host.request("prompts/get", name="inbox")
            refused = await host.request("prompts/get", name="nonsense")
    assert offered == listed()
    assert "name: ann\nteam: shop" in says(got["result"]) and "get_inbox" in says(inbox["result"])
    assert refused["error"]["code"] == -32602 and "register, inbox, board" in refused["error"]["message"]


@pytest.mark.slow
@pytest.mark.parametrize("method", ["prompts/list", "prompts/get"])
async def test_a_client_that_was_told_of_no_prompts_gets_none(home: Path, backend: Coordinator, method: str) -> None:
    asked = {"jsonrpc": "2.0", "id": 5, "method": method, "params": {"name": "inbox"}}
    async with browsing(backend) as http:
        session = await open_session(http)
        over_http = json.loads((await http.post("/mcp", json=asked, headers=session)).text.split("data: ")[1])
    with pid_file.held(home / "daemon.pid"):
        async with bridge(home) as host:
            await host.request("initialize", **opening(NOT_SHOWING[-1]))
            over_stdio = await host.request(method, name="inbox")
    assert [answer["error"]["code"] for answer in (over_http, over_stdio)] == [-32601, -32601]


async def test_the_coordinator_answers_prompts_over_http(backend: Coordinator) -> None:
    async with browsing(backend) as http:

        async def ask(method: str, **params: Any) -> dict[str, Any]:
            body = {"jsonrpc": "2.0", "id": 5, "method": method, "params": params}
            answer = await http.post("/mcp", json=body, headers=session)
            found: dict[str, Any] = json.loads(answer.text.split("data: ")[1])
            return found

        session = await open_session(http, SHOWING[0])
        offered = (await ask("prompts/list"))["result"]["prompts"]
        got = (await ask("prompts/get", name="register", arguments={"name": "ann"}))["result"]
        refused = (await ask("prompts/get", name="nonsense"))["error"]
        claims = {}
        for client in (*SHOWING, *NOT_SHOWING):
            hello = await http.post("/mcp", json={**INITIALIZE, "params": opening(client)})
            claims[client] = json.loads(hello.text.split("data: ")[1])["result"]["capabilities"]
    assert offered == listed() and "name: ann" in says(got)
    assert refused["code"] == -32602 and "register, inbox, board" in refused["message"]
    assert {client for client, claimed in claims.items() if "prompts" in claimed} == set(SHOWING)


def test_a_bridge_listens_to_its_host_before_it_knows_the_clients() -> None:
    script = "import sys, xats_tui.mcp_bridge.host.early; print('xats_tui.clients.registry' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )
