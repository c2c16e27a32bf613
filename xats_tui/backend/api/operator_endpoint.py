"""HTTP endpoint for operator commands: `POST /operator/VERB`, a JSON object in, a JSON object out.

It has its own credential: an agent that has the `--token` is not an operator.
"""

import hmac
import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pydantic_core
from pydantic import ValidationError
from starlette.types import Receive, Scope

from xats_tui.backend.api.request_checks import BODY_TIMEOUT_S, JSON_TYPE, MAX_BODY_BYTES, HttpRefusal, read_body
from xats_tui.backend.api.request_headers import RequestHeaders
from xats_tui.backend.operator_api.api import OperatorApi
from xats_tui.backend.operator_api.base import Command
from xats_tui.backend.operator_api.commands import COMMANDS
from xats_tui.backend.tools.base import Arguments
from xats_tui.core.errors import Refusal, XatsError
from xats_tui.core.refusals import sentence_of
from xats_tui.runtime import operator_token

logger = logging.getLogger(__name__)

OPERATOR_PATH = "/operator/"
"""Prefix of the endpoint's paths."""

UNREAD = {
    408: ("body_timeout", f"the request was not complete within {BODY_TIMEOUT_S:g} s; try again"),
    413: ("body_too_large", f"the request is too large: {MAX_BODY_BYTES} bytes at most"),
}
"""Codes and sentences for a body that was not read, by the status of the refusal."""

UNTOLD = frozenset({"sentence", "detail"})
"""Fields of a refusal that its sentence already contains."""


class OperatorEndpoint:
    """Answers the operator's commands."""

    def __init__(self, operator: OperatorApi, credential: Path, *, read_only: bool) -> None:
        """Set the verbs and the credential file; in read-only mode every change is refused."""
        self._operator = operator
        self._credential = credential
        self._read_only = read_only

    async def answer(self, scope: Scope, receive: Receive) -> Mapping[str, Any]:
        """Carry out a command and return its answer.

        Raises:
            HttpRefusal: the command was not carried out; the body has a code and a sentence for the operator.
        """
        headers = RequestHeaders(scope)
        self._check_caller(headers)
        verb = _verb(scope)
        arguments = _checked(verb, headers, await _body(headers, receive))
        if verb.changes and self._read_only:
            raise _refused(403, "read_only", "the dashboard runs in read-only mode: nothing can be changed")
        return await self._carried_out(verb, arguments)

    async def _carried_out(self, verb: Command, arguments: Arguments) -> Mapping[str, Any]:
        try:
            return await verb.run(self._operator, arguments)
        except Refusal as refusal:
            told = str(refusal.fields.get("sentence") or sentence_of(refusal))
            more = {name: value for name, value in refusal.fields.items() if name not in UNTOLD}
            raise _refused(409, refusal.code, told, **more) from refusal
        except XatsError as error:
            logger.warning("%s for the operator failed: %s", verb.name, error)
            raise _refused(503, "failed", f"the command failed: {error}") from error
        except Exception as error:
            logger.exception("%s for the operator failed", verb.name)
            raise _refused(503, "failed", "the coordinator had an internal error; see its log") from error

    def _check_caller(self, headers: RequestHeaders) -> None:
        """Check that the operator is asking, and not a web page in the operator's browser."""
        if "origin" in headers:
            raise _refused(403, "foreign_origin", "web pages may not use the operator's commands")
        secret = operator_token.read(self._credential)
        if secret is None:
            raise _refused(401, "no_credential", "the coordinator's home has no credential: restart the coordinator")
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme != "Bearer" or not hmac.compare_digest(given.encode(), secret.encode()):
            raise _refused(401, "invalid_credential", "the credential is not the one in the coordinator's home")


def _verb(scope: Scope) -> Command:
    name = scope["path"].removeprefix(OPERATOR_PATH)
    if name not in COMMANDS:
        raise _refused(404, "unknown_verb", f"unknown verb; the verbs are: {', '.join(COMMANDS)}")
    if scope["method"] != "POST":
        refusal = _refused(405, "method_not_allowed", "verbs need the method POST")
        raise HttpRefusal(refusal.status, refusal.body, {"allow": "POST"})
    return COMMANDS[name]


async def _body(headers: RequestHeaders, receive: Receive) -> bytes:
    try:
        return await read_body(headers, receive)
    except HttpRefusal as refusal:
        told = _refused(refusal.status, *UNREAD[refusal.status])
        raise HttpRefusal(told.status, told.body, refusal.headers) from refusal


def _checked(verb: Command, headers: RequestHeaders, body: bytes) -> Arguments:
    if headers.get("content-type", "").partition(";")[0].strip() != JSON_TYPE:
        raise _refused(415, "not_json", f"the content type must be {JSON_TYPE}")
    try:
        return verb.arguments.model_validate(pydantic_core.from_json(body, allow_inf_nan=False))
    except ValidationError as error:
        problem = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in problem["loc"]) or "the arguments"
        raise _refused(400, "invalid_arguments", f"{where}: {problem['msg'].lower()}") from error
    except ValueError as error:
        raise _refused(400, "invalid_json", f"the body is not JSON: {error}") from error


def _refused(status: int, code: str, sentence: str, **more: Any) -> HttpRefusal:
    return HttpRefusal(status, {"error": code, "sentence": sentence, **more})
