"""`xats-tui` whose bridge greets its host when all is known, however long that takes on a busy machine.

It is not called xats-tui, so it does not listen to the host before everything is imported.
"""

from tests.patience import PATIENCE
from xats_tui.mcp_bridge import bridge
from xats_tui.mcp_bridge.host import first_answers

bridge.GREETING_TIMEOUT_S = bridge.REGISTERING_TIMEOUT_S = PATIENCE
first_answers.OVERDUE_AFTER_START_S = first_answers.OVERDUE_S = PATIENCE

if __name__ == "__main__":
    from xats_tui.__main__ import main  # it listens to the host from here on

    main()
