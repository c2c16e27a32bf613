"""The operator's jobs in keystrokes: each takes the keys of the table, and the screen shows then that it is done.

The quick run plays the first of them on the sample, the long run all of them, also in a real tmux with real bridges and
panes.  To add a job, add a row: `before` is the number of keys that it took when it was first counted.  `{…}` stands
for what differs between the scenes (`IN_SAMPLE`, `IN_TMUX`).
"""

import sqlite3
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.dashboard import opened, running
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.screens.looking import shows, slow
from tests.screens.sample.desk import desk
from tests.screens.sample.verbs import FixedVerbs
from tests.tmux_server import Pane, TmuxServer
from xats_tui.app import XatsApp

ASKING = Path(__file__).parent / "asking.py"

LIFETIME_MS = 2_500
"""Time for which a wake is tried: short enough to see one fail, long enough for a replay to succeed."""


class Step(NamedTuple):
    """A key by its tmux name, and what it brings onto the screen."""

    key: str
    sees: str


class Job(NamedTuple):
    """Something that an operator does twenty times a day."""

    name: str
    before: int
    """Keys that it took when it was first counted."""
    steps: Sequence[Step]
    """Its keys now."""
    begins_at: Sequence[Step] = ()
    """Keys to the place where the operator happens to be; they do not count."""
    verb: str = ""
    """What the coordinator is asked for in the end."""


JOBS = (
    Job("the next thing that needs me", 2, [Step("!", "! next")], begins_at=[Step("5", "In progress")]),
    Job(
        "answer a dialog",
        5,
        [Step("a", "{asking} asks"), Step("1", "enter sends it"), Step("Enter", "answered {asking}: Yes")],
        begins_at=[Step("5", "In progress")],
        verb="answer",
    ),
    Job(
        "replay all that failed",
        12,
        [Step("R", "Replay {failed} failed wake"), Step("Enter", "replayed {failed} wake")],
        begins_at=[Step("1", "Attention")],
        verb="replay",
    ),
    Job(
        "why is this agent stuck",
        7,
        [Step("Enter", "held by"), Step("Enter", "a try now would wait")],
        begins_at=[Step("2", "{stuck}")],
    ),
    Job(
        "copy a wake for a ticket",
        1,
        [Step("Y", "copied as Markdown: Wake")],
        begins_at=[Step("4", "why not?")],
    ),
    Job(
        "silence an agent",
        2,
        [Step("d", "Do not disturb"), Step("Enter", "do not disturb is on for {stuck}")],
        begins_at=[Step("2", "{stuck}")],
        verb="rest",
    ),
    Job("see panes side by side", 3, [Step("w", "╭─ {beside} ")], begins_at=[Step("2", "{stuck}")]),
    Job(
        "work on one team",
        6,
        [Step("t", "Show only team"), Step("Enter", "team {team} ")],
        begins_at=[Step("1", "Attention")],
    ),
)

IN_SAMPLE = {"asking": "backend@shop", "failed": "1", "stuck": "docs", "beside": "reviewer", "team": "shop"}
IN_TMUX = {"asking": "qa@shop", "failed": "2", "stuck": "editor", "beside": "writer", "team": "shop"}

Press = Callable[[str], Awaitable[None]]
See = Callable[[str], Awaitable[object]]


async def play(job: Job, scene: Mapping[str, str], press: Press, sees: See) -> None:
    """Do a job key by key."""
    for step in (*job.begins_at, *job.steps):
        await press(step.key)
        await sees(step.sees.format(**scene))


def test_no_job_takes_more_keys_than_it_took() -> None:
    assert {job.name: len(job.steps) for job in JOBS if len(job.steps) > job.before} == {}


@pytest.mark.parametrize("jobs", [pytest.param(JOBS[:3], id="quick"), slow(JOBS, id="all")])
async def test_the_jobs_are_done_on_the_sample(jobs: Sequence[Job]) -> None:
    verbs = FixedVerbs()
    app = XatsApp(desk(verbs=verbs))
    names = {"!": "exclamation_mark", "Enter": "enter", "Escape": "escape"}
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await shows(pilot, "asks: Bash command")
        for job in jobs:
            await play(job, IN_SAMPLE, lambda key: pilot.press(names.get(key, key)), lambda words: shows(pilot, words))
    assert [verb for verb, *_ in verbs.done] == [job.verb for job in jobs if job.verb]


async def join(caller: Caller, name: str, pane: Pane, client: str = "custom") -> None:
    """Register an agent and bind it to its pane."""
    await caller.register(name, team="shop", role="developer", client=client)
    pattern = {"process_pattern": "stand_in"} if client == "custom" else {}
    bound = await caller.call("bind_runtime_identity", agent=client, ui_pid=pane.pid, **pattern)
    assert bound["tmux_pane_id"] == pane.pane_id


@pytest.mark.slow
@pytest.mark.tmux
@pytest.mark.timeout(240)
async def test_the_jobs_are_done_in_a_real_tmux(tmux: TmuxServer, tmp_path: Path) -> None:
    shell = await opened(tmux, tmp_path, "--port", "0", "--quiet-ms", "200", "--wake-ttl-ms", str(LIFETIME_MS))
    url = (await running(tmp_path)).url
    asks = tmux.new_pane([tmux.called("claude"), str(ASKING), "claude-code", "rm -rf build"])
    writers, editors = await tmux.stand_in("writer"), await tmux.stand_in("editor")

    async def press(key: str) -> None:
        tmux.send(shell.pane_id, key)

    async def sees(words: str) -> str:
        return await tmux.wait_for(shell.pane_id, words, PATIENCE)

    async with callers() as connect:
        qa, writer, editor = await connect(url), await connect(url), await connect(url)
        await join(qa, "qa", asks, "claude-code")
        await join(writer, "writer", writers)
        await join(editor, "editor", editors)
        for pane in (writers, editors):
            tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
        for body in ("one", "two"):
            await editor.call("send_message", to_agent_name="writer", body=body)
        await sees("2 failed")
        tmux.send(writers.pane_id, "C-u")  # a replay succeeds now

        for job in JOBS:
            if job.name == "why is this agent stuck":
                await writer.call("send_message", to_agent_name="editor", body="three")
            await play(job, IN_TMUX, press, sees)

        await tmux.wait_for(asks.pane_id, "chose Yes for rm -rf build")
        await tmux.wait_for(writers.pane_id, "took 1: [xats] 2 new messages from editor")
    with closing(sqlite3.connect(tmp_path / "data.db")) as connection:
        assert len(connection.execute("SELECT * FROM do_not_disturb").fetchall()) == 1
