"""Saved filters: a filter gets a name, and the name opens its mode with it."""

from xats_tui.screens.actions.acting import ActionContext
from xats_tui.screens.modes.places import Mode
from xats_tui.screens.query.command_line import is_command
from xats_tui.screens.widgets.format import one_line
from xats_tui.screens.widgets.panels import TablePanel


class SavedFilters(ActionContext):
    """Carries out `:save NAME`, `:filter NAME` and `:forget NAME`."""

    def listed(self) -> TablePanel | None:
        """Return the list that a filter applies to."""
        raise NotImplementedError

    def save_filter(self, name: str) -> None:
        """Save the filter of the list under a name."""
        if problem := self._why_not_saved(name):
            self.tell(problem, "warning")
        else:
            self.tell(f"saved: :{name} shows {self._in_words(name)}")

    def use_filter(self, name: str) -> None:
        """Open the mode of a saved filter with it; without a name, list all."""
        if kept := self.desk.memory.filter_named(name):
            self.want(kept.mode, words=kept.words)
        elif name:
            self.tell(f"no filter is called {one_line(name)}; :filter lists them, :save NAME makes one", "warning")
        else:
            names = self.desk.memory.state.filters
            self.tell(
                "\n".join(f":{known} shows {self._in_words(known)}" for known in names) or "no filter is saved yet"
            )

    def forget_filter(self, name: str) -> None:
        """Forget a saved filter."""
        if self.desk.memory.forget_filter(name):
            self.tell(f"forgot the filter {one_line(name)}")
        else:
            self.tell(f"no filter is called {one_line(name)}", "warning")

    def _why_not_saved(self, name: str) -> str:
        """Save the filter; return the reason why that is not possible, or an empty text."""
        panel, here = self.listed(), self.situation()
        mode = here.panel.mode if here.panel else here.mode
        if panel is None or not panel.words or mode is Mode.LIVE:
            return "there is no filter here that could be saved; / sets one"
        if is_command(name):
            return f":{one_line(name)} is a command already; choose another name"
        return self.desk.memory.keep_filter(name, mode, panel.words)

    def _in_words(self, name: str) -> str:
        kept = self.desk.memory.filter_named(name)
        return f"{kept.mode} {one_line(kept.words)}" if kept else ""
