"""A pane that only a manifest reads is trusted less than one that a reader in Python proves idle."""

from datetime import timedelta

import pytest

from xats_tui.backend.transports.pane.gates import PROVEN_IDLE, overruled, quiet_for

QUIET = timedelta(seconds=2)


@pytest.mark.parametrize("client", ["gemini", "qwen", "copilot", "pi", "droid", "cline", "goose"])
def test_it_must_be_unchanged_for_the_whole_quiet_time(client: str) -> None:
    assert quiet_for(client, QUIET) == QUIET
    assert quiet_for("codex", QUIET) == PROVEN_IDLE


@pytest.mark.parametrize("client", ["gemini", "goose", "custom", None])
def test_no_operator_overrules_its_dialogs(client: str | None) -> None:
    assert "dialog" not in overruled(client)
    assert "dialog" in overruled("codex")


def test_a_kin_whose_screens_a_reader_in_python_reads_is_trusted_as_that_one() -> None:
    assert quiet_for("kilo", QUIET) == PROVEN_IDLE
