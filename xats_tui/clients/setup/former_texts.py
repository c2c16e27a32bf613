"""The texts of configuration files from before anything of ours was in them: removal gives them back byte for byte.

They are kept in the home in a file that only its owner may read, because configuration can hold secrets.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from xats_tui.clients.setup.rewriting import PRIVATE_MODE, Change, written_whole
from xats_tui.runtime.private_files import make_home

FILE = "setup-before.json"

MAX_RECORD_BYTES = 100_000_000
"""Largest file that is read; what others keep in their configuration is a thousandth of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerText:
    """The text of one file before anything of ours was in it."""

    text: str | None
    """None if there was no file."""
    written: str
    """Digest of the text that was written last; empty if the file was changed by others before that."""

    def leads_to(self, now: str | None) -> bool:
        """Return whether only this program has changed the file since."""
        return now is not None and _digest(now) == self.written


class _Record(BaseModel):
    """The file's content."""

    model_config = ConfigDict(strict=True)

    files: dict[str, FormerText]
    """By the paths of the files."""
    folders: list[str]


class FormerTexts:
    """The former texts of all files that are set up, and the folders that were made for them."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._texts, self._folders = _read(self._path)

    def of(self, path: Path) -> FormerText | None:
        """Return the former text of a file; None if it is not known."""
        return self._texts.get(str(path))

    def note(self, change: Change, *, had_ours: bool, has_ours: bool) -> None:
        """Follow a change.

        Args:
            change: the change.
            had_ours: True if something of ours was in the file before.
            has_ours: True if something of ours is in it now.
        """
        key, after = str(change.path), _digest(change.after or "")
        known = self._texts.get(key)
        if not has_ours:
            self._texts.pop(key, None)
        elif not had_ours:
            self._texts[key] = FormerText(text=change.before, written=after)
        elif known:
            self._texts[key] = FormerText(text=known.text, written=after if known.leads_to(change.before) else "")

    def made(self, folders: Sequence[Path]) -> None:
        """Note folders that are made for a file."""
        self._folders.update(map(str, folders))

    def remove_folders(self) -> None:
        """Remove the folders that were made, unless something is in them."""
        for folder in sorted(self._folders, key=len, reverse=True):  # the inner ones first
            with suppress(OSError):
                Path(folder).rmdir()
            if not Path(folder).exists():
                self._folders.discard(folder)

    def save(self) -> None:
        """Write them.

        Raises:
            OSError: the home cannot be written.
        """
        if not self._texts:
            self._path.unlink(missing_ok=True)
            return
        texts = {path: {"text": one.text, "written": one.written} for path, one in self._texts.items()}
        make_home(self._path.parent)
        record = {"files": texts, "folders": sorted(self._folders)}
        written_whole(self._path, json.dumps(record), PRIVATE_MODE)


def _read(path: Path) -> tuple[dict[str, FormerText], set[str]]:
    with suppress(OSError, ValidationError):
        if path.is_file() and path.stat().st_size <= MAX_RECORD_BYTES:
            record = _Record.model_validate_json(path.read_bytes())
            return dict(record.files), set(record.folders)
    return {}, set()  # without them removal takes out what is ours, and leaves the rest


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
