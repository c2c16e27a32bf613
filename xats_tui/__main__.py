"""Entry of the program: runs the command, and turns failures into one sentence and an exit code.

Exit codes: 0 done, 1 cannot start or continue, 2 invalid command line, 130 interrupted.
"""

import os
import sys

from xats_tui.runtime import early_sigint  # first: an interrupt from here on prints no traceback

# isort: split
from xats_tui import __version__
from xats_tui.runtime import hook_client

if hook_client.is_hook(sys.argv):  # an agent waits for it, and it needs nothing of the rest
    hook_client.run(sys.argv)
if hook_client.asks_version(sys.argv):
    print(f"xats-tui {__version__}")
    sys.exit()


# isort: split
from xats_tui.commands import quick_completion

if quick_completion.VARIABLE in os.environ and (told := quick_completion.answer(os.environ)):
    print(told[0])
    sys.exit(told[1])

# isort: split
from xats_tui.mcp_bridge.host import early  # a bridge hears its host from here on

# isort: split
import logging

from xats_tui.core.errors import XatsError
from xats_tui.runtime.pid_file import AlreadyRunning
from xats_tui.runtime.settings import InvalidSettings

EXIT_FAILED = 1
EXIT_INTERRUPTED = 130


def main() -> int:
    """Run the command line of this process and return the exit code."""
    early_sigint.raise_from_now_on()
    logging.getLogger().addHandler(logging.NullHandler())  # otherwise an unexpected failure prints its traceback
    try:
        return _run()
    except (InvalidSettings, AlreadyRunning, XatsError) as error:
        return _failed(str(error))
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except Exception as error:
        logging.getLogger(__name__).exception("unexpected failure")
        return _failed(f"unexpected {type(error).__name__}: {error}; see the log file for details")


def _run() -> int:
    if early.begun():  # an agent's program waits for it
        from xats_tui.commands import plain_bridge

        if line := plain_bridge.read(sys.argv, os.environ):
            return plain_bridge.run(line)
    from xats_tui.commands import plain_dashboard

    if opened := plain_dashboard.read(sys.argv, os.environ):
        return plain_dashboard.run(opened)
    from xats_tui.commands import command_line

    return command_line.run()


def _failed(sentence: str) -> int:
    print(f"xats-tui: {sentence}", file=sys.stderr)
    return EXIT_FAILED


if __name__ == "__main__":
    sys.exit(main())
