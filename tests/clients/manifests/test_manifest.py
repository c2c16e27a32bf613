"""A manifest is checked key by key; what is wrong is told in a sentence with the file and the line."""

import pytest

from tests.clients.manifests.manifest_text import HOOKS, TEXT, manifest
from xats_tui.clients.manifests.tables import MAX_FILE_BYTES, BadManifest


def complaint(text: str, name: str = "mine.toml") -> str:
    """The complaint about a manifest."""
    with pytest.raises(BadManifest) as refused:
        manifest(text, name)
    return str(refused.value)


SERVER = '[server]\nusername = "MY_NAME"\npassword = "MY_PASSWORD"\ndefault_username = "me"'

INBOX = '[inbox]\nfolder = ".mine"\nfolder_variable = "MY_HOME"\nsocket = "MY_SOCKET"\ntoken = "MY_KEY"'


def line_of(part: str, text: str = TEXT) -> int:
    """The line of the first occurrence of a text."""
    return text[: text.index(part)].count("\n") + 1


def test_a_manifest_in_order_describes_a_client() -> None:
    found = manifest()

    assert (found.spec.id, found.spec.title, found.spec.tested_version) == ("mine", "My agent", "1.2.3")
    assert found.spec.executables == {"mine"} and found.spec.is_named("mine-client 7.0")
    assert found.spec.hooks is None
    assert found.screen is not None and len(found.screen.rules) == 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('title = "My agent"', "title = 7", "write title ="),
        ('tried = "1.2.3"', "tried = true", "or tried = false"),
        ('program = "mine"', 'program = "My Program"', "small letters"),
        ('handshake = ["mine-client"]', 'handshake = "mine"', "write handshake = ["),
        ('handshake = ["mine-client"]', 'handshake = ["*"]', "is no name"),
        ('handshake = ["mine-client"]', 'handshak = ["mine-client"]', "did you mean handshake?"),
        ('cursor = "terminal"', 'cursor = "yes"', "cursor is one of terminal, drawn, either"),
        ('cursor = "terminal"', 'curser = "terminal"', "cursor is one of terminal, drawn, either"),
        ('placeholder = ["dim"]', 'placeholder = ["red"]', "placeholder is a list of dim, grey"),
        ("rows_below = 2", "rows_below = 200", "a whole number from 0 to 8"),
        ('prompts = [">"]', 'prompts = [">>"]', "a list of single characters"),
        ("above = '^─{8}'", "above = '(─+)+'", "repeats a group"),
        ("pattern = 'esc to stop'", "pattern = 'esc.*to.*stop'", "could take too long"),
        ("pattern = 'esc to stop'", "patern = 'esc to stop'", "write pattern = '…'"),
        ('state = "busy"', 'state = "dead"', "state is one of dialog, busy, draft, unknown, idle"),
        ('place = "above"', 'place = "left"', "place is one of title, screen, last, above, below, input"),
    ],
)
def test_a_wrong_key_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = TEXT.replace(old, new)

    problem = complaint(text)

    assert problem.startswith(f"mine.toml, line {problem.split('line ')[1].split(':')[0]}: ")
    line = int(problem.split("line ")[1].split(":")[0])
    # A missing key is looked for in its table, whose head is above.
    assert line in (line_of(new, text), *(n for n, row in enumerate(text.split("\n"), 1) if row.startswith("[")))
    assert said in problem and "\n" not in problem


@pytest.mark.parametrize(
    ("table", "said"),
    [
        (f"{SERVER}\nport = 7", "line 44: [server] has no key 'port'"),
        (f"{SERVER}\nneeds_password = 7", "line 44: write needs_password = true or needs_password = false"),
        (INBOX.replace(".mine", "../mine"), "line 41: write folder = the client's folder in the home"),
        (INBOX.replace("MY_KEY", "my key"), "line 44: write token = the name of a variable"),
    ],
)
def test_a_wrong_key_of_a_way_is_named_with_its_line(table: str, said: str) -> None:
    assert said in complaint(f"{TEXT}\n{table}")


def test_a_way_of_its_own_is_described_by_a_table() -> None:
    spec = manifest(f"{TEXT}\n{SERVER}\n{INBOX}").spec

    assert spec.server and (spec.server.password, spec.server.needs_password) == ("MY_PASSWORD", False)
    assert spec.inbox and (spec.inbox.folder, spec.inbox.token) == (".mine", "MY_KEY")


