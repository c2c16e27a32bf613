"""The guide of the demo: what is asked comes first, tips for a minute, then nothing."""

from xats_tui.demo.guide import FIRST_MINUTE_S, TIPS, tip


def test_the_tips_of_the_first_minute_come_one_after_another() -> None:
    told = [tip(seconds, {"dialogs": []}) for seconds in range(int(FIRST_MINUTE_S))]
    assert tuple(dict.fromkeys(told)) == TIPS
    assert tip(FIRST_MINUTE_S, {}) == ""


def test_an_agent_that_asks_is_named_at_any_time() -> None:
    for seconds in (0, 30, 3600):
        assert tip(seconds, {"dialogs": ["qa@shop"]}) == "qa asks a permission: press ! and then a"
