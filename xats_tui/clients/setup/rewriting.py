"""Reading and writing of other programs' configuration files: with a backup, in one step, and only if unchanged."""

import difflib
import os
import stat
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from msgspec import Struct

from xats_tui.clients.setup.config_files import ConfigFile, NotUnderstood
from xats_tui.clients.setup.own_command import OwnCommand

BYTE_ORDER_MARK = "\ufeff"
PRIVATE_MODE = 0o600
READABLE_MODE = 0o644

MAX_FILE_BYTES = 200_000_000
"""Largest file that is read."""


class Former(Protocol):
    """A file's text from before anything of ours was in it."""

    @property
    def text(self) -> str | None:
        """The text; None if there was no file."""
        ...

    def leads_to(self, now: str | None) -> bool:
        """Return whether only this program has changed the file since."""
        ...


@runtime_checkable
class WithMode(Protocol):
    """A file that is made with a mode of its own."""

    @property
    def mode(self) -> int:
        """The mode."""
        ...


class NotWritten(Exception):
    """A file is as it was; one sentence that says why."""


class Change(Struct, frozen=True, kw_only=True):
    """A planned change of one file."""

    path: Path
    before: str | None
    """Its text; None if there is no file."""
    after: str | None
    """The text after the change; None if the file is to be removed."""
    mode: int | None = None
    """Mode of a file that is made; None for what its scope asks for."""

    def diff(self) -> list[str]:
        """The change as a unified diff, a line each."""
        old, new = ((text or "").splitlines() for text in (self.before, self.after))
        source, target = (str(self.path) if text is not None else "/dev/null" for text in (self.before, self.after))
        return list(difflib.unified_diff(old, new, source, target, lineterm=""))


def change(
    file: ConfigFile,
    own: OwnCommand | None,
    drafts: Mapping[Path, str | None] | None = None,
    former: Former | None = None,
    beside: Sequence[ConfigFile] = (),
) -> Change | None:
    """Return the change that adds our entry to a file, or removes it if `own` is None; None if nothing is to change.

    Args:
        file: the file, and the kind of our entry.
        own: this program.
        drafts: texts of files whose changes were shown and not written.
        former: the file's text from before anything of ours was in it, if that is known.
        beside: what else of ours belongs into the same file.

    Raises:
        NotUnderstood: the file cannot be read.
    """
    before = drafts[file.path] if drafts and file.path in drafts else read(file.path)
    plain, ending = _plain(before or "")
    if own:
        edited = file.added(plain, own)
    else:
        former_plain = _plain(former.text)[0] if former and former.text is not None else None
        edited = file.removed(plain, former_plain) if before is not None else ""
    if edited == plain:
        return None
    if own is None and former and former.leads_to(before) and not holds_ours(beside, edited):
        return Change(path=file.path, before=before, after=former.text)
    mark = BYTE_ORDER_MARK if (before or "").startswith(BYTE_ORDER_MARK) else ""
    after = mark + edited.replace("\n", ending) if edited else None
    return Change(path=file.path, before=before, after=after, mode=file.mode if isinstance(file, WithMode) else None)


def holds_ours(files: Sequence[ConfigFile], text: str | None) -> bool:
    """Return whether a text has anything of what belongs into these files.

    Raises:
        NotUnderstood: it cannot be read.
    """
    plain = _plain(text or "")[0]
    return any(file.removed(plain, plain) != plain for file in files)


def check_writable(path: Path) -> None:
    """Refuse a file that its owner has protected, or whose folder takes no files.

    Raises:
        NotWritten: it cannot be written.
    """
    target = path.resolve()
    folder = next(one for one in target.parents if one.exists())
    # Not os.access for the file: it lets root write everything, and a replaced file loses the protection anyway.
    if target.exists() and not target.stat().st_mode & stat.S_IWUSR:
        raise NotWritten(f"{path} is read-only; nothing was changed; make it writable first: chmod u+w {target}")
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise NotWritten(f"{path} cannot be written: {folder} takes no files; nothing was changed")


