"""The commands of a launch: is the name taken, a client is about to run, it runs."""

from pathlib import Path

from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command, Word
from xats_tui.backend.operator_api.records import plain
from xats_tui.backend.system.tmux_sockets import server_name
from xats_tui.backend.tools.base import Answer, Arguments, Optional
from xats_tui.backend.tools.call_context import SocketPath
from xats_tui.core.model.launches import LaunchRequest
from xats_tui.core.model.panes import PaneRef


class Named(Arguments):
    """Team and name of an agent that may or may not exist."""

    team: Word
    name: Word


class Launch(Named):
    """An agent to be launched."""

    client: Word
    folder: str

    @property
    def wanted(self) -> LaunchRequest:
        """The arguments as a record."""
        return LaunchRequest(client=self.client, name=self.name, team=self.team, role=None, folder=Path(self.folder))


class Expect(Launch):
    mark: Word
    socket: Optional[SocketPath] = None
    pane: Optional[Word] = None


class Bind(Arguments):
    agent_id: Word
    mark: Word


class Arrived(Launch):
    agent_id: Word
    base_url: str = ""
    session_id: str = ""


async def known(operator: OperatorApi, arguments: Named) -> Answer:
    """Return the registered agent of that name, if there is one."""
    return {"known": plain(await operator.known_agent(arguments.team, arguments.name))}


async def expect(operator: OperatorApi, arguments: Expect) -> Answer:
    """Forget how an earlier agent of that name was woken; record the pane in which a Codex is about to run."""
    socket = server_name(arguments.socket) if arguments.socket else ""
    pane = PaneRef(socket, arguments.pane) if arguments.pane else None
    await operator.expect_launch(arguments.wanted, pane, arguments.mark)
    return {"ok": True}


async def bind(operator: OperatorApi, arguments: Bind) -> Answer:
    """Bind the pane that is expected under a mark, if the expected client runs in it."""
    await operator.bind_launch(arguments.agent_id, arguments.mark)
    return {"ok": True}


async def arrived(operator: OperatorApi, arguments: Arrived) -> Answer:
    """Record that the agent is there, and how it is woken."""
    told = arguments.base_url, arguments.session_id
    await operator.launched(arguments.wanted, arguments.agent_id, *told)
    return {"ok": True}


LAUNCHES = (
    Command(name="known", arguments=Named, run=known, changes=OperatorApi.known_agent.changes),
    Command(name="expect_launch", arguments=Expect, run=expect, changes=OperatorApi.expect_launch.changes),
    Command(name="bind_launch", arguments=Bind, run=bind, changes=OperatorApi.bind_launch.changes),
    Command(name="launched", arguments=Arrived, run=arrived, changes=OperatorApi.launched.changes),
)
