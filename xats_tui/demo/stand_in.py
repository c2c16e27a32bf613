"""Program in an agent's pane: a screen, a bridge as its child, and a role to play.

It needs only the standard library, so that it runs under any name and five of them start quickly.
"""

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace

from xats_tui.demo.console import DemoConsole
from xats_tui.demo.mcp_client import bridge
from xats_tui.demo.parts import PARTS
from xats_tui.demo.script import CAST

LOST = "the connection to the model was lost"


def main() -> None:
    """Play a role until the terminal is closed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("name", choices=sorted(PARTS))
    parser.add_argument("--stays", action="store_true", help="keep playing, even if the role is to leave")
    parser.add_argument("bridge", nargs="+", help="the command that starts the bridge")
    given = parser.parse_args()
    asyncio.run(_play(given.name, given.bridge, stays=given.stays))


async def _play(name: str, command: Sequence[str], *, stays: bool) -> None:
    part = next(part for part in CAST if part.name == name)
    console = DemoConsole(f"{name} · a stand-in of the xats-tui demo")
    task = asyncio.current_task()
    assert task is not None  # this is a coroutine
    for number in (signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        with console.opened():
            async with bridge(command) as client:
                await PARTS[name](replace(part, leaves=part.leaves and not stays), console, client).play()
    except (EOFError, SystemExit):
        sys.stdout.write(f"{name}: {LOST}\r\n")
    except asyncio.CancelledError:
        pass


if __name__ == "__main__":
    main()
