"""The verbs that commands can ask for, by the names that they have on the wire."""

from collections.abc import Mapping

from xats_tui.backend.operator_api.base import Command
from xats_tui.backend.operator_api.changes import CHANGES
from xats_tui.backend.operator_api.dialogs import DIALOGS
from xats_tui.backend.operator_api.launching import LAUNCHES
from xats_tui.backend.operator_api.readings import READINGS
from xats_tui.backend.operator_api.reports import REPORTS
from xats_tui.backend.operator_api.searching import SEARCHES
from xats_tui.backend.operator_api.summaries import SUMMARIES

COMMANDS: Mapping[str, Command] = {
    command.name: command for command in (*READINGS, *SEARCHES, *SUMMARIES, *REPORTS, *DIALOGS, *CHANGES, *LAUNCHES)
}