def missing_folders(path: Path) -> tuple[Path, ...]:
    """Return the folders that have to be made for a file, the innermost first."""
    return tuple(folder for folder in path.resolve().parents if not folder.exists())


def plain_text(path: Path) -> str:
    """The text of a file without what marks its encoding or its lines; empty if there is none.

    Raises:
        NotUnderstood: the file cannot be read.
    """
    return _plain(read(path) or "")[0]


def read(path: Path) -> str | None:
    """The text of a file to the last character; None if there is none.

    Raises:
        NotUnderstood: it cannot be read, or is no text.
    """
    try:
        return _content(path).decode()
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        raise NotUnderstood(f"{path} is not UTF-8 from byte {error.start} on") from None
    except OSError as error:
        raise NotUnderstood(f"{path} cannot be read: {error.strerror}") from None


def _content(path: Path) -> bytes:
    # a folder of another person's may have a link to a device or a pipe in the file's place
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotUnderstood(f"{path} is no regular file")
        content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise NotUnderstood(f"{path} is larger than {MAX_FILE_BYTES:,} bytes")
    return content


def carry_out(change: Change, now: datetime, *, is_private: bool = True, keeps_former: bool = True) -> Path | None:
    """Write the file, or remove it; the backup that was made of it, if there was anything.

    A symbolic link stays one: the file that it leads to is written.  Mode and owner stay.

    Args:
        change: what is to become of it.
        now: for the backup's name.
        is_private: a file that is made is its owner's alone.
        keeps_former: make a backup; not of what this program has written a moment ago.

    Raises:
        NotWritten: it has changed since the change was planned, or cannot be written.
    """
    target = change.path.resolve()
    try:
        if read(target) != change.before:
            raise NotWritten(f"{change.path} was changed by another program meanwhile: run this again")
        backup = _backed_up(target, now) if keeps_former and change.before is not None else None
        if change.after is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            written_whole(target, change.after, change.mode or (PRIVATE_MODE if is_private else READABLE_MODE))
        else:
            target.unlink()
    except NotUnderstood as error:
        raise NotWritten(str(error)) from None
    except OSError as error:
        raise NotWritten(f"{change.path} cannot be written: {error.strerror}") from None
    return backup


def _plain(text: str) -> tuple[str, str]:
    """The text with plain newlines, and what its lines end with."""
    text = text.removeprefix(BYTE_ORDER_MARK)
    ending = "\r\n" if "\r\n" in text and text.count("\r\n") == text.count("\n") else "\n"
    return (text.replace("\r\n", "\n") if ending == "\r\n" else text), ending


def _backed_up(target: Path, now: datetime) -> Path:
    """A copy beside the file that only the owner may read; an older one is never overwritten."""
    for path in _backup_names(target, now):
        with suppress(FileExistsError):
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE_MODE)
            with os.fdopen(descriptor, "wb") as copy:
                copy.write(target.read_bytes())
            return path
    raise AssertionError("there is always another name")


def _backup_names(target: Path, now: datetime) -> Iterator[Path]:
    name = f"{target.name}.{now:%Y%m%dT%H%M%SZ}"
    yield target.with_name(f"{name}.bak")
    number = 1
    while True:
        number += 1
        yield target.with_name(f"{name}-{number}.bak")


def written_whole(target: Path, text: str, mode: int) -> None:
    """Write a file in one step; one that is replaced keeps owner and mode.

    Raises:
        OSError: it cannot be written; it is as it was.
    """
    descriptor, draft = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
            _look_like(file.fileno(), target, mode)
            file.flush()
            os.fsync(file.fileno())
        Path(draft).replace(target)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise


def _look_like(descriptor: int, target: Path, mode: int) -> None:
    """Give a file the owner and the mode of the one that it replaces."""
    try:
        status = target.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, mode)
        return
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, status.st_uid, status.st_gid)
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))
