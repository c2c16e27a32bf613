"""Every client is set up twice and taken out again: its files are as before, byte for byte, whatever was in them."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xats_tui.clients.registry import configurations
from xats_tui.clients.setup.config_files import NotUnderstood
from xats_tui.clients.setup.conversation import SetupRequest, set_up
from xats_tui.clients.setup.documents import TOML, DocumentFormat
from xats_tui.clients.setup.former_texts import FILE
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ConfigContext, ConfigScope
from xats_tui.clients.setup.rewriting import NotWritten
from xats_tui.runtime.console import Console
from xats_tui.runtime.settings import SETTINGS, Loaded, Settings

IN_JSON = (
    '{\n\t"a": {"b": [1, 2]},\n\t"mcpServers": {"other": {"command": "o"}}\n}',
    '\ufeff{\r\n  "a": 1,\r\n  "mcp": {},\r\n  "hooks": {"Stop": []}\r\n}\r\n',
    "",
    " \n",
    "{}",
    "{\n\n}\n",
    '{"mcpServers": {}, "hooks": {}, "permissions": {"allow": []}, "permission": {}}',
    '{\r\n"a": 1,\n  "b": 2\r\n}\n\n\n',
    '{"persistentPermissions": {"servers": {}}, "mcpServers": {"xats-other": {"command": "x"}}}\n',
)
"""Texts of JSON files: blanks, marks and line ends that no formatter would leave."""

IN_TOML = (
    '# mine\nmodel = "m" # the small one\n\n[mcp_servers.other]\ncommand = "o"\n\n\n',
    '\ufeffmodel = "m"\r\n[mcp_servers]\r\n',
    "",
    "\n\n",
    "[mcp_servers]",
    "# only a comment",
    'mcp_servers.other.command = "o"',
)

CLIENT_IDS = [program.name for program in configurations()]

Run = Callable[..., None]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Sets up a client of a home, or removes what was set up, with programs that need not be there."""
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(tmp_path / "claude"))
    monkeypatch.setattr("xats_tui.clients.setup.program.ClientProgram.where", lambda *_: "/bin/it")
    monkeypatch.setattr("os.fsync", lambda _: None)
    (tmp_path / "proj").mkdir()
    (tmp_path / "user").mkdir()
    monkeypatch.chdir(tmp_path / "proj")
    loaded = Loaded(settings=Settings(home=tmp_path / "home"), sources=dict.fromkeys(SETTINGS, "default"))

    def changed(client: str, scope: ConfigScope, *, remove: bool = False) -> None:
        request = SetupRequest(
            client=client, scope=scope, hooks=True, allow=True, remove=remove, dry_run=False, yes=True
        )
        set_up(loaded, request, Console(io.StringIO()))

    return changed


def files_of(client: str, scope: ConfigScope) -> dict[Path, DocumentFormat]:
    """The documents that a client keeps in a scope, with their formats."""
    (program,) = (program for program in configurations() if program.name == client)
    files = program.files(scope, ConfigContext.here())
    return {file.path: file.form for file in files if hasattr(file, "form")} | {
        file.servers.path: file.servers.form for file in files if hasattr(file, "servers")
    }


def tree(folder: Path) -> dict[str, bytes | None]:
    """Everything below a folder but backups: the content of files, None for folders."""
    found = (path for path in folder.rglob("*") if path.suffix != ".bak" and "home" not in path.parts)
    return {str(path): path.read_bytes() if path.is_file() else None for path in found}


def check_given_back(client: str, scope: ConfigScope, number: int, folder: Path, run: Run) -> None:
    """Set a client up twice over one of the texts in each of its files, and take it out."""
    documents = files_of(client, scope)
    for path, form in documents.items():
        texts = IN_TOML if form is TOML else IN_JSON
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(texts[number % len(texts)].encode())
    before = tree(folder)

    run(client, scope)
    once = tree(folder)
    run(client, scope)
    assert tree(folder) == once
    assert once != before or not documents
    run(client, scope, remove=True)

    assert tree(folder) == before
    assert not (folder / "home" / FILE).exists()


@pytest.mark.parametrize("client", CLIENT_IDS)
def test_every_file_is_given_back_byte_for_byte(client: str, tmp_path: Path, run: Run) -> None:
    for number in (0, 2 + CLIENT_IDS.index(client) % (len(IN_JSON) - 2)):  # the others with `slow`
        check_given_back(client, ConfigScope.USER, number, tmp_path, run)


