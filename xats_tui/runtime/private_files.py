"""Files and folders that nobody but their owner may look into, whatever the umask says and whoever made them first.

It does not know what is in them.
"""

import errno
import logging
import os
import stat
from pathlib import Path

logger = logging.getLogger(__name__)

ROOT_UID = 0
"""The user that may change everything anyway."""

OWNER_MODE = 0o700
"""Everything for the owner, nothing for anybody else."""


def make_folder(path: Path) -> None:
    """Make a folder, and those above it that are missing; what is there already is left as it is.

    Raises:
        OSError: it cannot be made.
    """
    for folder in (*reversed(path.parents), path):
        folder.mkdir(mode=OWNER_MODE, exist_ok=True)


def make_home(path: Path) -> None:
    """Make a folder, or close one that is there to others; never that in which a person's whole home lies.

    Raises:
        OSError: it cannot be made, or belongs to somebody else.
    """
    make_folder(path)
    check_owner(path)
    if path not in (Path.home(), *Path.home().parents):
        close(path)


def check_owner(path: Path) -> None:
    """See that a file or folder is ours or the system's: whoever it belongs to may change what we keep there.

    Raises:
        OSError: it is not, or is not there.
    """
    if path.stat().st_uid not in (os.geteuid(), ROOT_UID):
        raise PermissionError(errno.EPERM, f"{path} belongs to another user", str(path))


def close(path: Path) -> None:
    """Take from others what they may do with a file or folder, if it is there and ours."""
    try:
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        if status.st_uid == os.geteuid() and mode & ~OWNER_MODE and not mode & stat.S_ISVTX:
            path.chmod(mode & OWNER_MODE)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("others may be able to read %s: %s", path, error.strerror)


def opened_for_owner(path: str, flags: int) -> int:
    """Open a file so that, if it is made, nobody but its owner may look into it; an `opener` for `open`."""
    return os.open(path, flags, 0o600)
