"""Every time zone and language: instants are UTC, letters are what they were, and the dashboard shows local time."""

import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.dashboard import PROGRAM, gone, opened, running
from tests.mcp_bridge.host import ScriptedHost, bridge
from tests.tmux_server import TmuxServer
from xats_tui.core.clock import SystemClock, to_wire
from xats_tui.runtime import pid_file

NAME = "Zoë-Iıİi-日本"
BODY = "ÄÖÜ ß ſ ı İ 日本語 🎉 \u202e \N{ZERO WIDTH JOINER} é"

NO_HELP = {"PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
"""Python is kept from making up for a locale without letters."""

KATHMANDU = timezone(timedelta(hours=5, minutes=45))

WORST = {"LC_ALL": "C", "TZ": "Asia/Kathmandu"} | NO_HELP

SURROUNDINGS = {
    "Turkish": {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr", "TZ": "Europe/Istanbul"},
    "none": {"LC_ALL": "", "LANG": "", "LC_CTYPE": "", "TZ": ""} | NO_HELP,
    "unknown": {"LC_ALL": "xx_YY.ISO-8859-9", "TZ": "Nowhere/Land"} | NO_HELP,
    "POSIX, far east": {"LC_ALL": "POSIX", "TZ": "Pacific/Kiritimati"} | NO_HELP,
}


@asynccontextmanager
async def an_agent(home: Path, surroundings: dict[str, str]) -> AsyncIterator[ScriptedHost]:
    """An agent behind a bridge in these surroundings, which starts the coordinator in the same."""
    try:
        async with bridge(home, "--port", "0", **surroundings) as host:
            await host.shake_hands()
            answer: Any = await host.call("register_agent", name=NAME, client="custom", model="m", team="shop")
            assert "agent_id" in answer, answer
            yield host
    finally:
        if record := pid_file.running(home / "daemon.pid"):
            os.kill(record.pid, signal.SIGTERM)
            await gone(home)


async def exchange(home: Path, surroundings: dict[str, str]) -> None:
    """Send a message to oneself, and see what comes and when."""
    async with an_agent(home, surroundings) as host:
        sent: Any = await host.call("send_message", to_agent_name=NAME, body=BODY, subject=NAME)
        assert "message_id" in sent, sent
        inbox: Any = await host.call("get_inbox")
        listed: Any = await host.call("list_agents")
    (message,) = inbox["messages"]
    assert (message["body"], message["subject"]) == (BODY, NAME)
    assert [agent["name"] for agent in listed["agents"]] == [NAME]
    assert message["sent_at"].endswith("Z")
    assert abs(datetime.fromisoformat(message["sent_at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.fixture
def in_kathmandu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """This process is in another time zone."""
    monkeypatch.setenv("TZ", "Asia/Kathmandu")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("in_kathmandu")
def test_an_instant_is_told_in_utc_wherever_one_is() -> None:
    assert time.localtime().tm_gmtoff == 5 * 3600 + 45 * 60
    assert to_wire(datetime(2026, 1, 1, 5, 45, tzinfo=KATHMANDU)) == "2026-01-01T00:00:00.000Z"
    assert abs(SystemClock().now().timestamp() - time.time()) < 1
    assert to_wire(SystemClock().now())[:13] in {
        time.strftime("%Y-%m-%dT%H", time.gmtime(at)) for at in (time.time(), time.time() - 1)
    }


@pytest.mark.slow
async def test_letters_and_instants_are_the_same_without_a_locale_and_in_kathmandu(tmp_path: Path) -> None:
    await exchange(tmp_path, WORST)


@pytest.mark.slow
@pytest.mark.parametrize("surroundings", SURROUNDINGS.values(), ids=SURROUNDINGS.keys())
async def test_letters_and_instants_are_the_same_everywhere(surroundings: dict[str, str], tmp_path: Path) -> None:
    await exchange(tmp_path, surroundings)


@pytest.mark.slow
@pytest.mark.tmux
async def test_the_dashboard_shows_local_time_and_every_letter(tmp_path: Path, tmux: TmuxServer) -> None:
    program = ("env", *(f"{name}={value}" for name, value in WORST.items()), *PROGRAM)
    pane = await opened(tmux, tmp_path, "--port", "0", program=program)
    await running(tmp_path)
    async with an_agent(tmp_path, WORST):
        screen = await tmux.wait_for(pane.pane_id, "Zoë")
        shown = re.search(r"(\d\d):(\d\d):(\d\d)", screen)
        assert shown, screen
        now = datetime.now(KATHMANDU)
        minutes = (now.hour * 60 + now.minute) - (int(shown[1]) * 60 + int(shown[2]))
        assert minutes % 1440 in (0, 1)
        assert "Zoë-Iıİi-日本" in screen
