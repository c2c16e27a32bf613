"""The gates are guarded: each is broken on purpose in a copy of the package, and a test notices.

It is for `make stress` alone: a gate that was rewritten fails there until the mutant is written for it anew.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.commands.processes import clean_environment

PROJECT = Path(__file__).parent.parent

PATIENCE = 300
"""Seconds for the quick tests of one mutant, and again for its slow tests if the quick ones notice nothing."""


STORIES = "80"
"""Number of stories run for each mutant."""


class Mutant(NamedTuple):
    """One thing that is broken."""

    file: str
    """Below `xats_tui/backend`."""
    sound: str
    """The original code, which occurs once."""
    broken: str
    tests: str
    """Tests below `tests/` of which at least one must fail."""


GATES = "transports/pane/gates.py"
TYPING = "transports/pane/transport.py"
HAND, EYES, PASTES = "transports/pane/typist.py", "transports/pane/eyes.py", "transports/pane/pastes.py"
PROGRESS, EVIDENCE, RHYTHM = "transports/pane/progress.py", "transports/pane/evidence.py", "transports/pane/rhythm.py"
INBOX, STATES = (f"transports/inbox/{part}.py" for part in ("claude_inbox", "gates"))
PEERS = "system/peers.py"
SESSIONS, OUTCOMES, RECEIPTS = (
    f"transports/inbox/{part}.py" for part in ("session_inbox", "outcomes", "receipt_inbox")
)
REGISTERED = "system/sessions/registered.py"
KEYS = "system/tmux_keys.py"
POLICY, ACK_LOOP = "services/wakes/policy.py", "services/wakes/ack_loop.py"
BOARD = "services/tasks.py"
DESK = "services/operator/tasks.py"
BY_GATES, BY_TYPING = "backend/transports/pane/test_gates.py", "backend/transports/pane/test_transport.py"
BY_PROMPTS = "backend/transports/pane/test_prompts.py"
BY_PROGRESS, BY_EVIDENCE = "backend/transports/pane/test_progress.py", "backend/transports/pane/test_evidence.py"
BY_INBOX = "backend/transports/inbox/test_claude_inbox.py"
BY_RECEIPTS = "backend/transports/inbox/test_session_inbox.py"
BY_RECORDS = "backend/system/test_registered.py"
BY_BRIDGE = "backend/transports/inbox/test_with_a_bridge.py"
BY_RHYTHM, BY_OWN = "backend/transports/pane/test_rhythm.py", "core/screen/test_own_text.py"
BY_TMUX = "backend/system/test_tmux.py"
BY_POLICY, BY_STORIES = "backend/services/wakes/test_policy.py", "properties"
BY_ACK_LOOP = "backend/services/wakes/test_ack_loop.py"
BY_TASKS, BY_DESK = "backend/tools/test_tasks.py", "backend/services/operator/test_tasks.py"
BY_REQUESTS, BY_HTTP = "backend/api/test_request_checks.py", "backend/api/test_app.py"
BY_CALLS = "backend/api/test_direct_calls.py"
BY_COMMANDS = "commands/test_operator_commands.py"
BY_NAMES = "security/test_identities.py"
BY_PARTS = "backend/tools/test_inbox_pages.py"
BY_WAKES, BY_MAIL = "backend/services/wakes/test_waker.py", "backend/services/operator/test_mail.py"
HELD = "services/operator/held_dialogs.py"
BY_TOLD, BY_HELD = "backend/services/operator/test_told_answers.py", "backend/services/operator/test_held_dialogs.py"

MUTANTS = {
    # What a person's answer may hit
    "a dialog that has changed": Mutant(
        "client_states.py", "now is None or now.dialog != dialog", "now is None", BY_TOLD
    ),
    "two answers to one dialog": Mutant(
        "services/operator/interface_answers.py", "if dialog.id in self._being_answered", "if False", BY_TOLD
    ),
    "the screen before the client": Mutant(
        "services/operator/answering.py", "if any(dialog.options for dialog in dialogs):", "if False:", BY_TOLD
    ),
    "a hook held without its dialog": Mutant(HELD, "is_late = not held.seen_by and", "is_late = False and", BY_HELD),
    "a hook held after its dialog": Mutant(HELD, "held.seen_by and state in HAS_CLOSED", "False", BY_HELD),
    "a dialog answered at the pane": Mutant(HELD, "if view and self._is_overtaken(held, view):", "if False:", BY_HELD),
    "an answer said to be taken": Mutant(HELD, "while not held.has_closed:", "while False:", BY_HELD),
    "a session that went on": Mutant(HELD, "if is_meant and held.agent", "if False and held.agent", BY_HELD),
    # Where a hint may be typed
    "a dead owner": Mutant(GATES, "holds=_is_here(occupant, view)", "holds=not occupant or True", BY_GATES),
    "an owner on another terminal": Mutant(GATES, "occupant.tty == tty_of(view)", "True", BY_GATES),
    "an owner in the background": Mutant(GATES, "holds=in_front,", "holds=True,", BY_GATES),
    "a program that stands still": Mutant(GATES, "holds=not stopped,", "holds=True,", BY_GATES),
    "a synchronised window": Mutant(GATES, "holds=not synchronized,", "holds=True,", BY_GATES),
    "a pane without input": Mutant(GATES, "holds=not input_off,", "holds=True,", BY_GATES),
    "a terminal that reads lines": Mutant(GATES, "seat.terminal.raw and not", "not", BY_GATES),
    "a terminal that echoes": Mutant(GATES, " and not seat.terminal.echoes and", " and", BY_GATES),
    "a program that shares the terminal": Mutant(GATES, " and not is_shared", "", BY_GATES),
    "a window that is synchronised at the last moment": Mutant(
        KEYS, '("pane_synchronized", "pane_input_off"', '("pane_input_off"', BY_TMUX
    ),
    "input that is switched off at the last moment": Mutant(KEYS, '"pane_input_off", ', "", BY_TMUX),
    "a mode that is entered at the last moment": Mutant(KEYS, '"pane_in_mode", ', "", BY_TMUX),
    "a pane that is taken at the last moment": Mutant(KEYS, "#{{==:#{{pane_pid}},{occupant}}}", "1", BY_TMUX),
    "a command in a pane's id": Mutant(KEYS, "if not _PANE_ID.fullmatch(pane.pane_id):", "if False:", BY_TMUX),
    "a state that is not idle": Mutant(
        GATES, "(reading.state is PaneState.IDLE and not seat.other_prompt)", "not seat.other_prompt", BY_GATES
    ),
    "a prompt of another program": Mutant(GATES, " and not seat.other_prompt)", ")", BY_PROMPTS),
    "a state that closes its gate": Mutant(GATES, "holds=state is not closed_by,", "holds=True,", BY_GATES),
    "a pane that just changed": Mutant(GATES, "holds=seat.unchanged >= needed,", "holds=True,", BY_GATES),
    "a clock that was set back": Mutant(RHYTHM, "max(now - since, timedelta(0))", "abs(now - since)", BY_RHYTHM),
    "a word of the program": Mutant(
        GATES, 'name="hooks", holds=is_idle and calm', 'name="hooks", holds=True', BY_GATES
    ),
    "a calm screen against an old word": Mutant(
        GATES, 'name="hooks", holds=is_idle and calm', 'name="hooks", holds=False', BY_GATES
    ),
    "what the client tells": Mutant(GATES, 'name="told", holds=not closed', 'name="told", holds=True', BY_GATES),
    "an idle state that is told": Mutant(
        GATES, "told.state is PaneState.IDLE and (told.at", "False and (told.at", BY_GATES
    ),
    "another program at an inbox": Mutant(PEERS, "or peer.pid != pid:", "or False:", BY_INBOX),
    "a post without effect": Mutant(
        "transports/inbox/claude_posts.py",
        "session is not None and _began_turn(posted.session, session)",
        "session is not None",
        BY_INBOX,
    ),
    "a dialog before an inbox": Mutant(STATES, 'name="dialog", holds=not asks', 'name="dialog", holds=True', BY_INBOX),
    "a second post": Mutant(INBOX, 'taken yet" if posted else ""', 'taken yet" if False else ""', BY_INBOX),
    "an inbox that others have access to": Mutant(PEERS, "one.st_mode & FOR_OTHERS", "False", BY_RECEIPTS),
    "a receipt of another process": Mutant(RECEIPTS, "session.process.pid == pid", "session.process", BY_RECEIPTS),
    "a receipt without the key": Mutant(RECEIPTS, "if not any(hmac", "if False and any(hmac", BY_RECEIPTS),
    "a hint beside a held one": Mutant(SESSIONS, "if sent and sent.may_be_taken else", "if False else", BY_RECEIPTS),
    "a hint after a declined one": Mutant(OUTCOMES, "is not Status.DENIED or", "is not None or", BY_RECEIPTS),
    "a message that is sent anew": Mutant(OUTCOMES, ">= LOST_AFTER", "< LOST_AFTER", BY_RECEIPTS),
    "a record of another program": Mutant(REGISTERED, "one.is_same(process) for one", "True for one", BY_RECORDS),
    "a record of another time": Mutant(REGISTERED, "and _is_by(record, process)", "", BY_RECORDS),
    "an inbox that holds messages": Mutant(
        INBOX,
        "if why := why_held(said, shown, reported):",
        "if False and (why := why_held(said, shown, reported)):",
        BY_INBOX,
    ),
    "a post that was lost": Mutant(INBOX, "now - idle_since >= LOST_AFTER", "False", BY_INBOX),
    "an unconfirmed post at the end of a turn": Mutant(
        "services/wakes/attempts.py", "or any(wake.is_unconfirmed for", "or any(False for", BY_BRIDGE
    ),
    "force over a strange owner": Mutant(GATES, '{"draft", "dialog"', '{"owner", "draft", "dialog"', BY_GATES),
    "force over copy mode": Mutant(GATES, '{"draft", "dialog"', '{"mode", "draft", "dialog"', BY_GATES),
    "force over a shell": Mutant(GATES, '{"draft", "dialog"', '{"shell", "draft", "dialog"', BY_GATES),
    "force over another program": Mutant(GATES, '{"draft", "dialog"', '{"process", "draft", "dialog"', BY_GATES),
    "gates nobody forced": Mutant(TYPING, "if forced else ()", "", BY_TYPING),
    "dialogs of the unknown": Mutant(GATES, 'OVERRULED - {"dialog"}', "OVERRULED", BY_GATES),
    "less quiet for the unknown": Mutant(
        GATES, "PROVEN_IDLE) if proves_idle(client) else", "PROVEN_IDLE) if client else", BY_GATES
    ),
    # How it is typed
    "the gates before the paste": Mutant(
        TYPING,
        "if closed := first_closed(seen.gates, overruled(agent.client) if forced else ()):",
        "if closed := None:",
        BY_TYPING,
    ),
    "whose pane it is": Mutant(
        TYPING, "Reachability.OPEN if owner.holds else Reachability.AGENT_GONE", "Reachability.OPEN", BY_TYPING
    ),
    "one writer a pane": Mutant(PASTES, "self._writers.setdefault(pane, asyncio.Lock())", "asyncio.Lock()", BY_TYPING),
    "a paste that looks different": Mutant(HAND, "if not shown:", "if False:", BY_TYPING),
    "a line that changed after the paste": Mutant(HAND, "seen.line != wanted", "False", BY_TYPING),
    "an owner that ended after the paste": Mutant(EYES, "gate.name in needed and not gate.holds", "False", BY_TYPING),
    "another program after the paste": Mutant(EYES, "seen.seat.occupant != same.occupant", "False", BY_TYPING),
    "Enter as a key of its own": Mutant(HAND, "ENTER_DELAY_S = 0.15", "ENTER_DELAY_S = 0.0", BY_TYPING),
    "an Enter that the program has not drawn": Mutant(
        PROGRESS, "return paste.drawn or (waits and now - paste.last_key_at >= never)", "return True", BY_PROGRESS
    ),
    "a paste that the program has not drawn": Mutant(
        PROGRESS, "gone=drawn and _is_gone(paste, view)", "gone=True", BY_PROGRESS
    ),
    "a pause after a paste": Mutant(PROGRESS, "if times else 0)", "if False else 0)", BY_PROGRESS),
    "a hint in somebody's draft": Mutant(
        "../core/screen/own_text.py",
        "if rest == paste.line_before else OwnText.MIXED",
        "if rest is not None else OwnText.MIXED",
        BY_OWN,
    ),
    "a line that is not empty": Mutant(EVIDENCE, "if not _is_empty_again(paste, view):", "if False:", BY_EVIDENCE),
    "an older hint": Mutant(EVIDENCE, 'if change in ("insert", "replace"):', "if change:", BY_EVIDENCE),
    "somebody who is typing": Mutant(GATES, "holds=not typing,", "holds=True,", BY_GATES),
    "a key that is not drawn": Mutant(GATES, "holds=not undrawn,", "holds=True,", BY_GATES),
    "input that is not read": Mutant(GATES, "holds=not unread,", "holds=True,", BY_GATES),
    "a submission that is seen": Mutant(HAND, "if not proven or evidence is None:", "if False:", BY_TYPING),
    "the start of a process": Mutant(
        "system/processes.py",
        "(started_at and abs(begun - started_at) > START_TOLERANCE_S)",
        "False",
        "backend/system/test_processes.py",
    ),
    "the foreground": Mutant(
        "system/processes.py", "return self.group == self.foreground", "return True", "backend/system/test_processes.py"
    ),
    "a pane has one agent": Mutant(
        "store/agents.py",
        '"UPDATE agents SET tmux_pane_id = NULL WHERE tmux_pane_id = ?',
        '"UPDATE agents SET tmux_pane_id = NULL WHERE 0 AND tmux_pane_id = ?',
        "backend/services/agents/test_binding.py",
    ),
    # When it is typed
    "an agent that has left": Mutant(POLICY, "if agent is None:", "if False and agent is None:", BY_POLICY),
    "mail that is too old": Mutant(POLICY, "wake.expires_at <= now for", "False for", BY_POLICY),
    "a restraint": Mutant(POLICY, "if not hold_reason.gate.holds:", "if False:", BY_POLICY),
    "do not disturb": Mutant(POLICY, "holds=not wake_context.resting,", "holds=True,", BY_POLICY),
    "an unanswered hint": Mutant(
        POLICY, "holds=now >= max(patient_until, unconfirmed_until),", "holds=True,", BY_POLICY
    ),
    "the budget": Mutant(POLICY, "holds=not spent,", "holds=True,", BY_POLICY),
    "ack loop": Mutant(POLICY, "holds=not looping,", "holds=True,", BY_POLICY),
    "an ack loop": Mutant(ACK_LOOP, "if min(len(received), len(sent)) < LOOP_REPETITIONS:", "if True:", BY_ACK_LOOP),
    "an ack loop with something to say": Mutant(
        ACK_LOOP, "if answers or _is_new(said, words):", "if answers:", BY_ACK_LOOP
    ),
    "an answer in an ack loop": Mutant(ACK_LOOP, "if answers or _is_new(", "if _is_new(", BY_ACK_LOOP),
    "a meeting that is no ack loop": Mutant(ACK_LOOP, "> MAX_COUNTERPARTS:", "> 99:", BY_ACK_LOOP),
    "one that asks nothing new": Mutant(ACK_LOOP, "or not _words(said) <= words", "or False", BY_ACK_LOOP),
    "closed gates": Mutant(POLICY, "if all(gate.holds for gate in observation.gates)", "if True", BY_POLICY),
    "a transport that fails for ever": Mutant(POLICY, ">= len(RETRY_DELAYS):", ">= 10**6:", BY_POLICY),
    "an idle agent that waited": Mutant(
        POLICY, "delay_after(wakes), until_idle=True)", "delay_after(wakes))", BY_POLICY
    ),
    "names in a hint": Mutant(POLICY, "character if _is_plain(character) else", "character or", BY_POLICY),
    "wakes that were over for want of a pane": Mutant(
        "store/wakes.py", "due_at IS NULL AND skip_reason IN {REVIVABLE}", "0", BY_WAKES
    ),
    "wakes for a new pane": Mutant(
        "services/agents/registry.py",
        "tx.record(PaneBound(agent_id=agent_id))\n        await self._waker.revive(tx, agent_id)",
        "tx.record(PaneBound(agent_id=agent_id))",
        BY_WAKES,
    ),
    "wakes for what was read": Mutant(
        "services/messages.py", "await wakes_store.end_as_read(tx, row_ids)", "pass", BY_MAIL
    ),
    "what was handed over before": Mutant(
        "tools/base.py", "await self.receipt.confirm(tx, self.session.agent_id)", "pass", BY_STORIES
    ),
    "the room of an answer": Mutant(
        "tools/answers/room.py",
        "needed_tokens < self._tokens and needed_bytes < self._bytes",
        "needed_tokens > 0",
        BY_STORIES,
    ),
    "the last part of a message": Mutant(
        "store/receipts.py", "ends_at >= total AS is_whole", "1 AS is_whole", BY_PARTS
    ),
    "answers that may not have left": Mutant(
        "store/receipts.py", "WHERE has_left = 0 AND ends_at IS NOT NULL RETURNING", "WHERE 0 RETURNING", BY_STORIES
    ),
    "the end of a page": Mutant(
        "store/messages.py",
        "AND m.event_id > ? ORDER BY m.event_id LIMIT ?",
        "AND m.event_id >= ? ORDER BY m.event_id LIMIT ?",
        BY_STORIES,
    ),
    # Whose it is
    "a claimed task": Mutant(BOARD, "if task.status is not TaskStatus.PENDING:", "if False:", BY_TASKS),
    "a blocked task": Mutant(
        BOARD, "if await store.unfinished(tx, agent.team, task.depends_on):", "if False:", BY_TASKS
    ),
    "somebody else's task": Mutant(BOARD, " or task.claimed_by != agent.agent_id:", ":", BY_TASKS),
    "an unknown dependency": Mutant(BOARD, "        if unknown:", "        if False:", BY_TASKS),
    "a task of another team": Mutant(
        "store/tasks.py", "WHERE id = ? AND team = ?", "WHERE id = ? OR team = ?", BY_TASKS
    ),
    "a task that has changed": Mutant(DESK, "        if now != seen:", "        if False:", BY_DESK),
    "a circle of tasks": Mutant(DESK, "        if way:", "        if False:", BY_DESK),
    "mail of others": Mutant(
        "tools/messages.py", "sender_of(arguments.message_id) != call.agent.agent_id", "sender_of('x')", BY_NAMES
    ),
    "reserved roles": Mutant("services/agents/registry.py", "label.startswith(RESERVED)", "False", BY_NAMES),
    "the operator's name": Mutant(
        "services/agents/registry.py", 'unicodedata.normalize("NFKC", label).casefold()', "label", BY_NAMES
    ),
    # Who is let in
    "a forged id": Mutant("api/request_checks.py", " and claimed != session.agent_id:", " and False:", BY_REQUESTS),
    "another credential": Mutant(
        "api/request_checks.py", "if not hmac.compare_digest(session.credential, digest):", "if False:", BY_REQUESTS
    ),
    "a body without end": Mutant(
        "api/request_checks.py", "while more and max(size, len(body)) <= MAX_BODY_BYTES:", "while more:", BY_REQUESTS
    ),
    "a wrong token": Mutant(
        "api/app.py", "return hmac.compare_digest(given.encode(), self._token.encode())", "return True", BY_HTTP
    ),
    "a token in the URL": Mutant("api/app.py", "elif not self._query_token:", "elif False:", BY_HTTP),
    "a foreign host": Mutant(
        "api/app.py",
        "if not names_this_machine(host, self._names):",
        "if False:",
        BY_HTTP,
    ),
    "a web page as the operator": Mutant(
        "api/operator_endpoint.py", 'if "origin" in headers:', "if False:", BY_COMMANDS
    ),
    "a wrong secret": Mutant(
        "api/operator_endpoint.py", "not hmac.compare_digest(given.encode(), secret.encode())", "False", BY_COMMANDS
    ),
    "a call that keeps its session": Mutant("api/direct_calls.py", ".deadline = math.inf", ".shield = False", BY_CALLS),
    "a read-only dashboard": Mutant(
        "api/operator_endpoint.py", "if verb.changes and self._read_only:", "if False:", BY_COMMANDS
    ),
}


@pytest.fixture(scope="module")
def copied_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the package and its tests, to break things in."""
    copy = tmp_path_factory.mktemp("broken")
    shutil.copy(PROJECT / "pyproject.toml", copy)
    for folder in ("xats_tui", "tests"):
        shutil.copytree(PROJECT / folder, copy / folder, ignore=shutil.ignore_patterns("__pycache__", "__snapshots__"))
    return copy


