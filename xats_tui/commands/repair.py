"""`xats-tui repair`: a new database of what can be read of a damaged one."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from xats_tui.core.errors import UnusableStore
from xats_tui.runtime.settings import Loaded

if TYPE_CHECKING:
    from xats_tui.backend.store.upkeep.repair import Repair
    from xats_tui.backend.store.upkeep.salvage import Salvaged

NAMES = {
    "activity": "operator's acts",
    "calls": "kept answers",
    "channel_proxies": "channels",
    "codex_pane_pre_registrations": "announced panes",
    "contract_fetches": "contract fetches",
    "contract_subscriptions": "subscriptions",
    "departed_agents": "agents that left",
    "do_not_disturb": "do not disturb",
    "message_delivery_status": "wakes",
    "wake_attempts": "attempts to wake",
}
"""What the tables hold, where their names do not say it."""


def repair(
    loaded: Loaded,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> int:
    """Save what can be read of a damaged database into a new one, which takes its place.

    The coordinator must not run.  The damaged file is kept beside the new one; a database that is whole is left alone.
    """
    # Here, not above: no other command needs them, and the clock brings asyncio with it.
    from xats_tui.backend.store.upkeep.repair import repair as repair_database
    from xats_tui.core.clock import SystemClock

    path = loaded.settings.db_path
    if not path.exists():
        raise UnusableStore(f"there is no database {path}: name it with --db, or its home with --home")
    done = repair_database(path, SystemClock().now())
    if as_json:
        tables = [asdict(one) for one in done.tables]
        kept = str(done.kept) if done.kept else None
        print(json.dumps({"database": str(path), "complaint": done.complaint, "kept": kept, "tables": tables}))
    elif not done.complaint:
        print(f"{path} is whole: nothing was changed")
    else:
        print(f"{path} was damaged: {_line(done.complaint)}")
        print("\n".join(_report(done)))
        print(f"the damaged file is kept as {done.kept}")
    return 0


def _report(done: "Repair") -> list[str]:
    """A line for every table that had anything in it."""
    shown = [one for one in done.tables if one.saved or one.known != 0]
    width = max(len(_name(one)) for one in shown)
    return [f"  {_name(one):<{width}}  {_saved(one)}" for one in shown]


def _saved(one: "Salvaged") -> str:
    if one.known is None:
        return f"{one.saved:,} saved; nothing tells how many there were"
    lost = one.known - one.saved
    return f"{one.saved:,} saved, {lost:,} lost" if lost > 0 else f"{one.saved:,} saved: all"


def _name(one: "Salvaged") -> str:
    return NAMES.get(one.table, one.table)


def _line(complaint: str) -> str:
    """SQLite's complaint, which has lines of its own, in one."""
    return " ".join(complaint.split())
