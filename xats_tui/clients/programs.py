"""Recognition of programs by their command lines: clients, shells, and launchers that only start another program.

Works on argument vectors and paths; the callers read them from the process table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from xats_tui.clients.registry import by_executable, packages

SHELLS = frozenset({"ash", "bash", "csh", "dash", "elvish", "fish", "ksh", "nu", "sh", "tcsh", "xonsh", "zsh"})

LAUNCHERS = re.compile(
    rf"{'|'.join(sorted(SHELLS))}|env|nice|ionice|chrt|taskset|timeout|time|setsid|stdbuf|xargs|nohup|unbuffer|script"
    r"|sudo|doas|su|runuser|p?npm|yarn|p?npx|np[mx]-cli|bunx|uvx?|pipx|mise|rtx|asdf|direnv|nvm|fnm|volta|nix|nix-shell"
    r"|devbox|dotenv|op|doppler|aws-vault|infisical|systemd-run|firejail|bwrap",
    re.IGNORECASE,
)
"""Programs that only start another program."""

RELAYS = frozenset({"script", "sudo", "doas", "su", "runuser"})
"""Programs that may start another one in a terminal of its own, and hand on the typed keys to it."""

ELSEWHERE = re.compile(r"ssh|mosh|mosh-client|docker|podman|nerdctl|kubectl|lxc|machinectl|wsl", re.IGNORECASE)
"""Programs that show another machine or a container, whose processes cannot be seen from here."""

VERSION = re.compile(r"v?\d+(\.\d+)+([-+].*)?")
ENDINGS = re.compile(r"(\.(exe|cmd|bat|[mc]?js|ts|py|sh))+$", re.IGNORECASE)
PLATFORM = re.compile(r"-(x86_64|x64|amd64|aarch64|arm64|linux|darwin|windows|musl)(-.*)?$", re.IGNORECASE)
WRAPPED = re.compile(r"\.+(.+?)(-wrapped)+")
"""Nix's name for a program that its wrapper starts."""

UNTELLING = frozenset({"cli", "cli-wrapper", "index", "main", "start", "bin", "run", "entry", "__main__"})
"""Script names that many programs have; the folder tells more."""

