"""Defaults that the bridge adds to registrations, and its versions of the registration tools."""

from typing import Any

import pytest

from xats_tui.core.call_meta import FOLDER
from xats_tui.core.records import replace
from xats_tui.mcp_bridge.identity import Identity
from xats_tui.mcp_bridge.instructions import instructions
from xats_tui.mcp_bridge.registration_defaults import RegistrationDefaults, RequestedIdentity, simplified

CLAUDE = Identity(
    client="claude-code",
    evidence="parent process 10, claude",
    name="claude-code",
    version="2.1",
    ui_pid=10,
    pane="%5",
    tmux_socket="/tmp/tmux-1/work",
    project_dir="/work/shop",
    host_session="s-1",
)
CODEX = replace(CLAUDE, client="codex", name="codex-mcp-client", ui_pid=None, host_session=None)
HARNESS = replace(CLAUDE, client="custom", name="harness", version="", host_session=None)

FIELDS = ("client", "model", "name", "role", "team", "project_dir", "client_name", "ui_pid")


def tool(name: str, fields: tuple[str, ...], required: tuple[str, ...]) -> dict[str, Any]:
    schema = {"type": "object", "properties": {field: {"description": field} for field in fields}}
    return {"name": name, "description": "Register.", "inputSchema": {**schema, "required": list(required)}}


OFFERED = [
    tool("register_agent", FIELDS, ("client", "model", "name")),
    tool("register_claude_self", ("name", "ui_pid", "model"), ("name",)),
    tool("register_codex_self", ("name", "thread_id", "model"), ("name",)),
    tool("send_message", ("client", "body"), ("client", "body")),
]


def arguments(
    identity: Identity, tool_name: str = "register_agent", meta: dict[str, Any] | None = None, **given: Any
) -> dict[str, Any]:
    """The arguments that reach the coordinator."""
    call = {"name": tool_name, "arguments": given, "_meta": meta or {}}
    completed: dict[str, Any] = RegistrationDefaults(identity=identity).completed(call, OFFERED)["arguments"]
    return completed


def test_a_name_is_enough() -> None:
    assert arguments(CLAUDE, name="a") == {
        "name": "a",
        "client": "claude-code",
        "model": "claude-code 2.1",
        "project_dir": "/work/shop",
        "ui_pid": 10,
    }


def test_codex_is_known_by_its_thread_and_by_no_process() -> None:
    meta = {"threadId": "th", "x-codex-turn-metadata": {"model": "gpt-5"}}
    filled = arguments(CODEX, meta=meta, name="a")
    assert filled == {"name": "a", "client": "codex", "model": "gpt-5", "project_dir": "/work/shop"}
    assert arguments(CODEX, "register_codex_self", meta, name="a") == {"name": "a", "model": "gpt-5", "thread_id": "th"}


def test_a_client_that_a_manifest_describes_is_told_as_every_coordinator_accepts_it() -> None:
    qwen = replace(HARNESS, client="qwen", name="qwen-cli-mcp-client-mail")
    filled = arguments(qwen, name="a")
    assert (filled["client"], filled["client_name"]) == ("custom", "qwen-cli-mcp-client-mail")
    named = arguments(qwen, name="a", client="qwen")
    assert (named["client"], named["client_name"], named["ui_pid"]) == ("qwen", "qwen-cli-mcp-client-mail", 10)


def test_a_custom_client_is_named_and_its_pane_left_to_the_coordinator() -> None:
    filled = arguments(HARNESS, name="a")
    assert (filled["client"], filled["client_name"], "ui_pid" in filled) == ("custom", "harness", False)
    assert RegistrationDefaults(identity=HARNESS).claims["xats/ui"] == {"pid": 10, "pane": "%5"}


def test_what_a_host_sends_for_nothing_is_filled_in_as_if_it_were_left_out() -> None:
    nothing: dict[str, Any] = {"client": "", "model": None, "project_dir": "", "ui_pid": None, "client_name": ""}
    assert arguments(CLAUDE, name="a", **nothing) == arguments(CLAUDE, name="a") | {"client_name": ""}


def test_what_the_model_says_stays() -> None:
    said: dict[str, Any] = {"name": "a", "client": "claude-code", "model": "m", "project_dir": "/else", "ui_pid": 3}
    assert arguments(CLAUDE, **said) == said
    assert "project_dir" not in arguments(CLAUDE, name="a", team="t")
    assert arguments(CLAUDE, name="a", team="  ")["project_dir"] == "/work/shop"


