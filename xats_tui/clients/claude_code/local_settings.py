"""The settings files that a person keeps to himself: the folder's own, and its repository's (seen with 2.1.332).

The shared `.claude/settings.json` counts in its own folder only.
"""

from pathlib import Path

LOCAL = ".claude/settings.local.json"

MAX_POINTER_BYTES = 4096
"""Largest `.git` file that is read; it holds one path."""


def local_settings(folder: Path) -> tuple[Path, ...]:
    """Return the paths of the local settings that Claude Code reads in a folder, whether they exist or not."""
    root = _repository(folder)
    return tuple(dict.fromkeys((folder / LOCAL, *([root / LOCAL] if root else []))))


def _repository(folder: Path) -> Path | None:
    """Return the root of the repository; for a linked worktree that of the main one."""
    root = next((one for one in (folder, *folder.parents) if (one / ".git").exists()), None)
    if root is None or not (root / ".git").is_file():
        return root
    try:
        with (root / ".git").open(encoding="utf-8") as file:
            pointer = file.read(MAX_POINTER_BYTES)
    except (OSError, ValueError):
        return root
    # gitdir: MAIN/.git/worktrees/NAME
    target = root / pointer.removeprefix("gitdir:").strip()
    is_linked = target.parts[-3:-1] == (".git", "worktrees")
    return target.parents[2] if is_linked else root
