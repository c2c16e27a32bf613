"""A host that gives its servers a few seconds: `initialize` is answered while the bridge is still being imported."""

from pathlib import Path

import pytest

from tests.mcp_bridge.host import bridge
from xats_tui.mcp_bridge.host.early import is_bridge

SLOW_MODULE = """\
import importlib.util, pathlib, sys, time
folder = pathlib.Path(__file__).parent
(folder / "begun").touch()
while not (folder / "go on").exists():
    time.sleep(0.01)
sys.path.remove(str(folder))
del sys.modules[{name!r}]
specification = importlib.util.find_spec({name!r})
module = importlib.util.module_from_spec(specification)
sys.modules[{name!r}] = module
specification.loader.exec_module(module)
"""

INITIALIZE = b'{"jsonrpc":"2.0","id":"hello","method":"initialize","params":{"protocolVersion":"2025-03-26"}}'


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("slow", ["typer", "httpx2"])
async def test_initialize_is_answered_while_the_program_is_still_imported_and_only_once(
    home: Path, tmp_path: Path, slow: str
) -> None:
    folder = tmp_path / "slow"
    folder.mkdir()
    (folder / f"{slow}.py").write_text(SLOW_MODULE.format(name=slow))
    async with bridge(home, "--port", "0", PYTHONPATH=str(folder)) as host:
        host.say(INITIALIZE)
        host.say(b'{"jsonrpc":"2.0","method":"notifications/initialized"}')
        host.say(b'{"jsonrpc":"2.0","id":"later","method":"ping"}')
        answer = await host.hear()
        assert (folder / "begun").exists()
        assert answer["id"] == "hello"
        assert answer["result"]["protocolVersion"] == "2025-03-26"
        assert "register_agent" in answer["result"]["instructions"]

        (folder / "go on").touch()
        assert await host.hear() == {"jsonrpc": "2.0", "id": "later", "result": {}}
        again = await host.request("initialize")
        assert again["result"]["serverInfo"]["name"] == "xats-tui"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ("mcp", True),
        ("mcp --name alice", True),
        ("--home /x mcp", True),
        ("--home=/x --port 9100 mcp --channel", True),
        ("mcp --help", False),
        ("send --to mcp", False),
        ("--home mcp send", False),
        ("", False),
    ],
)
def test_only_a_bridge_listens_to_stdin_from_the_start(arguments: str, expected: bool) -> None:
    for program in ("/usr/bin/xats-tui", "/x/xats_tui/__main__.py", "xats-tui"):
        assert is_bridge([program, *arguments.split()]) is expected
    assert not is_bridge(["/usr/bin/pytest", *arguments.split()])
