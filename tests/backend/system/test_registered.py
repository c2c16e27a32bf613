"""A registered session is found by the bridge that it has started, and a record of anybody else is not believed."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.stand_ins.session_peer import SESSION, this_process
from xats_tui.backend.system.sessions.processes import start_of
from xats_tui.backend.system.sessions.registered import BOOT_ID, PID_NAMESPACE, SessionRegistry
from xats_tui.clients.registry import CLIENTS
from xats_tui.core.model.agents import SeenProcess

INBOX = CLIENTS["qwen"].inbox or pytest.fail("it has none")
SOCKET = "/run/user/1/socks/1.sock"


def record(**changes: Any) -> dict[str, Any]:
    """What this process would register itself with."""
    return {
        "schemaVersion": 1,
        "pid": os.getpid(),
        "procStart": f"{BOOT_ID.read_text().strip()}:{start_of(os.getpid())}",
        "pidNs": PID_NAMESPACE.stat().st_ino,
        "sessionId": SESSION,
        "kind": "tui",
        "ipcPath": SOCKET,
        "ipcToken": "a stranger's",
        **changes,
    }


@contextmanager
def bridge(socket: str = SOCKET) -> Iterator[SeenProcess]:
    """A child of this process that was told of the inbox."""
    told = {"QWEN_CODE_MESSAGING_SOCKET": socket, "QWEN_CODE_MESSAGING_TOKEN": "secret"}
    child = subprocess.Popen(
        ["/bin/sh", "-c", "echo; read line"], env=told, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()  # before it runs, its environment cannot be read
        yield SeenProcess(child.pid, psutil.Process(child.pid).create_time())
    finally:
        child.communicate()


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Write the record of this process."""
    (tmp_path / "sessions").mkdir()
    path = tmp_path / "sessions" / f"{os.getpid()}.json"
    folder = {"QWEN_HOME": str(tmp_path)}
    environ = psutil.Process.environ
    monkeypatch.setattr(psutil.Process, "environ", lambda self: folder if self.pid == os.getpid() else environ(self))
    return lambda **changes: path.write_text(json.dumps(record(**changes)))


async def test_the_bridge_below_a_session_leads_to_it_and_its_key_is_not_shown(write: Any) -> None:
    write()
    with bridge() as one:
        found = await SessionRegistry().session_of(this_process(), [one], INBOX)

    assert found is not None
    assert (found.record.session_id, found.record.socket, found.key.token) == (SESSION, SOCKET, "secret")
    assert "secret" not in repr(found) and "stranger" not in repr(found)


@pytest.mark.parametrize(
    "changes",
    [
        {"procStart": "another boot:1"},
        {"procStart": None},
        {"pidNs": 1},
        {"pid": 1},
        {"schemaVersion": 2},
        {"ipcPath": "/run/user/1/socks/2.sock"},
        {"ipcPath": None},
        {"sessionId": ""},
    ],
    ids=str,
)
async def test_a_record_that_this_process_did_not_write_is_not_believed(write: Any, changes: dict[str, Any]) -> None:
    write(**changes)
    with bridge() as one:
        assert await SessionRegistry().session_of(this_process(), [one], INBOX) is None


async def test_a_bridge_of_another_program_or_of_another_inbox_leads_nowhere(write: Any) -> None:
    write()
    with bridge() as one, bridge("/run/user/1/socks/2.sock") as other:
        assert await SessionRegistry().session_of(SeenProcess(1, 0.0), [one], INBOX) is None
        assert await SessionRegistry().session_of(this_process(), [other], INBOX) is None
