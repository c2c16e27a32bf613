"""Answers over the clients' own interfaces: one at a time for each dialog, and an outcome in words that fit."""

import asyncio
from collections.abc import Mapping

from xats_tui.backend.client_states import ClientStates
from xats_tui.core.errors import Refusal
from xats_tui.core.model.client_states import Dialog, DialogOption

TIMEOUT_S = 10.0
"""Time for a client to take an answer."""

NO_INTERFACE = "only the client's own dialog takes an answer"
"""Reason why a dialog without options cannot be answered from here."""

SENTENCES: Mapping[str, str] = {
    "prompt_changed": "the dialog is no longer open as it was shown",
    "not_taken": "the client did not take the answer",
    "answer_unseen": "the answer was handed over, but it is not known what became of it: look at the pane",
}
"""Sentences for refusals, where no keys are sent."""


class InterfaceAnswers:
    """The answers that are on their way to clients."""

    def __init__(self, states: ClientStates) -> None:
        self._states = states
        self._being_answered: set[str] = set()
        """Ids of the dialogs to which an answer is on its way."""

    def option(self, dialog: Dialog, number: int, text: str) -> DialogOption:
        """Return the option with this number.

        Raises:
            Refusal: `not_answerable` if there is none, or if it needs a text.
        """
        option = dialog.option(number)
        if option is None:
            raise Refusal("not_answerable", detail="there is no such option" if dialog.options else NO_INTERFACE)
        if option.needs_typing and not text.strip():
            raise Refusal("not_answerable", detail="this answer needs a text")
        return option

    async def give(self, dialog: Dialog, option: DialogOption, text: str) -> None:
        """Answer this very dialog, which is then off the board.

        Raises:
            Refusal: `being_answered` if another answer is on its way; those of `ClientStates.answer`.
        """
        if dialog.id in self._being_answered:
            raise Refusal("being_answered")
        self._being_answered.add(dialog.id)
        try:
            async with asyncio.timeout(TIMEOUT_S):
                await self._states.answer(dialog, option.number, text)
            self._states.close_dialog(dialog.id)
        except (Refusal, TimeoutError) as error:
            raise _with_sentence(error if isinstance(error, Refusal) else Refusal("answer_unseen")) from error
        finally:
            self._being_answered.discard(dialog.id)


def _with_sentence(refusal: Refusal) -> Refusal:
    sentence = SENTENCES.get(refusal.code)
    if sentence is None or "sentence" in refusal.fields:
        return refusal
    detail = refusal.fields.get("detail")
    return Refusal(refusal.code, **refusal.fields, sentence=f"{sentence}: {detail}" if detail else sentence)
