"""A refusal is one sentence for the operator, whatever its code."""

import pytest

from xats_tui.core.errors import Refusal
from xats_tui.core.refusals import sentence_of


@pytest.mark.parametrize(
    ("refusal", "sentence"),
    [
        (Refusal("empty_title"), "a task needs a title"),
        (Refusal("empty_title", sentence="say what is to be done"), "say what is to be done"),
        (
            Refusal("no_client", command="tmux attach"),
            "no terminal is attached to the dashboard's tmux session; run\ntmux attach",
        ),
        (Refusal("something_new"), "something new"),
        (Refusal("something_new", detail="and why"), "something new: and why"),
    ],
)
def test_a_refusal_is_told_in_one_sentence(refusal: Refusal, sentence: str) -> None:
    assert sentence_of(refusal) == sentence
