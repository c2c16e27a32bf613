"""Verbs are declared once: commands ask for nothing else, and the log names the door that each came in by."""

import ast
from collections.abc import Iterator
from pathlib import Path

import xats_tui
from tests.conftest import Connect
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.operator_api.api import VERBS, OperatorApi
from xats_tui.backend.operator_api.commands import COMMANDS
from xats_tui.core.model.activity import Actor
from xats_tui.core.model.messages import Addressees
from xats_tui.core.model.tasks import TaskDraft

PACKAGE = Path(xats_tui.__file__).parent


def asked() -> Iterator[tuple[str, set[str]]]:
    """Yield each verb that a command asks for by name, with the arguments that stand in the call."""
    for file in (PACKAGE / "commands").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(node.func, "id", getattr(node.func, "attr", "")) if isinstance(node, ast.Call) else ""
            if not isinstance(node, ast.Call) or name not in ("ask", "_ask", "_asked"):
                continue
            for verb in node.args[:2]:
                if isinstance(verb, ast.Constant) and isinstance(verb.value, str):
                    yield verb.value, {keyword.arg for keyword in node.keywords if keyword.arg}


def test_commands_ask_for_declared_verbs_with_declared_arguments() -> None:
    calls = list(asked())

    assert {verb for verb, _ in calls} >= {"send", "poke", "replay", "status", "launched"}
    for verb, arguments in calls:
        assert arguments <= set(COMMANDS[verb].arguments.model_fields), verb


def test_every_verb_says_what_it_does() -> None:
    assert {name for name, verb in VERBS.items() if not verb.does} == set()


def test_readings_are_allowed_in_read_only_mode_and_changes_are_not() -> None:
    changing = {name for name, command in COMMANDS.items() if command.changes}

    assert changing == {"answer", "send", "poke", "replay", "reassign", "expect_launch", "bind_launch", "launched"}
    assert not OperatorApi.roster.changes
    assert OperatorApi.force.changes


async def test_the_log_names_the_door_that_a_verb_came_in_by(backend: Coordinator, register: Connect) -> None:
    bob = await register("bob")
    elsewhere = backend.operator.acting(Actor("operator, elsewhere"))

    (sent,) = await elsewhere.send([Addressees(team="default", agent_ids=(bob.agent_id,))], "hello")
    await elsewhere.cancel_wake(sent, bob.agent_id)
    await elsewhere.replay([(sent, bob.agent_id)])
    await elsewhere.rest_team("default")
    await elsewhere.disturb_team("default")
    await elsewhere.cancel_task(await elsewhere.add_task("default", TaskDraft(title="build")))
    await elsewhere.remove_agent(bob.agent_id)

    assert {noted.actor for noted in await backend.operator.activity()} == {"operator, elsewhere"}
    assert len(await backend.operator.activity()) == 8
