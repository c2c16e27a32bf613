"""The operator answers what an agent's program asks, in real panes, and nothing but what was seen."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.conftest import Connect, PutTmux
from tests.mcp_caller import Caller
from tests.tmux_server import Pane, TmuxServer
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.services.operator import answering
from xats_tui.core.errors import Refusal
from xats_tui.core.model.panes import Prompt
from xats_tui.core.records import replace
from xats_tui.core.screen.options import EDITING

pytestmark = pytest.mark.tmux

ASKING = Path(__file__).parents[3] / "asking.py"

CLIENTS = ("claude-code", "opencode")
CHOICES = {
    "claude-code": ("Yes", "Yes, and don't ask again", "No"),
    "opencode": ("Allow once", "Allow always", "Reject"),
}

Asking = Callable[..., Awaitable[tuple[Caller, Pane]]]


@pytest.fixture
def asking(register: Connect, tmux: TmuxServer, tmp_path: Path) -> Asking:
    """An agent bound to a pane in which a client asks for these commands."""

    async def start(client: str, *commands: str) -> tuple[Caller, Pane]:
        program = {"claude-code": "claude", "opencode": "opencode"}[client]
        pane = tmux.new_pane([tmux.called(program), str(ASKING), client, *commands], cwd=tmp_path)
        await tmux.wait_for(pane.pane_id, commands[0])
        caller: Caller = await register("bob", client=client)
        answer = await caller.call("bind_runtime_identity", agent=client, ui_pid=pane.pid)
        assert answer.get("ok"), answer
        return caller, pane

    return start


async def asked(backend: Coordinator, agent: Caller, command: str) -> Prompt:
    """Return the agent's prompt as soon as it is about this command."""
    for _ in range(200):
        prompt = await backend.operator.prompt(agent.agent_id)
        assert isinstance(prompt, Prompt)
        if command in prompt.text and prompt.options:
            return prompt
        await backend.clock.sleep(0.02)
    raise AssertionError(prompt)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("client", CLIENTS)
async def test_the_option_that_was_chosen_is_taken_and_written_down(
    client: str, number: int, backend: Coordinator, asking: Asking, tmux: TmuxServer
) -> None:
    bob, pane = await asking(client, "rm -rf build")
    prompt = await asked(backend, bob, "rm -rf build")

    following = await backend.operator.answer(bob.agent_id, prompt, number)

    label = CHOICES[client][number - 1]
    await tmux.wait_for(pane.pane_id, f"chose {label} for rm -rf build")
    assert following is None
    (noted,) = await backend.operator.activity()
    assert (noted.actor, noted.verb, noted.agent_id) == ("operator", "answer", bob.agent_id)
    assert noted.detail.startswith(f"{number}. {label}: taken") and "rm -rf build" in noted.detail


@pytest.mark.parametrize("client", CLIENTS)
async def test_what_is_asked_next_comes_back(
    client: str, backend: Coordinator, asking: Asking, tmux: TmuxServer
) -> None:
    bob, pane = await asking(client, "first", "second")

    following = await backend.operator.answer(bob.agent_id, await asked(backend, bob, "first"), 3)

    assert following and "second" in following.text
    assert "for second" not in tmux.capture(pane.pane_id)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("client", CLIENTS)
async def test_nothing_is_sent_when_something_else_is_asked(
    client: str, backend: Coordinator, asking: Asking, tmux: TmuxServer, tmp_path: Path
) -> None:
    bob, pane = await asking(client, "late", "rm -rf /")
    seen = await asked(backend, bob, "late")
    (tmp_path / "late").touch()
    now = await asked(backend, bob, "rm -rf /")

    with pytest.raises(Refusal, match="prompt_changed"):
        await backend.operator.answer(bob.agent_id, seen, 1)

    assert await backend.operator.prompt(bob.agent_id) == now
    assert "for rm" not in tmux.capture(pane.pane_id)
    assert await backend.operator.activity() == ()


