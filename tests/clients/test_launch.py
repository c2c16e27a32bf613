"""Command line and environment with which each client is started."""

import json
import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from xats_tui.clients.codex.launch import SECOND, has_remote
from xats_tui.clients.launch import with_own_server
from xats_tui.clients.registry import CODED_IDS, starter
from xats_tui.clients.spec import OwnServer
from xats_tui.core.model.launches import ClientStart, LaunchCommand, LaunchRequest

MEANS = LaunchCommand(program="/bin/it", bridge=("xats", "mcp"), hook=("xats", "hook"), port=4100, mark="m-1")
AS_QA = ["--name", "qa's", "--team", "shop", "--role", "tester"]


def wanted(client: str, *extra: str, **more: Any) -> LaunchRequest:
    return LaunchRequest(
        client=client, name="qa's", team="shop", role="tester", folder=Path("/shop"), extra=extra, **more
    )


def option(start: ClientStart, flag: str) -> str:
    """The value of a flag that is given as `FLAG=VALUE`."""
    return next(part.partition("=")[2] for part in start.command if part.startswith(f"{flag}="))


def configured(start: ClientStart) -> dict[str, Any]:
    """Return the settings passed to Codex with -c."""
    told = [value for flag, value in zip(start.command, start.command[1:], strict=False) if flag == "-c"]
    return tomllib.loads("\n".join(told))


def test_every_bridge_is_told_who_the_agent_is() -> None:
    claude = json.loads(option(starter("claude-code")(wanted("claude-code"), MEANS, {}), "--mcp-config"))["mcpServers"][
        "xats"
    ]
    codex = configured(starter("codex")(wanted("codex"), MEANS, {}))["mcp_servers"]["xats"]
    opencode = json.loads(starter("opencode")(wanted("opencode"), MEANS, {}).environment["OPENCODE_CONFIG_CONTENT"])[
        "mcp"
    ]["xats"]
    assert (claude["command"], claude["args"]) == ("xats", ["mcp", *AS_QA])
    assert (codex["command"], codex["args"], codex["env"]) == ("xats", ["mcp", *AS_QA], {"XATS_LAUNCH": "m-1"})
    assert opencode["command"] == ["xats", "mcp", *AS_QA] and opencode["enabled"] is True


@pytest.mark.parametrize("client", CODED_IDS)
def test_further_arguments_come_last_as_they_are(client: str) -> None:
    start = starter(client)(wanted(client, "a prompt; with 'marks'", "--flag"), MEANS, {})
    assert start.command[0] == "/bin/it"
    assert start.command[-2:] == ("a prompt; with 'marks'", "--flag")


def test_no_flag_before_them_swallows_a_prompt() -> None:
    command = starter("claude-code")(wanted("claude-code", "a prompt"), MEANS, {}).command
    assert not {"--mcp-config", "--allowedTools"} & set(command)


def test_only_the_coordinators_tools_are_allowed_and_not_even_they_if_it_is_to_ask() -> None:
    assert option(starter("claude-code")(wanted("claude-code"), MEANS, {}), "--allowedTools") == "mcp__xats"
    assert "approve" in str(configured(starter("codex")(wanted("codex"), MEANS, {})))
    asking = [starter(client)(wanted(client, asks_first=True), MEANS, {}) for client in ("claude-code", "codex")]
    assert not any("allowedTools" in part or "approve" in part for start in asking for part in start.command)


def test_settings_of_the_users_own_are_not_overruled() -> None:
    command = starter("claude-code")(wanted("claude-code", "--settings=mine.json"), MEANS, {}).command
    assert [part for part in command if part.startswith("--settings")] == ["--settings=mine.json"]
    hooks = json.loads(starter("claude-code")(wanted("claude-code"), MEANS, {}).command[-1])["hooks"]
    assert hooks["Stop"] == [{"hooks": [{"type": "command", "command": "xats hook --client claude-code"}]}]


