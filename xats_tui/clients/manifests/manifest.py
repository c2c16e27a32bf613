"""A manifest: a client described by a TOML file, checked key by key.

`docs/clients.md` describes the file.  The parts about screen, setup and launch are parsed when they are first asked
for, because the bridge reads manifests at its start only to recognise its host.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xats_tui.clients.manifests.hooks_file import hooks_in
from xats_tui.clients.manifests.tables import Source, Table
from xats_tui.clients.spec import AnswerLimit, ClientSpec, OwnServer, SessionInbox

if TYPE_CHECKING:
    from xats_tui.clients.manifests.screen_rules import ScreenRules
    from xats_tui.clients.manifests.setup_file import LaunchTable, SetupTable

ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
MAX_ID_CHARS = 32

NAME = re.compile(r"[a-z0-9@][a-z0-9@._/+-]*")
"""The name of an executable, of a package, or of a client in its handshake, in lower case."""

VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")

EXTENSION = re.compile(r"[a-z0-9][a-z0-9-]*\.[a-z]+")
"""The name of a file beside the manifest."""

FOLDER = re.compile(r"[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*")
"""A folder in the home."""

TOOL_NAME = re.compile(r"[\w.-]*(\{server\}[\w.-]*)?\{tool\}[\w.-]*", re.ASCII)

ANSWER_TOKENS, ANSWER_BYTES = 8_000, 24_000
"""Limits of an answer where a manifest names none: what the most cautious client that was tried passes on whole."""

TRIED_ORDER, NOT_TRIED_ORDER = 50, 60
"""Places in lists, after the clients with a folder of their own."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Manifest:
    """A client that a file describes."""

    spec: ClientSpec
    source: Source
    builtin: bool
    reader: str
    """The client whose reader reads its screens; empty if it has rules of its own, or none."""
    _screen: Table | None
    _setup: Table | None
    _launch: Table | None

    @property
    def tried(self) -> bool:
        """True if it was tried with the real program."""
        return bool(self.spec.tested_version)

    @cached_property
    def screen(self) -> "ScreenRules | None":
        """The rules of its screen; None if it has none of its own.

        Raises:
            BadManifest: they cannot be used.
        """
        # Deferred: the bridge reads no screens, and half of its time here would be theirs.
        from xats_tui.clients.manifests.screen_file import screen_in

        return screen_in(self._screen) if self._screen is not None and not self.reader else None

    @cached_property
    def setup(self) -> "SetupTable | None":
        """Its configuration files, and our entries in them; None if it cannot be set up.

        Raises:
            BadManifest: they cannot be used.
        """
        # Deferred: the bridge sets nothing up.
        from xats_tui.clients.manifests.setup_file import setup_in

        if self._setup is None:
            return None
        return setup_in(self._setup, has_hooks=self.spec.hooks is not None, has_extension=bool(self.spec.extension))

    @property
    def is_launchable(self) -> bool:
        """True if it says how the client is launched."""
        return self._launch is not None

    @cached_property
    def launch(self) -> "LaunchTable | None":
        """The command line that starts it as an agent; None if it cannot be launched.

        Raises:
            BadManifest: that cannot be used.
        """
        from xats_tui.clients.manifests.setup_file import launch_in

        return launch_in(self._launch) if self._launch is not None else None

    @property
    def extension_path(self) -> Path | None:
        """The file of its extension; None if it has none, or was not read from a folder."""
        folder = self.source.folder
        return folder / self.spec.extension if folder and self.spec.extension else None


