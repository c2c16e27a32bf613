"""HTTP client for commands: calls the running coordinator as the operator.

It finds the coordinator by the pid file and starts none.  It uses urllib, which is loaded anyway: importing an HTTP
client would double the time of a reading command.
"""

import json
import urllib.error
import urllib.request
from http.client import HTTPException
from typing import Any

from xats_tui import __version__
from xats_tui.core.errors import XatsError
from xats_tui.runtime import operator_token, pid_file
from xats_tui.runtime.coordinator_proof import keys, opener
from xats_tui.runtime.pid_file import PidRecord
from xats_tui.runtime.settings import Settings

TIMEOUT_S = 15.0
"""Time for an answer; a poke looks at the pane for some of it."""


class NotAsked(XatsError):
    """Nothing was asked: no coordinator runs, or the operator's credential is missing."""


class NotAnswered(XatsError):
    """The coordinator gave no usable answer; the request may have been carried out."""


class NotDone(XatsError):
    """The coordinator refused; its own sentence says why."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        """The refusal code, for programs."""


def found(settings: Settings) -> PidRecord:
    """Return the running coordinator of this home.

    Raises:
        NotAsked: no coordinator runs.
    """
    record = pid_file.running(settings.pid_path)
    if record is None:
        none = f"no coordinator runs for {settings.home}: start one with `xats-tui`, or `xats-tui daemon`"
        raise NotAsked(pid_file.contradiction(settings.pid_path) or none)
    return record


def ask(settings: Settings, verb: str, patience: float | None = None, **arguments: Any) -> dict[str, Any]:
    """Call an operator's verb and return its answer.

    Args:
        settings: the home's settings.
        verb: the verb's name.
        patience: seconds to wait for the answer, instead of `TIMEOUT_S`.
        arguments: the verb's arguments; those that are None are left out.

    Raises:
        NotAsked, NotAnswered, NotDone: the call failed; the text is one sentence that says why.
    """
    record = found(settings)
    request = urllib.request.Request(
        record.url.removesuffix("/mcp") + f"/operator/{verb}",
        data=json.dumps({name: value for name, value in arguments.items() if value is not None}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {_credential(settings)}"},
    )
    direct = opener(keys(settings.proof_key_path, None))
    try:
        with direct.open(request, timeout=TIMEOUT_S if patience is None else patience) as response:
            answer = json.load(response)
    except urllib.error.HTTPError as error:
        raise _refusal(error, record) from error
    except (OSError, ValueError, HTTPException) as error:
        why = f"the coordinator (pid {record.pid}) does not answer at port {record.port}: {_reason(error)}"
        raise NotAnswered(why) from error
    if not isinstance(answer, dict):
        raise NotAnswered(f"the coordinator (pid {record.pid}) gave an answer that this version cannot read")
    return answer


def _credential(settings: Settings) -> str:
    path = settings.operator_token_path
    secret = operator_token.read(path)
    if secret is None:
        raise NotAsked(f"{path} holds no credential, or belongs to another user: restart the coordinator to create it")
    return secret


def _refusal(error: urllib.error.HTTPError, record: PidRecord) -> XatsError:
    with error:
        try:
            body = json.load(error)
            return NotDone(str(body["error"]), str(body["sentence"]))
        except (OSError, ValueError, KeyError, TypeError, HTTPException):
            version = record.version or "unknown"
            other = f"the coordinator (pid {record.pid}) is version {version}, this is {__version__}"
            return NotAnswered(f"{other}: it does not know this command (HTTP {error.code}); restart it")


def _reason(error: Exception) -> str:
    reason = getattr(error, "reason", error)
    return str(getattr(reason, "strerror", None) or reason or type(error).__name__)