@pytest.mark.slow
@pytest.mark.timeout(2 * PATIENCE + 10)
@pytest.mark.parametrize("name", MUTANTS)
def test_a_test_notices_what_is_broken(name: str, copied_project: Path) -> None:
    mutant = MUTANTS[name]
    module = copied_project / "xats_tui" / "backend" / mutant.file
    sound = module.read_text()
    assert sound.count(mutant.sound) == 1, "it is not there to be broken any more"
    module.write_text(sound.replace(mutant.sound, mutant.broken))
    try:
        tested = run_tests(copied_project, mutant.tests, "not slow")
        if tested.returncode == pytest.ExitCode.OK:
            tested = run_tests(copied_project, mutant.tests, "slow")
    finally:
        module.write_text(sound)

    failed = tested.returncode == pytest.ExitCode.TESTS_FAILED
    assert failed, f"nobody noticed: {tested.stdout[-2000:]}{tested.stderr[-1000:]}"


def run_tests(copied_project: Path, tests: str, marked: str) -> subprocess.CompletedProcess[str]:
    """Run tests of the copy until one of them fails."""
    options = ("-q", "-x", "-n", "0", "-m", marked, "-p", "no:cacheprovider")
    return subprocess.run(
        [sys.executable, "-m", "pytest", *options, f"tests/{tests}"],
        cwd=copied_project,
        env=clean_environment()
        | {"PYTHONPATH": str(copied_project), "PYTHONDONTWRITEBYTECODE": "1", "XATS_STORIES": STORIES},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
