"""Trials: a bridge asks the coordinator, and a message wakes an agent in a pane."""

import sys
import time
from collections.abc import Iterator
from typing import Any

from xats_tui.doctor.bridge_process import BridgeProcess, NoBridgeAnswer, bridge
from xats_tui.doctor.finding import Case, Finding, ok, problem, skipped
from xats_tui.doctor.scratch import Scratch, scratch
from xats_tui.runtime import pid_file
from xats_tui.runtime.pid_file import PidRecord

TEAM, SENDER, RECIPIENT = "doctor", "doctor", "scratch"

TIMEOUT_S = 20.0
"""Seconds for an agent to be bound to its pane, and for its wake; each normally takes one or two."""

POLL_INTERVAL_S = 0.1
"""Seconds between two polls."""


def trials(case: Case) -> Iterator[Finding]:
    """Have a bridge call the coordinator; then wake an agent in a scratch pane with a message."""
    log = f"see the log: {case.loaded.settings.log_path}"
    with scratch(case.environment) as world:
        record = pid_file.running(case.loaded.settings.pid_path)
        if record:
            yield _asked(world, record, case.loaded.settings.token, log)
        begun = time.monotonic()
        try:
            with bridge(world.bridge(), world.environment) as sender:
                sender.call("whoami")
                if record is None:
                    yield ok("bridge", f"started a scratch coordinator and asked it in {_since(begun)}")
                yield _tried(world, sender)
        except NoBridgeAnswer as error:
            yield problem("scratch bridge", str(error), log)


def _asked(world: Scratch, record: PidRecord, token: str | None, remedy: str) -> Finding:
    """Check that the running coordinator answers a bridge that is started as an agent's program starts it."""
    # The bridge writes a log, so even this one gets a scratch home.
    begun = time.monotonic()
    command = world.bridge(host=record.host, port=record.port)
    try:
        with bridge(command, {**world.environment, **({"XATS_TOKEN": token} if token else {})}) as agent:
            agent.call("whoami")
    except NoBridgeAnswer as error:
        return problem("bridge", f"the coordinator at port {record.port}: {error}", remedy)
    return ok("bridge", f"the coordinator at port {record.port} answered in {_since(begun)}")


def _tried(world: Scratch, sender: BridgeProcess) -> Finding:
    """Check that a wake arrives."""
    try:
        return _woken(world, sender)
    except NoBridgeAnswer as error:
        return problem("wake", str(error), "fix the coordinator first; see its finding")
    except FileNotFoundError:
        return skipped("wake", "not tried without tmux")
    except OSError as error:
        return problem("wake", f"no scratch pane: {error}", "fix tmux first; see its finding")


def _woken(world: Scratch, sender: BridgeProcess) -> Finding:
    sender.call("register_agent", name=SENDER, team=TEAM, role="doctor")
    stand_in = [sys.executable, "-m", "xats_tui.doctor.prompt"]
    pane = world.open_pane([*stand_in, *world.bridge("--name", RECIPIENT, "--team", TEAM)])
    if not _is_bound(sender, pane):
        screen = " ".join(world.tmux("capture-pane", "-p", "-t", pane).split())[:120]
        remedy = "check whether this user may inspect processes (psutil), and report this"
        return problem("wake", f"the agent in the scratch pane was not bound to it; it shows: {screen}", remedy)
    begun = time.monotonic()
    sent = sender.call("send_message", to_agent_name=RECIPIENT, body="a test of the doctor", need_reply=False)
    status = _status(sender, str(sent["message_id"]))
    steps = list(status.get("evidence", {}))
    if "seen" not in steps:
        said = status.get("detail") or status.get("skip_reason") or status.get("wake_status")
        return problem("wake", f"the hint got as far as {steps[-1] if steps else 'nowhere'}: {said}", "report this")
    return ok("wake", f"a hint was {', '.join(steps[2:])} in a scratch pane within {_since(begun)}")


def _since(begun: float) -> str:
    return f"{time.monotonic() - begun:.1f} s"


def _is_bound(sender: BridgeProcess, pane: str) -> bool:
    deadline = time.monotonic() + TIMEOUT_S
    while time.monotonic() < deadline:
        agents = sender.call("list_agents")["agents"]
        if any(agent["name"] == RECIPIENT and agent["tmux_pane_id"] == pane for agent in agents):
            return True
        time.sleep(POLL_INTERVAL_S)
    return False


def _status(sender: BridgeProcess, message_id: str) -> dict[str, Any]:
    """Return the wake's status once its message is read or time is up."""
    deadline = time.monotonic() + TIMEOUT_S
    status: dict[str, Any] = {}
    while "seen" not in status.get("evidence", {}) and time.monotonic() < deadline:
        statuses = sender.call("get_delivery_status", message_id=message_id)["statuses"]
        status = statuses[0] if statuses else {}
        time.sleep(POLL_INTERVAL_S)
    return status
