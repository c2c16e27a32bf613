"""Show a sample in this terminal, with no coordinator behind it: `python -m tests.screens.sample teams`.

The samples are `filled`, `empty`, `teams` and `telling`.  Times stand still, and verbs do nothing.
"""

import sys

from tests.screens.sample.desk import desk
from tests.screens.sample.filled import EMPTY, FILLED
from tests.screens.sample.teams import TEAMS
from tests.screens.sample.told import TELLING
from xats_tui.app import XatsApp

SAMPLES = {"filled": FILLED, "empty": EMPTY, "teams": TEAMS, "telling": TELLING}

if __name__ == "__main__":
    XatsApp(desk(SAMPLES[sys.argv[1] if sys.argv[1:] else "teams"])).run()
