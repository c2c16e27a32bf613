"""Agents whose programs misbehave, in real panes."""

import json
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

import psutil

from tests.mcp_caller import Caller
from tests.tmux_server import Pane, TmuxServer

PROGRAM = Path(__file__).parents[3] / "unruly.py"

MakeUnruly = Callable[..., Awaitable["UnrulyAgent"]]


class UnrulyAgent(NamedTuple):
    """An agent that runs `tests/unruly.py`."""

    caller: Caller
    pane: Pane
    pid: int
    """Of the program; the pane's own process may be its parent."""
    log: Path
    tmux: TmuxServer

    def noted(self, what: str) -> list[str]:
        """The texts of one kind that the program wrote down."""
        entries = [json.loads(line) for line in self.log.read_text().splitlines()] if self.log.exists() else []
        return [entry["text"] for entry in entries if entry["what"] == what]

    @property
    def submitted(self) -> list[str]:
        """The lines that were submitted."""
        return self.noted("submitted")

    @property
    def pastes(self) -> int:
        """Count the hints that arrived."""
        return "".join(self.noted("input")).count("[xats]")

    @property
    def enters(self) -> int:
        """Count the presses of Enter."""
        return "".join(self.noted("input")).count("\r")

    def is_good_again(self) -> None:
        """Have the program behave from now on."""
        self.log.with_name(f"{self.log.name}.good").touch()

    @property
    def line(self) -> str:
        """Return the text in the input line."""
        found = re.findall(r"^❯ ?(.*)$", self.tmux.capture(self.pane.pane_id), re.MULTILINE)
        return found[-1].strip() if found else ""


async def unruly_agent(
    tmux: TmuxServer, caller: Caller, habit: str, log: Path, *, can_stop: bool = False
) -> UnrulyAgent:
    """Start the program and bind the caller's agent to its pane."""
    program = [tmux.called("claude"), str(PROGRAM), habit, str(log)]
    pane = tmux.new_pane([tmux.called("python"), str(PROGRAM), "front", *program] if can_stop else program)
    await tmux.wait_for(pane.pane_id, "❯")
    pid = psutil.Process(pane.pid).children()[0].pid if can_stop else pane.pid
    answer = await caller.call("bind_runtime_identity", agent="claude-code", ui_pid=pid)
    assert answer.get("ok"), answer
    return UnrulyAgent(caller, pane, pid, log, tmux)
