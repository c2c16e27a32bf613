"""Rows of `list-panes` cannot be forged: whatever programs and people write, facts are tmux's own."""

import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_input.profiles import QUICK
from tests.fakes import FakeClock
from tests.tmux_server import Pane, TmuxServer, attached
from xats_tui.backend.system.tmux import Tmux
from xats_tui.backend.system.tmux_looks import FACTS, PERSON_AT, SEPARATOR, TEXTS, LookRequest, Looks
from xats_tui.core.errors import TmuxError

ODD = ("a\nb", "a\rb", "a\tb", "a\x1fb", "\n", "#{pane_id}", "#(touch pwned)", "%1", "a;b", "a\\", "汉\x7f")
"""Names of folders, programs, windows and titles that people and programs give by accident."""


def forged(victim: str, folder: str = "/") -> str:
    """A text that holds a whole row in which another pane has another terminal."""
    row = dict.fromkeys(FACTS, "1") | {"pane_id": victim, "pane_tty": "/dev/pts/0"}
    return SEPARATOR.join([*row.values(), "s", "claude", folder, "t"])


async def pane_in(tmux: TmuxServer, folder: Path, name: str, program: str = "odd") -> Pane:
    """A pane whose program has gone to a folder of that name, calls itself as it is told and sets the name as title."""
    here = folder / name.replace("/", "|")
    here.mkdir(parents=True)
    code = f"import os, time; os.chdir({str(here)!r}); print('there', flush=True); time.sleep(1000)"
    pane = tmux.new_pane(f"exec -a {shlex.quote(program)} {sys.executable} -c {shlex.quote(code)}")
    await tmux.wait_for(pane.pane_id, "there")
    return pane


@pytest.mark.tmux
async def test_a_folder_that_holds_a_row_forges_nothing(tmux: TmuxServer, tmp_path: Path) -> None:
    bob = await tmux.stand_in("bob")
    row = forged(bob.pane_id, folder="").replace("/", "|")
    mallory = await pane_in(tmux, tmp_path, f"x\n{row}", program=f"claude\n{row}")
    tmux.run("select-pane", "-t", mallory.pane_id, "-T", f"x\n{row}")

    panes = await Tmux(FakeClock()).panes("")

    assert len(panes) == 3
    assert panes[bob.pane_id]["pane_pid"] == bob.pid
    assert panes[bob.pane_id]["pane_tty"] == f"/dev/{tmux.tty(bob.pane_id)}"
    assert panes[mallory.pane_id]["pane_pid"] == mallory.pid


@pytest.mark.tmux
async def test_odd_names_of_folders_programs_windows_and_titles_change_nothing_for_other_panes(
    tmux: TmuxServer, tmp_path: Path
) -> None:
    bob = await tmux.stand_in("bob")
    for number, name in enumerate(ODD):
        odd = await pane_in(tmux, tmp_path / str(number), name, program=name)
        tmux.run("select-pane", "-t", odd.pane_id, "-T", name.replace("#", "##"))
        tmux.run("rename-window", "-t", odd.pane_id, name.replace("#", "##"))
    tmux.run("rename-session", "s\n1\x1f2")

    looks = await Tmux(FakeClock()).look("", [bob.pane_id])

    assert len(looks.panes) == len(ODD) + 2
    assert looks.panes[bob.pane_id]["pane_pid"] == bob.pid
    assert looks.screens[bob.pane_id].startswith("bob>")
    for formats in looks.panes.values():
        assert all(formats[name].isprintable() for name in TEXTS)
    assert not list(tmp_path.rglob("pwned"))


texts = st.lists(st.sampled_from(["a", "\n", SEPARATOR, "NONCE", "%1", "%2", "7", "/dev/pts/9"]), max_size=30)


def answer(request: LookRequest, foreign: Sequence[str]) -> list[str]:
    """Return the answer of a tmux that leaves foreign text as it is, for two panes, with the second one's screen."""
    nonce = request.arguments[request.arguments.index("-p") + 1]
    ids = ("%1", "%2")
    rows = ["", *(SEPARATOR.join([pane, "/dev/pts/1", *["7"] * (len(FACTS) - 2)]) for pane in ids), ""]
    rows += [f"{pane}{SEPARATOR}{text}" for text in foreign[:-1] for pane in ids]
    lines = [nonce + row for row in rows] + [nonce, foreign[-1], nonce]
    return "\n".join(lines).replace("NONCE", nonce).split("\n")


@QUICK
@given(foreign=st.lists(texts.map("".join), min_size=len(TEXTS) + 1, max_size=len(TEXTS) + 1))
def test_text_that_knows_the_nonce_is_refused_or_stays_text(foreign: list[str]) -> None:
    request = LookRequest(["%2"])
    looks: Looks | None
    try:
        looks = request.read(answer(request, foreign), is_whole=True)
    except TmuxError:
        looks = None

    assert looks is not None or any("NONCE" in text for text in foreign)
    if looks:
        assert looks.panes.keys() == {"%1", "%2"}
        assert all(formats["pane_tty"] == "/dev/pts/1" for formats in looks.panes.values())
        assert all(formats["pane_pid"] == 7 for formats in looks.panes.values())
        assert looks.screens.keys() == {"%2"}


@pytest.mark.tmux
@pytest.mark.parametrize("own_pane", [False, True], ids=["active pane", "a pane of its own"])
async def test_a_key_counts_for_the_pane_that_its_client_has_in_front(own_pane: bool, tmux: TmuxServer) -> None:
    bob = await tmux.stand_in("bob")
    neighbour = tmux.run("split-window", "-d", "-t", bob.pane_id, "-P", "-F", "#{pane_id}", "cat").strip()
    carol = await tmux.stand_in("carol")
    tmux.run("select-window", "-t", bob.pane_id)
    with attached(tmux, *(["-f", "active-pane"] if own_pane else [])) as keyboard:
        await tmux.wait_until(lambda: bool(tmux.run("list-clients")))
        before = int(time.time())
        os.write(keyboard, b"x")
        await tmux.wait_for(bob.pane_id, "bob> x")
        panes = await Tmux(FakeClock()).panes("")

    assert before <= panes[bob.pane_id][PERSON_AT] <= time.time()
    assert panes[neighbour][PERSON_AT] == (panes[bob.pane_id][PERSON_AT] if own_pane else None)
    assert panes[carol.pane_id][PERSON_AT] is None
