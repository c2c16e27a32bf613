"""The seam to tmux, against a real server: one command a look, pastes, keys, and plain errors."""

import asyncio
from pathlib import Path

import pytest

from tests.conftest import PutTmux
from tests.fakes import FakeClock
from tests.tmux_server import TmuxServer, short_folder, tmux_server
from xats_tui.backend.system.tmux import Tmux
from xats_tui.core.errors import KeysWithheld, PaneGone, TmuxError, TmuxUnavailable
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.screen.ansi_grid import parse_screen

ESCAPE = "\x1b"


async def test_a_look_has_the_formats_of_all_panes_and_the_screens_that_were_asked_for(tmux: TmuxServer) -> None:
    one, other = await tmux.stand_in("one"), await tmux.stand_in("other")
    looks = await Tmux(FakeClock()).look("", [other.pane_id, one.pane_id])

    assert {one.pane_id, other.pane_id} < looks.panes.keys()
    assert looks.panes[one.pane_id]["pane_pid"] == one.pid
    assert looks.panes[one.pane_id]["cursor_x"] == len("one> ")
    assert looks.panes[one.pane_id]["pane_dead"] == 0
    assert looks.screens.keys() == {one.pane_id, other.pane_id}
    assert looks.screens[one.pane_id].startswith("one>")
    assert looks.screens[other.pane_id].startswith("other>")


async def test_a_pane_that_is_gone_is_left_out_and_the_others_are_seen(tmux: TmuxServer) -> None:
    one, other = await tmux.stand_in("one"), await tmux.stand_in("other")
    looks = await Tmux(FakeClock()).look("", [one.pane_id, "%999", other.pane_id])

    assert looks.screens.keys() == {one.pane_id, other.pane_id}


async def test_screens_keep_attributes_wide_characters_and_everything_that_looks_like_a_separator(
    tmux: TmuxServer,
) -> None:
    shown = r"printf '\033[2mdim\033[0m 汉字 é 🧪 \\x1f [b]%%1'; exec cat"
    pane = tmux.new_pane(["bash", "-c", shown])
    await tmux.wait_for(pane.pane_id, "%1")
    look = await Tmux(FakeClock()).look_at(PaneRef("", pane.pane_id))

    assert look.screen.startswith(f"{ESCAPE}[2mdim{ESCAPE}[0m")
    assert parse_screen(look.screen)[0].text == r"dim 汉字 é 🧪 \x1f [b]%1"


async def test_a_title_with_a_separator_spoils_nothing(tmux: TmuxServer) -> None:
    pane = tmux.new_pane(["bash", "-c", r"printf '\033]2;a\037b\tc\033\\ready'; exec cat"])
    await tmux.wait_for(pane.pane_id, "ready")
    formats = (await Tmux(FakeClock()).panes(""))[pane.pane_id]

    assert formats["pane_pid"] == pane.pid
    assert formats["pane_title"].startswith("a")


