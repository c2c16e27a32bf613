"""A Codex agent with its thread: the handshake with its app-server, and everything that it can end with."""

import uuid
from typing import Any

from tests.wire.codex_server import OTHER_THREAD, THREAD, codex_server
from tests.wire.coordinator import CODEX_PORT, TOKEN, TOKEN_NAME, TOKEN_NOT_SET
from tests.wire.processes import SLEEP
from tests.wire.producers import shows
from tests.wire.scenarios.agents import listed
from tests.wire.scenarios.registration import BOUND, rows
from tests.wire.shapes import REGISTERED, exactly
from tests.wire.world import World

AS_CODEX: dict[str, dict[str, Any]] = {"register_agent": {"client": "codex", "model": "m"}, "register_codex_self": {}}

REGISTERED_CODEX = REGISTERED | {"thread_id", "ws_url"}

REFUSED = {"code": -32600, "message": "no such thread"}


async def refused(world: World, tool: str, **fields: Any) -> dict[str, Any]:
    """Try a registration and return its refusal, after checking that nothing was stored."""
    nobody = await world.nobody()
    answer = await nobody.call(tool, **AS_CODEX[tool], name="bob", team=world.team, **fields)
    assert "error" in answer, answer
    assert rows(world) == 0
    assert await nobody.call("list_agents") == {"error": "unknown_agent"}
    return answer


def with_its_thread(tool: str) -> Any:
    async def scenario(world: World) -> None:
        nobody = await world.nobody()
        async with codex_server(CODEX_PORT) as server:
            answer = await nobody.call(
                tool,
                **AS_CODEX[tool],
                name="bob",
                team=world.team,
                thread_id=f" {THREAD} ",
                ws_url=f" {server.url} ",
                auth_token_ref=TOKEN_NAME,
            )
        exactly(answer, REGISTERED_CODEX, maybe=BOUND)
        assert (answer["thread_id"], answer["ws_url"]) == (THREAD, server.url)
        assert set(server.authorizations) == {f"Bearer {TOKEN}"}
        asked = [method for method, _ in server.asked]
        assert asked[:2] == ["initialize", "initialized"]
        assert ("thread/resume", THREAD) in [
            (method, (params or {}).get("threadId")) for method, params in server.asked
        ]
        agent = (await listed(nobody))["bob"]
        assert agent["delivery"] == {"kind": "codex-appserver"}
        assert agent["model"] == ("m" if tool == "register_agent" else "gpt")

    return scenario


