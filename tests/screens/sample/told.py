"""The sample's team where clients tell what they ask: backend's file and, without a pane, the translator's command."""

from collections.abc import Mapping
from typing import Any

from tests.screens.sample.agents import BACKEND, PLANNER, TRANSLATOR
from tests.screens.sample.clock import ago
from tests.screens.sample.filled import FILLED
from xats_tui.core.model.client_states import Dialog, DialogKind, DialogOption, Effect, StateSource, ToldState
from xats_tui.core.model.panes import PaneState
from xats_tui.core.records import replace

DIFF = """\
--- /work/shop/build.py
+++ /work/shop/build.py
@@ -1,3 +1,3 @@
 def clean(folder):
-    os.system("rm -rf " + folder)
+    shutil.rmtree(folder)
     return True"""

OPTIONS = (
    DialogOption(number=1, label="Yes", effect=Effect.ALLOW),
    DialogOption(number=2, label="Yes, and allow edits", effect=Effect.ALLOW_ALWAYS),
    DialogOption(number=3, label="No", effect=Effect.DENY),
)

EDIT = Dialog(
    id="d1",
    agent_id=BACKEND.agent_id,
    source="PermissionRequest hook",
    kind=DialogKind.PERMISSION,
    tool="Edit",
    subject="/work/shop/build.py",
    text=DIFF,
    options=OPTIONS,
    opened_at=ago(seconds=95),
)

APPROVAL = replace(
    EDIT,
    id="d2",
    agent_id=TRANSLATOR.agent_id,
    source="app-server approval",
    tool="Bash",
    subject="touch x",
    text="command: touch x",
    opened_at=ago(minutes=12),
)

QUESTION = replace(
    EDIT,
    kind=DialogKind.QUESTION,
    tool="",
    subject="Which colour?",
    text="Which colour?",
    options=(DialogOption(number=1, label="Something else", needs_typing=True),),
)

BUSY = ToldState(state=PaneState.BUSY, detail="busy", source=StateSource.SESSION_FILE, at=ago(seconds=30))

TOLD: Mapping[str, Mapping[str, Any]] = {
    BACKEND.agent_id: {"dialogs": (EDIT,)},
    TRANSLATOR.agent_id: {"dialogs": (APPROVAL,)},
    PLANNER.agent_id: {"told": BUSY},
}

TELLING = replace(FILLED, roster=tuple(replace(entry, **TOLD.get(entry.agent.agent_id, {})) for entry in FILLED.roster))
"""The filled snapshot with these dialogs and states."""