SHELVES = re.compile(r"versions|bin|dist|lib|lib64|libexec|share|build|out|src|current|latest|releases", re.IGNORECASE)
"""Folders between a program's own folder and its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interpreter:
    """A kind of program that runs the script named in its arguments."""

    names: re.Pattern[str]
    valued: re.Pattern[str]
    """Options whose value is an argument of its own."""
    code: re.Pattern[str]
    """Options after which code stands in place of a script."""
    verbs: frozenset[str] = frozenset()
    """Words before the script."""


SHELL = Interpreter(
    names=re.compile("|".join(sorted(SHELLS))),
    valued=re.compile(r"[-+][oO]|--rcfile|--init-file"),
    code=re.compile(r"-[A-Za-z]*c"),
)
PYTHON = Interpreter(
    names=re.compile(r"python[\d.]*", re.IGNORECASE),
    valued=re.compile(r"-[WX]|--check-hash-based-pycs"),
    code=re.compile(r"-[A-Za-z]*c"),
)
JAVASCRIPT = Interpreter(
    names=re.compile(r"node(js)?|bun|deno", re.IGNORECASE),
    valued=re.compile(
        r"-[rCW]|--(require|import|loader|experimental-loader|conditions|env-file|env-file-if-exists|title|inspect-port"
        r"|icu-data-dir|preload|cwd|config)"
    ),
    code=re.compile(r"-(e|p|pe)|--(eval|print)"),
    verbs=frozenset({"run", "x"}),
)
INTERPRETERS = (SHELL, PYTHON, JAVASCRIPT)


def program_names(command: Sequence[str], executable: str = "", folder: str = "") -> list[str]:
    """Return the names that a process runs under: its executable's, and its script's if it is an interpreter.

    Args:
        command: the argument vector.
        executable: the path of the running file, used where the vector does not tell.
        folder: the working directory, below which a script may be named.
    """
    names = _names_of(command[0]) if command else []
    if names and _interpreter(names[0]):
        script = script_of(command)
        names += _names_of(str(PurePosixPath(folder, script))) if script else []
    elif executable and not any(map(_tells, names)):
        names += _names_of(executable)
    return names


def client_of(names: Sequence[str]) -> str | None:
    """Return the client that these names belong to; a shell that runs a script with such a name is none."""
    if names and names[0] in SHELLS:
        return None
    return next(filter(None, map(by_executable, names)), None)


def script_of(command: Sequence[str]) -> str | None:
    """Return the script that an interpreter runs; None if it runs code from its arguments, or reads its terminal."""
    kind = _interpreter(_names_of(command[0])[0])
    rest = iter(command[1:])
    for argument in rest:
        if kind is None or kind.code.fullmatch(argument):
            return None
        if argument == "--" or (argument == "-m" and kind is PYTHON):
            return next(rest, None)
        if kind.valued.fullmatch(argument):
            next(rest, None)
        elif not argument.startswith(("-", "+")) and argument not in kind.verbs:
            return argument
    return None


def first_word(command: Sequence[str]) -> str:
    """Return the first argument that is not an option: for most programs, the subcommand."""
    script = script_of(command) if command else None
    arguments = command[command.index(script) + 1 :] if script in command else command[1:]
    return next((argument for argument in arguments if not argument.startswith("-")), "")


def is_bare_shell(command: Sequence[str]) -> bool:
    """Tell whether a command is a shell that reads its terminal, rather than a script or a line of code."""
    names = _names_of(command[0]) if command else []
    runs_code = any(map(SHELL.code.fullmatch, command[1:]))
    return bool(names) and names[0] in SHELLS and not runs_code and script_of(command) is None


def launches_only(names: Sequence[str]) -> bool:
    """Tell whether a process with these names only launches another program."""
    return any(map(LAUNCHERS.fullmatch, names))


def tells_nothing(names: Sequence[str]) -> bool:
    """Tell whether a process with these names may be any client: a script like `cli.js`, or a bare version."""
    if names and JAVASCRIPT.names.fullmatch(names[0]):
        return not any(map(_tells, names[1:]))
    return all(map(VERSION.fullmatch, names))


def _interpreter(name: str) -> Interpreter | None:
    return next((kind for kind in INTERPRETERS if kind.names.fullmatch(name)), None)


def _tells(name: str) -> bool:
    return name.lower() not in UNTELLING and not VERSION.fullmatch(name)


def _names_of(path: str) -> list[str]:
    """Return the plain name of a file and, where that tells nothing, the name of its folder or package."""
    file = PurePosixPath(path)
    bare = file.name.removeprefix("-")
    if VERSION.fullmatch(bare):
        return [bare, *_owner(file)]
    wrapped = WRAPPED.fullmatch(bare)
    name = PLATFORM.sub("", ENDINGS.sub("", wrapped[1] if wrapped else bare)).removesuffix("-aarch64-a")
    return [name] if _tells(name) else [name, *_package(file)]


def _owner(file: PurePosixPath) -> list[str]:
    """Return the folder around a version: `claude` for `…/claude/versions/2.1.332`."""
    folders = (parent.name for parent in file.parents)
    return [name for name in folders if name and not SHELVES.fullmatch(name) and _tells(name)][:1]


def _package(file: PurePosixPath) -> list[str]:
    """Return the npm package of a script: `claude-code` for `…/@anthropic-ai/claude-code/cli.js`."""
    parts = list(file.parent.parts)
    while parts and SHELVES.fullmatch(parts[-1]):
        parts.pop()
    is_package = "node_modules" in parts[-3:-1] or not packages().isdisjoint(parts[-1:])
    return parts[-1:] if is_package else []
