"""Base of all dialogs, and the end of a screen's workers, which comes before the end of its widgets."""

import asyncio
from typing import Any, TypeVar

from textual.messages import Prune
from textual.screen import ModalScreen, Screen

T = TypeVar("T")


class DialogScreen(ModalScreen[T]):
    """Dialog that returns an answer of type T."""

    async def on_prune(self, event: Prune) -> None:
        """End the workers, before Textual's own handler has the widgets removed."""
        await end_workers(self)


async def end_workers(screen: Screen[Any]) -> None:
    """End a screen's workers: Textual would cancel them after it has removed the widgets that they look for."""
    workers = screen.workers.cancel_node(screen)
    await asyncio.gather(*[worker.wait() for worker in workers], return_exceptions=True)
