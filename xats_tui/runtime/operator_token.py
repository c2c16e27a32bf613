"""The operator's credential: a secret in the home, by which the coordinator knows commands that act as the operator.

The file is the one truth: the coordinator looks into it at each request, so that a new secret in it holds at once and
none in it shuts the door.  It knows nothing of requests.
"""

import logging
import os
import secrets
import stat
from pathlib import Path

from xats_tui.runtime import private_files

logger = logging.getLogger(__name__)

SECRET_BYTES = 32
"""Of chance in a secret; nobody guesses as many."""

OTHERS_MODE_MASK = 0o077
"""What anybody but the owner may do with a file."""


def ensure(path: Path) -> None:
    """See that there is a secret which only its owner can have read; one that others could read is replaced."""
    try:
        if not _is_private(path) or read(path) is None:
            _write(path, secrets.token_urlsafe(SECRET_BYTES))
    except OSError as error:
        logger.warning("no command can act as the operator: %s cannot be written: %s", path, error.strerror)


def read(path: Path) -> str | None:
    """The secret; None if there is none, or it cannot be read."""
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
    """Put the secret there in one step, so that nobody reads half of it."""
    private_files.make_folder(path.parent)
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
        file.write(secret + "\n")
    draft.replace(path)
