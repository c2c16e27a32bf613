"""Every tool, with arguments that its schema allows and with others: an answer, and the session goes on."""

import json
from collections.abc import Mapping
from typing import Any

import httpx2
from hypothesis import given
from hypothesis import strategies as st

from tests.bad_input.callers import HttpCaller
from tests.bad_input.profiles import QUICK, thorough
from tests.bad_input.values import anything, arguments_of, lone_surrogates, nearly, schemas
from tests.wire.doors import event_of
from xats_tui.backend.tools import TOOLS

LEAVING = ("unregister_self",)
"""Tools after which the session is nobody; calling them is for the end of an example."""

SCHEMAS: Mapping[str, Any] = {name: tool.offered().input_schema for name, tool in TOOLS.items()}

tools = st.sampled_from(sorted(SCHEMAS))


def is_an_answer(answer: httpx2.Response) -> bool:
    """Return whether a model can read the answer: a result in one text, or an error with a code."""
    if answer.status_code != 200:
        return answer.status_code in (400, 403, 409, 413) and "error" in answer.json()
    message = event_of(answer.text)
    if "error" in message:
        return isinstance(message["error"]["code"], int)
    result = message["result"]
    (content,) = result["content"]
    return bool(result["isError"] or isinstance(json.loads(content["text"]), dict))


def holds(caller: HttpCaller, tool: Any, arguments: Any, **escapes: bool) -> None:
    """Call, look at the answer, and see that the session still is somebody who is answered."""
    assert is_an_answer(caller.call(tool, arguments, **escapes))
    assert caller.is_answered()
    if tool in LEAVING or "error" in caller.asked("whoami"):
        caller.register("victim", team="bad")


allowed_calls = tools.flatmap(lambda tool: st.tuples(st.just(tool), arguments_of(SCHEMAS[tool])))
other_calls = tools.flatmap(lambda tool: st.tuples(st.just(tool), nearly(SCHEMAS[tool])))
shapeless_calls = st.tuples(st.one_of(tools, anything), anything)


@QUICK
@given(call=allowed_calls)
def test_what_a_schema_allows_is_answered(caller: HttpCaller, call: tuple[str, Any]) -> None:
    holds(caller, *call, ascii_only=False)


@QUICK
@given(call=other_calls)
def test_what_a_schema_does_not_allow_is_answered(caller: HttpCaller, call: tuple[str, Any]) -> None:
    holds(caller, *call)


@thorough
@given(call=st.one_of(allowed_calls, other_calls, shapeless_calls))
def test_whatever_a_tool_is_called_with_is_answered(caller: HttpCaller, call: tuple[Any, Any]) -> None:
    holds(caller, *call)


@QUICK
@given(tool=tools, text=lone_surrogates)
def test_half_a_character_is_no_text(caller: HttpCaller, tool: str, text: str) -> None:
    holds(caller, tool, dict.fromkeys(SCHEMAS[tool].get("properties", {"x": 1}), text))


@thorough
@given(old=schemas, new=schemas)
def test_any_two_schemas_are_versions_of_a_contract_or_refused(caller: HttpCaller, old: Any, new: Any) -> None:
    for schema in (old, new):
        holds(caller, "register_contract", {"name": "any", "schema": schema})
    latest = caller.asked("get_contract", name="any")
    if latest.get("version", 0) > 1:
        caller.asked("diff_contracts", name="any", from_version=1, to_version=latest["version"])


@QUICK
@given(schema=schemas)
def test_a_schema_is_kept_as_it_came_or_refused(caller: HttpCaller, schema: dict[str, Any]) -> None:
    answer = caller.asked("register_contract", name="kept", schema=schema)

    if "error" in answer:
        assert answer["error"] in ("invalid_schema", "schema_too_large")
    else:
        assert caller.asked("get_contract", name="kept")["schema"] == schema
