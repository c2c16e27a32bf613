"""One tmux command as a process, by libtmux; imported when the work begins, because a start needs no libtmux."""

import subprocess
from collections.abc import Callable

from libtmux.common import tmux_cmd
from libtmux.exc import LibTmuxException


class TmuxProcess(tmux_cmd):
    """A command that ends when it is given up."""

    def __init__(self, begin: Callable[[Callable[[], object]], None], program: str, *arguments: str) -> None:
        """Run the command to its end.

        Args:
            begin: called as soon as the command has started, with what ends it.
            program: path of tmux, which libtmux would look for again.
            arguments: arguments of tmux.

        Raises:
            OSError: tmux cannot be run.
        """
        self._begin = begin
        try:
            super().__init__(*arguments, tmux_bin=program)
        except LibTmuxException as error:
            raise FileNotFoundError("there is no tmux") from error

    @property
    def process(self) -> subprocess.Popen[str]:
        """The process; libtmux sets it as soon as it has started it."""
        return self._process

    @process.setter
    def process(self, started: subprocess.Popen[str]) -> None:
        self._process = started
        self._begin(started.kill)