async def test_an_answer_is_not_taken_for_given_if_the_prompt_stays(backend: Coordinator, asking: Asking) -> None:
    bob, _ = await asking("claude-code", "deaf")
    prompt = await asked(backend, bob, "deaf")

    with pytest.raises(Refusal, match="not_taken"):
        await backend.operator.answer(bob.agent_id, prompt, 1)

    (noted,) = await backend.operator.activity()
    assert noted.detail.startswith("1. Yes: not taken")


async def test_a_digit_that_becomes_text_is_no_answer_and_none_is_sent_after_it(
    backend: Coordinator, asking: Asking, tmux: TmuxServer
) -> None:
    bob, pane = await asking("claude-code", "amend")
    prompt = await asked(backend, bob, "amend")

    with pytest.raises(Refusal, match="taken_as_text"):
        await backend.operator.answer(bob.agent_id, prompt, 3)
    with pytest.raises(Refusal, match="not_answerable") as refused:
        await backend.operator.answer(bob.agent_id, prompt, 3)

    assert refused.value.fields["detail"] == EDITING
    assert "1. Yes, 3\n" in tmux.capture(pane.pane_id)
    (noted,) = await backend.operator.activity()
    assert noted.detail.startswith("3. No: taken as text")


@pytest.mark.slow
async def test_a_screen_that_is_empty_for_a_moment_is_no_proof_of_an_answer(
    backend: Coordinator, asking: Asking
) -> None:
    bob, _ = await asking("claude-code", "flicker")
    prompt = await asked(backend, bob, "flicker")

    with pytest.raises(Refusal, match="not_taken"):
        await backend.operator.answer(bob.agent_id, prompt, 1)


@pytest.mark.first_variant_quick
@pytest.mark.parametrize("number", [1, 3])
async def test_options_without_numbers_are_chosen_by_arrows(
    number: int, backend: Coordinator, asking: Asking, tmux: TmuxServer
) -> None:
    bob, pane = await asking("claude-code", "unnumbered")
    prompt = await asked(backend, bob, "unnumbered")

    assert await backend.operator.answer(bob.agent_id, prompt, number) is None

    await tmux.wait_for(pane.pane_id, f"chose {CHOICES['claude-code'][number - 1]} for unnumbered")


async def test_enter_is_not_pressed_unless_the_option_is_seen_to_be_chosen(
    backend: Coordinator, asking: Asking, tmux: TmuxServer
) -> None:
    bob, pane = await asking("opencode", "deaf")
    prompt = await asked(backend, bob, "deaf")

    with pytest.raises(Refusal, match="not_taken"):
        await backend.operator.answer(bob.agent_id, prompt, 3)

    assert "chose" not in tmux.capture(pane.pane_id)


async def test_an_option_that_needs_typing_or_does_not_exist_is_refused(backend: Coordinator, asking: Asking) -> None:
    bob, _ = await asking("claude-code", "ls")
    prompt = await asked(backend, bob, "ls")
    typed = replace(prompt, options=tuple(replace(option, needs_typing=True) for option in prompt.options))

    for wrong, number in ((prompt, 4), (typed, 1)):
        with pytest.raises(Refusal, match="not_answerable"):
            await backend.operator.answer(bob.agent_id, wrong, number)
    assert await backend.operator.activity() == ()


async def test_no_key_reaches_a_program_that_is_not_the_agent(
    backend: Coordinator, asking: Asking, tmux: TmuxServer, tmp_path: Path
) -> None:
    bob, pane = await asking("claude-code", "ls")
    prompt = await asked(backend, bob, "ls")
    other = [tmux.called("claude"), str(ASKING), "claude-code", "ls"]
    tmux.run("respawn-pane", "-k", "-t", pane.pane_id, *other)
    await tmux.wait_for(pane.pane_id, "Esc to cancel")

    with pytest.raises(Refusal, match="keys_withheld"):
        await backend.operator.answer(bob.agent_id, prompt, 1)

    assert "chose" not in tmux.capture(pane.pane_id)


