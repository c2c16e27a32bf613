"""The known clients and what each has."""

from collections.abc import Mapping
from typing import Any

from xats_tui.clients.manifests.files import UserManifests
from xats_tui.clients.registry import CLIENTS, configurations, has_part, launchable, manifest_of
from xats_tui.commands.output.tables import Columns, table, text

BUILT_IN = "built in"

NOTHING = "–"


def known_clients(found: UserManifests) -> dict[str, Any]:
    """Return every client, and the files that cannot be used."""
    return {"clients": [_record(client) for client in CLIENTS], "problems": dict(found.problems)}


def as_text(known: Mapping[str, Any], *, wide: bool) -> str:
    """Return the clients as a table."""
    columns: Columns = {
        "client": text("id"),
        "name": text("title"),
        "tried": lambda one: one["tried"] or "not tried",
        "screens": text("reader"),
        "has": lambda one: ", ".join(one["has"]) or NOTHING,
        "from": text("source"),
    }
    return table(columns, known["clients"], wide=wide)


def _record(client: str) -> dict[str, Any]:
    spec, manifest = CLIENTS[client], manifest_of(client)
    parts = {
        "dialogs": has_part(client, "dialog"),
        "hooks": spec.hooks is not None,
        "setup": client in {program.name for program in configurations()},
        "launch": client in launchable(),
        "extension": bool(spec.extension),
        "inbox socket": has_part(client, "inbound") or spec.inbox is not None,
        "channel": spec.has_channel,
        "app-server": spec.has_threads,
        "server": spec.server is not None,
    }
    return {
        "id": client,
        "title": spec.title,
        "tried": spec.tested_version or None,
        "reader": _reader(client),
        "has": [part for part, there in parts.items() if there],
        "source": manifest.source.name if manifest and not manifest.builtin else BUILT_IN,
    }


def _reader(client: str) -> str:
    """Return who reads its screens."""
    manifest = manifest_of(client)
    if manifest is None:
        return "code" if has_part(client, "screen") else "generic"
    if manifest.reader:
        return f"as {manifest.reader}"
    return f"{len(manifest.screen.rules)} rules" if manifest.screen else "never typed into"
