"""The instructions for the model at the handshake: the coordinator's own, and what the bridge adds."""

from collections.abc import Mapping
from typing import Any

from xats_tui import __version__
from xats_tui.core.instructions import INSTRUCTIONS, NAME_IS_ENOUGH
from xats_tui.mcp_bridge.host.initialize import SERVER_NAME
from xats_tui.mcp_bridge.registration import IN_USE, answer_of, error_of, succeeded
from xats_tui.mcp_bridge.registration_defaults import RequestedIdentity


def instructions(coordinator: Mapping[str, Any] | None, wish: RequestedIdentity, told: Mapping[str, Any] | None) -> str:
    """Return the instructions for the model.

    Args:
        coordinator: its answer to the handshake; None while it is not connected.
        wish: the agent's identity from the configuration.
        told: the coordinator's answer to the registration; None if there is none yet.
    """
    base = str((coordinator or {}).get("instructions") or INSTRUCTIONS)
    parts = [base.rstrip(), NAME_IS_ENOUGH, _registered(wish, told), _versions(coordinator)]
    return "\n".join(part for part in parts if part) + "\n"


def refusal(told: Mapping[str, Any]) -> str:
    """Return the reason why the coordinator did not register the agent."""
    answer = answer_of(told) or {}
    content = told.get("content") or [{}]
    return ": ".join(str(answer[key]) for key in ("error", "detail") if key in answer) or str(content[0].get("text"))


def _registered(wish: RequestedIdentity, told: Mapping[str, Any] | None) -> str:
    if wish.name is None:
        return ""
    if told is None:
        return f"You are being registered as {wish.name}: you need not call register_agent."
    if error_of(told) == IN_USE:
        return f"You are not registered: {(answer_of(told) or {}).get('detail')} if the user wants that."
    if not succeeded(told):
        return f"You are not registered: {wish.name} was refused ({refusal(told)}). Call register_agent."
    return f"You are registered as {wish.name}@{(answer_of(told) or {}).get('team')}: you need not call register_agent."


def _versions(coordinator: Mapping[str, Any] | None) -> str:
    server = (coordinator or {}).get("serverInfo") or {}
    if server.get("name") != SERVER_NAME or server.get("version") == __version__:
        return ""
    return (
        f"The coordinator is version {server.get('version')}, this bridge is {__version__}: both work, but the one "
        "that was not updated should be restarted."
    )
