"""Keys of the dashboard that the config file changes."""

from xats_tui.core.errors import StartError
from xats_tui.runtime.settings import Loaded
from xats_tui.screens.actions import DEFAULTS, use
from xats_tui.screens.query.keymap import InvalidKey, with_keys


def change_keys(loaded: Loaded) -> None:
    """Give the dashboard's actions the keys of the settings, before the dashboard is made.

    Raises:
        StartError: a key cannot be used.
    """
    if problem := complaint(loaded):
        raise StartError(problem)
    use(with_keys(DEFAULTS, loaded.settings.keys))


def complaint(loaded: Loaded) -> str:
    """Return a sentence about keys that cannot be used; empty if all can."""
    try:
        with_keys(DEFAULTS, loaded.settings.keys)
    except InvalidKey as error:
        return f"keys: {error} (from {loaded.sources['keys']})"
    return ""
