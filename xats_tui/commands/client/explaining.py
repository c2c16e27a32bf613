"""Explanations of what a reader sees on a screen, and why."""

from collections.abc import Mapping
from typing import Any

from xats_tui.backend.panes import read_pane
from xats_tui.backend.services.wakes.policy import hint
from xats_tui.clients.manifests.screen_rules import Explanation, explain
from xats_tui.clients.registry import CLIENTS, has_python_reader, manifest_of
from xats_tui.commands.client.captures import Capture
from xats_tui.commands.output.tables import facts
from xats_tui.core.model.panes import PaneReading, PaneState
from xats_tui.core.screen.ansi_grid import parse_screen
from xats_tui.core.screen.signs import quoted
from xats_tui.screens.widgets.format import one_line

EXAMPLE_SENDER = "NAME"


def explained(capture: Capture, client: str) -> dict[str, Any]:
    """Return the reading of a capture with its grounds, as it is printed as JSON."""
    reading = read_pane(client, capture.screen, capture.formats)
    grounds = _grounds(capture, client)
    is_by_rules = grounds is not None and grounds.reading == reading
    found = grounds.input_line if grounds else None
    return {
        "capture": capture.name,
        "client": client,
        "reader": _reader(client),
        "state": reading.state.value,
        "reason": reading.reason,
        "composer": reading.composer,
        "input_rows": [found.top + 2, found.bottom] if found else None,
        "rules": _rules(grounds) if grounds and is_by_rules else [],
        "would_type": _hint(client) if reading.state is PaneState.IDLE else None,
        "why": _why(reading),
    }


def as_text(known: Mapping[str, Any]) -> str:
    """Return an explanation for people; rows are counted from 1."""
    rows = known["input_rows"]
    composer = known["composer"]
    return facts(
        {
            "seen": one_line(known["capture"]),
            "client": f"{known['client']}, read {known['reader']}",
            "state": f"{known['state']}: {one_line(known['reason'])}",
            "input line": f"row {rows[0]}" + f" to {rows[1]}" * (rows[0] < rows[1]) if rows else "",
            "text in it": "" if composer is None else one_line(quoted(composer)) if composer.strip() else "nothing",
            "signs": "\n".join(map(_sign, known["rules"])),
            "would type": known["would_type"] or f"nothing: {one_line(known['why'])}",
            "because": one_line(known["why"]) if known["would_type"] else "",
        }
    )


def _sign(rule: Mapping[str, Any]) -> str:
    place = f"row {rule['row']}" if rule["row"] else "the title"
    where = f"rule {rule['number']}, {rule['file']} line {rule['line']}"
    return f"{rule['state']} ({where}): {one_line(quoted(rule['text']))} in {place}"


def _grounds(capture: Capture, client: str) -> Explanation | None:
    """Return the grounds of a reading by rules; None if code reads the screen."""
    manifest = manifest_of(client)
    if manifest is None or manifest.screen is None:
        return None
    lines = parse_screen(capture.screen, str(capture.formats.get("version") or ""))
    return explain(manifest.screen, lines, capture.formats)


def _rules(grounds: Explanation) -> list[dict[str, Any]]:
    return [
        {
            "number": match.rule.number,
            "file": match.rule.file,
            "line": match.rule.line,
            "state": match.rule.state.value,
            "row": None if match.row is None else match.row + 1,
            "text": match.text,
        }
        for match in grounds.matches
    ]


def _reader(client: str) -> str:
    manifest = manifest_of(client)
    if manifest and manifest.reader:
        return f"by the code for {CLIENTS[manifest.reader].title}"
    if manifest and manifest.screen:
        return f"by the rules of {manifest.source.name}, tried with {manifest.spec.tested_version}"
    if manifest:
        return "by nothing: it was not tried"
    return "by its code" if has_python_reader(client) else "by the generic reader"


def _hint(client: str) -> str:
    spec = CLIENTS.get(client)
    tool = spec.full_tool_name.format(server="xats", tool="get_inbox") if spec else "get_inbox"
    return hint([EXAMPLE_SENDER], 1, tool)


def _why(reading: PaneReading) -> str:
    if reading.state is PaneState.IDLE:
        return "it is idle; the other gates have to be open, too: xats-tui agents NAME"
    return f"it is {reading.state.value}: {reading.reason}"
