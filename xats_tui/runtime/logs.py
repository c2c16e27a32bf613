"""The log file; nothing is printed on the terminal.

The coordinator and every bridge of a home write to the same file, each from its own process; so each line is appended
in
one write, and the file is rotated under a lock.
"""

import fcntl
import logging
import os
import re
import sys
from io import FileIO, TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from xats_tui.runtime import private_files
from xats_tui.runtime.settings import InvalidSettings, Settings

MAX_BYTES = 5_000_000
BACKUP_FILES = 3
"""Older files kept beside the log: `xats-tui.log.1` and so on."""

LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
"""Characters that a terminal obeys or an editor breaks lines at, except the newlines of a traceback."""

CHATTY = (
    "httpx2",
    "httpcore2",
    "mcp",
    "asyncio",
    "sse_starlette",
    "uvicorn.access",
    "aiosqlite",
    "watchfiles",
    "websockets",
)
"""Libraries that log every request with its secrets and messages; they are logged from WARNING on."""


class SharedLogFile(RotatingFileHandler):
    """A rotating log file that several processes write to, readable by its owner only."""

    def __init__(self, path: Path, max_bytes: int = MAX_BYTES) -> None:
        super().__init__(
            path, maxBytes=max_bytes, backupCount=BACKUP_FILES, encoding="utf-8", errors="backslashreplace"
        )

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        private_files.close(Path(self.baseFilename))
        # Without a buffer: text that found no room would be written later, in the middle of another line.
        return TextIOWrapper(FileIO(descriptor, "a"), encoding=self.encoding, errors=self.errors, write_through=True)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to the current file, which another process may just have made."""
        try:
            if not self._is_current():
                self._reopen()
        except OSError:
            self.handleError(record)
        else:
            super().emit(record)

    def handleError(self, record: logging.LogRecord) -> None:
        """Ignore errors of a full disk or a missing folder: a complaint would be printed over the dashboard."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handleError(record)

    def doRollover(self) -> None:
        """Rotate the file, unless another process did so while this one waited for the lock."""
        with open(self.baseFilename + ".lock", "a", opener=private_files.opened_for_owner) as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)
            if self._is_current():
                super().doRollover()
            else:
                self._reopen()

    def _is_current(self) -> bool:
        if self.stream is None:
            return False
        try:
            return os.path.samestat(os.fstat(self.stream.fileno()), Path(self.baseFilename).stat())
        except OSError:
            return False

    def _reopen(self) -> None:
        opened = self._open()  # opened first: if the folder is gone, the old file stays open
        if self.stream:
            self.stream.close()
        self.stream = opened


class _OneLine(logging.Formatter):
    """Formatter that nobody can forge a line in: control characters in a message are written as escapes."""

    def format(self, record: logging.LogRecord) -> str:
        shown = super().format(record)
        return _CONTROL.sub(lambda found: found[0].encode("unicode_escape").decode(), shown).replace("\n", "\n  ")

    def formatMessage(self, record: logging.LogRecord) -> str:
        record.message = record.message.replace("\n", "\\n")
        return super().formatMessage(record)


def log_to_file(settings: Settings) -> None:
    """Send all log records to the log file of these settings, and nothing to the terminal.

    Raises:
        InvalidSettings: the file cannot be written.
    """
    path = settings.log_path
    try:
        private_files.make_home(settings.home)
        private_files.make_folder(path.parent)
        log_file = SharedLogFile(path)
    except OSError as error:
        raise InvalidSettings(f"the log file {path} cannot be written: {error.strerror}") from None
    log_file.setFormatter(_OneLine(LINE))
    # To be done before mcp is imported: its server classes put a handler on stderr if they find none.
    logging.getLogger().handlers[:] = [log_file]
    logging.captureWarnings(True)
    set_level(settings.log_level)


def set_level(level: str) -> None:
    """Write records of at least this level from now on."""
    root = logging.getLogger()
    root.setLevel(level)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
