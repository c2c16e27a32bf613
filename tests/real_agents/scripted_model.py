"""A scripted model server on loopback: drives real coding agents without any network.

Real agent programs (Codex, Claude Code, opencode, Gemini CLI) are pointed at this server instead of a hosted model.
The "model" obeys the language of `script.py`, so that a test decides which MCP tools the real program calls, and when.

A request that offers no tools (clients ask for a session title that way) is answered "DONE".  What a client wraps into
<system-reminder> is not the user's text, unless it says that the user or a Stop hook sent it.

Serves: POST /v1/responses (OpenAI Responses), POST /v1/chat/completions (OpenAI chat), POST /v1/messages (Anthropic
Messages), POST /v1beta/models/M:streamGenerateContent (Gemini), each also below any path prefix (/alice/v1/messages),
so that agents sharing one server can be told apart.  Every request is appended to --log as a JSON line with that prefix
as "who", the turn's user texts and results so far, the step that was answered, and the ids of inbox messages that came
to the model with this request for the first time ("handed"); a WAIT adds a line when it is over ("gone": the client
hung up).  With --lean the lines are without the whole request ("body").

    python -m tests.real_agents.scripted_model --port 9500 --log model.jsonl
"""

import argparse
import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.real_agents.dialects import DIALECTS, PAUSE, Body, gemini_events, gemini_stream, schema_answer, whole
from tests.real_agents.script import Event, Step, inbox_messages, next_step, pieces, read_turn

GEMINI = re.compile(r"^(.*)/v1(?:beta|alpha)?/models/[^/:]+:(streamGenerateContent|generateContent|countTokens)$")

STREAM = "text/event-stream"


class Server:
    """Answers requests and keeps the log."""

    def __init__(self, log: Path, hint: re.Pattern[str], *, lean: bool) -> None:
        self._log = log
        self._hint = hint
        self._lean = lean

    @property
    def app(self) -> Starlette:
        """The ASGI application."""
        return Starlette(routes=[Route("/{rest:path}", self._serve, methods=["GET", "POST", "HEAD", "PUT"])])

    async def _serve(self, request: Request) -> Response:
        path = request.url.path
        if gemini := GEMINI.match(path):
            return await self._serve_gemini(request, gemini[1].strip("/"), gemini[2])
        dialect = next((one for one in DIALECTS if path.endswith(one)), None)
        if request.method == "GET" and path.endswith("/v1/models"):
            return JSONResponse({"object": "list", "data": [{"id": "scripted", "object": "model"}]})
        if request.method != "POST" or dialect is None:
            self._record(path=f"{request.method} {path}")
            return JSONResponse({"error": {"type": "not_found_error", "message": "not served"}}, status_code=404)
        read, write = DIALECTS[dialect]
        body = await request.json()
        known = {"path": dialect, "who": path.removesuffix(dialect).strip("/")}
        step = await self._answer(request, known, body, read(body))
        if not body.get("stream", True) and dialect != "/v1/responses":
            return JSONResponse(whole(dialect, body, step))
        return StreamingResponse(_dripped(write(body, step), step), media_type=STREAM)

    async def _serve_gemini(self, request: Request, who: str, verb: str) -> Response:
        body = await request.json()
        if verb == "countTokens":
            return JSONResponse({"totalTokens": 10})
        step = await self._answer(request, {"path": verb, "who": who}, body, gemini_events(body))
        if not body.get("tools"):
            step = Step(text=schema_answer(body))
        if verb == "generateContent":
            first = next(chunk for chunk in gemini_stream(body, step) if chunk != PAUSE)
            answer = json.loads(first.removeprefix("data: "))
            answer["candidates"][0]["finishReason"] = "STOP"
            return JSONResponse(answer)
        return StreamingResponse(_dripped(gemini_stream(body, step), step), media_type=STREAM)

    async def _answer(self, request: Request, known: dict[str, str], body: Body, events: list[Event]) -> Step:
        """Decide on the step, write it down, and think as long as it says."""
        turn = read_turn(events)
        step = next_step(turn, self._hint) if body.get("tools") else Step()
        told = {"user": "\n".join(turn.texts), "texts": turn.texts, "results": turn.results, "handed": _handed(events)}
        said = {"tool": step.tool, "arguments": step.arguments, "text": step.text, "wait": step.wait}
        self._record(
            **known, **told, step=said, tools=bool(body.get("tools")), **({} if self._lean else {"body": body})
        )
        if step.wait:
            await asyncio.sleep(step.wait)
            self._record(**known, waited=step.wait, gone=await request.is_disconnected())
        return step

    def _record(self, **entry: Any) -> None:
        with self._log.open("a") as file:
            file.write(json.dumps({"at": time.time(), **entry}) + "\n")


def _handed(events: list[Event]) -> list[str]:
    """The inbox messages in the newest result of a turn: this request is the first to hand them over."""
    results = read_turn(events).results
    found = inbox_messages(results[-1]) if results else {}
    return [] if not results or results[-1] in found else list(found)


async def _dripped(stream: Iterator[str], step: Step) -> AsyncIterator[str]:
    gap = step.drip / max(len(pieces(step)), 1)
    for piece in stream:
        if piece == PAUSE:
            await asyncio.sleep(gap)
        else:
            yield piece


def main() -> None:
    """Serve until the process is ended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=9500)
    parser.add_argument("--log", type=Path, default=Path("scripted_model.jsonl"))
    parser.add_argument("--hint", type=re.compile, default=re.compile("get_inbox"), help="regex of a wake hint")
    parser.add_argument("--lean", action="store_true", help="leave whole requests out of the log")
    arguments = parser.parse_args()
    server = Server(arguments.log, arguments.hint, lean=arguments.lean)
    uvicorn.run(server.app, host="127.0.0.1", port=arguments.port, log_level="warning")


if __name__ == "__main__":
    main()
