"""The bridge's report about its host, from parent processes, the handshake and the environment."""

import os

import pytest

from xats_tui.mcp_bridge.identity import Ancestor, Identity, ancestors, identify

SHELL = ("bash", "--norc", "-i")
TMUX_SERVER = ("tmux", "new-session", "-d", "claude")


def above(*commands: tuple[str, ...], tty: str | None = "/dev/pts/7") -> list[Ancestor]:
    """Processes above a bridge, the nearest first, with the pids 10, 11, …"""
    return [Ancestor(pid=pid, command=command, tty=tty) for pid, command in enumerate(commands, 10)]


def identified(
    *commands: tuple[str, ...], said: str = "", version: str = "", tty: str | None = "/dev/pts/7", **environment: str
) -> Identity:
    info = {"name": said, "version": version} if said else {}
    return identify(above(*commands, tty=tty), info, environment, "/work/shop")


CLAUDE = ("claude", "--mcp-config", "mcp.json")
OPENCODE = ("/opt/opencode/bin/opencode",)
CODEX_DAEMON = ("/home/me/.codex/bin/codex", "app-server", "--listen", "unix://")
CODEX = ("node", "/usr/bin/codex")
HARNESS = ("python3.11", "/opt/harness.py")


@pytest.mark.parametrize(
    ("commands", "said", "client", "ui_pid"),
    [
        ((CLAUDE, SHELL, TMUX_SERVER), "claude-code", "claude-code", 10),
        ((OPENCODE, SHELL), "opencode", "opencode", 10),
        ((CODEX_DAEMON, CODEX, SHELL), "codex-mcp-client", "codex", None),
        ((CODEX_DAEMON,), "codex-mcp-client", "codex", None),
        ((("/x/bin/codex", "-c", "model=m"), (*CODEX, "-c", "model=m"), SHELL), "codex-mcp-client", "codex", 10),
        (
            (("bash", "-c", "xats-tui mcp"), ("node", "/usr/bin/npx", "x"), CLAUDE, SHELL),
            "claude-code",
            "claude-code",
            12,
        ),
        ((("uv", "run", "xats-tui", "mcp"), ("node", "/usr/lib/opencode.js")), "opencode", "opencode", 11),
        ((HARNESS, SHELL, CLAUDE, SHELL), "harness", "custom", 10),
        ((HARNESS, SHELL, CLAUDE, SHELL), "", "custom", 10),
        ((OPENCODE, SHELL, CLAUDE, SHELL), "opencode", "opencode", 10),
        ((("node", "/x/cli.mjs"), SHELL), "claude-code", "claude-code", 10),
        ((("node", "/x/cli.mjs"), SHELL), "", "custom", 10),
        ((("2.1.332",), SHELL), "claude-code", "claude-code", 10),
        ((("/home/me/.local/share/claude/versions/2.1.332",), SHELL), "", "claude-code", 10),
        ((("/nix/store/x/bin/.claude-wrapped",), SHELL), "", "claude-code", 10),
        ((("/npm/@anthropic-ai/claude-code/bin/claude.exe",), SHELL), "claude-code", "claude-code", 10),
        ((("node", "-W", "x", "claude"), SHELL), "claude-code", "claude-code", 10),
        ((CLAUDE, ("timeout", "9h", "claude"), ("nice", "sudo", "claude"), SHELL), "claude-code", "claude-code", 10),
        ((HARNESS, SHELL, CLAUDE, SHELL), "claude-code", "claude-code", 10),
        ((("tail", "-f", "claude"), SHELL), "", "custom", 10),
        ((("python3", "-m", "x", "codex"), SHELL), "claude-ai", "custom", 10),
        ((), "", "custom", None),
    ],
)
def test_the_client_is_the_program_above_or_else_what_it_says_of_itself(
    commands: tuple[tuple[str, ...], ...], said: str, client: str, ui_pid: int | None
) -> None:
    found = identified(*commands, said=said)
    assert (found.client, found.ui_pid) == (client, ui_pid)
    assert found.evidence


def test_a_codex_without_a_terminal_is_no_user_interface() -> None:
    assert identified(CODEX, said="codex-mcp-client", tty=None).ui_pid is None


