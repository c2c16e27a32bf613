"""The part of a manifest about the client's hooks."""

import re

from xats_tui.clients.hook_table import HookAnswer, HookEvent, HookMeaning, HookTable
from xats_tui.clients.manifests.tables import Table

PATH = re.compile(r"\w+(\.\w+)*", re.ASCII)

EVENT = re.compile(r"\w+", re.ASCII)

PLAIN = HookTable(events=())
"""The values that hold where a manifest says nothing."""


def hooks_in(table: Table) -> HookTable:
    """Return the hooks that a `[hooks]` table describes.

    Raises:
        BadManifest: they cannot be used.
    """
    hooks = HookTable(
        events=tuple(_event(one) for one in table.tables("event")),
        session=_path(table, "session", PLAIN.session),
        names_events=table.flag("names_events", PLAIN.names_events),
        kind=_path(table, "kind", PLAIN.kind),
        prompt=_path(table, "prompt", PLAIN.prompt),
        continued=_path(table, "continued", PLAIN.continued),
        says=table.texts("says") or PLAIN.says,
        answer=HookAnswer(answer) if (answer := table.choice("answer", list(HookAnswer), "")) else None,
    )
    table.end()
    if not hooks.events:
        table.refuse("", "write [[hooks.event]] for each event that means something")
    if wrong := [path for path in hooks.says if not PATH.fullmatch(path)]:
        table.refuse("says", f"{wrong[0]!r} is not the path of a field, as in details.title")
    return hooks


def _event(table: Table) -> HookEvent:
    name = table.text("name")
    if not EVENT.fullmatch(name):
        table.refuse("name", f"{name!r} is not the name of an event")
    event = HookEvent(
        name=name,
        means=HookMeaning(table.choice("means", list(HookMeaning))),
        kinds=frozenset(table.texts("kinds")),
        is_set_up=table.flag("set_up", True),
    )
    table.end()
    return event


def _path(table: Table, key: str, default: str) -> str:
    found = table.text(key, default)
    if not PATH.fullmatch(found):
        table.refuse(key, f"{found!r} is not the path of a field, as in context.session_id")
    return found
