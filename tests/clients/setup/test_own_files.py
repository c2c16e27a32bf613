"""Files that are ours as a whole: pi's extension, and a script for each event of Cline's hooks."""

import stat
from pathlib import Path

import pytest

from xats_tui.clients.manifests.files import builtin
from xats_tui.clients.setup.config_files import NotUnderstood
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.own_files import ExtensionFile, HookScript
from xats_tui.clients.setup.rewriting import carry_out, change
from xats_tui.core.clock import SystemClock

OWN = OwnCommand(program=("xats-tui",))
ELSEWHERE = OwnCommand(program=("xats-tui",), flags=("--home", '/my "home"'))


def extension() -> ExtensionFile:
    path = builtin()["pi"].extension_path
    assert path
    return ExtensionFile(path=Path("xats-tui.ts"), source=path.read_text(encoding="utf-8"))


def test_the_extension_is_as_it_came_but_for_the_home() -> None:
    file = extension()

    assert file.added("", OWN) == file.source
    moved = file.added("", ELSEWHERE)
    assert 'const SETUP_HOME = "/my \\"home\\"";' in moved and len(moved.split("\n")) == len(file.source.split("\n"))
    assert file.added(moved, OWN) == file.source
    assert file.removed(moved, None) == ""


def test_another_programs_file_in_the_same_place_is_left_alone() -> None:
    file = extension()

    with pytest.raises(NotUnderstood, match="is another program's: move it away"):
        file.added("export default 1\n", OWN)
    assert file.removed("export default 1\n", None) == "export default 1\n"


def test_a_script_for_an_event_can_be_run_by_its_owner(tmp_path: Path) -> None:
    spec = builtin()["cline"].spec
    file = HookScript(path=tmp_path / "hooks" / "TaskStart", spec=spec, event="TaskStart")
    planned = change(file, ELSEWHERE)
    assert planned
    carry_out(planned, SystemClock().now())

    text = file.path.read_text()
    found = file.found(text)
    assert stat.S_IMODE(file.path.stat().st_mode) == 0o700
    assert found and found.events == ("TaskStart",) and found.command[:2] == ("xats-tui", "hook")
    assert found.command[-1] == "TaskStart" and '/my "home"' in found.command
    assert file.removed(text, None) == ""
    with pytest.raises(NotUnderstood, match="is a hook of yours"):
        file.added("#!/bin/sh\necho mine\n", OWN)


def test_what_a_person_has_written_around_our_lines_stays() -> None:
    file = HookScript(path=Path("TaskStart"), spec=builtin()["cline"].spec, event="TaskStart")
    mine = file.added("", OWN).replace("#!/bin/sh\n", "#!/bin/sh\nnotify-me\n")

    moved = file.added(mine, ELSEWHERE)

    assert moved.startswith("#!/bin/sh\nnotify-me\n") and '/my "home"' in moved
    assert file.added(moved, OWN) == mine
    assert file.removed(mine, None) == "#!/bin/sh\nnotify-me\n"
