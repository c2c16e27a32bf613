"""Files and folders that only their owner can read, whatever the umask is and whoever created them first."""

import errno
import logging
import os
import stat
from collections.abc import Iterable
from pathlib import Path

logger = logging.getLogger(__name__)

ROOT_UID = 0
"""The user that can change everything anyway."""

OWNER_MODE = 0o700
"""All permissions for the owner, none for others."""


def make_folder(path: Path) -> None:
    """Make a folder and its missing parents; existing folders keep their permissions.

    Raises:
        OSError: it cannot be made.
    """
    for folder in (*reversed(path.parents), path):
        folder.mkdir(mode=OWNER_MODE, exist_ok=True)


def make_home(path: Path) -> None:
    """Make a folder, or close an existing one to others; a person's whole home directory is never changed.

    Raises:
        OSError: it cannot be made, or belongs to another user.
    """
    make_folder(path)
    check_owner(path)
    if path not in (Path.home(), *Path.home().parents):
        close(path)


def check_owner(path: Path) -> None:
    """Check that a file or folder belongs to us or to root: any other owner could change what we keep there.

    Raises:
        OSError: it belongs to another user, or does not exist.
    """
    if path.stat().st_uid not in (os.geteuid(), ROOT_UID):
        raise PermissionError(errno.EPERM, f"{path} belongs to another user", str(path))


def close(path: Path) -> None:
    """Remove other users' permissions on a file or folder, if it exists and is ours."""
    try:
        status = path.stat()
        mode = stat.S_IMODE(status.st_mode)
        # A sticky folder (/tmp) is shared on purpose.
        if status.st_uid == os.geteuid() and mode & ~OWNER_MODE and not mode & stat.S_ISVTX:
            path.chmod(mode & OWNER_MODE)
    except FileNotFoundError:
        return
    except OSError as error:
        logger.warning("others may be able to read %s: %s", path, error.strerror)


def opened_for_owner(path: str, flags: int) -> int:
    """Open a file with mode 0600 if it is new; an `opener` for `open`."""
    return os.open(path, flags, 0o600)


def write(path: Path, text: str, *, replace: bool = False) -> None:
    """Write a file with mode 0600, whole or not at all; an existing file is replaced only if that is wanted.

    Raises:
        FileExistsError: there is such a file, and it is not to be replaced.
        OSError: it cannot be written, or what is to be replaced is no regular file.
    """
    if replace:
        _check_regular(path)
    target = path.with_name(f".{path.name}.{os.getpid()}.new") if replace else path
    with open(target, "x", encoding="utf-8", opener=opened_for_owner) as file:
        try:
            file.write(text)
            file.flush()
            if replace:
                target.replace(path)
        except BaseException:
            target.unlink(missing_ok=True)
            raise


def write_pieces(path: Path, pieces: Iterable[str], *, replace: bool = False) -> None:
    """Write a file as `write` does, from pieces that take their time: it gets its name when all of them are written.

    Raises:
        FileExistsError: there is such a file, and it is not to be replaced.
        OSError: it cannot be written, or what is to be replaced is no regular file.
    """
    if replace:
        _check_regular(path)
    target = path.with_name(f".{path.name}.{os.getpid()}.new")
    with open(target, "x", encoding="utf-8", errors="replace", opener=opened_for_owner) as file:
        try:
            file.writelines(pieces)
            file.flush()
            if replace:
                target.replace(path)
            else:
                _name_new(target, path)
        finally:
            target.unlink(missing_ok=True)


def _check_regular(path: Path) -> None:
    """Refuse to replace a device, a pipe or a folder by a file."""
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "it is not a regular file", str(path))


def _name_new(target: Path, path: Path) -> None:
    """Give a file its name, unless there is such a file by now; a renaming would replace it."""
    try:
        os.link(target, path)
    except FileExistsError:
        raise
    except OSError as error:
        if path.exists():
            raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path)) from error
        target.replace(path)  # a file system without links
