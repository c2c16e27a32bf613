"""`xats-tui dialogs` and `answer`: what agents ask, and an answer that hits only the dialog it is for."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from tests.commands.operating import Ran, run
from tests.mcp_caller import Caller, callers
from tests.told_dialogs import ToldDialog, tell
from xats_tui.backend.coordinator import Coordinator
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import DialogOption, Effect
from xats_tui.runtime.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Team:
    """A coordinator in this process with bob of red, whose client has its dialogs told by hand."""

    backend: Coordinator
    bob: Caller

    def tell(self, command: str = "touch x", **changes: Any) -> ToldDialog:
        """Open a dialog of bob's client."""
        return tell(self.backend, self.bob.agent_id, command, **changes)

    async def run(self, *arguments: str) -> Ran:
        """A command of this home."""
        return await asyncio.to_thread(run, *arguments, "--home", str(self.backend.settings.home))

    async def told(self, *arguments: str) -> Any:
        """Run a command that succeeds and return its JSON output."""
        ran = await self.run(*arguments, "--json")
        assert (ran.code, ran.stderr) == (0, ""), ran
        return json.loads(ran.stdout)

    async def refusal(self, *arguments: str, code: int = 1) -> str:
        """The one sentence of a command that does not succeed."""
        ran = await self.run(*arguments)
        assert (ran.code, ran.stdout, ran.stderr.count("\n")) == (code, "", 1), ran
        return ran.stderr.removeprefix("xats-tui: ").strip()


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Team]:
    async with Coordinator.running(settings) as backend, callers() as connect:
        bob = await connect(f"http://127.0.0.1:{backend.port}/mcp")
        await bob.register("bob", team="red", client="codex")
        yield Team(backend=backend, bob=bob)


@pytest.fixture
async def team(settings: Settings) -> AsyncIterator[Team]:
    async with running(settings) as team:
        yield team


async def test_without_a_dialog_a_sentence_says_so(team: Team) -> None:
    ran = await team.run("dialogs")

    assert (ran.code, ran.stdout) == (0, "no dialog is open: no agent waits for an answer\n")
    assert await team.told("dialogs") == []


async def test_the_open_dialogs_are_listed_with_their_options(team: Team) -> None:
    team.tell()

    ran = await team.run("dialogs")
    (listed,) = await team.told("dialogs", "--team", "red")

    heads, row = ran.stdout.splitlines()
    assert heads.split() == ["AGENT", "FOR", "KIND", "TOOL", "ASKS", "OPTIONS", "BY"]
    assert row.split()[0] == "bob@red" and "1 Allow once, 2 Allow always, 3 Deny" in row
    assert (listed["name"], listed["kind"], listed["tool"], listed["subject"], listed["interface"]) == (
        "bob",
        "permission",
        "Bash",
        "touch x",
        "stand-in",
    )
    assert [option["effect"] for option in listed["options"]] == ["allow", "allow always", "deny"]
    assert await team.told("dialogs", "--team", "blue") == []


async def test_without_a_choice_the_dialog_is_shown_with_the_way_to_answer(team: Team) -> None:
    told = team.tell()

    ran = await team.run("answer", "bob")

    assert ran.code == 0 and told.got == []
    assert "xats-tui answer bob@red --allow|--deny|--option N --expect 'touch x'" in ran.stdout
    assert "reason: it is needed" in ran.stdout


@pytest.mark.parametrize(
    ("choice", "number"), [(("--allow",), 1), (("--deny",), 3), (("--option", "2"), 2)], ids=lambda choice: str(choice)
)
async def test_the_choice_reaches_the_client(team: Team, choice: tuple[str, ...], number: int) -> None:
    told = team.tell()

    ran = await team.run("answer", "bob", *choice, "--expect", "touch x")

    assert ran.code == 0 and told.got == [(number, "")], ran
    assert "taken by  stand-in" in ran.stdout
    (noted,) = await team.backend.operator.activity()
    assert (noted.actor, noted.verb) == ("operator, command line", "answer")


