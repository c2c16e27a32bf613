"""Questions that a client's hook brings, and answers as the hook's output.  Pure."""

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from xats_tui.core.model.client_states import DialogKind, DialogOption


class HookQuestion(Struct, frozen=True, kw_only=True):
    """The question of a hook's event to a person."""

    source: str
    """The interface, for people."""
    kind: DialogKind
    tool: str
    tool_input: Mapping[str, Any]
    subject: str
    text: str
    options: tuple[DialogOption, ...]
    """Empty if the hook's output cannot answer it."""
    output: Callable[[DialogOption, str], Mapping[str, Any]]
    """Return the hook's output for an option, with the person's words."""


HookReader = Callable[[Mapping[str, Any]], HookQuestion]
"""Reads the fields of a hook's event."""
