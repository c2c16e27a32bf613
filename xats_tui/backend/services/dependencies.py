"""What waits for what among tasks, and whether that can ever end.  Pure: it knows ids and nothing else."""

from collections.abc import Mapping, Sequence


def cycle(task_id: str, depends_on: Sequence[str], others: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The way on which a task would come to wait for itself, from it and back to it; empty if there is none.

    Args:
        task_id: the task.
        depends_on: what it is to wait for.
        others: what each other task waits for.
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
