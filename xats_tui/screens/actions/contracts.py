"""Actions on contracts: list versions, show the whole schema."""

from xats_tui.core.model.contracts import ContractSummary
from xats_tui.screens.actions.action import Action, modes
from xats_tui.screens.actions.situation import Situation, needs_row
from xats_tui.screens.modes.places import Mode


def _needs_versions(situation: Situation) -> str | None:
    summary = situation.target
    if not isinstance(summary, ContractSummary):
        return needs_row(situation) or "it is gone"
    return None if len(summary.versions) > 1 else "it has only one version"


CONTRACT_ACTIONS = (
    Action(
        id="versions",
        key="v",
        shown_key="v",
        title="versions",
        help="List every version of this contract, or only the latest; mark two versions to compare them.",
        modes=modes(Mode.CONTRACTS),
        why_not=_needs_versions,
    ),
    Action(
        id="whole_schema",
        key="w",
        shown_key="w",
        title="whole or diff",
        help="Show the whole schema of this version, or its differences from the version before.",
        modes=modes(Mode.CONTRACTS),
        why_not=_needs_versions,
    ),
)
