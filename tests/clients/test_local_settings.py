"""Claude Code's local settings: of the folder, and of the repository that it belongs to."""

import os
import subprocess
from pathlib import Path

import pytest

from xats_tui.clients.claude_code.local_settings import LOCAL, local_settings


def test_a_folder_without_a_repository_has_its_own(tmp_path: Path) -> None:
    assert local_settings(tmp_path) == (tmp_path / LOCAL,)


def test_a_repository_and_its_linked_worktree_share_the_main_ones(tmp_path: Path) -> None:
    main, tree = tmp_path / "main", tmp_path / "tree"
    git = ["git", "-c", "user.email=a@b", "-c", "user.name=n", "-C", str(main)]
    subprocess.run(["git", "init", "-q", str(main)], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "x"], check=True)
    subprocess.run([*git, "worktree", "add", "-q", str(tree)], check=True)
    (main / "sub/deep").mkdir(parents=True)

    assert local_settings(main) == (main / LOCAL,)
    assert local_settings(main / "sub/deep") == (main / "sub/deep" / LOCAL, main / LOCAL)
    assert local_settings(tree) == (tree / LOCAL, main / LOCAL)


@pytest.mark.parametrize("pointer", ["", "gitdir: worktrees/x", "gitdir: ../.git/modules/x", "\0", "x" * 9000])
def test_another_kind_of_git_file_leads_to_its_own_folder(tmp_path: Path, pointer: str) -> None:
    (tmp_path / ".git").write_text(pointer)
    (tmp_path / "sub").mkdir()
    assert local_settings(tmp_path / "sub")[1] == tmp_path / LOCAL


def test_bytes_that_are_no_text_lead_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / ".git").write_bytes(b"gitdir: \xff\xfe")
    assert local_settings(tmp_path) == (tmp_path / LOCAL,)


def test_a_pipe_in_its_place_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / ".git")
    assert local_settings(tmp_path) == (tmp_path / LOCAL,)
