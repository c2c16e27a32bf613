#!/usr/bin/env python3
"""A scripted model server on loopback: drives real coding agents without any network.

Real agent programs (Codex CLI, Claude Code, opencode) are pointed at this server instead of a
hosted model.  The "model" is an interpreter for a tiny script language, so that a test decides
exactly which MCP tools the real program calls, and when:

    CALL <tool> <json arguments>     call an MCP tool; <tool> may be a bare name (send_message)
                                     and is matched against the tools that the client offers
    WAIT <seconds>                   think that long before the next CALL, or before finishing
    WAIT @<unix time>                think until then (several agents start at the same moment)
    SAY <text>                       finish the turn with this text

The script is every such line of the user's text.  Calls run one per model request, in order; when
all have their results the turn ends with SAY, or with "DONE".  A text that the user adds while the
agent is at work (clients queue it) has its script run after that of the first text.

A user text without a script that matches --hint (a wake hint typed or pushed into the agent)
runs an implicit `CALL get_inbox {}` and then every script line found in the bodies of the
messages that come back, except messages that this conversation already got.  So one agent can be
programmed by another agent's message.

A request that offers no tools (clients ask for a session title that way) is answered "DONE".
What a client wraps into <system-reminder> is not the user's text, unless it says that the user
sent it.

Serves: POST /v1/responses (OpenAI Responses), POST /v1/chat/completions (OpenAI chat),
POST /v1/messages (Anthropic Messages), each also below any path prefix (/alice/v1/messages), so
that agents sharing one server can be told apart.  Every request is appended to --log as a JSON
line with that prefix as "who", the turn's user texts and results so far, and the step that was
answered; a WAIT adds a line when it is over ("gone": the client hung up).

    pip install starlette uvicorn
    python scripted_model.py --port 9500 --log model.jsonl
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

SCRIPT_LINE = re.compile(r"^\W*(CALL|WAIT|SAY)\s+(.+?)\s*$", re.MULTILINE)
REMINDER = re.compile(r"<system-reminder>(?P<text>.*?)</system-reminder>", re.DOTALL)
INTERRUPTED = re.compile(r"\[Request interrupted by user[^\]]*\]|<turn_aborted>")

Event = tuple[str, str]  # ("user" | "result" | "end" of a turn, text), in the order of the conversation


@dataclass
class Turn:
    """What the user said since the model last finished, and which results have come back."""

    texts: list[str]
    results: list[str]
    seen: set[str]  # ids of the inbox messages that earlier turns got


@dataclass
class Step:
    tool: str | None
    arguments: dict[str, Any] = field(default_factory=dict)
    text: str = "DONE"
    wait: float = 0.0


def parse_script(text: str) -> list[tuple[str, str]]:
    return SCRIPT_LINE.findall(text)


def inbox_messages(result: str) -> dict[str, str]:
    """Message id -> body, of a get_inbox result; a result that is not JSON is one message."""
    match = re.search(r"\{.*\}", result, re.DOTALL)
    try:
        payload = json.loads(match.group(0)) if match else {}
        if isinstance(payload, dict) and "messages" not in payload:
            payload = payload.get("structuredContent") or payload.get("result") or {}
        return {str(m.get("id", m)): m.get("body", "") for m in payload.get("messages", [])}
    except (json.JSONDecodeError, AttributeError, TypeError):
        return {result: result}


def read_turn(events: list[Event]) -> Turn:
    """The newest turn: what follows the last answer, or the last interruption."""

    def said(text: str) -> str:
        return REMINDER.sub(lambda m: m["text"] if "user sent" in m["text"] else "", text).strip()

    ends = [
        i for i, (kind, text) in enumerate(events) if kind == "end" or (kind == "user" and INTERRUPTED.search(text))
    ]
    at = ends[-1] + 1 if ends else 0
    seen = {id_ for kind, text in events[:at] if kind == "result" for id_ in inbox_messages(text)}
    texts = [said(text) for kind, text in events[at:] if kind == "user"]
    return Turn([t for t in texts if t], [text for kind, text in events[at:] if kind == "result"], seen)


def next_step(turn: Turn, hint: re.Pattern[str]) -> Step:
    script: list[tuple[str, str]] = []
    for text in turn.texts:
        script += parse_script(text) or ([("WAKE", "get_inbox {}")] if hint.search(text) else [])
    results, seen, wait, say = list(turn.results), set(turn.seen), 0.0, "DONE"
    while script:
        kind, rest = script.pop(0)
        if kind == "WAIT":
            wait += max(float(rest[1:]) - time.time(), 0) if rest.startswith("@") else float(rest)
        elif kind == "SAY":
            say = rest
        elif not results:
            return call_step(rest, wait)
        else:
            wait, messages = 0.0, inbox_messages(results.pop(0))
            new = [body for id_, body in messages.items() if id_ not in seen] if kind == "WAKE" else []
            script = [line for body in new for line in parse_script(body)] + script
            seen |= set(messages)
    return Step(None, text=say, wait=wait)


def call_step(call: str, wait: float) -> Step:
    tool, _, raw = call.partition(" ")
    for candidate in (raw or "{}", raw.replace('\\"', '"')):  # some clients escape quotes
        try:
            return Step(tool, json.loads(candidate), wait=wait)
        except json.JSONDecodeError:
            continue
    return Step(None, text=f"BAD SCRIPT {call!r}")


def as_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return content.get("text") or as_text(content.get("content", "")) or json.dumps(content)
    if isinstance(content, list):
        return "\n".join(as_text(part) for part in content)
    return "" if content is None else str(content)


def pick(name: str, offered: list[str]) -> str:
    """The offered tool that a bare name means."""
    if name in offered:
        return name
    tails = [o for o in offered if o.split("__")[-1] == name or o.endswith("_" + name)]
    return min(tails, key=len) if tails else name


# --- OpenAI Responses (Codex) ------------------------------------------------------------------


def responses_tools(body: dict[str, Any]) -> dict[str, tuple[str | None, str]]:
    """Bare or full name -> (namespace, name)."""
    out: dict[str, tuple[str | None, str]] = {}
    for tool in body.get("tools", []):
        if tool.get("type") == "namespace":
            for inner in tool.get("tools", []):
                out[inner["name"]] = (tool["name"], inner["name"])
        elif tool.get("name"):
            out[tool["name"]] = (None, tool["name"])
    return out


def responses_events(body: dict[str, Any]) -> list[Event]:
    outputs = ("function_call_output", "custom_tool_call_output", "mcp_call")
    events = []
    for item in body.get("input", []):
        if item.get("type", "message") == "message" and item.get("role") in ("user", "assistant"):
            events.append(("user" if item["role"] == "user" else "end", as_text(item.get("content"))))
        elif item.get("type") in outputs:
            events.append(("result", as_text(item.get("output"))))
    return events


def event(kind: str, **data: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **data})}\n\n"


def responses_stream(body: dict[str, Any], step: Step) -> Iterator[str]:
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
    yield event("response.output_item.added", output_index=0, item=item)
    yield event("response.output_item.done", output_index=0, item=item)
    yield event("response.completed", response={**base, "status": "completed", "output": [item], "usage": usage})


# --- OpenAI chat completions (opencode) --------------------------------------------------------


def chat_events(body: dict[str, Any]) -> list[Event]:
    kinds = {"user": "user", "tool": "result", "assistant": "end"}
    messages = [m for m in body.get("messages", []) if m.get("role") in kinds and not m.get("tool_calls")]
    return [(kinds[m["role"]], as_text(m.get("content"))) for m in messages]


def chat_stream(body: dict[str, Any], step: Step) -> Iterator[str]:
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
        yield chunk({"role": "assistant", "content": step.text})
        finish = "stop"
    else:
        offered = [t["function"]["name"] for t in body.get("tools", []) if t.get("function")]
        function = {"name": pick(step.tool, offered), "arguments": json.dumps(step.arguments)}
        call = {"index": 0, "id": f"call_{uuid.uuid4().hex[:12]}", "type": "function", "function": function}
        yield chunk({"role": "assistant", "content": None, "tool_calls": [call]})
        finish = "tool_calls"
    yield chunk({}, finish, usage={"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2})
    yield "data: [DONE]\n\n"


# --- Anthropic Messages (Claude Code) ----------------------------------------------------------


def messages_events(body: dict[str, Any]) -> list[Event]:
    """One user message may carry tool results and, after them, what the user typed next."""
    events: list[Event] = []
    for message in body.get("messages", []):
        role, content = message.get("role"), message.get("content")
        blocks = content if isinstance(content, list) else [{"type": "text", "text": content}]
        if role == "assistant" and not any(b.get("type") == "tool_use" for b in blocks):
            events.append(("end", ""))
        elif role == "user" or "user sent" in as_text(content):  # a queued text comes as role "system"
            kinds = {"tool_result": "result", "text": "user"}
            shown = [b for b in blocks if b.get("type") in kinds]
            events += [(kinds[b["type"]], as_text(b.get("content") or b.get("text"))) for b in shown]
    return events


def messages_stream(body: dict[str, Any], step: Step) -> Iterator[str]:
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
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": step.text})
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


# --- server ------------------------------------------------------------------------------------

DIALECTS = {
    "/v1/responses": (responses_events, responses_stream),
    "/v1/chat/completions": (chat_events, chat_stream),
    "/v1/messages": (messages_events, messages_stream),
}


def build_app(log: Path, hint: re.Pattern[str]) -> Starlette:
    def record(**entry: Any) -> None:
        with log.open("a") as file:
            file.write(json.dumps({"at": time.time(), **entry}) + "\n")

    async def serve(request: Request) -> Response:
        path = request.url.path
        dialect = next((d for d in DIALECTS if path.endswith(d)), None)
        if request.method == "GET" and path.endswith("/v1/models"):
            return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        if request.method != "POST" or dialect is None:
            record(path=f"{request.method} {path}")
            return JSONResponse({"error": {"type": "not_found_error", "message": "not served"}}, status_code=404)
        who = path.removesuffix(dialect).strip("/")
        read, write = DIALECTS[dialect]
        body = await request.json()
        turn = read_turn(read(body))
        step = next_step(turn, hint) if body.get("tools") else Step(None)
        said, got = turn.texts, turn.results
        record(path=dialect, who=who, user="\n".join(said), texts=said, results=got, step=vars(step), body=body)
        if step.wait:
            await asyncio.sleep(step.wait)
            record(path=dialect, who=who, waited=step.wait, gone=await request.is_disconnected())
        return StreamingResponse(write(body, step), media_type="text/event-stream")

    return Starlette(routes=[Route("/{rest:path}", serve, methods=["GET", "POST", "HEAD", "PUT"])])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9500)
    parser.add_argument("--log", type=Path, default=Path("scripted_model.jsonl"))
    parser.add_argument("--hint", type=re.compile, default=re.compile("get_inbox"), help="regex of a wake hint")
    args = parser.parse_args()
    uvicorn.run(build_app(args.log, args.hint), host="127.0.0.1", port=args.port, log_level="warning")


if __name__ == "__main__":
    main()
