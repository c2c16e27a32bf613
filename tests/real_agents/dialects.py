"""The wire formats of hosted models: what a request says of its conversation, and a step as an answer.

One section a dialect: OpenAI Responses (Codex), OpenAI chat completions (opencode), Anthropic Messages (Claude Code),
Gemini generateContent (Gemini CLI).
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from tests.real_agents.script import Event, Step, pick, pieces
from xats_tui.core.records import replace

PAUSE = "\0"
"""Between two pieces of a text that is streamed slowly."""

QUEUED = ("user sent", "Another Claude session sent")
"""Signs of a message that came in the middle of a turn."""

SEARCHES = ("tool_search", "ToolSearch")
"""Tools by which a model finds those that its client keeps back."""

RELAY = "tool_call"
"""The tool through which one client has the found ones called."""

Body = Mapping[str, Any]


def as_text(content: Any) -> str:
    """Join the text of content in any of its forms."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return content.get("text") or as_text(content.get("content", "")) or json.dumps(content)
    if isinstance(content, list):
        return "\n".join(as_text(part) for part in content)
    return "" if content is None else str(content)


# --- OpenAI Responses (Codex) ------------------------------------------------------------------


def responses_tools(body: Body) -> dict[str, tuple[str | None, str]]:
    """Map bare or full names to (namespace, name)."""
    out: dict[str, tuple[str | None, str]] = {}
    for tool in body.get("tools", []):
        if tool.get("type") == "namespace":
            for inner in tool.get("tools", []):
                out[inner["name"]] = (tool["name"], inner["name"])
        elif tool.get("name"):
            out[tool["name"]] = (None, tool["name"])
    return out


def responses_events(body: Body) -> list[Event]:
    """Read the conversation of a request to OpenAI Responses."""
    outputs = ("function_call_output", "custom_tool_call_output", "mcp_call")
    events = []
    for item in body.get("input", []):
        if item.get("type", "message") == "message" and item.get("role") in ("user", "assistant"):
            events.append(("user" if item["role"] == "user" else "end", as_text(item.get("content"))))
        elif item.get("type") in outputs:
            events.append(("result", as_text(item.get("output"))))
    return events


def event(kind: str, **data: Any) -> str:
    """Write one server-sent event that names its type."""
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def responses_stream(body: Body, step: Step) -> Iterator[str]:
    """Answer with a step, as OpenAI Responses streams it."""
    rid = f"resp_{uuid.uuid4().hex[:12]}"
    if step.tool is None:
        item: dict[str, Any] = {
            "type": "message",
            "id": f"msg_{uuid.uuid4().hex[:12]}",
            "role": "assistant",
            "status": "completed",
            "content": [{"type": "output_text", "text": step.text, "annotations": []}],
        }
    else:
        offered = responses_tools(body)
        namespace, name = offered.get(pick(step.tool, list(offered)), (None, step.tool))
        item = {
            "type": "function_call",
            "id": f"fc_{uuid.uuid4().hex[:12]}",
            "call_id": f"call_{uuid.uuid4().hex[:12]}",
            "name": name,
            "arguments": json.dumps(step.arguments),
            "status": "completed",
        }
        if namespace:
            item["namespace"] = namespace
    usage = {
        "input_tokens": 1,
        "output_tokens": 1,
        "total_tokens": 2,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens_details": {"reasoning_tokens": 0},
    }
    base = {"id": rid, "object": "response", "created_at": int(time.time()), "model": body.get("model")}
    yield event("response.created", response={**base, "status": "in_progress", "output": []})
    if step.tool is None:
        part = {"type": "output_text", "text": "", "annotations": []}
        yield event("response.output_item.added", output_index=0, item={**item, "status": "in_progress", "content": []})
        yield event("response.content_part.added", item_id=item["id"], output_index=0, content_index=0, part=part)
        for n, piece in enumerate(pieces(step)):
            if n:
                yield PAUSE
            yield event("response.output_text.delta", item_id=item["id"], output_index=0, content_index=0, delta=piece)
        yield event("response.output_text.done", item_id=item["id"], output_index=0, content_index=0, text=step.text)
        yield event(
            "response.content_part.done",
            item_id=item["id"],
            output_index=0,
            content_index=0,
            part={**part, "text": step.text},
        )
    else:
        yield event(
            "response.output_item.added", output_index=0, item={**item, "status": "in_progress", "arguments": ""}
        )
        yield event(
            "response.function_call_arguments.delta", item_id=item["id"], output_index=0, delta=item["arguments"]
        )
        yield event(
            "response.function_call_arguments.done", item_id=item["id"], output_index=0, arguments=item["arguments"]
        )
    yield event("response.output_item.done", output_index=0, item=item)
    yield event("response.completed", response={**base, "status": "completed", "output": [item], "usage": usage})


