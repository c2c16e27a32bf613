"""What every stand-in does: it reads its mail when a hint says so, answers the operator, and works off the board.

It knows the tools and its own screen; what is particular to one part is in `parts`.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from xats_tui.demo.console import DemoConsole
from xats_tui.demo.mcp_client import CallFailed, McpClient
from xats_tui.demo.script import DemoRole

HINT = "[xats]"
"""What the line begins with that wakes an agent."""

READING, WORKING = 0.6, 1.2
"""Seconds that it takes to read mail and to do a task; long enough to be seen."""

OPERATOR = "operator"

Task = Mapping[str, Any]


class Actor:
    """One agent of the demo at its terminal."""

    def __init__(self, part: DemoRole, console: DemoConsole, client: McpClient) -> None:
        self.part = part
        self.console = console
        self._client = client
        self._agent_id = ""
        self._forbidden: set[str] = set()
        """Tasks for which a permission was refused."""
        self.idea_at: float | None = None
        """When it does something of its own accord, by the loop's clock."""

    async def play(self) -> None:
        """Live: hear what is typed, and now and then have an idea."""
        me = await self.call("whoami")
        self._agent_id = str(me["agent_id"])
        self.console.say("●", f"Registered as {self.part.name} ({self.part.role}). I read my mail when I am woken.")
        await self.begin()
        while True:
            try:
                async with asyncio.timeout_at(self.idea_at):
                    prompt = await self.console.prompts.get()
            except TimeoutError:
                self.idea_at = None
                await self._try(self.have_idea())
            else:
                await self._try(self._hear(prompt))

    async def begin(self) -> None:
        """Do what comes first."""

    async def have_idea(self) -> None:
        """Do what nobody asked for; says itself when it does so again."""

    async def work(self, task: Task) -> str:
        """Do a task; what came of it."""
        async with self.console.at_work(f"Working on {task['title']}"):
            await asyncio.sleep(WORKING)
        return "done"

    async def is_allowed(self, task: Task) -> bool:
        """Whether it may begin a task."""
        return bool(task)

    async def done(self, task: Task) -> None:
        """Tell who else should know that a task is done."""

    async def read(self, message: Mapping[str, Any]) -> None:
        """Act on a message of another agent."""

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool, for everybody to see."""
        answer = await self._client.call(tool, **arguments)
        self.console.say("└", f"xats - {tool} {_in_short(arguments)}")
        return answer

    async def tell(self, name: str, subject: str, body: str, *, need_reply: bool = True) -> None:
        """Write to somebody."""
        await self.call("send_message", to_agent_name=name, subject=subject, body=body, need_reply=need_reply)

    def have_idea_in(self, seconds: float) -> None:
        """Set the time of the next idea."""
        self.idea_at = asyncio.get_running_loop().time() + seconds

    async def board(self) -> Sequence[Task]:
        """The team's tasks, the oldest first."""
        tasks: Sequence[Task] = (await self._client.call("task_list"))["tasks"]
        return tasks

    async def work_off_board(self) -> None:
        """Do every task that is ours, one after another."""
        while task := self._next_task(await self.board()):
            await self._do(task)

    async def _try(self, deed: Awaitable[None]) -> None:
        """Do something, and live on if a tool refuses."""
        try:
            await deed
        except (CallFailed, TimeoutError) as error:
            self.console.say("●", f"That did not work: {error}")

    async def _hear(self, prompt: str) -> None:
        self.console.say("❯", prompt)
        if prompt.startswith(HINT):
            async with self.console.at_work("Reading my mail"):
                await asyncio.sleep(READING)
                messages = await self._mail()
            for message in messages:
                await self._take(message)
        else:
            self.console.say("●", "Understood. I am a stand-in: I look at the board, that is all that I can do.")
        await self.work_off_board()

    async def _mail(self) -> list[Mapping[str, Any]]:
        messages: list[Mapping[str, Any]] = []
        has_more = True
        while has_more:
            page = await self.call("get_inbox")
            messages += page["messages"]
            has_more = bool(page["has_more"])
        return messages

    async def _take(self, message: Mapping[str, Any]) -> None:
        subject = message["subject"] or message["body"]
        self.console.say("●", f"{message['from_name']} writes: {subject}")
        if message["from_name"] == OPERATOR and message["need_reply"]:
            answer = f"Read by {self.part.name}, a stand-in of the demo. I do what the board says, nothing else."
            await self.tell(OPERATOR, f"Re: {subject}"[:80], answer, need_reply=False)
        else:
            await self.read(message)

    def _next_task(self, tasks: Sequence[Task]) -> Task | None:
        completed = {task["id"] for task in tasks if task["status"] == "completed"}
        for task in tasks:
            is_mine = task["claimed_by"] == self._agent_id and task["status"] == "in_progress"
            is_for_me = task["status"] == "pending" and task["description"] == meant_for(self.part.name)
            if (is_mine or (is_for_me and completed.issuperset(task["depends_on"]))) and (
                task["id"] not in self._forbidden
            ):
                return task
        return None

    async def _do(self, task: Task) -> None:
        if task["status"] == "pending":
            await self.call("task_claim", task_id=task["id"])
        if not await self.is_allowed(task):
            self._forbidden.add(task["id"])
            return
        outcome = await self.work(task)
        await self.call("task_complete", task_id=task["id"], result=outcome)
        await self.done(task)
        await self._hand_on(task)

    async def _hand_on(self, done: Task) -> None:
        """Tell those whose tasks can begin."""
        tasks = await self.board()
        completed = {task["id"] for task in tasks if task["status"] == "completed"}
        for task in tasks:
            if done["id"] not in task["depends_on"] or not completed.issuperset(task["depends_on"]):
                continue
            owner = str(task["description"] or "").removeprefix(meant_for(""))
            if owner and owner != self.part.name and task["status"] == "pending":
                await self.tell(
                    owner, f"{task['title']} can begin", f"{done['title']} is done; {task['title']} is yours."
                )


def meant_for(name: str) -> str:
    """How a task says whose it is."""
    return f"for {name}"


def _in_short(arguments: Mapping[str, Any]) -> str:
    said = [str(value) for name, value in arguments.items() if name in ("to_agent_name", "subject", "title", "name")]
    return f"({', '.join(said)})" if said else ""