def test_a_variable_that_is_inherited_by_everything_below_a_client_counts_only_where_nothing_else_speaks() -> None:
    assert identified(HARNESS, said="harness", CLAUDECODE="1").client == "custom"
    assert identified(OPENCODE, CLAUDECODE="1").client == "opencode"
    assert identified(CLAUDECODE="1").client == "claude-code"
    assert identified(OPENCODE="1").client == "opencode"


@pytest.mark.parametrize(
    ("command", "said", "client"),
    [
        (("node", "/usr/bin/gemini"), "gemini-cli-mcp-client", "gemini"),
        (("node", "/npm/node_modules/@qwen-code/qwen-code/cli.js"), "qwen-cli-mcp-client-mail", "qwen"),
        (("/usr/bin/copilot",), "copilot-cli", "copilot"),
        (("pi",), "pi", "pi"),
        (("droid", "exec", "--input-format", "stream-jsonrpc"), "factory-cli", "droid"),
        (("/opt/kilo/bin/kilo",), "kilo", "kilo"),
        (("node", "/x/cli.mjs"), "kilo", "kilo"),
        (("goose", "session"), "", "goose"),
    ],
)
def test_a_client_that_a_manifest_describes_is_recognised(command: tuple[str, ...], said: str, client: str) -> None:
    found = identified(command, SHELL, said=said, OPENCODE="1")
    assert (found.client, found.ui_pid) == (client, 10)


def test_a_hub_that_serves_all_windows_of_a_client_is_no_user_interface() -> None:
    hub = ("cline", "--cline-hub-daemon", "--port", "25463")
    found = identified(hub, said="@cline/core", tty=None)
    assert (found.client, found.ui_pid) == ("cline", None)


def test_the_session_that_a_client_names_to_its_servers_is_told() -> None:
    found = identified(("/usr/bin/copilot",), said="copilot-cli", COPILOT_AGENT_SESSION_ID="s-7")
    assert found.host_session == "s-7"


def test_what_a_custom_program_is_called_is_what_it_says_or_else_its_script() -> None:
    assert identified(HARNESS, said="My Harness", version="3").model == "My Harness 3"
    assert identified(HARNESS).name == "harness"
    assert len(identified(("python3", "-c", "x" * 500)).name) <= 64


@pytest.mark.parametrize(
    ("command", "is_check"),
    [
        (("claude", "mcp", "list"), True),
        (("node", "/usr/bin/codex", "mcp", "list"), True),
        (("opencode.exe", "--print-logs", "mcp", "ls"), True),
        (("claude", "--mcp-config", "mcp.json"), False),
        (("claude", "-p", "explain mcp"), False),
    ],
)
def test_a_program_that_only_looks_after_its_servers_is_no_agent(command: tuple[str, ...], is_check: bool) -> None:
    assert identified(("sh", "-c", "xats-tui mcp"), command, SHELL).is_check is is_check


def test_a_custom_program_without_a_terminal_has_no_user_interface() -> None:
    assert identified(HARNESS, tty=None).ui_pid is None


def test_the_pane_and_the_server_are_those_of_the_environment() -> None:
    found = identified(CLAUDE, TMUX="/tmp/tmux-1/work,77,0", TMUX_PANE="%5")
    assert (found.pane, found.tmux_socket) == ("%5", "/tmp/tmux-1/work")
    outside = identified(CLAUDE, TMUX_PANE="%5")
    assert (outside.pane, outside.tmux_socket) == (None, None)


def test_only_claude_code_is_believed_about_its_project_and_its_session() -> None:
    variables = {"CLAUDE_PROJECT_DIR": "/work/other", "CLAUDE_CODE_SESSION_ID": "s-1"}
    inside, below = identified(CLAUDE, **variables), identified(OPENCODE, **variables)
    assert (inside.project_dir, inside.host_session) == ("/work/other", "s-1")
    assert (below.project_dir, below.host_session) == ("/work/shop", None)


def test_the_processes_above_begin_with_the_parent() -> None:
    assert ancestors()[0].pid == os.getppid()
