"""Where the operator can be: the modes, and the panels of the Live mode."""

from enum import StrEnum


class Mode(StrEnum):
    """The modes, in the order of their digits."""

    LIVE = "live"
    AGENTS = "agents"
    MESSAGES = "messages"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"
    ACTIVITY = "activity"

    @property
    def label(self) -> str:
        """What the mode row calls it."""
        return self.value.capitalize()

    @property
    def digit(self) -> str:
        """The key that opens it."""
        return str(list(Mode).index(self) + 1)

    @property
    def noun(self) -> str:
        """What one row of it is."""
        return self.value.removesuffix("s") if self is not Mode.ACTIVITY else "activity"


class Panel(StrEnum):
    """The panels of the Live mode, in the order of tab."""

    ATTENTION = "attention"
    AGENTS = "agents"
    PANE = "pane"
    STREAM = "stream"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"

    @property
    def label(self) -> str:
        """What its border calls it."""
        return self.value.capitalize()

    @property
    def mode(self) -> Mode:
        """The mode that shows the same at length."""
        at_length = {Panel.ATTENTION: Mode.LIVE, Panel.PANE: Mode.AGENTS, Panel.STREAM: Mode.MESSAGES}
        return at_length.get(self) or Mode(self.value)