async def test_a_paste_arrives_bracketed_as_it_is_and_is_not_submitted(tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    text = "-t; $(touch x) `id` \"quoted\" 'é' #{pane_id} %1"
    await Tmux(FakeClock()).paste(PaneRef("", pane.pane_id), text, occupant=pane.pid)
    screen = await tmux.wait_for(pane.pane_id, "%1")

    assert f"bob> {text}" in screen.replace("Ã©", "é")
    assert "submitted" not in screen
    assert tmux.run("list-buffers") == ""


async def test_enter_is_a_key_of_its_own(tmux: TmuxServer) -> None:
    pane, client = await tmux.stand_in("bob"), Tmux(FakeClock())
    await client.paste(PaneRef("", pane.pane_id), "two\nlines", occupant=pane.pid)
    await client.press(PaneRef("", pane.pane_id), "Enter", occupant=pane.pid)

    await tmux.wait_for(pane.pane_id, "took 1: two")
    assert "took 2" not in tmux.capture(pane.pane_id)


async def test_a_paste_to_a_pane_that_is_gone_says_so_and_leaves_no_buffer(tmux: TmuxServer) -> None:
    with pytest.raises(PaneGone):
        await Tmux(FakeClock()).paste(PaneRef("", "%999"), "lost", occupant=1)
    with pytest.raises(PaneGone):
        await Tmux(FakeClock()).press(PaneRef("", "%999"), "Enter", occupant=1)
    with pytest.raises(PaneGone):
        await Tmux(FakeClock()).look_at(PaneRef("", "%999"))

    assert tmux.run("list-buffers") == ""


async def test_panes_of_two_servers_with_one_id_are_told_apart(tmux: TmuxServer) -> None:
    with short_folder() as folder, tmux_server(folder) as second:
        here, there = await tmux.stand_in("here"), await second.stand_in("there")
        assert here.pane_id == there.pane_id
        await Tmux(FakeClock()).paste(PaneRef(second.socket, there.pane_id), "over there", occupant=there.pid)
        await second.wait_for(there.pane_id, "there> over there")

        assert "over there" not in tmux.capture(here.pane_id)


async def test_no_server_is_unavailable(own_tmux_folder: Path) -> None:
    with pytest.raises(TmuxUnavailable):
        await Tmux(FakeClock()).panes("")
    with pytest.raises(TmuxUnavailable):
        await Tmux(FakeClock()).panes(str(own_tmux_folder / "nowhere"))


async def test_no_tmux_is_unavailable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(TmuxUnavailable, match="PATH"):
        await Tmux(FakeClock()).panes("")


async def test_a_tmux_that_complains_of_something_else_is_an_error_with_its_words(tmux: TmuxServer) -> None:
    with pytest.raises(TmuxError, match="can't find session: nowhere"):
        await Tmux(FakeClock()).ask("", "list-windows", "-t", "nowhere")


@pytest.mark.parametrize("strange", ["nowhere:1.1", "%1; kill-server", "%1'"])
async def test_a_pane_whose_id_is_none_is_gone_and_nothing_in_it_is_a_command(strange: str, tmux: TmuxServer) -> None:
    pane = PaneRef("", strange)
    with pytest.raises(PaneGone):
        await Tmux(FakeClock()).press(pane, "Enter", occupant=1)
    with pytest.raises(PaneGone):
        await Tmux(FakeClock()).paste(pane, "x", occupant=1)

    assert tmux.is_there
    assert tmux.run("list-buffers") == ""


@pytest.mark.parametrize(
    "changed",
    [
        ("set-option", "-w", "synchronize-panes", "on"),
        ("select-pane", "-d"),
        ("copy-mode",),
        ("clock-mode",),
        ("respawn-pane", "-k", "cat"),
    ],
    ids=" ".join,
)
async def test_a_pane_that_changes_at_the_last_moment_gets_neither_keys_nor_a_paste(
    changed: tuple[str, ...], tmux: TmuxServer
) -> None:
    pane = await tmux.stand_in("bob")
    command, *rest = changed
    options = [one for one in rest if one != "cat"]
    tmux.run(command, "-t", pane.pane_id, *options, *(["cat"] if "cat" in rest else []))

    with pytest.raises(KeysWithheld):
        await Tmux(FakeClock()).paste(PaneRef("", pane.pane_id), "lost", occupant=pane.pid)
    with pytest.raises(KeysWithheld):
        await Tmux(FakeClock()).press(PaneRef("", pane.pane_id), "x", "Enter", occupant=pane.pid)

    assert tmux.run("list-buffers") == ""
    assert "lost" not in tmux.capture(pane.pane_id)
    assert "took" not in tmux.capture(pane.pane_id)


async def test_a_text_that_ends_with_a_semicolon_keeps_it(tmux: TmuxServer) -> None:
    pane = await tmux.stand_in("bob")
    for text in ("one;", "two\\;"):
        await Tmux(FakeClock()).paste(PaneRef("", pane.pane_id), text, occupant=pane.pid)

    await tmux.wait_for(pane.pane_id, "bob> one;two\\;")


async def test_a_tmux_that_does_not_answer_costs_its_deadline_and_the_loop_goes_on(
    tmux: TmuxServer, put_tmux: PutTmux
) -> None:
    put_tmux("exec sleep 600")
    turns = 0
    asking = asyncio.create_task(Tmux(FakeClock(), deadline=0.5).panes(""))
    while not asking.done():
        turns += 1
        await asyncio.sleep(0.01)

    with pytest.raises(TmuxUnavailable, match="did not answer"):
        asking.result()
    assert turns > 2
