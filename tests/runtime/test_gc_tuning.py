"""Garbage: found in quiet moments, and never searched for among what the start has made."""

import subprocess
import sys

# The settings are those of a whole process.
STORY = """
import gc, sys, weakref
from xats_tui.runtime.gc_tuning import exclude_prepared, hold_off, settle, tidy
assert "ctypes" not in sys.modules
class Node: pass
def ring():
    node = Node(); node.itself = node
    return weakref.ref(node)
hold_off()
made_at_start = [Node() for _ in range(1000)]
settle()
assert gc.isenabled() and gc.get_freeze_count() > 1000
prepared, garbage = [Node() for _ in range(1000)], ring()
exclude_prepared()
assert garbage() is None and not gc.get_referrers(prepared[0])
old = Node(); old.itself = old
garbage = weakref.ref(old)
for _ in range(3): gc.collect(1)
del old
gc.collect(1)
assert garbage() is not None
tidy()
assert garbage() is None
print("done")
"""


def test_tidying_frees_what_refers_to_itself_and_searches_only_what_is_new() -> None:
    told = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=False)
    assert told.stdout == "done\n", told.stderr