def missing_auth_token(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server(CODEX_PORT) as server:
            answer = await refused(world, tool, thread_id=THREAD, ws_url=server.url, auth_token_ref=TOKEN_NOT_SET)
        assert answer == {"error": "missing_auth_token", "detail": {"ref": TOKEN_NOT_SET}}

    return scenario


def unreachable(tool: str) -> Any:
    async def scenario(world: World) -> None:
        url = "ws://127.0.0.1:1"
        answer = await refused(world, tool, thread_id=THREAD, ws_url=url)
        exactly(answer, {"error", "detail"})
        exactly(answer["detail"], {"expected", "reason", "ws_url", "cause"})
        assert answer["error"] == "unsupported_client"
        assert answer["detail"] == answer["detail"] | {
            "expected": "codex",
            "reason": "codex_appserver_unreachable",
            "ws_url": url,
        }
        assert isinstance(answer["detail"]["cause"], str)

    return scenario


def no_protocol(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            server.refused["initialize"] = REFUSED
            answer = await refused(world, tool, thread_id=THREAD, ws_url=server.url)
            reason = {"expected": "codex", "reason": "codex_protocol_unavailable", "ws_url": server.url}
            assert answer == {"error": "unsupported_client", "detail": {**reason, "cause": REFUSED}}
        async with codex_server() as server:
            server.hung_up_at = "initialize"
            answer = await refused(world, tool, thread_id=THREAD, ws_url=server.url)
            assert answer["detail"]["reason"] == "codex_protocol_unavailable"
            assert "1011" in answer["detail"]["cause"]

    return scenario


def list_failed(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            server.refused["thread/loaded/list"] = REFUSED
            answer = await refused(world, tool, ws_url=server.url)
            assert answer == {"error": "codex_loaded_list_failed", "detail": REFUSED}

    return scenario


def no_loaded_threads(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            for server.loaded in ([], [1, None, {}]):
                answer = await refused(world, tool, ws_url=server.url)
                assert answer == {"error": "no_loaded_threads", "detail": {"ws_url": server.url}}
            assert ("thread/loaded/list", {"cursor": None, "limit": 20}) in server.asked

    return scenario


def thread_id_required(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            server.loaded = [THREAD, 7, OTHER_THREAD]
            answer = await refused(world, tool, ws_url=server.url)
            detail = {"ws_url": server.url, "thread_ids": [THREAD, OTHER_THREAD]}
            assert answer == {"error": "thread_id_required", "detail": detail}

    return scenario


def one_resume_failed(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            server.refused = {"thread/resume": REFUSED, "thread/read": REFUSED}
            answer = await refused(world, tool, thread_id=THREAD, ws_url=server.url)
            detail = {"thread_id": THREAD, "cause": REFUSED}
            assert answer == {"error": "codex_resume_failed", "detail": detail}

    return scenario


def every_resume_failed(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            server.loaded = [THREAD, OTHER_THREAD]
            server.refused = {"thread/resume": REFUSED, "thread/read": REFUSED}
            answer = await refused(world, tool, ws_url=server.url)
            detail = [{"thread_id": thread, "detail": REFUSED} for thread in server.loaded]
            assert answer == {"error": "codex_resume_failed", "detail": detail}

    return scenario


def no_thread_id(tool: str) -> Any:
    async def scenario(world: World) -> None:
        async with codex_server() as server:
            answer = await refused(world, tool, thread_id="no-uuid", ws_url=server.url)
            assert answer == {"error": "invalid_delivery", "reason": "invalid_thread_id"}

    return scenario


SCENARIOS_OF_BOTH = {
    "missing_auth_token": missing_auth_token,
    "unsupported_client: unreachable": unreachable,
    "unsupported_client: no Codex protocol": no_protocol,
    "codex_loaded_list_failed": list_failed,
    "no_loaded_threads": no_loaded_threads,
    "thread_id_required": thread_id_required,
    "codex_resume_failed: the thread that was named": one_resume_failed,
    "codex_resume_failed: every loaded thread": every_resume_failed,
    "invalid_delivery: a thread id that is none": no_thread_id,
}
for _tool in AS_CODEX:
    for _outcome, _make in SCENARIOS_OF_BOTH.items():
        shows(_tool, _outcome)(_make(_tool))
shows("register_agent", "ok: a Codex agent with its thread")(with_its_thread("register_agent"))
shows("register_codex_self", "ok: with its thread")(with_its_thread("register_codex_self"))


@shows("register_codex_self", "ok: the URL of the environment")
async def the_url_of_the_environment(world: World) -> None:
    nobody = await world.nobody()
    async with codex_server(CODEX_PORT) as server:
        answer = await nobody.call("register_codex_self", name="bob", team=world.team, thread_id=THREAD)
    exactly(answer, REGISTERED_CODEX)
    assert (answer["thread_id"], answer["ws_url"]) == (THREAD, server.url)
    assert None in server.authorizations  # an agent of another scenario may have come with its token


@shows("register_agent", "ok: a Codex agent by its pre-registered pane")
async def a_pre_registered_codex(world: World) -> None:
    nobody, xats_agent_id = await world.nobody(), str(uuid.uuid4())
    told = ["--remote", "ws://127.0.0.1:1", "-c", f'xats.agent_id="{xats_agent_id}"']
    pane = world.pane([world.tmux.called("codex"), "-c", SLEEP, *told])
    await world.tmux.wait_until(lambda: world.tmux.formats(pane.pane_id, "pane_current_command") == ["codex"])
    await nobody.call("pre_register_codex_pane", pane_id=pane.pane_id, xats_agent_id=xats_agent_id)
    answer = await nobody.call("register_agent", **world.registration("bob", client="codex"))

    exactly(answer, REGISTERED, maybe=BOUND)
    (row,) = world.sql(
        "SELECT tmux_pane_id, runtime_ui_pid, runtime_verification_mode FROM agents WHERE agent_id = ?",
        answer["agent_id"],
    )
    assert row == (pane.pane_id, pane.pid, "verified_pid_tty_pane")
    left = world.sql("SELECT 1 FROM codex_pane_pre_registrations WHERE pane_id = ?", pane.pane_id)
    assert left == []
