"""Recognition of the program behind a command line, for all ways to install and start it."""

import pytest

from xats_tui.clients.programs import client_of, first_word, is_bare_shell, launches_only, program_names, tells_nothing

PACKAGE = "/usr/lib/node_modules/@anthropic-ai/claude-code"

CLAUDE, CODEX, OPENCODE = "claude-code", "codex", "opencode"


@pytest.mark.parametrize(
    ("line", "client"),
    [
        ("claude", CLAUDE),
        ("/home/me/bin/claude.exe --resume", CLAUDE),
        ("/home/me/.local/share/claude/versions/2.1.332 --continue", CLAUDE),
        ("/opt/claude/2.1.332/bin/2.1.332", CLAUDE),
        ("/nix/store/x-claude-code/bin/.claude-wrapped", CLAUDE),
        ("..claude-wrapped-wrapped", CLAUDE),
        (f"node {PACKAGE}/cli.js", CLAUDE),
        (f"node {PACKAGE}/dist/index.mjs --x", CLAUDE),
        ("node /opt/claude-code/cli.js", CLAUDE),
        ("node -W x claude", CLAUDE),
        ("node --max-old-space-size=4096 -r ./hook.js --import ./x.mjs /usr/bin/codex", CODEX),
        ("nodejs --inspect /usr/lib/node_modules/@openai/codex/bin/codex.js", CODEX),
        ("codex-x86_64-unknown-linux-musl", CODEX),
        ("codex-aarch64-apple-darwin resume", CODEX),
        ("codex-aarch64-a", CODEX),
        ("opencode.exe", OPENCODE),
        ("node /usr/lib/node_modules/opencode-ai/bin/run.js", OPENCODE),
        ("/usr/lib/node_modules/opencode-linux-x64/bin/opencode", OPENCODE),
        ("bun run /x/opencode.ts", OPENCODE),
        ("bun x claude", CLAUDE),
        ("deno run -A npm:@anthropic-ai/claude-code", CLAUDE),
        ("python3 -X dev -W ignore /x/codex", CODEX),
        ("node cli.js", None),
        ("node /home/me/claude/cli.js", None),
        ("node -e claude", None),
        ("python3 -m x codex", None),
        ("python3 -P -m codex", CODEX),
        ("python3 -OO /x/codex.py", CODEX),
        ("tail -f claude", None),
        ("vim claude", None),
        ("bash -c claude", None),
        ("bash -e claude", None),
        ("bash /home/me/bin/claude", None),
        ("npm exec @anthropic-ai/claude-code", None),
        ("sudo claude", None),
        ("claude-squad", None),
    ],
)
def test_a_client_is_known_by_what_runs(line: str, client: str | None) -> None:
    assert client_of(program_names(line.split())) == client


def test_a_script_is_looked_for_in_the_folder_where_it_was_started() -> None:
    assert client_of(program_names(["node", "cli.js"], folder=PACKAGE)) == CLAUDE
    assert client_of(program_names(["node", "bin/cli.js"], folder="/home/me/claude")) is None


def test_the_file_that_is_run_counts_where_the_argument_vector_does_not_tell() -> None:
    file = "/home/me/.local/share/claude/versions/2.1.332"

    assert client_of(program_names(["2.1.332"], executable=file)) == CLAUDE
    assert client_of(program_names([], executable=file)) == CLAUDE
    assert client_of(program_names(["rg", "--files"], executable=file)) is None


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("claude mcp list", "mcp"),
        ("node /usr/bin/codex --enable-x mcp list", "mcp"),
        ("claude --resume", ""),
        ("claude explain mcp", "explain"),
        ("", ""),
    ],
)
def test_the_subcommand_is_the_first_word_that_is_no_option(line: str, word: str) -> None:
    assert first_word(line.split()) == word


@pytest.mark.parametrize(
    ("line", "bare"),
    [
        ("-bash", True),
        ("/bin/sh", True),
        ("zsh -i", True),
        ("bash --rcfile x -o vi", True),
        ("sh -c claude;exec", False),
        ("bash -lc claude", False),
        ("bash -e wrapper.sh", False),
        ("fish wrapper.fish", False),
        ("python3", False),
    ],
)
def test_a_shell_that_reads_what_is_typed_is_told_from_one_that_runs_a_script(line: str, bare: bool) -> None:
    assert is_bare_shell(line.split()) is bare


@pytest.mark.parametrize(
    ("line", "launches"),
    [
        ("bash -c xats-tui", True),
        ("sh wrapper.sh", True),
        ("node /usr/lib/node_modules/npm/bin/npx-cli.js x", True),
        ("npm exec x", True),
        ("uv run x", True),
        ("timeout 60 x", True),
        ("nice x", True),
        ("mise exec -- x", True),
        ("direnv exec . x", True),
        ("sudo -u me x", True),
        ("script -c x", True),
        ("python3 /opt/harness.py", False),
        ("claude", False),
    ],
)
def test_what_only_starts_another_program_is_known(line: str, launches: bool) -> None:
    assert launches_only(program_names(line.split())) is launches


@pytest.mark.parametrize(
    ("line", "nothing"),
    [
        ("node cli.js", True),
        ("node", True),
        ("bun /x/index.ts", True),
        ("2.1.332", True),
        ("node harness.js", False),
        ("python3 cli.py", False),
        ("vim", False),
        ("/opt/claude/versions/2.1.332", False),
    ],
)
def test_a_name_that_any_program_may_have_tells_nothing(line: str, nothing: bool) -> None:
    assert tells_nothing(program_names(line.split())) is nothing
