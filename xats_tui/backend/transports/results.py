"""Results of deliveries that type nothing."""

from collections.abc import Mapping
from datetime import datetime

from xats_tui.core.model.wakes import UNCONFIRMED, DeliveryResult, WakeStage


def submitted(detail: str, at: datetime, seen_before: str = "") -> DeliveryResult:
    """Return the result of a hint that was taken, and that was sent at that time."""
    return _result(WakeStage.SUBMITTED, detail, seen_before=seen_before, times={WakeStage.SUBMITTED: at})


def not_taken(detail: str) -> DeliveryResult:
    """Return the result where nothing can come of a hint, or none was sent."""
    return _result(WakeStage.ATTEMPTED, detail)


def uncertain(detail: str) -> DeliveryResult:
    """Return the result of a hint that may be taken yet."""
    return _result(WakeStage.ATTEMPTED, f"{UNCONFIRMED}{detail}", uncertain=True)


def _result(
    step: WakeStage,
    detail: str,
    *,
    seen_before: str = "",
    times: Mapping[WakeStage, datetime] | None = None,
    uncertain: bool = False,
) -> DeliveryResult:
    return DeliveryResult(
        step=step,
        detail=detail,
        seen_before=seen_before,
        seen_after=detail,
        times=times or {},
        typed=False,
        uncertain=uncertain,
    )
