"""The real programs after `xats-tui setup`: `python -m tests.real_agents.setup --programs DIR [--client NAME]`.

Each has a home of its own, as on the day that it was installed, and is asked itself what it makes of its configuration;
no model is needed.  Each scene says what it saw; the last line counts them.
"""

import argparse
import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.commands.processes import XATS
from tests.real_agents.client_files import AS_INSTALLED
from tests.real_agents.programs import PROGRAMS, World
from tests.real_agents.rig import end_daemons, install
from tests.real_agents.stage import expect, report
from xats_tui.clients.registry import CLIENTS

LISTING = {"cline": ("config", "mcp")}
"""The arguments by which a program lists its servers, where they are not `mcp list`."""

UNTRIED = {"copilot": "(local)", "cline": "[stdio]"}
"""What a program says of a server that it lists without trying a connection."""

WAITS = {"claude-code": "Pending approval", "qwen": "Pending approval", "pi": "is not trusted"}
"""What a program says of a project's servers before a person has agreed."""

OURS = re.compile(r"\bxats(?![-\w])")
"""Our server in a list."""

PATIENCE = 60.0
"""Seconds for a program to answer: the first start of one reads a lot from the disk."""

TRUSTED = '[projects."{project}"]\ntrust_level = "trusted"\n'
"""Codex's entry for a folder that the user trusts."""


