"""The agents of the sample."""

from tests.screens.sample.clock import NOW, ago
from xats_tui.core.model.agents import OPERATOR_ID, OPERATOR_NAME, Agent, Binding, Delivery, VerificationMode
from xats_tui.core.model.labels import CUSTOM, ClientId
from xats_tui.core.model.panes import PaneRef
from xats_tui.core.records import replace


def agent(
    name: str, team: str, client: ClientId, pane: str | None = None, seen: float = 20, role: str = "developer"
) -> Agent:
    """An agent, bound to a pane if one is named, that called `seen` seconds ago."""
    bound = pane and Binding(
        pane=PaneRef("", pane),
        tty="pts/7",
        ui_pid=4412,
        ui_started_at=1.0,
        mode=VerificationMode.PID_TTY_PANE,
        bound_at=NOW,
    )
    return Agent(
        agent_id=f"{name}-{team}-0001",
        team=team,
        name=name,
        role=role,
        client=client,
        client_name=None,
        model=None,
        delivery=Delivery(),
        binding=bound or None,
        registered_at=ago(hours=2),
        last_seen_at=ago(seconds=seen),
    )


BACKEND = agent("backend", "shop", "claude-code", "%3", role="backend")


FRONTEND = agent("frontend", "shop", "codex", "%4", role="frontend")


QA = agent("qa", "shop", CUSTOM, "%5", seen=250, role="tester")


PLANNER = agent("planner", "shop", "claude-code", "%6", role="lead")


REVIEWER = agent("reviewer", "shop", "opencode", "%8", role="reviewer")


DOCS = agent("docs", "docs", "opencode", "%7", role="writer")


TRANSLATOR = agent("翻訳-translator", "docs", "codex", None, seen=2460, role="writer")


OPERATOR = replace(PLANNER, agent_id=OPERATOR_ID, name=OPERATOR_NAME, role=OPERATOR_NAME)
