"""The command line by which another program starts this one, from whatever folder and with whatever PATH it has.

It knows how this process was started, not who is to start the next.
"""

import shlex
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from msgspec import Struct

from xats_tui.clients.spec import ClientSpec
from xats_tui.runtime.settings import Loaded, checked, flag_of

PROGRAM, PACKAGE = "xats-tui", "xats_tui"

MAX_COMMAND_WORDS = 4
"""Words in which a command line names its program: `uvx --from WHEEL xats-tui`."""

AN_AGENTS_OWN = ("--name", "--team", "--role", "--token")
"""Flags of the bridge, each with a value, that a person has put there: they are kept where they stand."""


class OwnCommand(Struct, frozen=True, kw_only=True):
    """This program, with the settings that were given to it explicitly."""

    program: tuple[str, ...]
    """The program: one word, or a Python with its arguments."""
    flags: tuple[str, ...] = ()
    """Passed on to whatever is started: `--home DIR`, `--port N`."""

    @classmethod
    def of_this_process(cls, loaded: Loaded) -> "OwnCommand":
        """Return the command that starts this installation again with the same flags."""
        return cls(program=own_program(), flags=tuple(loaded.as_flags()))

    def bridge(self, former: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the command for an agent's MCP configuration; the agent's own arguments in `former` are kept."""
        return (*self.program, "mcp", *self.flags, *_an_agents_own(former))

    @property
    def pid_path(self) -> Path:
        """The pid file by which what is started finds its coordinator."""
        return pid_path_of(self.flags)

    def hook(self, spec: ClientSpec, event: str) -> str:
        """Return the command for the hook of a client's event, as a line for a shell."""
        return hook_line((*self.program, "hook", *self.flags), spec, event)


def hook_line(command: Sequence[str], spec: ClientSpec, event: str) -> str:
    """Return the line for a shell that a client's hook runs; it names the event only if the event does not itself."""
    named = () if spec.hooks is None or spec.hooks.names_events else ("--event", event)
    return shlex.join((*command, "--client", spec.id, *named))


def own_program(started_as: str | None = None) -> tuple[str, ...]:
    """Return the command of this installation: its bare name if PATH leads here for good, else an absolute path.

    An environment that is activated, or made for one run, is on PATH only for the moment.
    """
    script = Path(started_as or sys.argv[0]).absolute()
    if script.name != PROGRAM or not script.exists():
        script = Path(sys.executable).absolute().with_name(PROGRAM)
    if not script.exists():
        return (sys.executable, "-m", PACKAGE)
    on_path = shutil.which(PROGRAM)
    if on_path is None or not Path(on_path).samefile(script) or _is_for_the_moment(Path(on_path)):
        return (str(script),)
    return (PROGRAM,)


def is_ours(command: Sequence[str]) -> bool:
    """Tell whether a command line starts this program, from any installation, perhaps through a launcher."""
    return any(Path(word).name in (PROGRAM, PACKAGE) for word in command[:MAX_COMMAND_WORDS])


def flag_value(command: Sequence[str], flag: str) -> str | None:
    """Return the value of a flag, given as `FLAG VALUE` or `FLAG=VALUE`; None if the command line does not have it."""
    for index, word in enumerate(command):
        if word == flag and index + 1 < len(command):
            return command[index + 1]
        if word.startswith(f"{flag}="):
            return word.removeprefix(f"{flag}=")
    return None


def pid_path_of(command: Sequence[str]) -> Path:
    """Return the pid file by which a command line of this program finds its coordinator, by its flags alone."""
    named = {name: flag_value(command, flag_of(name)) for name in ("home", "pid_file")}
    return checked({name: value for name, value in named.items() if value}, {}).pid_path


def _is_for_the_moment(script: Path) -> bool:
    return sys.prefix != sys.base_prefix and script.parent == Path(sys.prefix, "bin")


def _an_agents_own(command: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for index, word in enumerate(command):
        if word in AN_AGENTS_OWN:
            kept += command[index : index + 2]
        elif word == "--channel" or word.startswith(tuple(f"{flag}=" for flag in AN_AGENTS_OWN)):
            kept.append(word)
    return kept
