"""One tmux command as a process, by libtmux; imported when the work begins, because a start needs no libtmux."""

from libtmux.common import tmux_cmd
from libtmux.exc import LibTmuxException


class TmuxProcess(tmux_cmd):
    """A command that can be killed while it runs."""

    def __init__(self, under_way: "list[TmuxProcess]", program: str, *arguments: str) -> None:
        """Run the command to its end.

        Args:
            under_way: gets this command, so that another thread can end it.
            program: path of tmux, which libtmux would look for again.
            arguments: arguments of tmux.

        Raises:
            OSError: tmux cannot be run.
        """
        under_way.append(self)
        try:
            super().__init__(*arguments, tmux_bin=program)
        except LibTmuxException as error:
            raise FileNotFoundError("there is no tmux") from error

    def end(self) -> None:
        """Kill the process, if it has been started."""
        if process := getattr(self, "process", None):
            process.kill()
