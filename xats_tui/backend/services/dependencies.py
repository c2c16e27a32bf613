"""Dependencies between tasks, and the search for cycles among them.  Pure."""

from collections.abc import Mapping, Sequence


def cycle(task_id: str, depends_on: Sequence[str], others: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """Return the path on which a task would depend on itself, from the task back to it; empty if there is none.

    Args:
        task_id: the task.
        depends_on: its new dependencies.
        others: the dependencies of every other task.
    """
    ways: list[tuple[str, ...]] = [(task_id, wanted) for wanted in dict.fromkeys(depends_on)]
    passed: set[str] = set()
    while ways:
        way = ways.pop()
        last = way[-1]
        if last == task_id:
            return way
        if last not in passed:
            passed.add(last)
            ways.extend((*way, wanted) for wanted in others.get(last, ()))
    return ()
