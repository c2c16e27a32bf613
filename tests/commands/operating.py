"""A home with a coordinator and agents in it, for commands that act as the operator."""

import io
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

from tests.commands.processes import clean_environment
from tests.mcp_caller import Caller
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.__main__ import main
from xats_tui.runtime import early_sigint

early_sigint.raise_from_now_on()  # as `main` does, which may run on a thread that must not


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """A command that has ended."""

    code: int
    stdout: str
    stderr: str


def run(*arguments: str, stdin: bytes = b"", **environment: str) -> Ran:
    """A command line, in this process: starting another takes longer than all that it does."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, clean_environment() | environment, clear=True),
        patch.object(sys, "argv", ["xats-tui", *arguments]),
        patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin))),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            code = main()
        except SystemExit as error:  # as what answers the shell ends
            code = int(error.code or 0)
    return Ran(code=code, stdout=out.getvalue(), stderr=err.getvalue())


def completed(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """A command line in this process, as `processes.xats` runs it in one of its own."""
    ran = run(*arguments, stdin=b"", **environment)
    return subprocess.CompletedProcess(arguments, ran.code, ran.stdout, ran.stderr)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Coordinator, agents and panes that the commands work on."""

    home: Path
    port: int
    tmux: TmuxServer
    alice: Caller
    """alice of red, in a pane that is free."""
    pane: str
    """alice's."""
    bob: Caller
    """bob of red, who has no pane."""
    namesake: Caller
    """bob of blue."""

    def run(self, *arguments: str, stdin: bytes = b"") -> Ran:
        """A command of this home."""
        return run(*arguments, "--home", str(self.home), stdin=stdin)

    def table(self, *arguments: str) -> list[list[str]]:
        """The words of each line that a command prints, which succeeds."""
        ran = self.run(*arguments)
        assert (ran.code, ran.stderr) == (0, ""), ran
        return [line.split() for line in ran.stdout.splitlines()]

    def told(self, *arguments: str, code: int = 0) -> Any:
        """Run a command and return its JSON output."""
        ran = self.run(*arguments, "--json")
        assert (ran.code, ran.stderr) == (code, ""), ran
        return json.loads(ran.stdout)

    def refusal(self, *arguments: str, code: int = 1) -> str:
        """The one sentence of a command that does not succeed."""
        ran = self.run(*arguments)
        assert (ran.code, ran.stdout) == (code, ""), ran
        assert ran.stderr.startswith("xats-tui: ")
        assert ran.stderr.count("\n") == 1
        return ran.stderr.removeprefix("xats-tui: ").strip()

    @property
    def credential(self) -> str:
        """The operator's."""
        return (self.home / "operator.token").read_text().strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP answer."""

    status: int
    body: Any
    headers: Any


def knock(
    port: int, path: str, credential: str | None, body: bytes = b"{}", *, method: str = "POST", **headers: str
) -> Answer:
    """Ask a coordinator over plain HTTP; the names of headers have underscores for hyphens."""
    named = {"content-type": "application/json"} | {name.replace("_", "-"): value for name, value in headers.items()}
    if credential is not None:
        named["authorization"] = f"Bearer {credential}"
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=named, method=method)
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as response:
            return Answer(status=response.status, body=json.load(response), headers=response.headers)
    except urllib.error.HTTPError as error:
        with error:
            text = error.read()
            is_json = error.headers["content-type"] == "application/json"
            return Answer(status=error.code, body=json.loads(text) if is_json else text, headers=error.headers)
    except urllib.error.URLError as error:
        if not isinstance(error.reason, BrokenPipeError):
            raise
        # Refused while the body was still under way, and urllib does not read what was answered: once more.
        return knock(port, path, credential, body, method=method, **headers)