def test_a_server_that_needs_a_password_gets_one_that_only_its_process_knows() -> None:
    login = OwnServer(username="MY_NAME", password="MY_PASSWORD", default_username="me", needs_password=True)
    start = with_own_server(ClientStart(command=("/usr/bin/env", "-0")), login, wanted("opencode"), MEANS)
    assert start.base_url == "http://127.0.0.1:4100" and start.environment == {}

    command = [part for part in start.command if part not in ("--port", "4100")]
    told = [
        subprocess.run(command, env={"PATH": "/usr/bin:/bin", **own}, capture_output=True, text=True, check=True).stdout
        for own in ({}, {}, {"MY_PASSWORD": "the user's"})
    ]
    found = [re.search(r"MY_PASSWORD=([^\0]*)", one) for one in told]
    made, other, own = [one[1] if one else "" for one in found]
    assert len(made) == len(other) == 64 and made != other and own == "the user's"
    assert with_own_server(start, login, wanted("opencode", "--port", "1"), MEANS) == start


def test_what_the_user_hands_to_opencode_in_the_environment_is_kept() -> None:
    mine = json.dumps({"theme": "nord", "mcp": {"other": {"type": "local"}, "xats": {"type": "remote", "url": "u"}}})
    start = starter("opencode")(wanted("opencode"), MEANS, {"OPENCODE_CONFIG_CONTENT": mine})
    content = json.loads(start.environment["OPENCODE_CONFIG_CONTENT"])
    assert content["theme"] == "nord" and content["mcp"]["other"] == {"type": "local"}
    assert content["mcp"]["xats"]["type"] == "local"


@pytest.mark.parametrize(
    ("extra", "base_url"),
    [
        ((), "http://127.0.0.1:4100"),
        (("--port", "4200"), ""),
        (("--prompt=hello",), ""),
        (("--continue",), ""),
    ],
)
def test_opencode_is_woken_through_its_server_unless_nobody_can_tell_its_session(
    extra: tuple[str, ...], base_url: str
) -> None:
    start = starter("opencode")(wanted("opencode", *extra), MEANS, {})
    assert start.base_url == base_url
    assert (start.command.count("--port"), "4100" in start.command) == (1, "4200" not in start.command)


def test_a_server_of_codex_own_has_the_same_configuration_and_is_told_to_the_bridge() -> None:
    script = starter("codex")(wanted("codex", "it's", app_server=True), MEANS, {}).command[-1]
    server, *_, codex = script.strip().splitlines()
    words = shlex.split(server.removesuffix(" >/dev/null 2>&1 &"))
    assert words[:4] == ["/bin/it", "app-server", "--listen", "ws://127.0.0.1:4100"]
    told = tomllib.loads(words[-1])["mcp_servers"]["xats"]["env"]
    assert told == {"XATS_LAUNCH": "m-1", "XATS_CODEX_URL": "ws://127.0.0.1:4100"}
    assert shlex.split(codex)[-3:] == ["--remote", "ws://127.0.0.1:4100", "it's"]


@pytest.mark.parametrize(
    ("config", "remote"),
    [
        ('[mcp_servers.xats]\nurl = "http://127.0.0.1:1/mcp"\n', True),
        ('[mcp_servers.xats]\ncommand = "xats-tui"\n', False),
        ('[mcp_servers.other]\nurl = "http://127.0.0.1:1/mcp"\n', False),
        ("mcp_servers = 3\n", False),
        ("no toml at all", False),
        ("", False),
    ],
)
def test_a_server_that_cannot_be_replaced_is_put_aside(tmp_path: Path, config: str, remote: bool) -> None:
    (tmp_path / "config.toml").write_text(config)
    assert has_remote(tmp_path / "nowhere", {"CODEX_HOME": str(tmp_path)}) is remote
    means = LaunchCommand(program="c", bridge=("xats",), hook=(), port=1, mark="m")
    told = configured(starter("codex")(wanted("codex"), means, {"CODEX_HOME": str(tmp_path)}))["mcp_servers"]
    assert (SECOND in told, told.get("xats", {}).get("enabled")) == ((True, False) if remote else (False, None))


def test_a_device_or_a_pipe_in_a_folder_holds_no_launch_up(tmp_path: Path) -> None:
    (tmp_path / ".codex").mkdir()
    os.mkfifo(tmp_path / ".codex/config.toml")

    assert not has_remote(tmp_path, {"CODEX_HOME": str(tmp_path / "none")})