def parsed(source: Source, *, builtin: bool) -> Manifest:
    """Return a manifest; the part about the screen is checked only when it is asked for.

    Raises:
        BadManifest: it cannot be used.
    """
    top = source.parsed()
    client_id = _id(top, source)
    title, tried, program = top.text("title"), top.version("tried"), _named(top, "program")
    executables = _names(top, "executables") | {program}
    handshake = _names(top, "handshake", may_end_with_star=True)
    marks = _checked(top, "environment", VARIABLE, "the name of a variable, such as MY_AGENT")
    session = _checked(top, "session_variable", VARIABLE, "the name of a variable, such as MY_AGENT_SESSION_ID")
    spec = ClientSpec(
        id=client_id,
        title=title,
        order=TRIED_ORDER if tried else NOT_TRIED_ORDER,
        program=program,
        install=top.text("install"),
        executables=executables,
        packages=_names(top, "packages"),
        handshake_names=handshake,
        environment_mark=marks,
        session_variable=session,
        answer=AnswerLimit(
            tokens=top.number_of("answer_tokens", ANSWER_TOKENS, 1_000, 100_000),
            size_bytes=top.number_of("answer_bytes", ANSWER_BYTES, 4_000, 1_000_000),
        ),
        full_tool_name=_checked(top, "full_tool_name", TOOL_NAME, "as in mcp__{server}__{tool}") or "{tool}",
        extension=_checked(top, "extension", EXTENSION, "the name of a file beside this one, such as my-agent.ts"),
        server=_server(top.table("server")),
        inbox=_inbox(top.table("inbox")),
        tested_version=tried,
        hooks=hooks_in(hooks) if (hooks := top.table("hooks")) else None,
    )
    screen, setup, launch = top.table("screen"), top.table("setup"), top.table("launch")
    top.end()
    if screen is not None and not tried:
        top.refuse("screen", 'a client that was not tried has no [screen]: name the version in tried = "1.2.3"')
    reader = screen.text("reader", "") if screen is not None else ""
    if screen is not None and reader:
        screen.end()  # rules of its own would never be used
    if launch is not None and setup is None:
        launch.refuse("", "[launch] needs [setup], which says how the program finds our server")
    return Manifest(
        spec=spec, source=source, builtin=builtin, reader=reader, _screen=screen, _setup=setup, _launch=launch
    )


def checked(source: Source, *, builtin: bool, known_reader: Callable[[str], bool]) -> Manifest:
    """Return a manifest of which every part was checked.

    Raises:
        BadManifest: it cannot be used.
    """
    manifest = parsed(source, builtin=builtin)
    if manifest.reader and not known_reader(manifest.reader) and manifest._screen is not None:
        manifest._screen.refuse("reader", f"reader = {manifest.reader!r} is no client with a reader of its own")
    _ = (manifest.screen, manifest.setup, manifest.launch)
    return manifest


def _id(top: Table, source: Source) -> str:
    found = top.text("id")
    stem = source.name.rpartition("/")[2].removesuffix(".toml")
    if not ID.fullmatch(found) or len(found) > MAX_ID_CHARS:
        top.refuse("id", f"write id with small letters, digits and single dashes, at most {MAX_ID_CHARS} characters")
    if found != stem:
        top.refuse("id", f'the file is called {stem}.toml: write id = "{stem}", or rename the file to {found}.toml')
    return found


def _server(table: Table | None) -> OwnServer | None:
    if table is None:
        return None
    server = OwnServer(
        username=_variable(table, "username"),
        password=_variable(table, "password"),
        default_username=table.text("default_username"),
        needs_password=table.flag("needs_password", default=False),
    )
    table.end()
    return server


def _inbox(table: Table | None) -> SessionInbox | None:
    if table is None:
        return None
    folder = table.text("folder")
    if not FOLDER.fullmatch(folder) or ".." in folder.split("/"):
        table.refuse("folder", "write folder = the client's folder in the home, such as .my-agent")
    inbox = SessionInbox(
        folder=folder,
        folder_variable=_variable(table, "folder_variable"),
        socket=_variable(table, "socket"),
        token=_variable(table, "token"),
    )
    table.end()
    return inbox


def _variable(table: Table, key: str) -> str:
    """Return the name of a variable, which must be there."""
    table.text(key)
    return _checked(table, key, VARIABLE, "the name of a variable, such as MY_AGENT")


def _named(top: Table, key: str) -> str:
    found = top.text(key)
    if not NAME.fullmatch(found):
        top.refuse(key, f"write {key} in small letters, without spaces")
    return found


def _names(top: Table, key: str, *, may_end_with_star: bool = False) -> frozenset[str]:
    found = top.texts(key)
    for name in found:
        bare = name.removesuffix("*") if may_end_with_star else name
        if not NAME.fullmatch(bare) or (bare != name and len(bare) < 4):
            star = "; * may end a name of at least four" if may_end_with_star else ""
            top.refuse(key, f"{name!r} is no name: write small letters, digits and @ . _ / + -{star}")
    return frozenset(found)


def _checked(top: Table, key: str, pattern: re.Pattern[str], what: str) -> str:
    found = top.text(key, "")
    if found and not pattern.fullmatch(found):
        top.refuse(key, f"write {key} = {what}")
    return found
