"""Access to the servers that really are an agent's: its own process listens there.

A port is free for anyone when its program has ended.  A password is read from the environment of the process that has
it, each time, and kept nowhere.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from xats_tui.backend.system.processes import Processes
from xats_tui.backend.transports.opencode_api import ServerAccess
from xats_tui.clients.registry import MODEL_SERVER, own_server
from xats_tui.core.errors import XatsError
from xats_tui.core.model.agents import Agent, DeliveryKind
from xats_tui.core.model.labels import ClientId

PORTS = {"http": 80, "https": 443}


class AgentEnded(XatsError):
    """The agent's process has ended."""


class ForeignServer(XatsError):
    """Not the agent's own process listens at the port of its server."""


class OpencodeAccess:
    """Finds servers by the processes that listen."""

    def __init__(self, processes: Processes) -> None:
        self._processes = processes

    async def to_server_of(self, agent: Agent) -> ServerAccess:
        """Return access to the server that an agent is registered with.

        An agent whose process is not known is believed.

        Raises:
            AgentEnded, ForeignServer.
        """
        url = agent.delivery.address["base_url"]
        if agent.process is None:
            return ServerAccess(base_url=url)
        port = port_of(url)
        listeners = await self._listeners(agent)
        if port not in listeners:
            raise ForeignServer(f"its process {agent.process.pid} does not listen at {url}")
        return await self._access(url, listeners[port], agent.client)

    async def to_servers_of_process(self, agent: Agent) -> tuple[ServerAccess, ...]:
        """Return access to every port at which an agent's process listens; the one it is registered with comes first.

        Raises:
            AgentEnded.
        """
        listeners = await self._listeners(agent)
        registered = registered_url(agent)
        known = port_of(registered) if registered else None
        ordered = sorted(listeners, key=lambda port: (port != known, port))
        urls = {port: registered if port == known else f"http://127.0.0.1:{port}" for port in ordered}
        return tuple([await self._access(url, listeners[port], agent.client) for port, url in urls.items()])

    async def to_own_server(self, url: str, client: ClientId) -> ServerAccess:
        """Return access to a server of this user that has just been started by that client."""
        pid = (await self._processes.listeners()).get(port_of(url))
        return await self._access(url, pid, client) if pid else ServerAccess(base_url=url)

    async def _listeners(self, agent: Agent) -> Mapping[int, int]:
        """Return the ports at which an agent's process or its children listen, each with its pid."""
        process = agent.process
        if process is None or process not in await self._processes.living({process}):
            raise AgentEnded(f"its process{f' {process.pid}' if process else ''} has ended")
        return await self._processes.listeners(process.pid)

    async def _access(self, url: str, pid: int, client: ClientId | None) -> ServerAccess:
        login, environment = own_server(client) or MODEL_SERVER, await self._processes.environment(pid)
        password = environment.get(login.password, "")
        username = environment.get(login.username) or login.default_username
        return ServerAccess(base_url=url, username=username if password else "", password=password)


def registered_url(agent: Agent) -> str:
    """Return the URL of the server that an agent is registered with; empty without one."""
    return agent.delivery.address.get("base_url", "") if agent.delivery.kind is DeliveryKind.OPENCODE_SERVER else ""


def port_of(url: str) -> int:
    """Return the port of a URL."""
    parts = urlsplit(url)
    return parts.port or PORTS.get(parts.scheme, 0)