# --- OpenAI chat completions (opencode) --------------------------------------------------------


def chat_events(body: Body) -> list[Event]:
    """Read the conversation of a request to OpenAI chat completions; searches for tools are no part of the script."""
    kinds = {"user": "user", "tool": "result", "assistant": "end"}
    searches = {call["id"] for call in _chat_calls(body) if call["function"]["name"] in SEARCHES}
    messages = [m for m in body.get("messages", []) if m.get("role") in kinds and not m.get("tool_calls")]
    return [(kinds[m["role"]], as_text(m.get("content"))) for m in messages if m.get("tool_call_id") not in searches]


def _chat_calls(body: Body) -> list[dict[str, Any]]:
    return [call for message in body.get("messages", []) for call in message.get("tool_calls") or ()]


def _said(body: Body) -> str:
    """All texts of a conversation with OpenAI chat completions."""
    return "\n".join(as_text(message.get("content")) for message in body["messages"])


def searched(body: Body, step: Step, offered: Sequence[str]) -> Step:
    """Reach for a tool that is only listed by its name: search for it, then call it, as some clients want it.

    A deferred tool comes before an offered one with its bare name: clients have namesakes of our tools.
    """
    search = next((one for one in offered if one in SEARCHES), None)
    named = re.search(rf"\b\w+?_{{2,3}}{step.tool}\b", _said(body))
    if search is None or named is None or named[0] in offered:
        return step
    query = {"query": f"select:{named[0]}"}
    asked = [json.loads(one["function"]["arguments"]) for one in _chat_calls(body) if one["function"]["name"] == search]
    if query not in asked:
        return replace(step, tool=search, arguments=query)
    if RELAY in offered:
        return replace(step, tool=RELAY, arguments={"name": named[0], "arguments": step.arguments})
    return replace(step, tool=named[0])


def chat_stream(body: Body, step: Step) -> Iterator[str]:
    """Answer with a step, as OpenAI chat completions stream it."""
    base = {
        "id": f"chat_{uuid.uuid4().hex[:12]}",
        "object": "chat.completion.chunk",
        "created": int(time.time()),
        "model": body.get("model"),
    }

    def chunk(delta: dict[str, Any], finish: str | None = None, **extra: Any) -> str:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        return f"data: {json.dumps({**base, 'choices': [choice], **extra})}\n\n"

    if step.tool is None:
        for n, piece in enumerate(pieces(step)):
            if n:
                yield PAUSE
            yield chunk({"role": "assistant", "content": piece})
        finish = "stop"
    else:
        offered = [t["function"]["name"] for t in body.get("tools", []) if t.get("function")]
        step = searched(body, step, offered)
        function = {"name": pick(str(step.tool), offered), "arguments": json.dumps(step.arguments)}
        call = {"index": 0, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "function", "function": function}
        yield chunk({"role": "assistant", "content": None, "tool_calls": [call]})
        finish = "tool_calls"
    yield chunk({}, finish, usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
    yield "data: [DONE]\n\n"


# --- Anthropic Messages (Claude Code) ----------------------------------------------------------


def messages_events(body: Body) -> list[Event]:
    """Read the conversation of a request to Anthropic Messages.

    One user message may carry tool results and, after them, what the user typed next.
    """
    events: list[Event] = []
    for message in body.get("messages", []):
        role, content = message.get("role"), message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        if role == "assistant" and not any(b.get("type") == "tool_use" for b in blocks):
            events.append(("end", ""))
        elif role == "user" or any(sign in as_text(content) for sign in QUEUED):  # comes as role "system"
            kinds = {"tool_result": "result", "text": "user"}
            shown = [b for b in blocks if b.get("type") in kinds]
            events += [(kinds[b["type"]], as_text(b.get("content") or b.get("text"))) for b in shown]
    return events


def messages_stream(body: Body, step: Step) -> Iterator[str]:
    """Answer with a step, as Anthropic Messages stream it."""
    message: dict[str, Any] = {
        "id": f"msg_{uuid.uuid4().hex[:12]}",
        "type": "message",
        "role": "assistant",
        "model": body.get("model"),
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 1, "output_tokens": 1},
    }
    yield event("message_start", message=message)
    if step.tool is None:
        yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
        for n, piece in enumerate(pieces(step)):
            if n:
                yield PAUSE
            yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": piece})
        stop = "end_turn"
    else:
        name = pick(step.tool, [t["name"] for t in body.get("tools", []) if "name" in t])
        block = {"type": "tool_use", "id": f"toolu_{uuid.uuid4().hex[:20]}", "name": name, "input": {}}
        yield event("content_block_start", index=0, content_block=block)
        delta = {"type": "input_json_delta", "partial_json": json.dumps(step.arguments)}
        yield event("content_block_delta", index=0, delta=delta)
        stop = "tool_use"
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": stop, "stop_sequence": None}, usage={"output_tokens": 1})
    yield event("message_stop")


