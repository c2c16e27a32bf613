"""`xats-tui doctor` on the ways to each agent: the next one, the last one, and why not a better one."""

import asyncio
from datetime import UTC, datetime

import pytest

from tests.commands.processes import xats
from tests.commands.test_doctor import by_topic, is_in
from tests.conftest import Connect
from xats_tui.backend.coordinator import Coordinator
from xats_tui.doctor.finding import Finding
from xats_tui.doctor.ways import way_to

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def found(*ways: tuple[str, str, str, str | None]) -> Finding:
    """The finding about an agent with ways of these names, states, details and times of last use."""
    told = [
        {"name": name, "types": name == "pane", "state": state, "detail": detail, "last_used_at": used}
        for name, state, detail, used in ways
    ]
    finding = way_to({"name": "ann", "team": "shop", "ways": told}, NOW)
    assert finding is not None
    return finding


def told(finding: Finding) -> dict[str, str]:
    return {"state": finding.state.value, "found": finding.found, "remedy": finding.remedy}


def test_the_next_way_and_the_last_one_are_named() -> None:
    finding = found(("inbox", "open", "idle", "2026-03-01T11:58:00.000Z"), ("pane", "waits", "draft", None))
    assert is_in(told(finding), "ok", "ann@shop: inbox, open", "last by inbox, 2 min ago")


def test_a_better_way_that_does_not_work_is_named_with_its_reason() -> None:
    finding = found(("inbox", "unusable", "it bypasses permissions", None), ("pane", "open", "", None))
    assert is_in(told(finding), "ok", "pane, open; not woken yet; not by inbox: it bypasses permissions")


@pytest.mark.slow
def test_an_agent_that_is_typed_into_is_told_what_would_give_it_a_better_way() -> None:
    finding = found(("server", "missing", "start it with --port 1", None), ("pane", "open", "", None))
    assert is_in(told(finding), "warning", "woken by typing (pane), not by server", "→ start it with --port 1")


@pytest.mark.slow
@pytest.mark.parametrize("state", ["unknown", "turn end"])
def test_hooks_at_the_end_of_a_turn_begin_no_turn(state: str) -> None:
    assert is_in(told(found(("hook", state, "why", None), ("pane", "open", "", None))), "ok", "pane, open")
    assert is_in(told(found(("hook", state, "why", None))), "warning", "cannot be woken", "xats-tui agents ann@shop")


@pytest.mark.slow
def test_an_agent_without_any_way_is_a_warning_with_what_helps() -> None:
    finding = found(("server", "broken", "no answer", None), ("pane", "missing", "run it in tmux", None))
    assert is_in(told(finding), "warning", "cannot be woken", "not by server: no answer", "→ run it in tmux")


@pytest.mark.slow
def test_a_coordinator_that_tells_no_ways_is_no_finding() -> None:
    assert way_to({"name": "ann", "team": "shop"}, NOW) is None


@pytest.mark.slow
async def test_each_online_agent_has_its_line(backend: Coordinator, register: Connect) -> None:
    await register("ann", team="shop", client="opencode")
    ran = await asyncio.to_thread(xats, "doctor", "--quick", "--json", "--home", str(backend.settings.home))
    (finding,) = by_topic(ran.stdout)["ways"]
    assert is_in(finding, "warning", "ann@shop cannot be woken", "opencode --port")
