"""The real coordinator as a process, started as the recorded scenarios start it, with everything of its own."""

import json
import os
import socket
import sqlite3
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.commands.processes import LISTENING, XATS, clean_environment, end

QUIET_MS = 150
"""Quiet time of a pane before anything is typed into it."""

TOKEN_NAME, TOKEN = "CODEX_WIRE_TOKEN", "hush"
"""A secret of the coordinator's environment that a Codex delivery may name."""

TOKEN_NOT_SET = "CODEX_NOT_SET"
"""Another one that the operator has listed, and that nobody has set."""


def a_free_port() -> int:
    """A port that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


CODEX_PORT = a_free_port()
CODEX_URL = f"ws://127.0.0.1:{CODEX_PORT}"
"""URL of Codex's app-server in the coordinator's environment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Coordinator:
    """A running coordinator."""

    process: subprocess.Popen[str]
    home: Path
    port: int

    @property
    def base(self) -> str:
        """Its URL, without a path."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def db(self) -> Path:
        """Its database file."""
        return self.home / "data.db"

    def sql(self, statement: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Read or change the database behind its back."""
        with closing(sqlite3.connect(self.db, timeout=5)) as connection, connection:
            return connection.execute(statement, parameters).fetchall()


@contextmanager
def running(home: Path, tmux_folder: Path, *flags: str, **environment: str) -> Iterator[Coordinator]:
    """A coordinator for the life of the block: `xats-tui daemon --port 0 --db F --pid-file F`."""
    home.mkdir(parents=True, exist_ok=True)
    listed = f'{TOKEN_NAME} = "{CODEX_URL}"\n{TOKEN_NOT_SET} = "{CODEX_URL}"\n'
    (home / "config.toml").write_text(f"[tokens]\n{listed}")
    own = {
        "TMUX_TMPDIR": str(tmux_folder),
        "HOME": str(home),
        "CODEX_HOME": str(home / "codex"),
        "XATS_HOME": str(home),
        "POKE_QUIET_MS": str(QUIET_MS),
        "CROSS_AGENT_TEAMS_CODEX_WS_URL": CODEX_URL,
        TOKEN_NAME: TOKEN,
    }
    files = ("--db", str(home / "data.db"), "--pid-file", str(home / "daemon.pid"))
    process = subprocess.Popen(
        [*XATS, "daemon", "--port", "0", *files, *flags],
        env=clean_environment() | own | environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        listening = LISTENING.match(line := process.stdout.readline())
        assert listening, f"the coordinator said {line!r}"
        yield Coordinator(process=process, home=home, port=int(listening[1]))
    finally:
        end(process)


def pid_record(path: Path) -> Mapping[str, Any]:
    """Return the content of a pid file."""
    record: Mapping[str, Any] = json.loads(path.read_text())
    return record


def ended_pid() -> int:
    """The pid of a process that was."""
    with subprocess.Popen(["true"], env=os.environ) as process:
        pass
    return process.pid
