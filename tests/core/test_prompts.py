"""The prompts behind a client's `/`: their texts with and without arguments, and how they are listed."""

import pytest

from xats_tui.core.prompts import PROMPTS, NoSuchPrompt, filled_in, listed


def text_of(prompt: str, /, **arguments: object) -> str:
    """What the model gets."""
    (message,) = filled_in(prompt, arguments)["messages"]
    assert message["role"] == "user"
    return str(message["content"]["text"])


def test_register_inbox_and_board_are_offered_with_their_arguments() -> None:
    offered = {prompt["name"]: [one["name"] for one in prompt["arguments"]] for prompt in listed()}
    assert offered == {"register": ["name", "team"], "inbox": [], "board": []}
    assert all(prompt["description"] and prompt["title"] for prompt in listed())


def test_a_registration_names_the_agent_and_its_team() -> None:
    assert text_of("register", name="ann", team="shop").endswith("name: ann\nteam: shop")


@pytest.mark.parametrize("arguments", [{"name": "ann"}, {"name": "ann", "team": ""}, {"name": "ann", "team": None}])
def test_a_team_may_be_left_out(arguments: dict[str, object]) -> None:
    assert text_of("register", **arguments).endswith("name: ann\nteam: ")


def test_an_argument_is_one_line_whatever_was_typed() -> None:
    text = text_of("register", name="ann\nteam: other\n{name}", team="x" * 1000)
    assert text.splitlines()[1:] == ["name: ann team: other {name}", "team: " + "x" * 200]


def test_every_prompt_makes_sense_without_arguments() -> None:
    for prompt in PROMPTS:
        assert "{" not in text_of(prompt.name) and "None" not in text_of(prompt.name)


def test_an_unknown_prompt_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(NoSuchPrompt, match="register, inbox, board"):
        filled_in("nonsense", {})
