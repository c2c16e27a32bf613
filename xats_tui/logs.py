"""The log file: where everything that happens is written, so that nothing is printed.

It does not know who logs what.  The coordinator and every bridge of a home write to the same file, each from a process
of its own; so a line is appended in one write, and the file is moved aside under a lock.
"""

import fcntl
import logging
import os
from io import TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path

from xats_tui.settings import InvalidSettings, Settings

MAX_BYTES = 5_000_000
BACKUPS = 3
"""Older files that are kept beside the log: `xats-tui.log.1` and so on."""

LINE = "%(asctime)s %(process)d %(levelname)s %(name)s: %(message)s"

CHATTY = ("httpx2", "httpcore2", "mcp", "asyncio", "sse_starlette", "uvicorn.access")
"""Libraries that log every request at INFO; they are heard from WARNING on."""


class SharedLogFile(RotatingFileHandler):
    """A rotating log file that several processes write to, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=BACKUPS, encoding="utf-8", errors="backslashreplace")

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return os.fdopen(descriptor, "a", encoding=self.encoding, errors=self.errors)

    def emit(self, record: logging.LogRecord) -> None:
        """Write the record to the file that bears the name now, which another process may just have made."""
        if not self._is_current():
            self._reopen()
        super().emit(record)

    def doRollover(self) -> None:
        """Move the file aside, unless another process did so while this one waited for its turn."""
        with Path(self.baseFilename + ".lock").open("a") as turn:
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
        if self.stream:
            self.stream.close()
        self.stream = self._open()


def log_to_file(settings: Settings) -> None:
    """Send everything that is logged to the log file of these settings, and nothing to the terminal.

    Call it before mcp is imported: the server classes there put a handler on stderr when they find none.

    Raises:
        InvalidSettings: the file cannot be written.
    """
    path = settings.log_path
    try:
        settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        log_file = SharedLogFile(path)
    except OSError as error:
        raise InvalidSettings(f"the log file {path} cannot be written: {error.strerror}") from None
    log_file.setFormatter(logging.Formatter(LINE))
    root = logging.getLogger()
    root.handlers[:] = [log_file]
    root.setLevel(settings.log_level)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
