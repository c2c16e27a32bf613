"""Behaviour of each role: who begins a round, who asks for permission, who leaves a draft."""

import asyncio
from collections.abc import Mapping
from typing import Any

from xats_tui.demo.actor import WORKING, DemoActor, Task, meant_for
from xats_tui.demo.picture import DemoQuestion
from xats_tui.demo.script import CONTRACT, FEATURES, STEPS, VERSIONS

# The first pause is short, so that a newcomer sees more than the start.
FIRST_PAUSE, PAUSE = 2.0, 12.0
"""Seconds from the end of a round to the next: after the first round, and later."""

# So many are unfinished only if an agent is missing that would do them.
MAX_UNFINISHED_TASKS = 9
"""Number of unfinished tasks at which no round is begun."""

DRAFT_BEGINS, DRAFT_STAYS = 1.0, 45.0
"""Seconds until a draft is begun in the pane of docs, and until it is sent."""

DRAFT = "please mention in the guide that refunds take"

STAY_S = 2.0
"""Seconds for which the leaving agent stays."""

OFFER = "ready to deploy"
"""Subject of the leaving agent's last message; the answer comes too late."""


class BackendRole(DemoActor):
    """Begins each round, publishes the contract, and writes to the next agent."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._round = 0

    async def begin(self) -> None:
        self.have_idea_in(1.0)

    async def have_idea(self) -> None:
        try:
            await self._begin_round_or_review()
        finally:
            self.have_idea_in(FIRST_PAUSE if self._round == 1 else PAUSE)

    async def _begin_round_or_review(self) -> None:
        unfinished = [task for task in await self.board() if task["status"] != "completed"]
        if len(unfinished) < MAX_UNFINISHED_TASKS:
            await self._begin_round()
        else:
            await self.tell("frontend", "review", f"{len(unfinished)} tasks are open: please look at {CONTRACT} again.")

    async def _begin_round(self) -> None:
        self._round += 1
        feature = FEATURES[(self._round - 1) % len(FEATURES)]
        self.console.say("❯", f"build {feature}")
        ids: dict[str, str] = {}
        for step in STEPS:
            needs = [ids[title] for title in step.after]
            title, whose = f"{feature}: {step.title}", meant_for(step.owner)
            added = await self.call("task_add", title=title, description=whose, depends_on=needs)
            ids[step.title] = added["task_id"]
        await self.work_off_board()

    async def read(self, message: Mapping[str, Any]) -> None:
        if message["subject"] == OFFER:
            await self.tell(message["from_name"], "deploy", "Please deploy the endpoint to staging.")

    async def work(self, task: Task) -> str:
        outcome = await super().work(task)
        if not str(task["title"]).endswith("schema"):
            return outcome
        note, schema = VERSIONS[(self._round - 1) % len(VERSIONS)]
        published = await self.call("register_contract", name=CONTRACT, schema=schema, note=note)
        return f"{CONTRACT} v{published['version']}: {note}"


class FrontendRole(DemoActor):
    """Follows every version of the contract."""

    async def begin(self) -> None:
        await self.call("subscribe_contract", name=CONTRACT)

    async def work(self, task: Task) -> str:
        contract = await self.call("get_contract", name=CONTRACT)
        await super().work(task)
        return f"built on {CONTRACT} v{contract['version']}"

    async def done(self, task: Task) -> None:
        await self.tell("backend", f"{task['title']} is up", "Have a look when you like.", need_reply=False)

    async def read(self, message: Mapping[str, Any]) -> None:
        if message["subject"] == "review":
            await self.tell(message["from_name"], "Re: review", f"{CONTRACT} is fine with me.", need_reply=False)


class TesterRole(DemoActor):
    """Asks for permission before each test run but the first, until told not to."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._asks = False
        self._was_told = False
        """True once it was told not to ask again."""

    async def is_allowed(self, task: Task) -> bool:
        if not self._asks:
            self._asks = not self._was_told
            return True
        command = f"pytest -q tests/{str(task['title']).split(':')[0]}"
        question = DemoQuestion(tool="Bash command", command=command, reason=f"Run the tests of {task['title']}")
        chosen = await self.console.ask(question)
        self.console.say("●", f"{question.options[chosen - 1]}: {command}")
        self._was_told = chosen == 2
        self._asks = not self._was_told
        return chosen != len(question.options)

    async def work(self, task: Task) -> str:
        await super().work(task)
        return "24 passed"


class WriterRole(DemoActor):
    """Shares its pane with a person who begins a sentence and is called away."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._was_typed = False

    async def begin(self) -> None:
        await self.call("subscribe_contract", name=CONTRACT)

    async def have_idea(self) -> None:
        if self._was_typed:
            self._was_typed = False
            if self.console.draft == DRAFT:
                self.console.submit()
        elif not self.console.draft:
            await self.console.type(DRAFT)
            self._was_typed = True
            self.have_idea_in(DRAFT_STAYS)

    async def work(self, task: Task) -> str:
        contract = await self.call("get_contract", name=CONTRACT)
        await super().work(task)
        return f"describes {CONTRACT} v{contract['version']}"

    async def done(self, task: Task) -> None:
        self.have_idea_in(DRAFT_BEGINS)


class OperationsRole(DemoActor):
    """Deploys on request; the first time, its program ends before a request arrives."""

    async def begin(self) -> None:
        if self.part.leaves:
            async with self.console.at_work("Connecting to staging"):
                await asyncio.sleep(STAY_S)
                await self.tell("backend", OFFER, "I can reach staging. What shall I deploy?")
                raise SystemExit(1)

    async def read(self, message: Mapping[str, Any]) -> None:
        async with self.console.at_work("Deploying"):
            await asyncio.sleep(WORKING)
        await self.tell(message["from_name"], "Re: deploy", "It is on staging.", need_reply=False)


PARTS: Mapping[str, type[DemoActor]] = {
    "backend": BackendRole,
    "frontend": FrontendRole,
    "qa": TesterRole,
    "docs": WriterRole,
    "ops": OperationsRole,
}
"""Class for each agent, by name."""
