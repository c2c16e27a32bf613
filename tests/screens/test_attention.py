"""What needs the operator: read from the picture, most urgent first, each with its reason and its cause."""

from dataclasses import replace

from tests.screens.sample import BACKEND, FILLED, NOW, QA, WAKES, ago, entry, wake
from xats_tui.backend.model import WakeStatus, WakeStep
from xats_tui.screens.actions import Panel
from xats_tui.screens.attention import concerns
from xats_tui.screens.source import Picture


def keys(picture: Picture) -> list[str]:
    return [concern.key.split("/")[0] for concern in concerns(picture, NOW)]


def test_the_most_urgent_comes_first() -> None:
    assert keys(FILLED) == ["dialog", "failed", "waiting", "waiting", "mail", "task", "contract"]


def test_an_empty_picture_needs_nobody() -> None:
    assert concerns(Picture(), NOW) == ()


def test_a_missing_tmux_is_said_before_all_else() -> None:
    first = concerns(FILLED, NOW, tmux_missing=True)[0]
    assert "tmux is not installed" in first.reason


def test_a_failed_wake_that_was_read_after_all_needs_nobody() -> None:
    read = wake(QA, 1, WakeStatus.FAILED, "the pane is a shell", 4, 4, WakeStep.ATTEMPTED, WakeStep.SEEN)
    assert keys(Picture(roster=(entry(QA),), wakes=(read,))) == []


def test_wakes_of_one_agent_are_one_concern() -> None:
    failed = tuple(wake(QA, number, WakeStatus.FAILED, "no such pane", 4, number) for number in (1, 2, 3))
    (only,) = concerns(Picture(roster=(entry(QA),), wakes=failed), NOW)
    assert only.subject == "3 wakes → qa@shop"
    assert (only.panel, only.row) == (Panel.WAKES, failed[0].key)


def test_wakes_of_agents_that_are_gone_need_nobody() -> None:
    assert keys(Picture(wakes=WAKES)) == []


def test_old_mail_is_not_said_twice_when_a_wake_tells_why() -> None:
    waiting = wake(BACKEND, 1, WakeStatus.RETRYING, "busy", 2, 11)
    picture = Picture(roster=(entry(BACKEND, 1, 11),), wakes=(waiting,))
    assert keys(picture) == ["waiting"]
    assert keys(replace(picture, wakes=())) == ["mail"]


def test_a_task_is_orphaned_when_its_owner_is_away_or_gone() -> None:
    owned = [each for each in FILLED.tasks if each.task.claimed_by == BACKEND.agent_id]
    away = replace(BACKEND, last_seen_at=ago(minutes=9))
    assert keys(Picture(roster=(entry(BACKEND),), tasks=tuple(owned))) == []
    (absent,) = concerns(Picture(roster=(entry(away, online=False),), tasks=tuple(owned)), NOW)
    assert absent.reason == "its owner backend is away since 9m"
    (orphan,) = concerns(Picture(tasks=tuple(owned)), NOW)
    assert orphan.reason == "its owner backend is gone"
