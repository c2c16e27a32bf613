"""Defaults for a registration, so that the model need only pass the agent's name.

Only arguments that the coordinator offers and the model left out are filled in.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from xats_tui.clients.registry import CLIENTS, manifest_of, with_self_tool
from xats_tui.core.call_meta import FOLDER, HOST_PROGRAM, HOST_SESSION, LAUNCH, OWN_CHANNEL, TMUX_SOCKET, UI
from xats_tui.core.model.labels import CUSTOM
from xats_tui.mcp_bridge.identity import Identity
from xats_tui.mcp_bridge.registration import REGISTER, Params

THREAD = "threadId"
"""The key in `_meta` with which Codex names the thread of a call."""
CODEX_TURN = "x-codex-turn-metadata"
"""The key in `_meta` with which Codex tells more about the turn."""

FILLED_IN = frozenset({"client", "client_name", "model", "project_dir", "ui_pid"})
"""Arguments that the model may leave out."""

NAME_IS_ENOUGH = "Here name is enough: your program, its pane and the project folder are filled in."


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedIdentity:
    """The agent's identity from the bridge's configuration; an agent with a name is registered without being asked."""

    name: str | None = None
    team: str | None = None
    role: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RegistrationDefaults:
    """Everything that this bridge can say about its agent."""

    identity: Identity
    wish: RequestedIdentity = RequestedIdentity()
    channel: str = ""
    """The id of the channel to the host; empty if the host takes no wakes there."""

    @property
    def claims(self) -> dict[str, Any]:
        """The claims in the `_meta` of every call; the coordinator verifies them."""
        identity = self.identity
        ui = {"pid": identity.ui_pid, "pane": identity.pane} if identity.ui_pid else None
        said = {
            HOST_SESSION: identity.host_session,
            HOST_PROGRAM: f"{identity.name} {identity.version}" if identity.version else None,
            TMUX_SOCKET: identity.tmux_socket,
            UI: ui,
            LAUNCH: identity.launch,
            OWN_CHANNEL: self.channel,
        }
        return {key: value for key, value in said.items() if value}

    def completed(self, call: Params, offered: Iterable[Mapping[str, Any]]) -> Params:
        """Return a registration with the missing arguments filled in; `offered` are the coordinator's tools."""
        given = dict(call.get("arguments") or {})
        known = self._known(str(call["name"]), given, call.get("_meta") or {})
        schema = next((tool.get("inputSchema") or {} for tool in offered if tool.get("name") == call["name"]), {})
        fields = schema.get("properties") or {}
        said = {key for key, value in given.items() if value not in (None, "")}
        added = {key: value for key, value in known.items() if value and key in fields and key not in said}
        completed = {**call, "arguments": {**given, **added}}
        if self._serves_many and "project_dir" in said:
            completed["_meta"] = {**(call.get("_meta") or {}), FOLDER: given["project_dir"]}
        return completed

    @property
    def _serves_many(self) -> bool:
        """True if the host may run the tools of several windows, each in a folder of its own."""
        return self.identity.ui_pid is None and manifest_of(self.identity.client) is not None

    @property
    def _client_on_the_wire(self) -> str:
        """The client as every coordinator accepts it; one that a manifest describes is told by its name."""
        return CUSTOM if manifest_of(self.identity.client) else self.identity.client

    def _known(self, tool: str, given: Mapping[str, Any], meta: Mapping[str, Any]) -> dict[str, Any]:
        """Return all known arguments, for the client that the model names, else for the identified client."""
        named = CUSTOM if given.get("client_name") else None
        own = with_self_tool(tool)
        client = own.id if own else given.get("client") or named or self._client_on_the_wire
        known: dict[str, Any] = {"client": client, "model": _model(meta) or self.identity.model}
        known |= {"team": self.wish.team, "role": self.wish.role}
        if client == CUSTOM or (client == self.identity.client and manifest_of(client)):
            known["client_name"] = self.identity.name
        if client != CUSTOM and client == self.identity.client:
            known["ui_pid"] = self.identity.ui_pid
        if own and own.has_threads:
            known["thread_id"] = meta.get(THREAD)
        spec = CLIENTS.get(client) if isinstance(client, str) else None
        if spec and spec.has_app_server and THREAD in meta:
            known["ws_url"] = self.identity.codex_url
        # The working directory names the team only if neither the model nor the configuration names one.
        if not str(given.get("team", self.wish.team) or "").strip() and not self._serves_many:
            known["project_dir"] = self.identity.project_dir
        return known


def _model(meta: Mapping[str, Any]) -> str:
    turn = meta.get(CODEX_TURN)
    model = turn.get("model") if isinstance(turn, dict) else None
    return model if isinstance(model, str) else ""


def simplified(tools: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the coordinator's tools as the host sees them: arguments that are filled in are optional."""
    return [_simplified(tool) if tool.get("name") in REGISTER else tool for tool in tools]


def _simplified(tool: Mapping[str, Any]) -> dict[str, Any]:
    schema = tool.get("inputSchema") or {}
    required = [field for field in schema.get("required") or () if field not in FILLED_IN]
    description = f"{tool.get('description') or ''} {NAME_IS_ENOUGH}".strip()
    return {**tool, "description": description, "inputSchema": {**schema, "required": required}}
