"""Table of the known clients, from the registry: how each is woken, what `setup` writes, the version that was tried."""

from collections.abc import Iterator
from pathlib import Path

from docs_generator.markdown import code, table
from xats_tui.clients.manifests.files import NO_MANIFESTS
from xats_tui.clients.registry import CLIENTS, configurations, manifest_of
from xats_tui.clients.setup.program import ConfigContext, ConfigScope
from xats_tui.clients.spec import ClientSpec
from xats_tui.commands.client.listing import known_clients

HEAD = ("client", "tried with", "woken", "`setup` writes", "`launch`")

WAYS = {
    "channel": "its channel",
    "inbox socket": "its inbox",
    "app-server": "its app-server",
    "server": "its own server",
    "extension": "the extension",
}
"""Ways with nothing typed, by what the list of clients calls them."""

NEVER_TYPED = "when it reads its inbox; never typed into"


def clients() -> str:
    """Return a row for each client."""
    has = {one["id"]: one["has"] for one in known_clients(NO_MANIFESTS)["clients"]}
    return table(HEAD, [_row(spec, has[client]) for client, spec in CLIENTS.items()])


def _row(spec: ClientSpec, has: list[str]) -> tuple[str, ...]:
    tried = spec.tested_version or "*not tried*"
    launched = code(f"launch {spec.id}") if "launch" in has else "–"
    return (f"{spec.title} ({code(spec.id)})", tried, ", ".join(_ways(spec, has)), _written(spec), launched)


def _ways(spec: ClientSpec, has: list[str]) -> Iterator[str]:
    manifest = manifest_of(spec.id)
    yield from (way for part, way in WAYS.items() if part in has)
    if spec.hooks and spec.hooks.answer:
        yield "at the end of a turn"
    is_typed = manifest is None or manifest.reader or manifest.screen
    yield "in its pane" if is_typed else NEVER_TYPED


def _written(spec: ClientSpec) -> str:
    """Return the user's files of a client, and what of ours belongs into each."""
    program = next((program for program in configurations() if program.name == spec.id), None)
    if program is None:
        return "–"
    around = ConfigContext(home=Path("~"), project=Path(), environment={})
    places: dict[str, list[str]] = {}
    for file in program.files(ConfigScope.USER, around):
        # Of files that are called after events, the folder tells enough.
        path = file.path.parent if hasattr(file, "event") else file.path
        kinds = places.setdefault(str(path), [])
        kinds += [file.holds] if file.holds not in kinds else []
    return "; ".join(f"{', '.join(kinds)}: {code(path)}" for path, kinds in places.items())