class Desk:
    """A person's home and project, and what is run there."""

    def __init__(self, programs: Path, home: Path, client: str) -> None:
        self.client = client
        self.home = home
        self.project = home / "proj"
        self.project.mkdir()
        self._environment = {
            "HOME": str(home),
            "PATH": f"{programs / 'node_modules/.bin'}:{os.environ['PATH']}",
            "TMUX_TMPDIR": str(home),
            "ANTHROPIC_BASE_URL": "http://127.0.0.1:9",
            **AS_INSTALLED,
            **{name: value.format(port=9, home=home) for name, value in PROGRAMS[client].environment.items()},
        }
        for path, document in PROGRAMS[client].files(World(home=home, project=self.project, port=9)).items():
            (home / path).parent.mkdir(parents=True, exist_ok=True)
            (home / path).write_text(json.dumps(document, indent=2))

    def run(self, *command: str, said: str | None = None, with_errors: bool = False) -> str:
        """Run a command with `said` as its stdin and return its output, if wanted with what it says on stderr."""
        done = subprocess.run(
            command,
            env=self._environment,
            cwd=self.project,
            input=said,
            stdin=subprocess.DEVNULL if said is None else None,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        expect(done.returncode == 0, f"{' '.join(command)} ends well: {done.stdout} {done.stderr}")
        return done.stdout + (done.stderr if with_errors else "")

    def setup(self, *flags: str) -> str:
        """Run `xats-tui setup` and return its output."""
        return self.run(*XATS, "setup", self.client, "--yes", "--port", "0", *flags)

    def listed(self) -> str:
        """The line of the client's own `mcp list` that speaks of xats; empty if none does."""
        return next((line for line in self.listing() if OURS.search(line)), "").strip()

    def listing(self) -> list[str]:
        """Return the client's own list of servers."""
        command = (PROGRAMS[self.client].command, *LISTING.get(self.client, ("mcp", "list")))
        return self.run(*command, with_errors=True).splitlines()

    def files(self) -> dict[str, bytes]:
        """Return everything in the home but backups and what is the coordinator's."""
        found = (path for path in self.home.rglob("*") if path.is_file() and path.suffix != ".bak")
        return {str(path): path.read_bytes() for path in found if ".xats-tui" not in path.parts}

    def is_connected(self) -> str:
        """Return the client's text about its connection to the bridge.

        Raises:
            Unmet: it does not say so.
        """
        line = self.listed()
        if self.client == "codex":
            expect(" enabled " in line, f"codex lists xats as enabled: {line!r}")
            return f"enabled; its app-server has {len(self._tools_of_codex())} tools of it"
        sign = UNTRIED.get(self.client, "connected")
        expect(sign in line.lower(), f"{self.client} lists xats as {sign}: {line!r}")
        return line

    def _tools_of_codex(self) -> list[str]:
        """The tools that Codex has from our server: its `mcp list` does not try a connection."""
        command = [PROGRAMS["codex"].command, "app-server"]
        with subprocess.Popen(
            command,
            env=self._environment,
            cwd=self.project,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server:
            client = {"name": "setup", "version": "1"}
            _answer(server, 1, "initialize", {"clientInfo": client, "capabilities": {"experimentalApi": True}})
            thread = _answer(server, 2, "thread/start", {"cwd": str(self.project)})["thread"]
            status = _answer(server, 3, "mcpServerStatus/list", {"threadId": thread["id"]})
            server.terminate()
        servers = [one for one in status["data"] if one["name"] == "xats"]
        expect(bool(servers and servers[0]["tools"]), f"codex has tools of xats: {status}")
        return list(servers[0]["tools"])


def _answer(server: subprocess.Popen[str], number: int, method: str, params: dict[str, Any]) -> dict[str, Any]:
    """The result of a request to an app-server on pipes."""
    assert server.stdin is not None
    assert server.stdout is not None
    server.stdin.write(json.dumps({"id": number, "method": method, "params": params}) + "\n")
    server.stdin.flush()
    answers = (json.loads(line) for line in server.stdout)
    result: dict[str, Any] = next(answer for answer in answers if answer.get("id") == number)["result"]
    return result


async def what_was_there_comes_back(desk: Desk) -> str:
    """set up twice and taken out before its first start, every file is as before, byte for byte."""
    before = desk.files()
    desk.setup()
    once = desk.files()
    desk.setup()
    expect(desk.files() == once != before, "the second time changes nothing")
    desk.setup("--remove")
    expect(desk.files() == before, f"as before: {desk.files().keys() ^ before.keys()}")
    changed = [path for path, text in once.items() if before.get(path) != text]
    return ", ".join(path.replace(str(desk.home), "~") for path in changed)


async def a_user_sets_it_up(desk: Desk) -> str:
    """set up for the user, the program itself finds it connected."""
    desk.setup()
    return desk.is_connected()


async def nothing_changes_the_second_time(desk: Desk) -> str:
    """a second run finds everything as it should be, although the program has written its files meanwhile."""
    said = desk.setup()
    expect("written" not in said and "already set up" in said, f"already set up: {said}")
    return f"{said.count('already set up')} files already set up"


async def the_doctor_agrees(desk: Desk) -> str:
    """doctor finds it set up, with its version."""
    report = json.loads(desk.run(*XATS, "doctor", "--quick", "--json", "--port", "0"))
    title = CLIENTS[desk.client].title
    mine = [one for one in report["findings"] if one["topic"] == title or one["topic"].startswith(f"{title} ")]
    # Codex runs new hooks only after a person has reviewed them.
    expect(
        bool(mine) and all(one["state"] == "ok" or "reviewed" in one["found"] for one in mine), f"all is well: {mine}"
    )
    return "; ".join(one["found"].replace(str(desk.home), "~") for one in mine)


async def taken_out_it_is_gone(desk: Desk) -> str:
    """taken out again, the program does not know it."""
    desk.setup("--remove")
    expect(desk.listed() == "", f"it is not listed: {desk.listed()}")
    return "not listed"


async def a_project_has_it(desk: Desk) -> str:
    """set up for the project, it is listed there, once the program trusts the folder."""
    if desk.client == "codex":
        (desk.home / ".codex/config.toml").write_text(TRUSTED.format(project=desk.project))
    said = desk.setup("--scope", "project")
    if "nothing to set up in a project" in said:
        return "it has no file for a project"
    if sign := WAITS.get(desk.client):
        expect(any(sign in line for line in desk.listing()), f"it waits for a person's yes: {desk.listing()!r}")
    if desk.client in WAITS and desk.client != "claude-code":
        return f"{sign}, until a person agrees"
    if desk.client == "claude-code":
        local = desk.project / ".claude/settings.local.json"  # where the yes is noted
        local.write_text(json.dumps({"enabledMcpjsonServers": ["xats"]}))
        state = desk.home / ".claude.json"
        known = json.loads(state.read_text())
        known.setdefault("projects", {})[str(desk.project)] = {"hasTrustDialogAccepted": True}
        state.write_text(json.dumps(known))
    return desk.is_connected()


SCENES = (
    what_was_there_comes_back,
    a_user_sets_it_up,
    nothing_changes_the_second_time,
    the_doctor_agrees,
    taken_out_it_is_gone,
    a_project_has_it,
)


@contextmanager
def desk(programs: Path, client: str) -> Iterator[Desk]:
    """A new home; what was started in it has ended when this is left."""
    with tempfile.TemporaryDirectory(prefix="xats-real-", ignore_cleanup_errors=True) as folder:
        try:
            yield Desk(programs, Path(folder).resolve(), client)
        finally:
            end_daemons(Path(folder).resolve())


async def play(programs: Path, clients: list[str]) -> int:
    """Run the scenes; how many did not show what they should."""
    unmet = 0
    for client in clients:
        with desk(programs, client) as made:
            for scene in SCENES:
                unmet += await report(f"{client}: {(scene.__doc__ or '').rstrip('.')}", scene(made))
    return unmet


def main() -> int:
    """Parse, run, count."""
    parser = argparse.ArgumentParser(prog="python -m tests.real_agents.setup", description=__doc__)
    parser.add_argument("--programs", type=Path, required=True, help="where the npm packages are, or go (2.7 GB)")
    parser.add_argument("--client", choices=sorted(PROGRAMS), action="append", help="only this one; may be repeated")
    arguments = parser.parse_args()
    clients = arguments.client or sorted(PROGRAMS)
    install(arguments.programs, clients)
    unmet = asyncio.run(play(arguments.programs, clients))
    sys.stdout.write("all scenes showed what they should\n" if not unmet else f"{unmet} scenes did not\n")
    return 1 if unmet else 0


if __name__ == "__main__":
    sys.exit(main())
