"""What commands may ask of the coordinator as the operator: a verb by name, its arguments, what it answers."""

from collections.abc import Mapping

from xats_tui.backend.operator_api.base import Verb
from xats_tui.backend.operator_api.changes import CHANGES
from xats_tui.backend.operator_api.launching import LAUNCHES
from xats_tui.backend.operator_api.readings import READINGS

VERBS: Mapping[str, Verb] = {verb.name: verb for verb in (*READINGS, *CHANGES, *LAUNCHES)}
"""All of them by name."""