def test_a_program_that_serves_several_windows_is_in_no_folder_but_the_one_that_the_model_names() -> None:
    hub = replace(CLAUDE, client="cline", name="@cline/core", ui_pid=None, host_session=None)
    assert "project_dir" not in arguments(hub, name="a")

    call = {"name": "register_agent", "arguments": {"name": "a", "project_dir": "/work/till"}, "_meta": {"own": 1}}
    completed = RegistrationDefaults(identity=hub).completed(call, OFFERED)
    assert completed["_meta"] == {"own": 1, FOLDER: "/work/till"}
    assert RegistrationDefaults(identity=CLAUDE).completed(call, OFFERED)["_meta"] == {"own": 1}


def test_a_model_that_says_it_runs_elsewhere_gets_no_process_of_ours() -> None:
    assert "ui_pid" not in arguments(CLAUDE, name="a", client="opencode")
    assert arguments(CLAUDE, name="a", client_name="wrapper")["client"] == "custom"
    assert arguments(HARNESS, "register_claude_self", name="a") == {"name": "a", "model": "harness"}


def test_only_arguments_that_the_coordinator_offers_are_filled_in() -> None:
    call = {"name": "register_agent", "arguments": {"name": "a"}}
    introduction = RegistrationDefaults(identity=CLAUDE)
    assert introduction.completed(call, [tool("register_agent", ("name", "client"), ())])["arguments"] == {
        "name": "a",
        "client": "claude-code",
    }
    assert introduction.completed(call, [])["arguments"] == {"name": "a"}


def test_the_team_and_role_of_the_configuration_hold_where_the_model_names_none() -> None:
    introduction = RegistrationDefaults(identity=CLAUDE, wish=RequestedIdentity(team="shop", role="qa"))
    plain = introduction.completed({"name": "register_agent", "arguments": {"name": "a"}}, OFFERED)["arguments"]
    assert (plain["team"], plain["role"], "project_dir" in plain) == ("shop", "qa", False)
    other = introduction.completed({"name": "register_agent", "arguments": {"name": "a", "team": "x"}}, OFFERED)
    assert other["arguments"]["team"] == "x"


def test_every_call_says_where_the_host_lives() -> None:
    assert RegistrationDefaults(identity=CLAUDE, channel="c-1").claims == {
        "xats/host_session": "s-1",
        "xats/host_program": "claude-code 2.1",
        "xats/tmux_socket": "/tmp/tmux-1/work",
        "xats/ui": {"pid": 10, "pane": "%5"},
        "xats/channel": "c-1",
    }


def test_the_tools_that_register_ask_for_the_name_only() -> None:
    register, _, _, other = simplified(OFFERED)
    assert register["inputSchema"]["required"] == ["name"]
    assert register["inputSchema"]["properties"] == OFFERED[0]["inputSchema"]["properties"]
    assert register["description"].startswith("Register. ")
    assert other == OFFERED[3]


def test_an_argument_that_a_newer_coordinator_requires_is_still_asked_for() -> None:
    (offered,) = simplified([tool("register_agent", ("name", "client", "fare"), ("name", "client", "fare"))])
    assert offered["inputSchema"]["required"] == ["name", "fare"]


def answer(text: str, **fields: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], **fields}


@pytest.mark.parametrize(
    ("told", "sentence"),
    [
        (None, "You are being registered as a: "),
        (answer('{"agent_id": "x", "team": "shop"}'), "You are registered as a@shop: "),
        (answer('{"error": "invalid_name", "detail": "too odd"}'), "a was refused (invalid_name: too odd)"),
        (answer("client: wrong", isError=True), "a was refused (client: wrong)"),
    ],
)
def test_the_greeting_tells_what_became_of_the_registration(told: dict[str, Any] | None, sentence: str) -> None:
    assert sentence in instructions(None, RequestedIdentity(name="a"), told)


def test_the_greeting_tells_of_a_coordinator_of_another_version_only() -> None:
    other = {"instructions": "Hi.", "serverInfo": {"name": "xats-tui", "version": "0.0.0"}}
    assert "The coordinator is version 0.0.0" in instructions(other, RequestedIdentity(), None)
    assert "The coordinator is version" not in instructions(None, RequestedIdentity(), None)
