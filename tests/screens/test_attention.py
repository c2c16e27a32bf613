"""Items that need the operator, from the snapshot: most urgent first, with reason and cause."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.screens.sample.agents import BACKEND, FRONTEND, PLANNER, QA
from tests.screens.sample.clock import NOW, ago
from tests.screens.sample.filled import FILLED, entry
from tests.screens.sample.messages import INBOX, message
from tests.screens.sample.told import BUSY, TELLING
from tests.screens.sample.wakes import WAKES, wake
from xats_tui.core.model.health import Notice
from xats_tui.core.model.panes import OwnText, PaneReading, PaneState
from xats_tui.core.model.wakes import ACK_LOOP, HELD, UNCONFIRMED, Gate, WakeStage, WakeStatus
from xats_tui.core.records import replace
from xats_tui.screens.data.attention import READ, ConcernCache, concerns
from xats_tui.screens.data.concern import Concern
from xats_tui.screens.data.remembered import Memory
from xats_tui.screens.data.remembered_state import MAX_SNOOZED_FACTS, MAX_SNOOZES
from xats_tui.screens.data.snapshot import Slice, Snapshot
from xats_tui.screens.data.snoozes import SNOOZE, Snoozes
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.rows.agents import agent_state
from xats_tui.screens.rows.attention import attention_rows


def keys(snapshot: Snapshot) -> list[str]:
    return [concern.key.split("/")[0] for concern in concerns(snapshot, NOW)]


def test_the_most_urgent_comes_first() -> None:
    assert keys(FILLED) == ["dialog", "failed", "waiting", "inbox", "mail", "task", "contract"]


def test_an_empty_picture_needs_nobody() -> None:
    assert concerns(Snapshot(), NOW) == ()


def test_a_missing_tmux_is_said_before_all_else() -> None:
    first = concerns(FILLED, NOW, tmux_missing=True)[0]
    assert "tmux is not installed" in first.reason


def test_files_that_were_taken_away_come_before_everything() -> None:
    trouble = Notice(number=1, at=NOW, subject="database", text="data.db was removed", is_trouble=True)
    health = replace(FILLED.health, unstored=trouble.text, troubles=(trouble,)) if FILLED.health else None
    first, *others = concerns(replace(FILLED, health=health), NOW, tmux_missing=True)
    assert (first.subject, first.reason, first.remedy) == ("NOTHING IS STORED", trouble.text, "save_database")
    assert trouble.text not in [other.reason for other in others]


def test_a_failed_wake_that_was_read_after_all_needs_nobody() -> None:
    read = wake(QA, 1, WakeStatus.FAILED, "the pane is a shell", 4, 4, WakeStage.ATTEMPTED, WakeStage.SEEN)
    assert keys(Snapshot(roster=(entry(QA),), wakes=(read,))) == []


def test_wakes_of_one_agent_are_one_concern() -> None:
    failed = tuple(wake(QA, number, WakeStatus.FAILED, "no such pane", 4, number) for number in (1, 2, 3))
    (only,) = concerns(Snapshot(roster=(entry(QA),), wakes=failed), NOW)
    assert only.subject == "3 wakes → qa@shop"
    assert (only.mode, only.rows) == (Mode.WAKES, tuple(wake.key for wake in failed))


def test_wakes_of_agents_that_are_gone_need_nobody() -> None:
    assert keys(Snapshot(wakes=WAKES)) == []


def test_old_mail_is_not_said_twice_when_a_wake_tells_why() -> None:
    waiting = wake(BACKEND, 1, WakeStatus.RETRYING, "busy", 2, 11)
    snapshot = Snapshot(roster=(entry(BACKEND, 1, 11),), wakes=(waiting,))
    assert keys(snapshot) == ["waiting"]
    assert keys(replace(snapshot, wakes=())) == ["mail"]


def test_a_dialog_says_how_many_wakes_it_holds_up() -> None:
    dialog = concerns(FILLED, NOW)[0]
    assert (dialog.remedy, dialog.rows) == ("answer", (BACKEND.agent_id,))
    assert dialog.reason == "dialog for 3m12s, asks: Bash command · rm -rf build; 1 wake waiting"


def test_a_told_dialog_is_named_by_what_it_asks_also_without_a_pane() -> None:
    told = [concern for concern in concerns(TELLING, NOW) if concern.key.startswith("dialog/")]
    assert [(one.subject, one.remedy) for one in told] == [
        ("翻訳-translator@docs", "answer"),  # it has waited longer
        ("backend@shop", "answer"),
    ]
    assert told[0].reason == "dialog for 12m00s, asks: Bash: touch x"
    assert told[1].reason == "dialog for 1m35s, asks: Edit: /work/shop/build.py; 1 wake waiting"


def test_a_told_state_is_shown_where_the_screen_tells_none() -> None:
    (planner,) = [entry for entry in TELLING.roster if entry.agent is PLANNER]
    view = TELLING.view(planner)
    assert view is not None and agent_state(TELLING, planner, NOW).text == "✎ draft 20s"  # only a screen shows drafts

    unknown = replace(view, reading=PaneReading(state=PaneState.UNKNOWN, reason="no input line"))
    for snapshot in (
        replace(TELLING, views={**TELLING.views, view.look.pane: unknown}),
        Snapshot(roster=(replace(planner, agent=replace(PLANNER, binding=None)),)),
    ):
        entry = next(one for one in snapshot.roster if one.agent.agent_id == PLANNER.agent_id)
        assert agent_state(snapshot, entry, NOW).text == "◐ busy 30s"


@pytest.mark.parametrize("state", [PaneState.IDLE, PaneState.BUSY, PaneState.UNKNOWN, PaneState.COPY_MODE])
def test_a_dialog_that_only_the_client_tells_of_is_listed_whatever_the_screen_shows(state: PaneState) -> None:
    (planner,) = [entry for entry in TELLING.roster if entry.agent is PLANNER]
    view = TELLING.view(planner)
    assert view is not None
    waiting = replace(BUSY, state=PaneState.DIALOG, detail="input needed")
    shown = replace(view, reading=PaneReading(state=state, reason="read"))

    (concern,) = concerns(Snapshot(roster=(replace(planner, pane=shown, told=waiting),)), NOW)
    assert (concern.key, concern.reason) == (f"dialog/{PLANNER.agent_id}", "dialog for 30s, input needed")

    gone = replace(view, reading=PaneReading(state=PaneState.SHELL, reason="bash"))
    assert concerns(Snapshot(roster=(replace(planner, pane=gone, told=waiting),)), NOW) == ()


def test_a_hint_in_somebodys_draft_is_told_and_left_to_that_person() -> None:
    asking = next(one for one in FILLED.roster if FILLED.view(one))
    seen = FILLED.view(asking)
    assert seen is not None
    mixed = replace(seen, reading=PaneReading(state=PaneState.DRAFT, reason="not sent", own=OwnText.MIXED))
    waiting = wake(asking.agent, 1, WakeStatus.RETRYING, "own hint: mixed", 2, 11)

    (only,) = concerns(Snapshot(roster=(replace(asking, pane=mixed, wakes_waiting=1),), wakes=(waiting,)), NOW)

    assert (only.key, only.remedy) == (f"mixed/{asking.agent.agent_id}", "go_to_pane")
    assert only.reason == (
        f"a hint from xats got mixed into a draft in {seen.look.pane.pane_id}: send or clear that line; 1 wake waiting"
    )


@pytest.mark.parametrize(
    "told",
    [
        *(Gate(name=gate, holds=False, detail="what to do").told for gate in ("synchronized", "input", "stopped")),
        f"{UNCONFIRMED}{HELD}: what to do",
    ],
)
def test_a_wake_that_only_a_person_can_let_go_is_told_of_at_once(told: str) -> None:
    fresh = wake(BACKEND, 1, WakeStatus.RETRYING, told, 1, 0)
    (only,) = concerns(Snapshot(roster=(entry(BACKEND),), wakes=(fresh,)), NOW)
    assert (only.key, only.remedy) == (f"waiting/{BACKEND.agent_id}", "go_to_pane")
    assert "what to do" in only.reason


def test_a_wake_that_waits_for_the_end_of_a_turn_is_not_told_of_at_once() -> None:
    told = Gate(name="state", holds=False, detail="busy: a spinner turns").told
    fresh = wake(BACKEND, 1, WakeStatus.RETRYING, told, 1, 0)
    assert keys(Snapshot(roster=(entry(BACKEND),), wakes=(fresh,))) == []


def test_mail_to_the_operator_is_told_of_at_once_until_it_is_marked_as_read() -> None:
    (only,) = concerns(Snapshot(inbox=INBOX), NOW)
    assert (only.subject, only.reason) == ("you", "planner wrote 26m ago: “release today?”")
    assert (only.mode, only.rows) == (Mode.MESSAGES, ("11",))
    assert keys(Snapshot(inbox=INBOX, stream=INBOX)) == ["inbox"]
    assert keys(Snapshot(inbox=(replace(INBOX[0], read_at=NOW),))) == []


def test_of_the_messages_without_the_reply_that_they_want_the_oldest_each_way_is_a_concern() -> None:
    asked = message(5, FRONTEND, BACKEND, "API changed?", "x", 22, read=True, need_reply=True)
    again = message(6, FRONTEND, BACKEND, "well?", "x", 11, read=True, need_reply=True)
    (only,) = concerns(Snapshot(unanswered=(again, asked)), NOW)
    assert (only.mode, only.rows) == (Mode.MESSAGES, ("5",))
    assert (only.subject, only.reason) == ("frontend", "has waited 22m for a reply from backend: “API changed?”")
    fresh = message(7, FRONTEND, BACKEND, "and now?", "x", 2, read=True, need_reply=True)
    assert concerns(Snapshot(unanswered=(fresh,)), NOW) == ()


def test_an_ack_loop_is_told_apart_from_other_waits() -> None:
    held = replace(wake(BACKEND, 1, WakeStatus.RETRYING, ACK_LOOP, 2, 11), sender_id=QA.agent_id)
    (only,) = concerns(Snapshot(roster=(entry(BACKEND), entry(QA)), wakes=(held,)), NOW)
    assert only.key == f"ack-loop/{BACKEND.agent_id}"
    assert only.reason == "ack loop with qa: wakes for mere acknowledgements are held back"


def test_a_task_is_orphaned_when_its_owner_is_away_or_gone() -> None:
    owned = [each for each in FILLED.tasks if each.task.claimed_by == BACKEND.agent_id]
    away = replace(BACKEND, last_seen_at=ago(minutes=9))
    assert keys(Snapshot(roster=(entry(BACKEND),), tasks=tuple(owned))) == []
    (absent,) = concerns(Snapshot(roster=(entry(away, online=False),), tasks=tuple(owned)), NOW)
    assert absent.reason == "its owner backend has been away for 9m"
    (orphan,) = concerns(Snapshot(tasks=tuple(owned)), NOW)
    assert orphan.reason == "its owner backend has left"


def test_what_the_operator_has_silenced_does_not_nag_but_its_dialog_is_listed() -> None:
    waits = wake(QA, 1, WakeStatus.RETRYING, "do not disturb", 2, 11)
    failed = wake(QA, 2, WakeStatus.FAILED, "not read in time", 2, 11)
    silenced = replace(entry(QA, 1, 41), resting=True)
    asked = message(5, FRONTEND, QA, "well?", "x", 22, read=True, need_reply=True)
    assert keys(Snapshot(roster=(silenced,), wakes=(waits, failed), unanswered=(asked,))) == []
    asking = replace(silenced, told=replace(BUSY, state=PaneState.DIALOG, detail="input needed"))
    assert keys(Snapshot(roster=(asking,), wakes=(waits, failed))) == ["dialog"]


def test_within_a_kind_what_has_waited_longest_comes_first() -> None:
    late, early = wake(QA, 1, WakeStatus.RETRYING, "busy", 2, 5), wake(BACKEND, 2, WakeStatus.RETRYING, "busy", 2, 11)
    snapshot = Snapshot(roster=(entry(QA), entry(BACKEND)), wakes=(late, early))
    assert [concern.rows for concern in concerns(snapshot, NOW)] == [(early.key,), (late.key,)]


def failures(*numbers: int) -> Concern:
    wakes = tuple(wake(QA, number, WakeStatus.FAILED, "no such pane", 4, number) for number in numbers)
    (only,) = concerns(Snapshot(roster=(entry(QA),), wakes=wakes), NOW)
    return only


def test_a_snooze_ends_with_its_time_and_is_not_listed_until_then() -> None:
    snoozes, concern = Snoozes(Memory()), failures(1, 2)
    snoozes.add(concern, NOW)
    assert snoozes.split([concern], NOW + SNOOZE / 2) == ((), (concern,))
    assert snoozes.split([concern], NOW + SNOOZE) == ((concern,), ())
    assert snoozes.until(concern.key) is None


@pytest.mark.parametrize(("then", "is_listed"), [((1, 2), False), ((2,), False), ((1, 2, 3), True), ((2, 3), True)])
def test_a_snooze_ends_early_when_it_gets_worse(then: tuple[int, ...], is_listed: bool) -> None:
    snoozes = Snoozes(Memory())
    snoozes.add(failures(1, 2), NOW)
    awake, asleep = snoozes.split([failures(*then)], NOW)
    assert (bool(awake), bool(asleep)) == (is_listed, not is_listed)


def test_another_dialog_of_the_same_agent_ends_the_snooze() -> None:
    snoozes, (dialog, *_) = Snoozes(Memory()), concerns(TELLING, NOW)
    snoozes.add(dialog, NOW)
    assert snoozes.split([dialog], NOW)[0] == ()
    other = replace(dialog, about=frozenset({"another question"}))
    assert snoozes.split([other], NOW)[0] == (other,)


def test_a_snooze_lasts_when_the_dashboard_is_started_again(tmp_path: Path) -> None:
    (dialog, *_), failed = concerns(TELLING, NOW), failures(1, 2)
    memory = Memory(tmp_path / "dashboard.json")
    snoozes = Snoozes(memory)
    snoozes.add(dialog, NOW)
    snoozes.add(failed, NOW)
    snoozes.add(failures(3), NOW)
    snoozes.end(failures(3).key)
    snoozes.add(failed, NOW)
    memory.save()

    again = Snoozes(Memory(tmp_path / "dashboard.json"))

    assert again.split([dialog, failed], NOW + SNOOZE / 2) == ((), (dialog, failed))
    assert again.split([dialog, failures(1, 2, 3)], NOW + SNOOZE / 2) == ((failures(1, 2, 3),), (dialog,))
    assert again.split([dialog, failed], NOW + SNOOZE) == ((dialog, failed), ())
    stored = Memory(tmp_path / "dashboard.json")
    assert stored.trouble == "" and len(stored.state.snoozes) == 2


def test_the_age_of_a_question_that_was_stored_is_the_same_fact() -> None:
    asking, stored = (_asking(at) for at in (NOW.replace(microsecond=123_456), NOW.replace(microsecond=123_000)))
    assert asking.facts == stored.facts


def _asking(since: datetime) -> Concern:
    """An agent asks something since then."""
    (view, *_) = (each for each in FILLED.views.values() if each.reading.state is PaneState.DIALOG)
    asks = replace(FILLED, views={**FILLED.views, view.look.pane: replace(view, state_since=since)})
    return concerns(asks, NOW)[0]


def test_more_than_the_file_takes_is_snoozed_until_the_dashboard_ends(tmp_path: Path) -> None:
    memory, many = Memory(tmp_path / "dashboard.json"), failures(*range(MAX_SNOOZED_FACTS))
    snoozes = Snoozes(memory)
    for number in range(MAX_SNOOZES + 5):
        snoozes.add(replace(failures(1), key=f"key-{number}"), NOW)
    snoozes.add(many, NOW)
    memory.save()

    assert snoozes.split([many], NOW) == ((), (many,))
    kept = Memory(tmp_path / "dashboard.json").state.snoozes
    assert [*kept] == [f"key-{number}" for number in range(5, MAX_SNOOZES + 5)]


def test_what_is_out_of_sight_for_a_while_stays_snoozed() -> None:
    snoozes, concern = Snoozes(Memory()), failures(1)
    snoozes.add(concern, NOW)
    snoozes.split([], NOW)  # another team is shown
    assert snoozes.split([concern], NOW)[1] == (concern,)


def test_the_snoozed_are_counted_with_the_way_to_see_them() -> None:
    concern = failures(1)
    asleep = {concern.key: (concern, NOW + SNOOZE)}
    (note,) = attention_rows((), asleep, NOW, shows_asleep=False)
    assert [cell.text for cell in note.cells][1::2] == ["1 thing snoozed", "enter show"]
    _, shown = attention_rows((), asleep, NOW, shows_asleep=True)
    assert shown.cells[3].text == "Z list again" and "no such pane" in shown.cells[2].text


def test_concerns_are_read_again_only_when_they_can_have_changed() -> None:
    cache, calm = ConcernCache(), replace(FILLED, roster=(), views={}, wakes=(), inbox=())
    before = cache.of(calm, NOW)
    assert before
    assert cache.of(replace(calm, activity=(), confirmed_at=NOW), NOW + timedelta(seconds=1)) is before
    assert cache.of(replace(calm, tasks=()), NOW + timedelta(seconds=1)) != before


@pytest.mark.parametrize("part", READ)
def test_a_slice_that_changes_changes_the_concerns_at_once(part: Slice) -> None:
    cache = ConcernCache()
    cache.of(FILLED, NOW)
    fewer = replace(FILLED, **{part.value: type(getattr(FILLED, part.value))()})
    assert cache.of(fewer, NOW) == concerns(fewer, NOW)


def test_concerns_are_read_from_no_slice_but_those_that_are_compared() -> None:
    named = {part.value: getattr(FILLED, part.value) for part in READ}
    assert concerns(Snapshot(**named, health=FILLED.health), NOW) == concerns(FILLED, NOW)


def test_a_reason_told_in_seconds_is_never_two_seconds_old() -> None:
    def told(read: Sequence[Concern]) -> Sequence[str]:
        return [one.reason for one in read if one.remedy]

    cache = ConcernCache()
    for seconds in (0, 1, 59, 60, 61, 3600, 3601):
        now = NOW + timedelta(seconds=seconds)
        true = [told(concerns(FILLED, now - timedelta(seconds=earlier))) for earlier in (0, 1)]
        assert told(cache.of(FILLED, now)) in true


def test_a_concern_that_stays_has_the_same_row() -> None:
    known = concerns(FILLED, NOW)
    before = attention_rows(known, {}, NOW, shows_asleep=False)
    again = attention_rows(known[1:], {}, NOW, shows_asleep=False, before=zip(known, before, strict=True))
    assert all(row is other for row, other in zip(again, before[1:], strict=True))
