"""Answers of a person to an opencode or its kin: given to the very request that was seen, and seen to be taken."""

from xats_tui.backend.transports.opencode_api import NoServerAnswer, RequestDenied, ServerAccess, asked, connected
from xats_tui.backend.transports.opencode_reading import NOT_FOUND, PERMISSIONS, QUESTIONS, open_requests
from xats_tui.backend.watchers.opencode_dialogs import OpenDialog
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import DialogOption


async def give_answer(access: ServerAccess, one: OpenDialog, option: DialogOption, text: str) -> None:
    """Answer the request that a dialog shows, if it is still open as it was, and see it gone.

    Raises:
        Refusal: `prompt_changed`, `not_answerable`, `not_taken`, `answer_unseen`.
    """
    reply = one.reply(option, text)
    path = PERMISSIONS if one.is_permission else QUESTIONS
    async with connected(access) as server:
        try:
            before = await open_requests(server, path)
        except NoServerAnswer as error:
            raise Refusal("not_taken", sentence=f"nothing was sent: {error}") from error
        if one.request not in before:
            raise Refusal("prompt_changed")
        try:
            await asked(server, "POST", reply.path, reply.body)
            left = await open_requests(server, path)
        except RequestDenied as denied:
            if denied.status == NOT_FOUND:
                raise Refusal("prompt_changed") from denied
            raise Refusal("not_taken", sentence=f"the answer was refused: {denied}") from denied
        except NoServerAnswer as error:
            raise Refusal("answer_unseen", sentence=f"it is not known whether it was taken: {error}") from error
    if any(request["id"] == one.request["id"] for request in left):
        raise Refusal("answer_unseen", sentence="its server took the answer, and still asks: look at its pane")
