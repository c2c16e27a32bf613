"""`xats-tui` whose bridge greets its host when all is known, however long that takes on a busy machine.

The first answers, which have a time limit of their own, are given by the program alone that is called xats-tui.
"""

from tests.patience import PATIENCE
from xats_tui.mcp_bridge import bridge

bridge.GREETING_TIMEOUT_S = bridge.REGISTERING_TIMEOUT_S = PATIENCE

if __name__ == "__main__":
    from xats_tui.__main__ import main  # it listens to the host from here on

    main()
