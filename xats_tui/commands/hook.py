"""`xats-tui hook`: run by Claude Code's hooks; forwards the event and prints the coordinator's answer."""

import json
import sys
import urllib.error
import urllib.request

from xats_tui.runtime import pid_file
from xats_tui.runtime.coordinator_proof import keys, opener
from xats_tui.runtime.settings import Loaded, Settings

TIMEOUT_S = 3.0
"""Seconds for the coordinator to answer; the agent waits as long."""

# Tool inputs can be whole files.
MAX_EVENT_CHARS = 900_000
"""Maximum characters of an event."""


def hook(loaded: Loaded) -> int:
    """Forward a Claude Code hook event from stdin to the coordinator (for hook settings, not for people).

    At the end of a turn it answers with the waiting messages, so that the agent reads them at once.
    """
    event = sys.stdin.read(MAX_EVENT_CHARS)
    if record := pid_file.running(loaded.settings.pid_path):
        answer = _passed_on(event, record.url.removesuffix("/mcp") + "/hook", loaded.settings)
        if answer:
            print(json.dumps(answer))
    return 0


def _passed_on(event: str, url: str, settings: Settings) -> object:
    headers = {"Content-Type": "application/json"}
    if settings.token:
        headers["Authorization"] = f"Bearer {settings.token}"
    request = urllib.request.Request(url, data=event.encode(), headers=headers)
    known = keys(settings.proof_key_path, settings.token)
    direct = opener(known) if settings.token else urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=TIMEOUT_S) as response:
            return json.load(response)
    except (OSError, ValueError, urllib.error.URLError):
        return None