def test_its_hooks_are_described_by_a_table_of_their_own() -> None:
    hooks = manifest(TEXT + HOOKS).spec.hooks

    assert hooks is not None and (hooks.set_up, hooks.session, hooks.answer) == (("Done",), "context.session", "block")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('session = "context.session"', 'session = "the session"', "is not the path of a field"),
        ('answer = "block"', 'answer = "shout"', "answer is one of block, followup, context, deny"),
        ('name = "Done"', 'name = "all done"', "is not the name of an event"),
        ('means = "turn ends"', 'means = "done"', "means is one of session begins, turn begins"),
        ("[[hooks.event]]", "[[hooks.events]]", "has no key 'events'"),
    ],
)
def test_a_wrong_key_of_the_hooks_is_named_with_its_line(old: str, new: str, said: str) -> None:
    problem = complaint(TEXT + HOOKS.replace(old, new))

    line = int(problem.removeprefix("mine.toml, line ").partition(":")[0])
    assert said in problem and line > TEXT.count("\n")


def test_the_line_is_that_of_the_rule_among_many() -> None:
    broken = "pattern = '['"
    text = TEXT.replace("pattern = 'esc to stop'", broken)
    assert complaint(text).startswith(f"mine.toml, line {line_of(broken, text)}: pattern: ")


def test_what_is_not_toml_is_named_with_its_line() -> None:
    assert complaint(TEXT + "what is this\n").startswith(f"mine.toml, line {TEXT.count(chr(10)) + 1}: this is not TOML")


def test_a_file_has_a_greatest_size() -> None:
    assert "larger than 64 kB" in complaint(TEXT + "#" * MAX_FILE_BYTES)


def test_a_deeply_nested_file_is_refused() -> None:
    assert complaint(f"a = {'[' * 5_000}").startswith("mine.toml, line 1: ")


def test_the_id_is_the_files_name() -> None:
    assert 'write id = "other"' in complaint(TEXT, "other.toml")


def test_a_client_that_was_not_tried_has_no_screen() -> None:
    text = TEXT.replace('tried = "1.2.3"', "tried = false")
    assert "has no [screen]" in complaint(text)


def test_a_screen_without_a_sign_of_dialogs_is_refused() -> None:
    assert 'state = "dialog"' in complaint(TEXT.replace('state = "dialog"', 'state = "unknown"'))


def test_another_clients_reader_may_be_named() -> None:
    head = TEXT[: TEXT.index("[screen.input]")]

    assert manifest(f'{head}[screen]\nreader = "opencode"\n').reader == "opencode"
    assert "is no client with a reader" in complaint(f'{head}[screen]\nreader = "nobody"\n')
    assert "has no key 'input'" in complaint(f'{head}[screen]\nreader = "opencode"\n[screen.input]\nabove = "a"\n')


SETUP = """
[setup]
folder = ".mine"
file = "config.json"
servers = "mcpServers"

[setup.allow]
entry = { trust = true }

[launch]
arguments = ["--mcp={config}"]
name_by = "bridge"
"""


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('folder = ".mine"', 'folder = "/etc"', "a folder in the home"),
        ('file = "config.json"', 'file = "../config.json"', "not a path below the folder"),
        ('file = "config.json"', "files = 1", 'write file = "settings.json"'),
        ('servers = "mcpServers"', 'servers = "mcp..servers"', "keys with dots"),
        ('servers = "mcpServers"', 'servers = "mcpServers"\nformat = "ini"', "format is one of json, jsonc, toml"),
        ('servers = "mcpServers"', 'servers = "mcpServers"\ncomand = "list"', "did you mean command?"),
        ("entry = { trust = true }", "entry = { trust = 1.5 }", "a text, a whole number, true, false"),
        ("entry = { trust = true }", 'list = "a"\nentry = { trust = true }', "one of entry, value, list and patterns"),
        ("[setup.allow]", '[setup.hooks]\nfile = "h.json"\nform = "groups"\n[setup.allow]', "needs [hooks]"),
        ("[setup.allow]", "[setup.entry]\ntype = 1\n[setup.allow]", "write type ="),
        ('name_by = "bridge"', 'name_by = "magic"', "name_by is one of bridge, environment, prompt"),
        ('name_by = "bridge"', 'name_by = "prompt"', 'name_by = "bridge" needs {config}'),
        ('["--mcp={config}"]', '["--mcp"]', 'name_by = "bridge" needs {config}'),
    ],
)
def test_what_is_wrong_about_setup_and_launch_is_named_with_its_line(old: str, new: str, said: str) -> None:
    text = TEXT.replace("[screen.input]", f"{SETUP}\n[screen.input]").replace(old, new)

    problem = complaint(text)

    rows = text.split("\n")
    line = int(problem.removeprefix("mine.toml, line ").partition(":")[0])
    assert rows[line - 1] in (*new.split("\n"), 'name_by = "bridge"') or rows[line - 1].startswith("[")
    assert said in problem and "\n" not in problem


def test_a_launch_needs_a_setup() -> None:
    assert "[launch] needs [setup]" in complaint(f'{TEXT}\n[launch]\nname_by = "environment"\n')