async def test_nothing_is_sent_to_a_dialog_that_is_not_the_expected_one(team: Team) -> None:
    told = team.tell("rm -rf /")

    said = await team.refusal("answer", "bob", "--allow", "--expect", "touch x")

    assert said == "bob@red asks something else: “Bash: rm -rf /”; nothing was sent"
    assert told.got == [] and await team.backend.operator.activity() == ()


async def test_allow_never_means_always(team: Team) -> None:
    told = team.tell()
    told.change(options=told.dialog.options[1:])

    said = await team.refusal("answer", "bob", "--allow")

    assert said == "the dialog has no plain allow; it offers 2. Allow always, 3. Deny; nothing was sent"
    assert told.got == []


async def test_of_several_dialogs_the_expected_one_is_answered(team: Team) -> None:
    first, second = team.tell("touch x"), team.tell("touch y")

    said = await team.refusal("answer", "bob", "--allow")
    assert said == "bob@red asks several things: “Bash: touch x”, “Bash: touch y”; name one with --expect TEXT"
    given = await team.told("answer", "bob", "--deny", "--expect", "touch y")

    assert (first.got, second.got) == ([], [(3, "")])
    assert given["following"]["subject"] == "touch x"


async def test_a_question_gets_its_words(team: Team) -> None:
    other = DialogOption(number=1, label="Something else", needs_typing=True)
    told = team.tell("which colour?", tool="", options=(other,))

    assert "needs a text" in await team.refusal("answer", "bob", "--option", "1")
    await team.told("answer", "bob", "--option", "1", "--text", "teal")

    assert told.got == [(1, "teal")]


@pytest.mark.parametrize(("words", "number"), [((), 3), (("--text", "use make"), 4)])
async def test_a_reason_goes_to_the_option_that_takes_one(team: Team, words: tuple[str, ...], number: int) -> None:
    told = team.tell()
    reason = DialogOption(number=4, label="Deny with a reason", effect=Effect.DENY, needs_typing=True)
    told.change(options=(*told.dialog.options, reason))

    await team.told("answer", "bob", "--deny", *words)

    assert told.got == [(number, "use make" if words else "")]


async def test_the_exit_code_says_that_the_client_did_not_take_it(team: Team) -> None:
    told = team.tell()
    told.refusal = Refusal("not_taken", detail="the server said 500")

    said = await team.refusal("answer", "bob", "--allow")

    assert said == "the client did not take the answer: the server said 500"


async def test_an_agent_of_which_nothing_tells_whether_it_asks_is_not_answered(team: Team) -> None:
    assert (await team.refusal("answer", "bob", "--allow")).startswith("no pane is known for that agent")
    assert "no agent is called carol" in await team.refusal("answer", "carol", "--allow")


async def test_two_choices_are_a_wrong_command_line(team: Team) -> None:
    said = await team.refusal("answer", "bob", "--allow", "--deny", code=2)

    assert "choose one of --allow, --deny and --option N" in said


async def test_the_status_and_the_agents_tell_of_it(team: Team) -> None:
    team.tell()

    status, (agent,) = await team.told("status"), await team.told("agents")

    assert (status["dialogs"], status["dialogs_open"]) == (["bob@red"], 1)
    assert (agent["state"], agent["state_reason"], agent["state_source"]) == (
        "dialog",
        "asks: Bash: touch x",
        "stand-in",
    )
    assert "1 dialog open: bob@red: `xats-tui dialogs`" in (await team.run("status")).stdout
    assert "dialog" in (await team.run("agents")).stdout


async def test_nothing_is_answered_in_read_only_mode(settings: Settings) -> None:
    async with Coordinator.working(settings) as backend, backend.serving(read_only=True), callers() as connect:
        bob = await connect(f"http://127.0.0.1:{backend.port}/mcp")
        await bob.register("bob", team="red", client="codex")
        team = Team(backend=backend, bob=bob)
        told = team.tell()

        assert "read-only" in await team.refusal("answer", "bob", "--allow")
        assert (await team.run("answer", "bob")).code == 0 and told.got == []
