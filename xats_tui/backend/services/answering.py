"""Answering: what an agent's program asks a person, and the operator's answer to that and to nothing else.

The answer is sent only if a fresh look shows the very prompt that the operator saw; it is never chosen here.
"""

import asyncio
import logging
from collections.abc import Callable

from xats_tui.backend.clock import Clock
from xats_tui.backend.errors import KeysWithheld, PaneGone, Refusal, TmuxError
from xats_tui.backend.model.agents import OPERATOR_NAME, Agent
from xats_tui.backend.model.panes import Option, PaneRef, PaneState, PaneView, Prompt
from xats_tui.backend.panes.monitor import PaneMonitor
from xats_tui.backend.panes.prompts import read_prompt
from xats_tui.backend.store import activity as store
from xats_tui.backend.store import agents as agents_store
from xats_tui.backend.store.database import Database
from xats_tui.backend.transports.tmux_pane import TmuxPane

logger = logging.getLogger(__name__)

PATIENCE = 3.0
"""Seconds for a program to take an answer."""

GLANCE = 0.04
"""Seconds between two looks while waiting for that."""

PANE_FREE = 10.0
"""Seconds to wait for a hint that is being typed into the same pane."""

KEPT = 300
"""Characters of a prompt that the record of an answer keeps."""


class Answering:
    """The operator's answers to prompts."""

    def __init__(self, database: Database, panes: TmuxPane, monitor: PaneMonitor, clock: Clock) -> None:
        self._database = database
        self._panes = panes
        self._monitor = monitor
        self._clock = clock

    async def prompt(self, agent_id: str) -> Prompt:
        """What an agent's pane asks now.

        Raises:
            Refusal: `unknown_agent`, `no_pane`, `pane_gone`, `tmux_failed`; `no_dialog` if it asks nothing.
        """
        agent, pane = await self._bound(agent_id)
        try:
            return await self._asked(agent, pane)
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error

    async def answer(self, agent_id: str, seen: Prompt, number: int) -> Prompt | None:
        """Choose an option of the prompt that was seen; what the agent asks next, if it asks at once.

        Raises:
            Refusal: those of `prompt`; `prompt_changed` if something else is asked now; `not_answerable` with the
                reason; `keys_withheld` if the keys would reach another program, several, or none; `not_taken` if the
                prompt stays; `pane_busy` if something else is being typed there.
        """
        agent, pane = await self._bound(agent_id)
        try:
            async with asyncio.timeout(PANE_FREE):
                await self._panes.writer(pane).acquire()
        except TimeoutError:
            raise Refusal("pane_busy") from None
        try:
            return await self._answer(agent, pane, seen, number)
        except PaneGone as error:
            raise Refusal("pane_gone") from error
        except TmuxError as error:
            raise Refusal("tmux_failed", detail=str(error)) from error
        finally:
            self._panes.writer(pane).release()

    async def _answer(self, agent: Agent, pane: PaneRef, seen: Prompt, number: int) -> Prompt | None:
        option = _answerable(seen, number)
        prompt = await self._asked(agent, pane)
        if prompt != seen:
            raise Refusal("prompt_changed")
        outcome = "interrupted"
        try:
            after = await self._press(agent, pane, prompt, option)
            outcome = "taken"
        except Refusal as refusal:
            outcome = refusal.code.replace("_", " ")
            raise
        except TmuxError as error:
            outcome = str(error)
            raise
        finally:
            await asyncio.shield(self._note(agent, prompt, option, outcome))
        return after

    async def _press(self, agent: Agent, pane: PaneRef, prompt: Prompt, option: Option) -> Prompt | None:
        """Send the keys for an option, and see the prompt gone."""
        if not prompt.in_a_row:
            await self._send(agent, prompt, str(option.number))
            return await self._see_it_taken(agent, pane, prompt)
        steps = option.number - prompt.chosen
        if steps:
            await self._send(agent, prompt, *(["Right" if steps > 0 else "Left"] * abs(steps)))
        chosen = await self._watch(agent, pane, lambda now: now != prompt or now.chosen == option.number)
        if chosen != prompt:
            raise Refusal("prompt_changed")
        if chosen is None or chosen.chosen != option.number:
            raise Refusal("not_taken")
        await self._send(agent, prompt, "Enter")
        return await self._see_it_taken(agent, pane, prompt)

    async def _see_it_taken(self, agent: Agent, pane: PaneRef, prompt: Prompt) -> Prompt | None:
        after = await self._watch(agent, pane, lambda now: now != prompt)
        if after == prompt:
            raise Refusal("not_taken")
        return after

    async def _watch(self, agent: Agent, pane: PaneRef, as_wished: Callable[[Prompt | None], bool]) -> Prompt | None:
        """Look until what is asked is as wished or patience ends; what is asked then, None for nothing."""
        give_up_at = self._clock.monotonic() + PATIENCE
        while True:
            try:
                now: Prompt | None = await self._asked(agent, pane)
            except Refusal:
                now = None
            if as_wished(now) or self._clock.monotonic() >= give_up_at:
                return now
            await self._clock.sleep(GLANCE)

    async def _asked(self, agent: Agent, pane: PaneRef) -> Prompt:
        return _prompt_in(agent, await self._monitor.look(pane, agent.client))

    async def _send(self, agent: Agent, prompt: Prompt, *keys: str) -> None:
        """Press keys, if they reach the agent's program and nothing else, and that still asks the same."""
        try:
            ready = await self._panes.ready(agent)
            if _prompt_in(agent, ready.view) != prompt:
                raise Refusal("prompt_changed")
            await self._panes.press(ready, *keys)
        except KeysWithheld as error:
            raise Refusal("keys_withheld", detail=str(error)) from error

    async def _bound(self, agent_id: str) -> tuple[Agent, PaneRef]:
        agent = await agents_store.by_id(self._database, agent_id)
        if agent is None:
            raise Refusal("unknown_agent")
        if agent.binding is None:
            raise Refusal("no_pane")
        return agent, agent.binding.pane

    async def _note(self, agent: Agent, prompt: Prompt, option: Option, outcome: str) -> None:
        asked = " ".join(prompt.text.split())
        detail = f"{option.number}. {option.label}: {outcome}; asked was: {asked[:KEPT]}"
        async with self._database.write() as tx:
            await store.note(tx, OPERATOR_NAME, "answer", detail, agent_id=agent.agent_id)
        logger.info("answered a prompt of %s with %s: %s", agent.address, option.number, outcome)


def _prompt_in(agent: Agent, view: PaneView) -> Prompt:
    if view.reading.state is not PaneState.DIALOG:
        raise Refusal("no_dialog", detail=str(view.reading.state))
    return read_prompt(agent.client, view.look.screen, view.look.formats)


def _answerable(prompt: Prompt, number: int) -> Option:
    option = next((option for option in prompt.options if option.number == number), None)
    if option is None:
        raise Refusal("not_answerable", detail=prompt.why_not or "there is no such option")
    if option.needs_typing:
        raise Refusal("not_answerable", detail="this answer has to be typed at the pane")
    return option
