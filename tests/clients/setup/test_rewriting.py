"""Writing the files of others: nothing is written over what another program has just written."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from xats_tui.clients.codex.config_files import servers_in
from xats_tui.clients.setup import rewriting
from xats_tui.clients.setup.config_files import NotUnderstood
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.rewriting import NotWritten, carry_out, change

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
OWN = OwnCommand(program=("xats-tui",))


def test_a_file_that_changed_since_the_change_was_shown_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    planned = change(servers_in(path), OWN)
    assert planned is not None
    path.write_text("a = 2\n")

    with pytest.raises(NotWritten, match="changed by another program meanwhile"):
        carry_out(planned, NOW)

    assert path.read_text() == "a = 2\n"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_cannot_be_replaced_is_as_it_was_and_no_draft_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "config.toml"
    path.write_text("a = 1\n")
    planned = change(servers_in(path), OWN)
    assert planned is not None

    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(NotWritten, match=r"config.toml cannot be written: No space left on device"):
        carry_out(planned, NOW)

    assert path.read_text() == "a = 1\n"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["config.toml", "config.toml.20260102T030405Z.bak"]


def test_only_regular_files_of_a_sensible_size_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "device").symlink_to("/dev/null")
    (tmp_path / "large").write_text("12345")
    monkeypatch.setattr(rewriting, "MAX_FILE_BYTES", 4, raising=False)

    for name, why in (("device", "no regular file"), ("large", "larger than")):
        with pytest.raises(NotUnderstood, match=why):
            rewriting.read(tmp_path / name)
