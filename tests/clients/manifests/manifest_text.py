"""A manifest that is in order, for tests to change."""

from xats_tui.clients.manifests.manifest import Manifest, checked
from xats_tui.clients.manifests.tables import Source

TEXT = """\
id = "mine"
title = "My agent"
tried = "1.2.3"
program = "mine"
install = "make mine"
handshake = ["mine-client"]

[screen.input]
above = '^─{8}'
below = '^─{8}'
prompts = [">"]
modes = { "!" = "shell mode" }
cursor = "terminal"
placeholder = ["dim"]
rows_below = 2

[[screen.rule]]
state = "dialog"
place = "last"
rows = 6
when = "missing"
pattern = 'Allow this\\?'

[[screen.rule]]
state = "dialog"
place = "below"
pattern = 'Enter to choose'

[[screen.rule]]
state = "busy"
place = "above"
rows = 3
pattern = 'esc to stop'

[[screen.rule]]
state = "idle"
place = "below"
pattern = 'ready'
"""

HOOKS = """
[hooks]
session = "context.session"
answer = "block"

[[hooks.event]]
name = "Done"
means = "turn ends"
"""


def manifest(text: str = TEXT, name: str = "mine.toml") -> Manifest:
    """Check a manifest, as a user's file."""
    return checked(Source(name=name, text=text), builtin=False, known_reader=lambda client: client == "opencode")
