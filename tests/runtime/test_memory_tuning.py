"""Garbage: found in quiet moments, and never searched for among what the start has made.  Arenas: one."""

import platform
import subprocess
import sys
from pathlib import Path

import pytest

# The settings are those of a whole process.
STORY = """
import gc, sys, weakref
from xats_tui.runtime.memory_tuning import exclude_prepared, hold_off, settle, tidy
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
assert garbage() is None and "ctypes" not in sys.modules, "what is free is returned elsewhere"
print("done")
"""

ARENAS = """
import ctypes, sys, threading
from xats_tui.runtime.memory_tuning import use_one_arena
if sys.argv[1] == "one":
    use_one_arena()
meeting = threading.Barrier(8)
def work():
    meeting.wait()
    kept = bytes(100_000)
    meeting.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads: thread.start()
for thread in threads: thread.join()
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
file = ctypes.c_void_p(c.fopen(sys.argv[2].encode(), b"w"))
c.malloc_info(0, file)
c.fclose(file)
"""


def test_tidying_frees_what_refers_to_itself_and_searches_only_what_is_new() -> None:
    told = subprocess.run([sys.executable, "-c", STORY], capture_output=True, text=True, check=False)
    assert told.stdout == "done\n", told.stderr


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have other arenas")
def test_all_threads_allocate_from_one_arena(tmp_path: Path) -> None:
    def arenas(how_many: str) -> int:
        told = tmp_path / how_many
        subprocess.run([sys.executable, "-c", ARENAS, how_many, str(told)], check=True)
        return told.read_text().count("<heap ")

    assert arenas("many") > 1
    assert arenas("one") == 1