@pytest.mark.slow
@pytest.mark.parametrize("scope", ConfigScope)
@pytest.mark.parametrize("client", CLIENT_IDS)
def test_every_file_is_given_back_whatever_is_in_it(client: str, scope: ConfigScope, tmp_path: Path, run: Run) -> None:
    for number in range(len(IN_JSON)):
        check_given_back(client, scope, number, tmp_path, run)


@pytest.mark.parametrize("client", CLIENT_IDS)
def test_of_files_that_were_not_there_nothing_is_left_not_even_a_folder(client: str, tmp_path: Path, run: Run) -> None:
    before = tree(tmp_path)

    run(client, ConfigScope.USER)
    assert tree(tmp_path) != before
    run(client, ConfigScope.USER, remove=True)

    assert tree(tmp_path) == before
    assert not list(tmp_path.rglob("*.bak"))


@pytest.mark.parametrize("client", CLIENT_IDS)
def test_what_a_person_has_changed_meanwhile_stays(client: str, tmp_path: Path, run: Run) -> None:
    documents = files_of(client, ConfigScope.USER)
    for path, form in documents.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(IN_TOML[0] if form is TOML else IN_JSON[0])

    def edit(text: str, form: DocumentFormat) -> str:
        return f"added = 1\n{text}" if form is TOML else text.replace("{", '{"added": [ ],', 1)

    wanted = {path: edit(path.read_text(), form) for path, form in documents.items()}
    run(client, ConfigScope.USER)
    for path, form in documents.items():
        path.write_text(edit(path.read_text(), form))
    run(client, ConfigScope.USER)
    run(client, ConfigScope.USER, remove=True)

    assert {path: path.read_text() for path in documents} == wanted


@pytest.mark.parametrize("client", CLIENT_IDS)
def test_a_file_that_cannot_be_changed_is_one_sentence_and_nothing_is_touched(
    client: str, tmp_path: Path, run: Run
) -> None:
    documents = files_of(client, ConfigScope.USER)
    last = list(documents)[-1]
    last.parent.mkdir(parents=True, exist_ok=True)
    last.write_text("{ broken")
    before = tree(tmp_path)
    with pytest.raises(NotUnderstood, match=f"{last.name}:1:"):
        run(client, ConfigScope.USER)
    assert tree(tmp_path) == before

    last.write_text("")
    last.chmod(0o444)
    before = tree(tmp_path)
    with pytest.raises(NotWritten, match="is read-only; nothing was changed"):
        run(client, ConfigScope.USER)
    assert tree(tmp_path) == before

    last.unlink()
    last.symlink_to(last)
    with pytest.raises(NotUnderstood, match="cannot be read: Too many levels of symbolic links"):
        run(client, ConfigScope.USER)
    assert last.is_symlink()


NAMES = st.sampled_from(["a", "hooks", "mcpServers", "other", "permissions", "Stop", "xats-2"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 9) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
HOOKS = st.dictionaries(
    st.sampled_from(["Stop", "Mine"]),
    st.lists(st.fixed_dictionaries({"hooks": st.lists(VALUES, max_size=3)}), max_size=3),
)
DOCUMENTS = st.fixed_dictionaries(
    {},
    optional={
        "a": VALUES,
        "mcpServers": st.dictionaries(st.sampled_from(["other", "xats2"]), VALUES, max_size=2),
        "hooks": HOOKS,
        "permissions": st.dictionaries(st.sampled_from(["allow", "ask"]), st.lists(st.just("mcp__o")), max_size=2),
        "z": VALUES,
    },
)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(document=DOCUMENTS, indent=st.sampled_from([None, 1, 2, "\t"]), end=st.sampled_from(["", "\n", "\n\n"]))
def test_of_any_document_each_kind_of_entry_leaves_what_was_there(document: object, indent: int, end: str) -> None:
    around = ConfigContext(home=Path("/none"), project=Path("/none"), environment={})
    (program,) = (program for program in configurations() if program.name == "claude-code")
    own, before = OwnCommand(program=("xats-tui",)), json.dumps(document, indent=indent) + end
    for file in program.files(ConfigScope.USER, around):
        text = file.added(before, own)
        assert file.added(text, own) == text
        assert file.removed(text, before) == before
