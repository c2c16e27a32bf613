"""A client that is added by the example of docs/clients.md alone is woken when it is idle, and only then."""

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.backend.services.wakes.waking import HINT, quiet, until
from tests.clients.manifests.test_documented_example import block
from tests.conftest import Connect
from tests.mcp_caller import Caller
from tests.patience import eventually
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.clients.registry import CLIENTS, use_manifests

pytestmark = pytest.mark.tmux

PROGRAM = Path(__file__).parents[3] / "stand_ins" / "parrot.py"


@pytest.fixture
async def parrot(backend: Coordinator, tmp_path: Path) -> Path:
    """The program, under the name that the manifest gives it; the coordinator knows the manifest."""
    program = tmp_path / "parrot"
    shutil.copy(PROGRAM, program)
    folder = backend.settings.home / "clients"
    folder.mkdir()
    (folder / "parrot.toml").write_text(block("toml"), encoding="utf-8")
    await eventually(lambda: "parrot" in CLIENTS)
    return program


@pytest.fixture(autouse=True)
def none_after(tmp_path: Path) -> Iterator[None]:
    """The registry is global."""
    yield
    use_manifests(tmp_path / "none")


async def bound(agent: Caller, pane: Pane, backend: Coordinator) -> None:
    """Bind an agent to its program's pane, and wait until the pane is quiet."""
    answer = await agent.call("bind_runtime_identity", agent="parrot", ui_pid=pane.pid)
    assert answer.get("ok"), answer
    await quiet(backend, pane)


async def test_an_idle_one_is_woken_and_a_draft_is_waited_for(
    backend: Coordinator, register: Connect, tmux: TmuxServer, parrot: Path
) -> None:
    alice, bob = await register("alice"), await register("bob", client="parrot")
    pane = tmux.new_pane([sys.executable, str(parrot)])
    await tmux.wait_for(pane.pane_id, "? for help")
    tmux.run("send-keys", "-t", pane.pane_id, "-l", "half a draft")
    await tmux.wait_for(pane.pane_id, "half a draft")
    await bound(bob, pane, backend)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="draft: not sent: 'half a draft'")
    tmux.run("send-keys", "-t", pane.pane_id, "Enter")
    await until(alice, sent["message_id"], wake_status="delivered")

    assert f"took: {HINT}" in tmux.capture(pane.pane_id)
    assert "took: half a draft" in tmux.capture(pane.pane_id)


async def test_one_that_asks_its_person_is_not_answered(
    backend: Coordinator, register: Connect, tmux: TmuxServer, parrot: Path
) -> None:
    alice, bob = await register("alice"), await register("bob", client="parrot")
    pane = tmux.new_pane([sys.executable, str(parrot), "ask"])
    await tmux.wait_for(pane.pane_id, "Allow this command?")
    await bound(bob, pane, backend)

    sent = await alice.call("send_message", to_agent_name="bob", body="hello")
    await until(alice, sent["message_id"], detail="dialog: ")
    await backend.operator.force(sent["message_id"], bob.agent_id)

    assert "answered" not in tmux.capture(pane.pane_id)
