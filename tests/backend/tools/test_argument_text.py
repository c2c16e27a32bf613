"""Arguments as JSON text: taken where the schema leaves no doubt about their meaning, else left for it to refuse."""

import json
from typing import Any

import pytest

from tests.conftest import Connect
from tests.mcp_caller import ToolError
from xats_tui.backend.tools.argument_text import as_meant

INTEGER, BOOLEAN, STRING = {"type": "integer"}, {"type": "boolean"}, {"type": "string"}
OBJECT = {"type": "object", "properties": {"count": INTEGER, "names": {"type": "array", "items": STRING}}}
LIST = {"type": "array", "items": STRING}


@pytest.mark.parametrize(
    ("schema", "said", "meant"),
    [
        (INTEGER, "5", 5),
        (INTEGER, " 5\n", 5),
        (INTEGER, "-5", -5),
        (INTEGER, "5.0", 5),
        (INTEGER, 5.0, 5),
        (INTEGER, '"5"', 5),
        (INTEGER, "null", None),
        (BOOLEAN, "true", True),
        (BOOLEAN, "False", False),
        (BOOLEAN, " TRUE ", True),
        (BOOLEAN, '"false"', False),
        (LIST, '["a", "b"]', ["a", "b"]),
        (LIST, "[]", []),
        (LIST, json.dumps(json.dumps(["a"])), ["a"]),
        (OBJECT, '{"x": null}', {"x": None}),
        (OBJECT, {"count": "5", "names": '["a"]'}, {"count": 5, "names": ["a"]}),
        (OBJECT, '{"count": "5", "names": "[\\"a\\"]"}', {"count": 5, "names": ["a"]}),
        (OBJECT, {"count": None, "names": ""}, {}),
        ({**OBJECT, "required": ["count"]}, {"count": None}, {"count": None}),
    ],
)
def test_what_can_mean_one_thing_only_is_taken(schema: dict[str, Any], said: object, meant: object) -> None:
    taken = as_meant(schema, said)

    assert taken == meant
    assert type(taken) is type(meant)


@pytest.mark.parametrize(
    ("schema", "said"),
    [
        *((STRING, text) for text in ("5", "true", "null", '{"a": 1}', '["a"]', '"a"', " ")),
        *(
            (INTEGER, text)
            for text in ("", "five", "5.5", "1_000", "0x10", "05", "+5", "٥", "1e999", "NaN", "[5]", "true")
        ),
        *((INTEGER, number) for number in (5.5, True, False, 1e300, float("inf"), [5])),
        *((BOOLEAN, unclear) for unclear in ("yes", "no", "1", "0", "on", "t", "", 1, 0, 1.0, [True])),
        *((LIST, text) for text in ("a", "a,b", "[a]", "['a']", '{"a": 1}', "5")),
        *((OBJECT, text) for text in ("a", "{a: 1}", "{'a': 1}", '["a"]', '{"a": 1} extra', "{" * 100_000)),
    ],
)
def test_what_can_mean_something_else_is_left_as_it_is(schema: dict[str, Any], said: object) -> None:
    assert as_meant(schema, said) is said


def test_nothing_inside_of_data_that_no_schema_describes_is_read() -> None:
    contract = {
        "type": "object",
        "properties": {"a": {"const": "5"}},
        "required": '["a"]',
        "default": None,
        "title": "",
    }

    assert as_meant({"type": "object", "additionalProperties": True}, contract) == contract


async def test_a_refusal_says_that_text_has_to_be_json(register: Connect) -> None:
    alice = await register("alice")

    with pytest.raises(ToolError, match=r"limit: .*valid integer, or text that is JSON for one"):
        await alice.call("get_inbox", limit="five")


async def test_a_text_that_looks_like_json_stays_a_text(register: Connect) -> None:
    alice = await register("alice")
    for body in ("5", "null", '{"a": 1}', "true"):
        await alice.call("send_message", to_agent_name="alice", body=body, subject=body)

    assert [(m["body"], m["subject"]) for m in (await alice.call("get_inbox"))["messages"]] == [
        (body, body) for body in ("5", "null", '{"a": 1}', "true")
    ]


async def test_what_a_host_sends_for_left_out_is_filled_in_as_if_it_were(register: Connect) -> None:
    alice = await register("alice", role="", team=None, project_dir="", tmux_socket=None)

    assert (await alice.call("whoami"))["role"] == "default"
