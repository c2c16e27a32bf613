"""A coordinator as a process of its own, whose disk a test can fill and empty again."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager

FULL = 0
"""Bytes up to which files may grow: none at all."""


@contextmanager
def full_disk(pid: int, limit: int = FULL) -> Iterator[None]:
    """Files of this process do not grow beyond so many bytes during the block, nor does it write beyond them."""
    before = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, before)
