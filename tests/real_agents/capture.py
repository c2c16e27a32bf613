"""Makes the captures of tests/backend/panes again from the real programs: run on request, no part of pytest.

    python -m tests.real_agents.capture --programs DIR [--client codex] [--everything] [--out DIR]

Installs the programs into DIR if they are not there.  Without --everything it keeps of each size and theme only what
differs between them.
"""

import argparse
import json
import time
from pathlib import Path
from typing import Any

from tests.real_agents.rig import AgentPane, NotSeen, Rig, Shot, install, running_rig
from tests.real_agents.scenes import CLIENTS, EVERYDAY_LOOKS, READY, UNUSUAL_LOOK, Look, Scene, everyday, unusual

CAPTURES = Path(__file__).parents[1] / "backend/panes/captures"

KEPT = frozenset({"wrapped", "idle", "dialog"})
"""The everyday scenes that are kept of every look."""

LEFT_OUT = frozenset({"80", "120", "truecolor"})
"""The looks that add nothing to the others as long as they are read alike; `--everything` shows whether they are."""

BREATH = 1.2
"""Seconds after the keys that end a scene, for the program to follow."""


class Album:
    """The captures in a folder, and the manifest that says what each shows."""

    def __init__(self, folder: Path, client: str) -> None:
        self._folder = folder
        self._manifest = folder / f"{client}.json"
        self._client = client
        self._entries: dict[str, Any] = {}
        folder.mkdir(parents=True, exist_ok=True)

    def add(self, look: Look, scene: Scene, shot: Shot) -> None:
        """Keep one screen."""
        name = f"{self._client}-{look.name}-{scene.name}"
        (self._folder / f"{name}.ansi").write_text(shot.screen + "\n")
        self._entries[name] = {"state": scene.state, "composer": scene.composer, "formats": shot.formats}
        self._manifest.write_text(json.dumps(self._entries, indent=1, ensure_ascii=False, sort_keys=True) + "\n")


def play(pane: AgentPane, scene: Scene, project: Path) -> Shot:
    """Bring the client to a scene and look."""
    if scene.submit:
        pane.submit(scene.submit.replace("PROJECT", str(project)))
    if scene.paste:
        pane.paste(scene.paste)
    if scene.type:
        pane.type(scene.type)
        time.sleep(BREATH)
    pane.press(*scene.press)
    if not scene.wait_for:
        return pane.settle()
    pane.wait_for(scene.wait_for)
    return pane.settle(quiet=0.6, timeout=2.0)


def tour(rig: Rig, album: Album, client: str, look: Look, scenes: list[Scene], kept: frozenset[str] | None) -> None:
    """Start a client with a look and go through scenes; one that cannot be reached is reported and left out."""
    pane = rig.start(CLIENTS[client], width=look.width, height=look.height, **look.options)
    pane.wait_for(READY[client], timeout=60)
    time.sleep(2)
    for scene in scenes:
        try:
            shot = play(pane, scene, rig.project)
        except NotSeen as error:
            print(f"{client} {look.name} {scene.name}: {error}")  # noqa: T201 - a script
            continue
        if kept is None or scene.name in kept:
            album.add(look, scene, shot)
        pane.press(*scene.undo)
        time.sleep(BREATH)
    rig.end(pane)


def main() -> None:
    """Capture what the arguments ask for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", type=Path, required=True)
    parser.add_argument("--client", choices=list(CLIENTS), action="append")
    parser.add_argument("--look", action="append", help="only the looks of these names")
    parser.add_argument("--everything", action="store_true")
    parser.add_argument("--out", type=Path, default=CAPTURES)
    parser.add_argument("--scratch", type=Path, default=Path("/home/u"), help="must not exist; shows on the screens")
    arguments = parser.parse_args()
    install(arguments.programs)
    for client in arguments.client or CLIENTS:
        album = Album(arguments.out, client)
        with running_rig(arguments.programs, arguments.scratch) as rig:
            for look in EVERYDAY_LOOKS[client]:
                wanted = look.name in arguments.look if arguments.look else look.name not in LEFT_OUT
                if wanted or arguments.everything:
                    tour(rig, album, client, look, everyday(client), None if arguments.everything else KEPT)
            if not arguments.look or UNUSUAL_LOOK.name in arguments.look:
                tour(rig, album, client, UNUSUAL_LOOK, unusual(client), None)


if __name__ == "__main__":
    main()
