"""Registration by the bridge at a coordinator that has forgotten its agent."""

from typing import Any

import pytest

from xats_tui.core.call_meta import CALL_ID
from xats_tui.mcp_bridge.registration import RememberedRegistration, succeeded


def call(tool: str, **arguments: Any) -> dict[str, Any]:
    return {"name": tool, "arguments": arguments}


def answer(text: str, **fields: Any) -> dict[str, Any]:
    return {"content": [{"type": "text", "text": text}], **fields}


REGISTERED = answer('{"agent_id": "a-1", "team": "t"}')
BOUND = answer('{"ok": true, "tmux_pane_id": "%1"}')


def remembered(*calls: tuple[dict[str, Any], dict[str, Any]]) -> list[str]:
    registration = RememberedRegistration()
    for params, result in calls:
        registration = registration.after(params, result)
    return [str(params["arguments"]) for params in registration.calls]


def test_the_last_registration_and_then_the_last_binding_are_repeated() -> None:
    assert remembered(
        (call("register_agent", name="first"), REGISTERED),
        (call("register_codex_self", name="second"), REGISTERED),
        (call("bind_runtime_identity", ui_pid=1), BOUND),
        (call("bind_runtime_identity", ui_pid=2), BOUND),
    ) == ["{'name': 'second'}", "{'ui_pid': 2}"]


def test_a_binding_of_the_agent_before_is_not_repeated_for_the_next() -> None:
    assert remembered(
        (call("register_agent", name="first"), REGISTERED),
        (call("bind_runtime_identity", ui_pid=1), BOUND),
        (call("register_claude_self", name="second"), REGISTERED),
    ) == ["{'name': 'second'}"]


def test_after_unregistering_nothing_is_repeated() -> None:
    assert not remembered(
        (call("register_agent", name="first"), REGISTERED), (call("unregister_self"), answer('{"ok": true}'))
    )


def test_what_was_refused_is_not_repeated_and_does_not_displace_what_was_granted() -> None:
    assert remembered(
        (call("register_agent", name="first"), REGISTERED),
        (call("register_agent", name="second"), answer('{"error": "ui_pid_client_mismatch"}')),
        (call("bind_runtime_identity", ui_pid=1), answer("bad", isError=True)),
        (call("unregister_self"), answer('{"error": "tasks_in_progress"}')),
    ) == ["{'name': 'first'}"]


def test_other_tools_are_not_repeated() -> None:
    assert not remembered((call("send_message", body="x"), answer('{"message_id": "m"}')))


def test_the_meta_of_the_call_is_repeated_but_not_what_it_says_of_that_call_alone() -> None:
    params = call("register_codex_self", name="n") | {"_meta": {"threadId": "th", "progressToken": 7, CALL_ID: "c"}}
    assert RememberedRegistration().after(params, REGISTERED).calls[0]["_meta"] == {"threadId": "th"}


def test_a_name_that_was_taken_by_another_is_forgotten() -> None:
    assert not remembered(
        (call("register_agent", name="first"), REGISTERED), (call("echo"), answer('{"error": "superseded"}'))
    )


@pytest.mark.parametrize(
    "result",
    [{}, {"content": []}, answer("not json"), answer("[]"), answer('{"error": "x"}'), answer("{}", isError=True)],
)
def test_an_answer_that_does_not_plainly_say_so_is_no_success(result: dict[str, Any]) -> None:
    assert not succeeded(result)
