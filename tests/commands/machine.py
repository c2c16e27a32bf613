"""A machine for one test: a home, a project, programs that are called like the clients, the command line in-process."""

import os
import shutil
from pathlib import Path

import pytest

from tests.commands.processes import clean_environment
from xats_tui.__main__ import main

CLIENTS = ("claude", "codex", "opencode")

VARIABLES = ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "OPENCODE_CONFIG", "XDG_CONFIG_HOME", "VIRTUAL_ENV", "COLORTERM")


class Machine:
    """Everything below one folder; this process lives there for the length of a test."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self._patch = patch
        self.home, self.project, self.programs = folder / "user", folder / "proj", folder / "bin"
        for made in (self.home, self.project, self.programs):
            made.mkdir()
        for name in [*VARIABLES, *(name for name in os.environ if name.startswith("XATS_"))]:
            patch.delenv(name, raising=False)
        patch.setenv("HOME", str(self.home))
        patch.setenv("PATH", str(self.programs))
        patch.chdir(self.project)
        self.xats_home = self.home / ".xats-tui"

    def install(self, *programs: str) -> None:
        """Put programs there that say a version and nothing else; tmux is the real one."""
        for name in programs:
            if name == "tmux":
                (self.programs / name).symlink_to(
                    str(shutil.which(name, path=os.defpath + ":/usr/local/bin:/opt/homebrew/bin"))
                )
            else:
                self.say_version(name, "0.12.3" if name == "codex" else "1.2.3")

    def say_version(self, name: str, version: str) -> None:
        """Have a program say this version."""
        (self.programs / name).write_text(f"#!/bin/sh\necho 'agent {version}'\n")
        (self.programs / name).chmod(0o755)

    def run(self, *arguments: str) -> int:
        """The exit code of a command line."""
        self._patch.setattr("sys.argv", ["xats-tui", *arguments])
        return main()

    def environment(self, **variables: str) -> dict[str, str]:
        """For a process of this machine."""
        return clean_environment() | {"HOME": str(self.home), "PATH": str(self.programs)} | variables

    def write(self, path: str, text: str) -> Path:
        """A file of the user's."""
        file = self.home / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        return file

    def everything(self) -> dict[str, tuple[int, int, bytes]]:
        """All files of this machine with mode, time of change and content."""
        files = [path for folder in (self.home, self.project) for path in folder.rglob("*") if path.is_file()]
        return {str(path): (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes()) for path in files}
