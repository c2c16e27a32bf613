"""A client that can be set up: its program, its files, its version.

It does not know which clients there are.
"""

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct

from xats_tui.clients.setup.config_files import ConfigFile
from xats_tui.clients.spec import ClientSpec

VERSION = re.compile(r"\d+\.\d+[\w.+-]*")

VERSION_TIMEOUT_S = 15.0
"""Seconds for a program to say its version; the first start of a large one reads a lot from the disk."""


class ConfigScope(StrEnum):
    """The reach of a configuration."""

    USER = "user"
    """In all folders of this user."""
    PROJECT = "project"
    """In this folder, for everybody who works in it."""


class ConfigContext(Struct, frozen=True, kw_only=True):
    """The folders and variables that decide where a program looks for its configuration."""

    home: Path
    project: Path
    environment: Mapping[str, str]

    @classmethod
    def here(cls) -> "ConfigContext":
        """Return the context of this process."""
        return cls(home=Path.home(), project=Path.cwd(), environment=os.environ)

    def folder(self, variable: str) -> Path | None:
        """The path that a variable names, if it does."""
        value = self.environment.get(variable)
        return Path(value).expanduser().absolute() if value else None


class ClientProgram(Struct, frozen=True, kw_only=True):
    """A coding agent's program."""

    spec: ClientSpec
    files: Callable[[ConfigScope, ConfigContext], tuple[ConfigFile, ...]]
    """Return the files with our entries, the MCP server's first."""
    elsewhere: Callable[[ConfigContext], tuple[ConfigFile, ...]] = lambda _: ()
    """Return further places where our entries may be; nothing is added there."""
    asks_about_tools: bool = True
    """True if the client asks a person about each tool of an MCP server, unless a rule says otherwise."""
    hooks_note: str = ""
    """A further step before the program runs new hooks."""
    unreviewed: Callable[[ConfigContext], tuple[str, ...]] = lambda _: ()
    """Return the events whose hooks the client does not run yet, because no person has reviewed them."""
    runs_equal_hooks_once: bool = False
    """True if equal command lines in several files are run once."""
    project_note: str = ""
    """A further step before the program reads a project's file."""

    @property
    def name(self) -> str:
        """The client's id."""
        return self.spec.id

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.spec.title

    @property
    def program(self) -> str:
        """The command on PATH."""
        return self.spec.program

    def where(self, environment: Mapping[str, str]) -> str | None:
        """Return the path of the program; None if it is not installed."""
        return shutil.which(self.program, path=environment.get("PATH"))

    def version(self, environment: Mapping[str, str]) -> str:
        """Return the program's version as it prints it; empty if it does not print one.

        Raises:
            OSError: it cannot be started.
        """
        # opencode makes its folders on whatever occasion.
        with tempfile.TemporaryDirectory(prefix="xats-") as scratch:
            folders = {f"XDG_{kind}_HOME": scratch for kind in ("CONFIG", "DATA", "CACHE", "STATE")}
            try:
                said = subprocess.run(
                    [self.where(environment) or self.program, "--version"],
                    env={**environment, **folders},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    text=True,
                    errors="replace",
                    timeout=VERSION_TIMEOUT_S,
                    check=False,
                ).stdout
            except subprocess.TimeoutExpired:
                return ""
        number = VERSION.search(said)
        return number[0].rstrip(".") if number else ""
