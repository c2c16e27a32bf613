"""Each client of the registry has what its spec claims, and nothing outside its folder knows it."""

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.backend.panes.test_read_pane import ALL
from tests.clients.screens.test_newer_captures import KNOWN
from tests.commands.processes import clean_environment
from tests.patience import PATIENCE
from xats_tui.backend.panes import read_pane
from xats_tui.clients.dialogs import read_prompt
from xats_tui.clients.programs import client_of
from xats_tui.clients.registry import (
    CLIENTS,
    CODED_IDS,
    by_environment,
    by_handshake,
    configurations,
    hook_reader,
    launchable,
    manifest_of,
    starter,
)
from xats_tui.clients.setup.own_command import OwnCommand
from xats_tui.clients.setup.program import ConfigContext, ConfigScope
from xats_tui.clients.spec import ClientSpec
from xats_tui.core.model.launches import LaunchCommand, LaunchRequest

PACKAGE = Path(__file__).parents[2] / "xats_tui"
FOLDERS = {path.parent.name for path in (PACKAGE / "clients").glob("*/spec.py")}

STATES = ("idle", "draft", "busy", "dialog")

NEWCOMER = '''\
"""A client that nobody has heard of."""

from xats_tui.clients.spec import AnswerLimit, ClientSpec

SPEC = ClientSpec(
    id="newcomer",
    title="Newcomer",
    program="newcomer",
    install="make newcomer",
    executables=frozenset({"newcomer"}),
    handshake="newcomer",
    answer=AnswerLimit(tokens=1_000, size_bytes=4_000),
    tested_version="1.0",
)
'''

REGISTERS = """\
import asyncio, json, sys
from pathlib import Path

from mcp import Client

from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime.settings import Settings


async def main():
    settings = Settings(home=Path(sys.argv[1]), port=0)
    async with Coordinator.running(settings) as coordinator:
        async with Client(f"http://127.0.0.1:{coordinator.port}/mcp") as client:
            said = dict(client="newcomer", name="ann", team="red", model="m")
            answer = await client.call_tool("register_agent", said)
            (entry,) = await coordinator.registry.roster()
            print(json.dumps([json.loads(answer.content[0].text), entry.agent.client]))


asyncio.run(main())
"""

EVERY_CLIENT = pytest.mark.parametrize("spec", CLIENTS.values(), ids=lambda spec: spec.id)
WITH_RULES = [client for client in CLIENTS if (one := manifest_of(client)) and one.tried and not one.reader]
WITH_FOLDER = pytest.mark.parametrize("spec", [CLIENTS[client] for client in CODED_IDS], ids=lambda spec: spec.id)


@WITH_FOLDER
@pytest.mark.parametrize("state", STATES)
def test_its_screens_are_read_in_every_state_at_two_widths(spec: ClientSpec, state: str) -> None:
    own = [capture for capture in ALL if capture.client == spec.id and capture.state == state]
    newer = [capture for capture in KNOWN if capture.client == spec.id and capture.want == state]
    widths = {capture.formats["pane_width"] for capture in own} | {one.formats["pane_width"] for one in newer}
    assert len(widths) >= 2
    assert {read_pane(spec.id, capture.screen, capture.formats).state.value for capture in own} == {state}


@pytest.mark.parametrize("client", WITH_RULES)
@pytest.mark.parametrize("want", ["idle", "draft", "busy", "not idle"])
def test_a_manifest_with_rules_has_captures_of_every_state_at_two_widths(client: str, want: str) -> None:
    # tests/clients/screens/test_newer_captures.py reads them
    widths = {one.formats["pane_width"] for one in KNOWN if one.client == client and one.want == want}
    assert len(widths) >= 2


@WITH_FOLDER
def test_its_dialogs_are_read_with_the_keys_that_answer_them(spec: ClientSpec) -> None:
    own = [capture for capture in ALL if capture.client == spec.id and capture.state == "dialog"]
    prompts = [read_prompt(spec.id, capture.screen, capture.formats) for capture in own]
    answerable = [prompt for prompt in prompts if prompt.options]
    assert answerable
    for prompt in answerable:
        assert prompt.question
        assert prompt.arrows or [option.number for option in prompt.options] == [*range(1, len(prompt.options) + 1)]


