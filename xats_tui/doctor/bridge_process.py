"""A bridge as a child process: JSON-RPC in lines, each answer with a deadline.

This module does not know what is asked.
"""

import itertools
import json
import os
import select
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

PROTOCOL = "2025-11-25"

TIMEOUT_S = 20.0
"""Seconds for an answer; the bridge may have to start a coordinator first, on a busy machine."""

EXIT_TIMEOUT_S = 2.0
"""Seconds for the bridge to end by itself."""

CHUNK_BYTES = 65536


class NoBridgeAnswer(Exception):
    """Raised when the bridge does not answer or refuses; the text is one sentence."""


class BridgeProcess:
    """A running bridge."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._ids = itertools.count(1)
        self._rest = b""

    def shake_hands(self) -> None:
        """Perform the MCP handshake.

        Raises:
            NoBridgeAnswer: the bridge does not answer.
        """
        client = {"name": "xats-tui-doctor", "version": "1"}
        self._request("initialize", {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": client})
        self._say({"method": "notifications/initialized"})

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """Return a tool's answer.

        Raises:
            NoBridgeAnswer: the bridge refuses or does not answer.
        """
        result = self._request("tools/call", {"name": tool, "arguments": arguments})
        text = str(result["content"][0]["text"])
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if result.get("isError") or not isinstance(answer, dict) or "error" in answer:
            raise NoBridgeAnswer(f"{tool} was refused: {text}")
        return answer

    def _request(self, method: str, params: Mapping[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self._say({"id": number, "method": method, "params": params})
        deadline = time.monotonic() + TIMEOUT_S
        while (message := self._heard(deadline)).get("id") != number:
            pass
        if "error" in message:
            raise NoBridgeAnswer(str(message["error"].get("message")))
        result: dict[str, Any] = message["result"]
        return result

    def _say(self, message: Mapping[str, Any]) -> None:
        assert self._process.stdin is not None  # it was started with a pipe
        try:
            self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n")
            self._process.stdin.flush()
        except OSError:
            raise NoBridgeAnswer("the bridge has ended") from None

    def _heard(self, deadline: float) -> dict[str, Any]:
        assert self._process.stdout is not None  # it was started with a pipe
        descriptor = self._process.stdout.fileno()
        while b"\n" not in self._rest:
            if not select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise NoBridgeAnswer(f"the bridge did not answer within {TIMEOUT_S:g} s")
            chunk = os.read(descriptor, CHUNK_BYTES)
            if not chunk:
                raise NoBridgeAnswer("the bridge has ended")
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        message: dict[str, Any] = json.loads(line)
        return message


@contextmanager
def bridge(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Iterator[BridgeProcess]:
    """Provide a bridge for the length of the block, after its handshake.

    Raises:
        NoBridgeAnswer: the bridge cannot be started or does not answer.
    """
    try:
        process = subprocess.Popen(
            command,
            env=None if environment is None else dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
    except OSError as error:
        raise NoBridgeAnswer(f"{command[0]} cannot be started: {error.strerror}") from None
    with process:
        try:
            started = BridgeProcess(process)
            started.shake_hands()
            yield started
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    assert process.stdin is not None  # it was started with a pipe
    try:
        process.stdin.close()
        process.wait(EXIT_TIMEOUT_S)
    except (subprocess.TimeoutExpired, OSError):
        process.kill()
