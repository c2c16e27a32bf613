"""The texts of configuration files from before anything of ours was in them: removal gives them back byte for byte.

They are kept in the home in a file that only its owner may read, because configuration can hold secrets.
"""

import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from xats_tui.clients.setup.rewriting import PRIVATE_MODE, Change, written_whole
from xats_tui.runtime.private_files import make_home

FILE = "setup-before.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class FormerText:
    """The text of one file before anything of ours was in it."""

    text: str | None
    """None if there was no file."""
    written: str
    """Digest of the text that was written last; empty if the file was changed by others before that."""
    folders: tuple[str, ...] = ()
    """Folders that were made for the file, the innermost first."""

    def leads_to(self, now: str | None) -> bool:
        """Return whether only this program has changed the file since."""
        return now is not None and _digest(now) == self.written


class FormerTexts:
    """The former texts of all files that are set up."""

    def __init__(self, home: Path) -> None:
        self._path = home / FILE
        self._texts = _read(self._path)

    def of(self, path: Path) -> FormerText | None:
        """Return the former text of a file; None if it is not known."""
        return self._texts.get(str(path))

    def note(self, change: Change, *, had_ours: bool, has_ours: bool, folders: Sequence[Path] = ()) -> None:
        """Follow a change.

        Args:
            change: the change.
            had_ours: True if something of ours was in the file before.
            has_ours: True if something of ours is in it now.
            folders: the folders that are made for the file, the innermost first.
        """
        key, after = str(change.path), _digest(change.after or "")
        known = self._texts.get(key)
        if not has_ours:
            self._texts.pop(key, None)
        elif not had_ours:
            made = tuple(map(str, folders))
            self._texts[key] = FormerText(text=change.before, written=after, folders=made)
        elif known:
            written = after if known.leads_to(change.before) else ""
            self._texts[key] = FormerText(text=known.text, written=written, folders=known.folders)

    def save(self) -> None:
        """Write them.

        Raises:
            OSError: the home cannot be written.
        """
        if not self._texts:
            self._path.unlink(missing_ok=True)
            return
        record = {
            path: {"text": one.text, "written": one.written, "folders": one.folders}
            for path, one in self._texts.items()
        }
        make_home(self._path.parent)
        written_whole(self._path, json.dumps(record), PRIVATE_MODE)


def _read(path: Path) -> dict[str, FormerText]:
    with suppress(OSError, ValueError, TypeError, AttributeError):
        return {name: FormerText(**fields) for name, fields in json.loads(path.read_text(encoding="utf-8")).items()}
    return {}  # without them removal takes out what is ours, and leaves the rest


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
