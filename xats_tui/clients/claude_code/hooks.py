"""Claude Code's hooks: the events that tell its state, and the entry in its settings that reports them."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xats_tui.clients.claude_code.spec import SPEC
from xats_tui.clients.setup import jsonc
from xats_tui.clients.setup.config_files import HOOKS, OwnEntry, as_object
from xats_tui.clients.setup.json_files import broken_json, parsed_json
from xats_tui.clients.setup.own_command import OwnCommand, is_ours

HOOK_EVENTS = SPEC.hook_events


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaudeHooks:
    """Claude Code's settings, whose hooks run a command at what happens in a session."""

    path: Path
    holds: str = HOOKS

    def found(self, text: str) -> OwnEntry | None:
        ours = {event: line for event, _, _, line in self._ours(parsed_json(text, self.path))}
        if not ours:
            return None
        command = next(iter(ours.values()))
        return OwnEntry(command=tuple(_words(command)), events=tuple(event for event in HOOK_EVENTS if event in ours))

    def added(self, text: str, own: OwnCommand) -> str:
        text = text if text.strip() else "{}\n"
        settings = parsed_json(text, self.path)
        present = set()
        for event, group, index, line in self._ours(settings):
            present.add(event)
            if line != own.hook:
                text = self._set(text, ("hooks", event, group, "hooks", index, "command"), own.hook)
        for event in HOOK_EVENTS:
            if event not in present:
                groups = as_object(settings.get("hooks", {}), self.path).get(event, [])
                hook = {"hooks": [{"type": "command", "command": own.hook}]}
                text = self._set(text, ("hooks", event, len(groups) if isinstance(groups, list) else 0), hook)
        return text

    def removed(self, text: str) -> str:
        ours = list(self._ours(parsed_json(text, self.path)))
        if not ours:
            return text
        for event, group, index, _ in reversed(ours):  # from the end: the others keep their numbers
            text = self._taken_out(text, event, group, index)
        if not parsed_json(text, self.path)["hooks"]:
            text = jsonc.without(text, ("hooks",), comments=False)
        return "" if text.split() in (["{}"], ["{", "}"]) else text

    def _taken_out(self, text: str, event: str, group: int, index: int) -> str:
        """The text without one hook, and without the group and the event that it leaves empty."""
        groups = parsed_json(text, self.path)["hooks"][event]
        place: jsonc.Path = ("hooks", event, group, "hooks", index)
        if len(groups[group]["hooks"]) == 1:
            place = ("hooks", event, group) if len(groups) > 1 else ("hooks", event)
        return jsonc.without(text, place, comments=False)

    def _ours(self, settings: Any) -> list[tuple[str, int, int, str]]:
        """Event, number of the group, number of the hook in it, and command line of each hook that runs us."""
        events = as_object(as_object(settings, self.path).get("hooks", {}), self.path)
        return [
            (event, number, index, hook["command"])
            for event, groups in events.items()
            for number, group in enumerate(_items(groups))
            for index, hook in enumerate(_items(group.get("hooks") if isinstance(group, Mapping) else None))
            if isinstance(hook, Mapping) and _runs_our_hook(hook.get("command"))
        ]

    def _set(self, text: str, place: jsonc.Path, value: Any) -> str:
        try:
            return jsonc.with_value(text, place, value, comments=False)
        except jsonc.NotJson as error:
            raise broken_json(self.path, error) from None


def _runs_our_hook(line: object) -> bool:
    words = _words(line) if isinstance(line, str) else []
    return is_ours(words) and "hook" in words


def _words(line: str) -> list[str]:
    try:
        return shlex.split(line)
    except ValueError:
        return []


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
