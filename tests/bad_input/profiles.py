"""Number of examples: few fixed ones under `make test`, many new ones under `make stress`."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

QUICK = settings(
    max_examples=25, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck)
)
THOROUGH = settings(max_examples=1500, database=None, deadline=None, suppress_health_check=list(HealthCheck))

THOROUGH_TIMEOUT = 900
"""Seconds for one thorough test."""


def thorough(test: Callable[..., Any]) -> Callable[..., Any]:
    """A test of many examples."""
    marked: Callable[..., Any] = pytest.mark.slow(pytest.mark.timeout(THOROUGH_TIMEOUT)(THOROUGH(test)))
    return marked