@pytest.mark.slow
async def test_an_agent_that_asks_nothing_has_nothing_to_answer(
    backend: Coordinator, asking: Asking, register: Connect, tmux: TmuxServer
) -> None:
    bob, pane = await asking("claude-code", "ls")
    await backend.operator.answer(bob.agent_id, await asked(backend, bob, "ls"), 1)
    await tmux.wait_for(pane.pane_id, "? for shortcuts")

    with pytest.raises(Refusal, match="no_dialog"):
        await backend.operator.prompt(bob.agent_id)
    with pytest.raises(Refusal, match="no_pane"):
        await backend.operator.prompt((await register("alice")).agent_id)
    with pytest.raises(Refusal, match="unknown_agent"):
        await backend.operator.prompt("nobody")
    tmux.run("kill-pane", "-t", pane.pane_id)
    with pytest.raises(Refusal, match="pane_gone"):
        await backend.operator.prompt(bob.agent_id)


@pytest.mark.slow
async def test_no_answer_waits_for_ever_behind_what_is_being_typed(
    backend: Coordinator, asking: Asking, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "PANE_LOCK_TIMEOUT_S", 0.05)
    bob, _ = await asking("claude-code", "deaf")
    prompt = await asked(backend, bob, "deaf")

    refused = await asyncio.gather(
        *(backend.operator.answer(bob.agent_id, prompt, number) for number in (1, 2)), return_exceptions=True
    )

    assert sorted(map(str, refused)) == ["not_taken", "pane_busy"]
    (noted,) = await backend.operator.activity()
    assert ": not taken" in noted.detail


@pytest.mark.slow
async def test_a_pane_that_is_lost_before_the_key_is_told_and_the_try_written_down(
    backend: Coordinator, asking: Asking, put_tmux: PutTmux
) -> None:
    bob, pane = await asking("claude-code", "ls")
    prompt = await asked(backend, bob, "ls")
    put_tmux(f'case " $* " in *" send-keys "*) $REAL kill-pane -t {pane.pane_id};; esac\nexec $REAL "$@"')

    with pytest.raises(Refusal, match="pane_gone"):
        await backend.operator.answer(bob.agent_id, prompt, 1)

    (noted,) = await backend.operator.activity()
    assert "can't find pane" in noted.detail


async def test_a_tmux_that_fails_is_told_as_such(backend: Coordinator, asking: Asking, put_tmux: PutTmux) -> None:
    bob, _ = await asking("claude-code", "ls")
    prompt = await asked(backend, bob, "ls")
    put_tmux('case " $* " in *" send-keys "*) echo out of order >&2; exit 1;; esac\nexec $REAL "$@"')
    with pytest.raises(Refusal, match="tmux_failed"):
        await backend.operator.answer(bob.agent_id, prompt, 1)
    put_tmux("echo out of order >&2; exit 1")
    with pytest.raises(Refusal, match="tmux_failed"):
        await backend.operator.prompt(bob.agent_id)

    (noted,) = await backend.operator.activity()
    assert "out of order" in noted.detail


async def test_enter_is_not_pressed_when_another_prompt_comes_while_the_option_is_chosen(
    backend: Coordinator, asking: Asking, tmux: TmuxServer, tmp_path: Path, put_tmux: PutTmux
) -> None:
    bob, pane = await asking("opencode", "late", "rm -rf /")
    prompt = await asked(backend, bob, "late")
    until_it_came = f"until $REAL capture-pane -p -t {pane.pane_id} | grep -q 'rm -rf'; do sleep 0.01; done"
    put_tmux(f'case " $* " in *" Right "*) : > {tmp_path / "late"}; {until_it_came};; esac\nexec $REAL "$@"')

    with pytest.raises(Refusal, match="prompt_changed"):
        await backend.operator.answer(bob.agent_id, prompt, 2)

    assert "for rm" not in tmux.capture(pane.pane_id)