# --- Gemini generateContent (Gemini CLI) ---------------------------------------------------------


def gemini_events(body: Body) -> list[Event]:
    """Read the conversation of a request to Gemini."""
    events: list[Event] = []
    for content in body.get("contents", []):
        parts = content.get("parts", [])
        if content.get("role") == "model":
            if not any("functionCall" in p for p in parts):
                events.append(("end", ""))
            continue
        for part in parts:
            if "functionResponse" in part:
                response = part["functionResponse"].get("response", {})
                events.append(("result", as_text(response.get("output", response))))
            elif "text" in part:
                events.append(("user", part["text"]))
    return events


def gemini_stream(body: Body, step: Step) -> Iterator[str]:
    """Answer with a step, as Gemini streams it."""
    usage = {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2}

    def chunk(parts: list[dict[str, Any]], finish: str | None = None) -> str:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return f"data: {json.dumps({'candidates': [candidate], 'usageMetadata': usage, 'modelVersion': 'm'})}\n\n"

    if step.tool is None:
        for n, piece in enumerate(pieces(step)):
            if n:
                yield PAUSE
            yield chunk([{"text": piece}])
        yield chunk([{"text": ""}], "STOP")
    else:
        offered = [f["name"] for t in body.get("tools", []) for f in t.get("functionDeclarations", [])]
        yield chunk([{"functionCall": {"name": pick(step.tool, offered), "args": step.arguments}}], "STOP")


def whole(dialect: str, body: Body, step: Step) -> dict[str, Any]:
    """Answer a request that does not stream."""
    if dialect == "/v1/messages":
        return {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": body.get("model"),
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "content": [{"type": "text", "text": step.text}],
            "usage": {"input_tokens": 1, "output_tokens": 1},
        }
    message: dict[str, Any] = {"role": "assistant", "content": step.text}
    if step.tool:
        offered = [t["function"]["name"] for t in body.get("tools", []) if t.get("function")]
        function = {"name": pick(step.tool, offered), "arguments": json.dumps(step.arguments)}
        message = {
            "role": "assistant",
            "content": None,
            "tool_calls": [{"id": f"call_{uuid.uuid4().hex[:12]}", "type": "function", "function": function}],
        }
    return {
        "id": "chat_1",
        "object": "chat.completion",
        "created": int(time.time()),
        "model": body.get("model"),
        "choices": [{"index": 0, "message": message, "finish_reason": "tool_calls" if step.tool else "stop"}],
        "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
    }


def schema_answer(body: Body) -> str:
    """Answer with something that fits the schema asked for: Gemini CLI has routers and checkers that want JSON."""
    config = body.get("generationConfig", {})
    schema = config.get("responseJsonSchema") or config.get("responseSchema")

    def fill(s: dict[str, Any]) -> Any:
        kind = str(s.get("type", "string")).lower()
        if s.get("enum"):
            return s["enum"][0]
        if kind == "object":
            return {k: fill(v) for k, v in s.get("properties", {}).items()}
        return {"array": [], "boolean": False, "number": 0, "integer": 0}.get(kind, "x")

    return json.dumps(fill(schema)) if schema else "DONE"


DIALECTS: Mapping[str, tuple[Callable[[Body], list[Event]], Callable[[Body, Step], Iterator[str]]]] = {
    "/v1/responses": (responses_events, responses_stream),
    "/v1/chat/completions": (chat_events, chat_stream),
    "/v1/messages": (messages_events, messages_stream),
}
"""The end of the path that each dialect is spoken at; Gemini's paths name the model."""
