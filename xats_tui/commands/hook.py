"""`xats-tui hook`: run by clients' hooks; forwards the event and prints the coordinator's answer."""

import json
import sys
import urllib.request
from http.client import HTTPException

from xats_tui.clients.registry import PERMISSION_TIMEOUTS_S
from xats_tui.runtime import pid_file
from xats_tui.runtime.coordinator_proof import keys, opener
from xats_tui.runtime.settings import Loaded, Settings

TIMEOUT_S = 3.0
"""Seconds for the coordinator to answer; the agent waits as long."""

MARGIN_S = 10
"""Seconds before the client's own time limit at which a hook that waits for a person gives up."""

WAITING_HEADER = "x-xats-waits"
"""Header that tells the coordinator for how many seconds the hook can wait."""

# Tool inputs can be whole files.
MAX_EVENT_CHARS = 900_000
"""Maximum characters of an event."""


def hook(loaded: Loaded) -> int:
    """Forward a hook event of Claude Code or Codex from stdin to the coordinator (for hook settings, not for people).

    At the end of a turn it answers with the waiting messages, so that the agent reads them at once.  Asked for a
    permission, it waits for the operator, while Claude Code shows its own dialog: whoever answers first decides.
    """
    event = sys.stdin.read(MAX_EVENT_CHARS)
    if record := pid_file.running(loaded.settings.pid_path):
        answer = _passed_on(event, record.url.removesuffix("/mcp") + "/hook", loaded.settings)
        if answer:
            print(json.dumps(answer))
    return 0


def _passed_on(event: str, url: str, settings: Settings) -> object:
    headers = {"Content-Type": "application/json"}
    if waits := _waiting_time(event):
        headers[WAITING_HEADER] = str(waits)
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token}"
    request = urllib.request.Request(url, data=event.encode(), headers=headers)
    known = keys(settings.proof_key_path, settings.token)
    direct = opener(known) if settings.token else urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=waits + TIMEOUT_S) as response:
            return json.load(response)
    except (OSError, ValueError, HTTPException):
        return None


def _waiting_time(event: str) -> int:
    """Return the seconds for which the hook of an event can wait for a person; 0 if it must not wait."""
    try:
        name = json.loads(event)["hook_event_name"]
        return max(PERMISSION_TIMEOUTS_S.get(name, 0) - MARGIN_S, 0)
    except (ValueError, LookupError, TypeError):
        return 0
