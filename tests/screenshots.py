"""`python -m tests.screenshots` draws the pictures of the README, from the same data as the snapshots."""

import asyncio
import os
import re
import time
from pathlib import Path

from tests.screens.looking import shows
from tests.screens.sample import desk
from xats_tui.app import XatsApp

FOLDER = Path(__file__).parent.parent / "docs" / "screenshots"
SIZE = (120, 40)


async def draw_live() -> str:
    """The Live mode as SVG; the same each time."""
    app = XatsApp(desk())
    async with app.run_test(size=SIZE) as pilot:
        await shows(pilot, "backend")
        await pilot.press("down", "down")
        await shows(pilot, "Do you want to proceed?")
        return re.sub(r"terminal-\d+-", "terminal-", app.export_screenshot(title="xats-tui"))


def main() -> None:
    """Write every picture."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "live.svg").write_text(asyncio.run(draw_live()), encoding="utf-8")


if __name__ == "__main__":
    main()
