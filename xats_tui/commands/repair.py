"""`xats-tui repair`: a new database from the readable parts of a damaged one."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from xats_tui.core.errors import UnusableStore
from xats_tui.core.records import fields_of
from xats_tui.runtime.settings import Loaded

if TYPE_CHECKING:
    from xats_tui.backend.store.upkeep.repair import Repair
    from xats_tui.backend.store.upkeep.salvage import Salvaged

NAMES = {
    "activity": "operator's actions",
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
"""Content of the tables whose names do not tell it."""


def repair(
    loaded: Loaded,
    search_index: Annotated[
        bool,
        typer.Option(
            "--search-index", help="Only empty the search index, which the coordinator fills again in the background."
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object, for scripts.")] = False,
) -> int:
    """Save the readable data of a damaged database into a new one, which takes its place.

    The coordinator must not be running.  The damaged file is kept beside the new one; an undamaged database is not
    changed.
    """
    # Deferred: no other command needs them, and the clock imports asyncio.
    from xats_tui.backend.store.upkeep.repair import empty_search_index
    from xats_tui.backend.store.upkeep.repair import repair as repair_database
    from xats_tui.core.clock import SystemClock

    path = loaded.settings.db_path
    if not path.exists():
        raise UnusableStore(f"there is no database {path}: name it with --db, or its home with --home")
    if search_index:
        empty_search_index(path, SystemClock().now())
        emptied = {"database": str(path), "search_index": "emptied"}
        print(
            json.dumps(emptied) if as_json else f"the search index of {path} is empty: the coordinator fills it again"
        )
        return 0
    done = repair_database(path, SystemClock().now())
    if as_json:
        tables = [fields_of(one) for one in done.tables]
        kept = str(done.kept) if done.kept else None
        print(json.dumps({"database": str(path), "complaint": done.complaint, "kept": kept, "tables": tables}))
    elif not done.complaint:
        print(f"{path} is not damaged: nothing was changed")
    else:
        print(f"{path} was damaged: {_line(done.complaint)}")
        print("\n".join(_report(done)))
        print(f"the damaged file is kept as {done.kept}")
    return 0


def _report(done: "Repair") -> list[str]:
    """Return a line for each table that had rows."""
    shown = [one for one in done.tables if one.saved or one.known != 0]
    width = max(len(_name(one)) for one in shown)
    return [f"  {_name(one):<{width}}  {_saved(one)}" for one in shown]


def _saved(one: "Salvaged") -> str:
    if one.known is None:
        return f"{one.saved:,} saved; the number before is unknown"
    lost = one.known - one.saved
    return f"{one.saved:,} saved, {lost:,} lost" if lost > 0 else f"{one.saved:,} saved: all"


def _name(one: "Salvaged") -> str:
    return NAMES.get(one.table, one.table)


def _line(complaint: str) -> str:
    """Return SQLite's complaint as a single line."""
    return " ".join(complaint.split())