@EVERY_CLIENT
def test_its_names_lead_to_it(spec: ClientSpec) -> None:
    assert {client_of([name]) for name in {spec.program, *spec.executables}} == {spec.id}
    if spec.handshake:
        assert by_handshake(f"{spec.handshake}-of-some-kind") == spec.id
    for name in spec.handshake_names:
        assert by_handshake(f"{name.replace('*', 'our-server')} 1.2.3") == spec.id
    if spec.environment_mark:
        assert by_environment({spec.environment_mark: "1"}) == (spec.id, spec.environment_mark)


@WITH_FOLDER
def test_a_hook_that_asks_for_a_permission_is_read_and_has_time_to_wait(spec: ClientSpec) -> None:
    reader = hook_reader(spec.id)
    waiting = [event.name for event in spec.hooks.events if event.waits_s] if spec.hooks else []
    assert (reader is not None) == bool(waiting)
    if reader and spec.hooks:
        assert set(waiting) <= set(spec.hooks.set_up)
        assert reader({"tool_name": "any", "tool_input": {"command": "ls"}}).options


@pytest.mark.parametrize("client", launchable())
def test_its_launch_starts_its_program_and_tells_the_bridge_the_name(client: str, tmp_path: Path) -> None:
    means = LaunchCommand(program="/bin/it", bridge=("xats-tui", "mcp"), hook=("xats", "hook"), port=1, mark="m")
    wanted = LaunchRequest(client=client, name="ann", team="red", role=None, folder=tmp_path, extra=("--more",))
    (program,) = (program for program in configurations() if program.name == client)
    own, around = OwnCommand(program=("xats-tui",)), ConfigContext(home=tmp_path, project=tmp_path, environment={})
    servers, *_ = program.files(ConfigScope.USER, around)
    servers.path.parent.mkdir(parents=True, exist_ok=True)
    servers.path.write_text(servers.added("", own))

    start = starter(client)(wanted, means, {"HOME": str(tmp_path)})

    assert "/bin/it" in (start.command[0], *start.command[3:4]) and start.command[-1] == "--more"
    told = " ".join((*start.command, *start.environment.values()))
    assert any(way in told for way in ("--name", "register_agent with name")) or "XATS_NAME" in start.environment
    assert "ann" in told


def test_no_clients_id_stands_outside_its_folder() -> None:
    for path in PACKAGE.rglob("*.py"):
        within = path.relative_to(PACKAGE).parts
        if within[0] == "clients" and within[1] in FOLDERS:
            continue
        constants = {node.value for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Constant)}
        assert not constants & set(CLIENTS), path


@pytest.mark.slow
def test_a_client_is_added_by_a_folder_and_gone_with_it(tmp_path: Path) -> None:
    shutil.copytree(PACKAGE, tmp_path / "xats_tui", ignore=shutil.ignore_patterns("__pycache__"))
    folder = tmp_path / "xats_tui" / "clients" / "newcomer"
    folder.mkdir()
    (folder / "__init__.py").touch()
    (folder / "spec.py").write_text(NEWCOMER)

    answer, client = json.loads(said(tmp_path, "-c", REGISTERS, str(tmp_path / "home")))
    assert (answer["team"], client) == ("red", "newcomer")
    assert "newcomer" in said(tmp_path, "-m", "xats_tui", "client", "list")

    shutil.rmtree(folder)
    assert "newcomer" not in said(tmp_path, "-m", "xats_tui", "client", "list")


def said(folder: Path, *arguments: str) -> str:
    """Standard output of Python in a folder with a copy of the package."""
    environment = clean_environment() | {"PYTHONPATH": str(folder), "HOME": str(folder), "TMUX_TMPDIR": str(folder)}
    run = subprocess.run(
        [sys.executable, *arguments], cwd=folder, env=environment, capture_output=True, text=True, timeout=3 * PATIENCE
    )
    assert run.returncode == 0, run.stderr
    return run.stdout
