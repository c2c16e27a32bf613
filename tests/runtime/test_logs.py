"""The log file: private, shared by several processes, never too long, and the only place where anything is told."""

import logging
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from xats_tui.runtime.logs import SharedLogFile, log_to_file
from xats_tui.runtime.settings import InvalidSettings, Settings


@pytest.fixture(autouse=True)
def root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for ours in set(root.handlers) - set(handlers):
        ours.close()
    root.handlers[:], root.level = handlers, level
    logging.captureWarnings(False)


def test_nothing_is_printed_and_all_is_in_a_private_file(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    settings = Settings(home=tmp_path / "home")
    log_to_file(settings)
    logging.getLogger("somewhere").info("a fact: %s", "\udc80")
    logging.getLogger("httpx2").info("chatter")
    assert capfd.readouterr() == ("", "")
    text = settings.log_path.read_text(encoding="utf-8")
    assert "INFO somewhere: a fact: \\udc80" in text
    assert "chatter" not in text
    assert stat.S_IMODE(settings.log_path.stat().st_mode) == 0o600
    assert stat.S_IMODE(settings.home.stat().st_mode) == 0o700


def test_a_log_file_that_cannot_be_written_is_told_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidSettings, match=r"^the log file .* cannot be written: "):
        log_to_file(Settings(home=tmp_path, log_file=tmp_path / "file" / "log"))


def test_two_processes_move_the_file_aside_once_and_go_on_in_the_new_one(tmp_path: Path) -> None:
    path = tmp_path / "log"
    writers = [SharedLogFile(path, max_bytes=1000) for _ in range(2)]
    lines = [f"line {number:04}" for number in range(500)]
    for number, line in enumerate(lines):
        writers[number % 2].emit(logging.makeLogRecord({"msg": line}))
    for writer in writers:
        writer.close()
    files = [path, *(tmp_path / f"log.{number}" for number in (1, 2, 3))]
    assert all(file.stat().st_size <= 1000 for file in files)
    kept = [line for file in reversed(files) for line in file.read_text().splitlines()]
    assert kept == lines[-len(kept) :]
    assert len(kept) >= 300


def test_a_file_that_another_process_has_moved_aside_is_not_moved_again(tmp_path: Path) -> None:
    path = tmp_path / "log"
    first, second = SharedLogFile(path), SharedLogFile(path)
    first.emit(logging.makeLogRecord({"msg": "old"}))
    first.doRollover()
    first.emit(logging.makeLogRecord({"msg": "new"}))
    second.doRollover()
    first.close()
    second.close()
    assert path.read_text() == "new\n"
    assert (tmp_path / "log.1").read_text() == "old\n"
