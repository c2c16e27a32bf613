"""Places of the dashboard: the modes, and the panels of the Live mode."""

from enum import StrEnum


class Mode(StrEnum):
    """Modes, in the order of their digits."""

    LIVE = "live"
    AGENTS = "agents"
    MESSAGES = "messages"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"
    ACTIVITY = "activity"

    @property
    def label(self) -> str:
        """Name in the mode row."""
        return self.value.capitalize()

    @property
    def digit(self) -> str:
        """Key that opens the mode."""
        return str(list(Mode).index(self) + 1)

    @property
    def noun(self) -> str:
        """Noun for a row of the mode."""
        return self.value.removesuffix("s") if self is not Mode.ACTIVITY else "activity"


class Panel(StrEnum):
    """Panels of the Live mode, in the order of tab."""

    ATTENTION = "attention"
    AGENTS = "agents"
    PANE = "pane"
    STREAM = "stream"
    WAKES = "wakes"
    TASKS = "tasks"
    CONTRACTS = "contracts"

    @property
    def label(self) -> str:
        """Name in the panel's border."""
        return self.value.capitalize()

    @property
    def mode(self) -> Mode:
        """Mode that shows the panel's content in full."""
        at_length = {Panel.ATTENTION: Mode.LIVE, Panel.PANE: Mode.AGENTS, Panel.STREAM: Mode.MESSAGES}
        return at_length.get(self) or Mode(self.value)
