"""Behaviour common to all stand-ins: read messages after a hint, answer the operator, work through the board.

It knows the tools and its own screen; `parts` contains the behaviour of each role.
"""

import asyncio
from collections.abc import Awaitable, Mapping, Sequence
from typing import Any

from xats_tui.demo.console import DemoConsole
from xats_tui.demo.mcp_client import CallFailed, McpClient
from xats_tui.demo.script import DemoRole

HINT = "[xats]"
"""Prefix of the line that wakes an agent."""

READING, WORKING = 0.6, 1.2
"""Seconds for reading messages and for a task; long enough to be noticed."""

OPERATOR = "operator"

Task = Mapping[str, Any]


class DemoActor:
    """An agent of the demo with its terminal."""

    def __init__(self, part: DemoRole, console: DemoConsole, client: McpClient) -> None:
        self.part = part
        self.console = console
        self._client = client
        self._agent_id = ""
        self._forbidden: set[str] = set()
        """Ids of tasks for which permission was refused."""
        self.idea_at: float | None = None
        """Time of the next spontaneous action, by the loop's clock."""

    async def play(self) -> None:
        """Run the agent: react to submitted prompts, and act spontaneously now and then."""
        me = await self.call("whoami")
        self._agent_id = str(me["agent_id"])
        self.console.say("●", f"Registered as {self.part.name} ({self.part.role}). I read my messages when I am woken.")
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
        """Perform the role's first action."""

    async def have_idea(self) -> None:
        """Perform a spontaneous action; call `have_idea_in` to schedule the next one."""

    async def work(self, task: Task) -> str:
        """Perform a task and return the result."""
        async with self.console.at_work(f"Working on {task['title']}"):
            await asyncio.sleep(WORKING)
        return "done"

    async def is_allowed(self, task: Task) -> bool:
        """Return whether the role may begin a task."""
        return bool(task)

    async def done(self, task: Task) -> None:
        """Notify other agents that a task is done."""

    async def read(self, message: Mapping[str, Any]) -> None:
        """React to a message of another agent."""

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Call a tool and show the call on the screen."""
        answer = await self._client.call(tool, **arguments)
        self.console.say("└", f"xats - {tool} {_in_short(arguments)}")
        return answer

    async def tell(self, name: str, subject: str, body: str, *, need_reply: bool = True) -> None:
        """Send a message to an agent."""
        await self.call("send_message", to_agent_name=name, subject=subject, body=body, need_reply=need_reply)

    def have_idea_in(self, seconds: float) -> None:
        """Schedule the next spontaneous action."""
        self.idea_at = asyncio.get_running_loop().time() + seconds

    async def board(self) -> Sequence[Task]:
        """Return the team's tasks, oldest first."""
        tasks: Sequence[Task] = (await self._client.call("task_list"))["tasks"]
        return tasks

    async def work_off_board(self) -> None:
        """Perform every available task of this agent, one after another."""
        while task := self._next_task(await self.board()):
            await self._do(task)

    async def _try(self, deed: Awaitable[None]) -> None:
        """Await an action and survive a refusal of a tool."""
        try:
            await deed
        except (CallFailed, TimeoutError) as error:
            self.console.say("●", f"That did not work: {error}")

    async def _hear(self, prompt: str) -> None:
        self.console.say("❯", prompt)
        if prompt.startswith(HINT):
            async with self.console.at_work("Reading my messages"):
                await asyncio.sleep(READING)
                messages = await self._mail()
            for message in messages:
                await self._take(message)
        else:
            self.console.say("●", "Understood. I am a stand-in, so all I can do is look at the board.")
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
        """Notify the agents whose tasks can begin now."""
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
    """Return the task description that assigns a task to an agent."""
    return f"for {name}"


def _in_short(arguments: Mapping[str, Any]) -> str:
    said = [str(value) for name, value in arguments.items() if name in ("to_agent_name", "subject", "title", "name")]
    return f"({', '.join(said)})" if said else ""
