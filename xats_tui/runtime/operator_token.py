"""The operator's credential: a secret in the home that lets commands act as the operator.

The coordinator reads the file at each request: a new secret is valid at once, and a missing file admits nobody.
"""

import logging
import os
import secrets
import stat
from pathlib import Path

from xats_tui.runtime import private_files

logger = logging.getLogger(__name__)

SECRET_BYTES = 32
"""Random bytes in a secret."""

OTHERS_MODE_MASK = 0o077
"""Permission bits of everybody but the owner."""


def ensure(path: Path) -> None:
    """Make sure that a private secret exists; a secret that others could read is replaced."""
    try:
        if not _is_private(path) or read(path) is None:
            _write(path, secrets.token_urlsafe(SECRET_BYTES))
    except OSError as error:
        logger.warning("no command can act as the operator: %s cannot be written: %s", path, error.strerror)


def read(path: Path) -> str | None:
    """Return the secret; None if it is missing or unreadable."""
    try:
        return path.read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _is_private(path: Path) -> bool:
    try:
        status = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid() and not status.st_mode & OTHERS_MODE_MASK


def _write(path: Path, secret: str) -> None:
    """Write the secret atomically, so that nobody reads half of it."""
    private_files.make_folder(path.parent)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")
    draft.replace(path)
