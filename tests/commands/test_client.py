"""`xats-tui client`: the list, explanations of screens with the rule and the row, and trials of manifests."""

import asyncio
import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.clients.manifests.manifest_text import TEXT
from tests.commands.machine import Machine
from tests.tmux_server import TmuxServer
from xats_tui.clients.registry import CLIENTS, use_manifests

NEWER = Path(__file__).parents[1] / "clients" / "screens" / "newer"

RULE = "─" * 40

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    """A machine with tmux; afterwards the registry is as before."""
    machine = Machine(tmp_path, monkeypatch)
    machine.install("tmux")
    yield machine
    use_manifests(tmp_path / "none")


@pytest.fixture
def run(machine: Machine, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs `xats-tui client …` and returns exit code, output and errors."""

    def run(*arguments: str) -> tuple[int, str, str]:
        capsys.readouterr()
        code = machine.run("client", *arguments)
        printed = capsys.readouterr()
        return code, printed.out, printed.err

    return run


def capture(folder: Path, name: str, screen: str, want: str | None, x: int = 2, y: int = 1) -> Path:
    """Write a capture, with the cursor at a place."""
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps({"cursor_x": x, "cursor_y": y, "pane_width": 40, "want": want}))
    file = folder / f"{name}.ansi"
    file.write_text(screen + "\n", encoding="utf-8")
    return file


def test_every_client_is_listed_and_those_that_were_not_tried_are_told_so(run: Run) -> None:
    code, out, _ = run("list", "--json")

    listed = {one["id"]: one for one in json.loads(out)["clients"]}
    assert code == 0 and listed.keys() == set(CLIENTS)
    assert listed["codex"]["reader"] == "code" and "setup" in listed["codex"]["has"]
    assert (listed["kilo"]["reader"], listed["gemini"]["tried"]) == ("as opencode", "0.61.0")
    assert (listed["goose"]["reader"], listed["goose"]["tried"]) == ("never typed into", None)
    assert "not tried" in run("list")[1]


def test_a_users_manifest_is_listed_with_its_file_and_a_bad_one_is_told(machine: Machine, run: Run) -> None:
    machine.write(".xats-tui/clients/mine.toml", TEXT)
    machine.write(".xats-tui/clients/bad.toml", 'id = "bad"\n')

    _, out, errors = run("list")

    assert any(line.split()[:1] == ["mine"] and line.endswith("mine.toml") for line in out.splitlines())
    assert "xats-tui: bad.toml, line 1: write title =" in errors


def test_an_explanation_names_the_rule_its_line_and_the_row(run: Run) -> None:
    shutil.copytree(NEWER, "newer")
    entry = json.loads(Path("newer/manifest.json").read_text())["gm-120-dialog"]
    Path("newer/gm-120-dialog.json").write_text(json.dumps(entry))

    code, out, _ = run("explain", "newer/gm-120-dialog.ansi", "--client", "gemini", "--json")

    known = json.loads(out)
    assert code == 0 and known["state"] == "dialog" and known["would_type"] is None
    assert [(rule["file"], rule["state"], rule["row"]) for rule in known["rules"]] == [
        ("gemini.toml", "dialog", None),
        ("gemini.toml", "dialog", 31),
    ]
    assert "gemini.toml line" in run("explain", "newer/gm-120-dialog.ansi", "--client", "gemini")[1]


def test_an_explanation_of_an_idle_screen_says_what_would_be_typed(machine: Machine, run: Run) -> None:
    machine.write(".xats-tui/clients/mine.toml", TEXT)
    file = capture(Path("seen"), "idle", f"{RULE}\n>\n{RULE}\n ready", None)

    _, out, _ = run("explain", str(file), "--client", "mine")

    assert run("explain", str(file), "--client", str(machine.write("mine.toml", TEXT)))[1] == out
    assert "would type  [xats] 1 new message from NAME: call get_inbox" in out
    assert "input line  row 2" in out and "text in it  nothing" in out


@pytest.mark.tmux
def test_a_living_pane_is_explained_and_nothing_is_typed_there(tmux: TmuxServer, run: Run) -> None:
    pane = tmux.new_pane(["sh", "-c", "printf 'bob> '; exec cat"])
    tmux.run("send-keys", "-t", pane.pane_id, "-l", "hello")

    code, out, _ = run("explain", pane.pane_id, "--client", "goose", "--json")

    known = json.loads(out)
    assert (code, known["state"], known["reader"]) == (0, "unknown", "by nothing: it was not tried")
    name = tmux.run("display-message", "-p", "-t", pane.pane_id, "#{session_name}:#{window_index}.#{pane_index}")
    assert json.loads(run("explain", name.strip(), "--json")[1])["capture"] == name.strip()


@pytest.mark.tmux
def test_a_pane_that_is_not_there_is_told_with_those_that_are(tmux: TmuxServer, run: Run) -> None:
    code, _, errors = run("explain", "%99")
    assert code == 1 and "no pane is called %99" in errors and ":0.0" in errors


def test_a_manifest_is_tried_on_captures(machine: Machine, run: Run) -> None:
    file = machine.write("work/mine.toml", TEXT)
    seen = Path("seen")
    capture(seen, "idle", f"{RULE}\n>\n{RULE}\n ready", "idle")
    capture(seen, "asks", "Allow this? (y/n)", "not idle", y=0)
    capture(seen, "unjudged", "what is this?", None, y=0)

    assert run("check", str(file))[1] == "mine: nothing is wrong with it; --captures DIR tries it on screens\n"
    assert run("check", str(file), "--captures", "seen")[1] == "mine: 2 read right, 0 wrong, 1 not judged\n"

    capture(seen, "works", f"{RULE}\n>\n{RULE}\n ready", "busy")
    code, out, _ = run("check", str(file), "--captures", "seen")

    assert code == 1
    assert out.startswith("works: it is busy, and is read as idle: ") and out.endswith("1 wrong, 1 not judged\n")
    assert run("check", str(file), "--captures", "seen", "--match", "i*")[0] == 0


def test_a_manifest_that_cannot_be_used_is_one_sentence(machine: Machine, run: Run) -> None:
    file = machine.write("work/mine.toml", TEXT.replace('state = "busy"', 'state = "bizzy"'))

    code, _, errors = run("check", str(file))

    assert code == 1 and errors.count("\n") == 1
    assert errors.startswith("xats-tui: mine.toml, line 30: state is one of dialog, busy,")


@pytest.mark.parametrize("name", ["nobody", "nowhere.toml"])
def test_what_is_not_there_is_told(run: Run, name: str) -> None:
    code, _, errors = run("check", name)
    assert code == 1 and name in errors


@pytest.mark.tmux
def test_a_capture_of_a_living_pane_has_no_personal_text(tmux: TmuxServer, machine: Machine, run: Run) -> None:
    file = machine.write("work/mine.toml", TEXT)
    screen = f"{machine.home}/work\\n{RULE}\\n>\\n{RULE}\\n ready\\033[3;3H"
    pane = tmux.new_pane(["sh", "-c", f"clear; printf '{screen}'; exec cat"])
    asyncio.run(tmux.wait_for(pane.pane_id, "ready"))

    code, out, errors = run("check", str(file), "--captures", "seen", "--capture", pane.pane_id, "--state", "idle")

    (made,) = Path("seen").glob("*.ansi")
    assert made.name == "mine-120-idle.ansi" and "look through it" in errors
    assert str(machine.home) not in made.read_text() and len(made.read_text().split("\n")[0]) == len(
        f"{machine.home}/work"
    )
    assert (code, out) == (0, "mine: 1 read right, 0 wrong\n")
    assert run("check", str(file), "--capture", pane.pane_id)[0] == 2
