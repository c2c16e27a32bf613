"""A stand-in for a coding agent's program, as far as a launch sees it: it starts the MCP server that it is told of.

`installed(folder)` puts it there under the names of the real ones.  `--fail` makes it complain and end, `--hang` start
no server at all.  As an app-server it starts the server, and what is started with `--remote` leaves that to it.
"""

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
from pathlib import Path

LATE = 2.0
"""Seconds after which an app-server listens; by then its MCP server has registered the agent."""

PROGRAMS = ("claude", "codex", "opencode")

HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "stand-in", "version": "1"}},
}


def installed(folder: Path) -> Path:
    """A folder for PATH with a program of each name."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f"#!{sys.executable}\n{Path(__file__).read_text()}")
        program.chmod(0o755)
    return folder


def server(arguments: list[str]) -> tuple[list[str], dict[str, str]]:
    """The command line and the environment of the MCP server that is called xats."""
    for argument in arguments:
        if argument.startswith("--mcp-config="):
            told = json.loads(argument.partition("=")[2])["mcpServers"]["xats"]
            return [told["command"], *told["args"]], {}
        if argument.startswith("mcp_servers."):
            (told,) = tomllib.loads(argument)["mcp_servers"].values()
            return [told["command"], *told["args"]], told["env"]
    told = json.loads(os.environ["OPENCODE_CONFIG_CONTENT"])["mcp"]["xats"]
    return told["command"], {}


def main() -> None:
    """Be the program until the terminal is gone."""
    arguments = sys.argv[1:]
    if "--fail" in arguments:
        sys.exit("error: nobody is logged in")
    if "--hang" not in arguments and "--remote" not in arguments:
        command, environment = server(arguments)
        bridge = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        assert bridge.stdin is not None
        bridge.stdin.write(json.dumps(HELLO).encode() + b"\n")
        bridge.stdin.flush()
    if "app-server" in arguments:
        time.sleep(LATE)
        listening = socket.create_server(("127.0.0.1", int(arguments[2].rpartition(":")[2])))
        while True:
            listening.accept()
    sys.stdout.write(f"{Path(sys.argv[0]).name}> \n")
    sys.stdout.flush()
    for _ in sys.stdin:
        pass


if __name__ == "__main__":
    main()
