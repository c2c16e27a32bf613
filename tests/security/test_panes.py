"""Agents' own texts in terminals: one harmless line in a pane, plain text in tmux and in the log."""

import asyncio
import logging
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.backend.services.wakes.waking import bind, hints, quiet, until
from tests.bad_input.profiles import QUICK
from tests.bad_input.values import NASTY, texts
from tests.conftest import Connect, Sql
from tests.patience import PATIENCE
from tests.tmux_server import TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.wakes.policy import hint
from xats_tui.backend.system.tmux import Tmux
from xats_tui.clients.registry import MAX_HINT_CHARS
from xats_tui.core.clock import SystemClock
from xats_tui.core.model.panes import PaneRef
from xats_tui.runtime.logs import log_to_file
from xats_tui.runtime.settings import Settings

ENDS_THE_PASTE = "\x1b[201~\rtouch pwned\r\x1b[200~"
"""A name that would be a command if it were pasted as it is."""

EVIL = (ENDS_THE_PASTE, "\x9b201~\rtouch pwned\r", "bob\n/swallow", "bob\r/busy 9", "\x03\x04\x15touch pwned\r")

UNSEEN = ("\x00", "\u202ebob", "a\u200bb", "\ufeff", "\u3164", "bob\ufe00", "a\u2028b", "\u2800")
"""Names that are invisible or misleading."""

INNOCENT = {"body": "x", "need_reply": False}


@pytest.mark.first_variant_quick
@pytest.mark.tmux
@pytest.mark.parametrize("name", [EVIL[0], EVIL[2]], ids=["escape", "newline"])
async def test_w20_a_name_cannot_end_the_paste_and_type_a_command(
    name: str, tmux: TmuxServer, backend: Coordinator, register: Connect, sql: Sql
) -> None:
    alice, bob = await register("alice"), await register("bob")
    pane = await tmux.stand_in("bob")
    await bind(bob, pane)
    sql("UPDATE agents SET name = ? WHERE name = 'alice'", name)  # as a database of the reference may have it
    await quiet(backend, pane)

    sent = await alice.call("send_message", to_agent_name="bob", **INNOCENT)
    await until(alice, sent["message_id"], wake_status="delivered")

    (line,) = hints(tmux, pane)
    assert line.startswith("[xats] 1 new message from ")
    assert "took 2" not in tmux.capture(pane.pane_id)


@QUICK
@given(
    senders=st.lists(st.one_of(st.sampled_from((*NASTY, *EVIL)), texts), min_size=1, max_size=5),
    count=st.integers(1, 99),
)
def test_w20_a_hint_is_one_line_of_printable_characters_whoever_sent(senders: list[str], count: int) -> None:
    line = hint(senders, count)

    assert line.isprintable()
    assert len(line) <= MAX_HINT_CHARS
    assert line.startswith("[xats] ")
    assert line.endswith(": call get_inbox")


COMMANDS = (
    "$(touch pwned)",
    "`touch pwned`",
    "x; touch pwned",
    "x | touch pwned",
    "x & touch pwned",
    "x > pwned",
    "x' $(touch pwned) '",
    'x" $(touch pwned) "',
    "x\\",
    "x\n touch pwned #",
    "<(touch pwned)",
    "{touch,pwned}",
    "!touch",
    "~ * ? [a-z] =ls ^a^b %1 # (x)",
    "＄（touch pwned）；＆",
)
"""Names that a shell would act upon."""


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_a_shell_that_reads_a_hint_finds_no_command_in_the_names(shell: str, tmp_path: Path) -> None:
    script = "".join(f"{hint([name], 1)}\n{hint([name, *COMMANDS], 9)}\n" for name in COMMANDS)
    told = subprocess.run([shell, "-i"], input=script, text=True, capture_output=True, cwd=tmp_path, timeout=PATIENCE)

    assert list(tmp_path.iterdir()) == []
    assert "[xats]" in told.stderr
    assert "syntax error" not in told.stderr


@QUICK
@given(names=st.lists(st.one_of(st.sampled_from(COMMANDS), texts), min_size=1, max_size=5))
def test_names_in_a_hint_hold_no_sign_that_a_shell_knows(names: list[str]) -> None:
    line = hint(names, 2)

    assert not set(line.removeprefix("[xats]")) & set("$`;|&<>'\"\\!#()[]{}*?~^=%\n\r\t")


def test_names_that_people_give_stay_as_they_are() -> None:
    for name in ("backend-2", "Zoë", "汉字", "🧪 lab", "a.b_c/d@e", "c++"):
        assert hint([name], 1) == f"[xats] 1 new message from {name}: call get_inbox"


@pytest.mark.parametrize("field", ["name", "role", "team"])
async def test_w20_no_label_holds_what_a_terminal_obeys_or_nobody_sees(field: str, connect: Connect) -> None:
    caller = await connect()
    for label in (*EVIL, *UNSEEN):
        fields = {"name": "bob", "client": "custom", "model": "m", field: label}
        answer = await caller.call("register_agent", **fields)
        assert answer.get("error") == f"invalid_{field}", label


@pytest.mark.tmux
async def test_a_line_for_tmux_is_no_format_and_no_command(tmux: TmuxServer, tmp_path: Path) -> None:
    pwned = tmp_path / "pwned"
    seat = PaneRef("", tmux.new_pane("cat").pane_id)
    looking = subprocess.Popen(
        ["tmux", "-C", "attach", "-t", seat.pane_id],
        env=tmux.environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        await tmux.wait_until(lambda: bool(tmux.run("list-clients")))
        for text in (
            f"#(touch {pwned})",
            f"##(touch {pwned})",
            f"###(touch {pwned})",
            "#{pid} %H #[fg=red]",
            f"; run 'touch {pwned}'",
        ):
            await Tmux(SystemClock()).say(seat, f"xats: {text} needs you")
        await asyncio.sleep(0.5)  # what tmux runs for a format it runs beside
        assert not pwned.exists()
    finally:
        looking.terminate()
        looking.communicate(timeout=PATIENCE)


def test_a_line_of_the_log_cannot_be_forged(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    log_to_file(settings)
    try:
        logging.getLogger("x").warning(
            "from %s", "bob\n2026-11-22 00:00:00,000 1 INFO all: is well\r\x1b[2J\x9b\u2028\u202e"
        )
        try:
            raise ValueError("one\n2026-11-22 two\x1b[2J")
        except ValueError:
            logging.getLogger("x").exception("it\nfailed")
    finally:
        for handler in root.handlers:
            handler.close()
        root.handlers[:] = before
        root.setLevel(level)
        logging.captureWarnings(False)

    first, *rest = settings.log_path.read_text().splitlines()

    assert first.endswith(r"from bob\n2026-11-22 00:00:00,000 1 INFO all: is well\r\x1b[2J\x9b\u2028\u202e")
    assert rest[0].endswith(r"ERROR x: it\nfailed")
    assert all(line.startswith("  ") for line in rest[1:])
    assert all(line.isprintable() for line in (first, *rest))
