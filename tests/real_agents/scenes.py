"""Scenes to capture of each client: the steps to each one, and its state as a person sees it.

It knows keys and expectations; starting programs and writing files is for the scripts beside it.
"""

from dataclasses import dataclass
from typing import Any

LONG = "the first words of a draft that goes on and on " * 5 + "until it ends"
"""Wraps at every width up to 230 columns."""

CLIENTS = {"claude-code": "claude", "codex": "codex", "opencode": "opencode"}
"""The command of each client."""

READY = {"claude-code": r"^❯|Enter to confirm", "codex": r"shortcuts", "opencode": r"commands"}
"""Text on the screen after a client's start."""

ASK_SHELL = {
    "claude-code": 'CALL Bash {"command":"touch x","description":"x"}',
    "codex": 'CALL exec_command {"cmd":"touch x","sandbox_permissions":"require_escalated","justification":"x"}',
    "opencode": 'CALL bash {"command":"touch x","description":"x"}',
}
"""Makes the model ask for a shell command, which opens a permission prompt."""

ASK_FILE = {
    "claude-code": 'CALL Write {"file_path":"PROJECT/new.txt","content":"one\\ntwo\\n"}',
    "opencode": 'CALL write {"filePath":"PROJECT/new.txt","content":"one\\ntwo\\n"}',
}

_QUESTION = (
    '{"questions":[{"question":"Which one?","header":"Pick",MULTI"options":'
    '[{"label":"A","description":"the first"},{"label":"B","description":"the second"}]}]}'
)
ASK_PERSON = {
    "claude-code": "CALL AskUserQuestion " + _QUESTION.replace("MULTI", '"multiSelect":false,'),
    "opencode": "CALL question " + _QUESTION.replace("MULTI", ""),
}

PROMPT = {
    "claude-code": r"Do you want to proceed",
    "codex": r"Would you like to run",
    "opencode": r"Permission required",
}
"""Text on the screen while that prompt is open."""

ANSWERED = {"claude-code": "^● hello", "codex": "^• hello", "opencode": r"· m1 · [0-9.]+m?s"}
"""Text on the screen after the model's answer."""

ANSWERED_TWICE = {"claude-code": "^● DONE", "codex": "^• DONE", "opencode": r"m1 · [0-9.]+m?s(.|\n)*m1 · [0-9.]+m?s"}

BUSY = {"claude-code": "esc to interrupt|…", "codex": "esc to interrupt", "opencode": "esc interrupt"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One screen: what to do to get there from an idle client, what it shows, how to get back."""

    name: str
    state: str
    """State as a person sees it; `not idle` if several states are acceptable."""
    type: str = ""
    paste: str = ""
    submit: str = ""
    press: tuple[str, ...] = ()
    wait_for: str = ""
    """Instead of a quiet screen: the model is at work."""
    composer: str | None = None
    """The text in the input line, white space aside; None where it does not matter."""
    undo: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """Size and colours with which a client is started."""

    name: str
    width: int
    height: int
    options: dict[str, Any]


def everyday(client: str) -> list[Scene]:
    """The states that every size and theme is captured in."""
    clear = ("C-c",)
    return [
        Scene(name="fresh", state="idle", composer=""),
        Scene(name="one-character", state="draft", type="x", composer="x", undo=clear),
        Scene(name="wrapped", state="draft", type=LONG, wait_for="ends", composer=LONG, undo=clear),
        Scene(name="spaces", state="draft", type="   ", composer="", undo=clear),
        Scene(name="two-lines", state="draft", paste="one\ntwo", composer="one two", undo=clear),
        Scene(name="idle", state="idle", submit="SAY hello from the model", wait_for=ANSWERED[client], composer=""),
        Scene(name="busy", state="busy", submit="WAIT 5", wait_for=BUSY[client]),
        Scene(
            name="busy-draft",
            state="draft",
            type="half a thought",
            wait_for="half",
            composer="half a thought",
            undo=("C-u",),
        ),
        Scene(name="after-busy", state="idle", wait_for=ANSWERED_TWICE[client], composer=""),
        Scene(name="dialog", state="dialog", submit=ASK_SHELL[client], wait_for=PROMPT[client], undo=("Escape",)),
        Scene(name="refused", state="idle", composer=""),
    ]


def unusual(client: str) -> list[Scene]:
    """The states that are captured once."""
    return {"claude-code": _claude_code, "codex": _codex, "opencode": _opencode}[client]()


def _drawing(client: str) -> list[Scene]:
    return [
        Scene(name="drawing", state="idle", submit="!cat drawing.txt", composer=""),
        Scene(name="answered", state="idle", submit="SAY more", wait_for=r"^ *[●•]? *more", composer=""),
        Scene(
            name="drawing-dialog",
            state="dialog",
            submit=ASK_SHELL[client],
            wait_for=PROMPT[client],
            undo=("Escape",),
        ),
        Scene(name="drawing-draft", state="draft", type="y", composer="y", undo=("C-c",)),
    ]


def _claude_code() -> list[Scene]:
    client, clear, escape = "claude-code", ("C-c",), ("Escape",)
    return [
        Scene(name="home", state="draft", type="hello", press=("Home",), composer="hello", undo=("End", "C-u")),
        Scene(name="spaces-home", state="not idle", type="   ", press=("Home",), undo=("End", "C-u")),
        Scene(name="like-placeholder", state="draft", type='Try "fix lint errors"', undo=clear),
        Scene(name="newline", state="draft", type="\\", press=("Enter",), undo=clear),
        Scene(name="pasted", state="draft", paste="\n".join("abcdefghijkl"), undo=clear),
        Scene(name="shell", state="draft", type="!", composer=""),
        Scene(name="shell-draft", state="draft", type="ls", composer="ls", undo=(*clear, "BSpace")),
        Scene(name="files", state="draft", type="@", composer="@", undo=clear),
        Scene(name="commands", state="draft", type="/mo", composer="/mo", undo=clear),
        Scene(name="help", state="not idle", type="?", undo=("BSpace",)),
        Scene(name="accept-edits", state="idle", press=("BTab",), composer=""),
        Scene(name="plan", state="idle", press=("BTab",), composer=""),
        Scene(name="plan-draft", state="draft", type="draft", composer="draft", undo=("C-c", "BTab", "BTab")),
        Scene(name="transcript", state="not idle", press=("C-o",), undo=("C-o",)),
        Scene(name="search", state="dialog", press=("C-r",), undo=escape),
        Scene(name="stash", state="idle", type="stashed", press=("C-s",), composer="", undo=("C-s", "C-c")),
        Scene(name="leaving", state="not idle", press=("C-c",), wait_for="again to exit", undo=("Escape",)),
        *_drawing(client),
        Scene(name="file", state="dialog", submit=ASK_FILE[client], wait_for="Do you want", undo=escape),
        Scene(name="question", state="dialog", submit=ASK_PERSON[client], wait_for="to select"),
        Scene(name="question-own", state="dialog", press=("Down", "Down")),
        Scene(name="question-typed", state="dialog", type="my own", undo=escape),
        Scene(name="model", state="dialog", submit="/model", undo=escape),
        Scene(name="resume", state="dialog", submit="/resume", wait_for="to cancel", undo=escape),
        Scene(name="settings", state="dialog", submit="/config", undo=("Escape", "Escape")),
        Scene(name="rewind", state="dialog", press=("Escape", "Escape"), undo=escape),
        Scene(name="renamed", state="idle", submit="/rename my session", composer=""),
        Scene(
            name="background",
            state="idle",
            submit='CALL Bash {"command":"sleep 600","description":"x","run_in_background":true}',
            wait_for="1 shell",
            composer="",
        ),
        Scene(name="queued", state="busy", submit="WAIT 8", type="SAY more", press=("Enter",), wait_for="Press up"),
        Scene(name="after-queue", state="idle", wait_for="^● more", composer=""),
        Scene(name="agents", state="not idle", press=("Left",)),
    ]


def _codex() -> list[Scene]:
    client, clear, escape = "codex", ("C-c",), ("Escape",)
    return [
        Scene(name="home", state="draft", type="hello", press=("Home",), composer="hello", undo=clear),
        Scene(name="spaces-home", state="draft", type="   ", press=("Home",), undo=clear),
        Scene(name="like-placeholder", state="draft", type="Ask Codex to do anything", press=("Home",), undo=clear),
        Scene(name="pasted", state="draft", paste="words and more words\n" * 60, undo=clear),
        Scene(name="help", state="not idle", type="?", undo=escape),
        Scene(name="shell", state="draft", type="!", composer=""),
        Scene(name="shell-draft", state="draft", type="ls", composer="ls", undo=(*clear, "BSpace", "Escape")),
        Scene(name="files", state="draft", type="@", composer="@", undo=("Escape", "BSpace")),
        Scene(name="commands", state="draft", type="/mo", composer="/mo", undo=("Escape", "C-c")),
        Scene(name="find", state="dialog", press=("F3",), undo=escape),
        Scene(name="search", state="dialog", press=("C-r",), undo=escape),
        Scene(name="warnings", state="dialog", press=("F2",), undo=escape),
        Scene(name="model", state="dialog", submit="/model", undo=escape),
        Scene(name="permissions", state="dialog", submit="/permissions", undo=escape),
        Scene(name="theme", state="dialog", submit="/theme", undo=escape),
        Scene(name="status", state="idle", submit="/status", composer=""),
        Scene(name="vim", state="idle", submit="/vim", composer=""),
        Scene(name="vim-off", state="idle", submit="/vim", composer=""),
        Scene(name="plan", state="idle", press=("BTab",), composer="", undo=("BTab",)),
        *_drawing(client),
        Scene(name="transcript", state="not idle", press=("Escape", "Escape"), undo=escape),
        Scene(name="queued", state="busy", submit="WAIT 8", type="SAY more", press=("Enter",), wait_for="Messages to"),
        Scene(name="after-queue", state="idle", wait_for="^• more", composer=""),
        Scene(name="resume", state="dialog", submit="/resume", wait_for="previous session", undo=escape),
    ]


def _opencode() -> list[Scene]:
    client, clear, escape = "opencode", ("C-c",), ("Escape",)
    return [
        Scene(name="home", state="draft", type="hello", press=("Home",), composer="hello", undo=clear),
        Scene(name="spaces-home", state="draft", type="   ", press=("Home",), undo=clear),
        Scene(name="like-placeholder", state="draft", type='Ask anything… "Fix it"', press=("Home",), undo=clear),
        Scene(name="pasted", state="draft", paste="\n".join("abcdefghijkl"), undo=clear),
        Scene(name="shell", state="draft", type="!", composer=""),
        Scene(name="shell-draft", state="draft", type="ls", composer="ls", undo=("C-u", "Escape")),
        Scene(name="files", state="draft", type="@", composer="@", undo=("Escape", "BSpace")),
        Scene(name="commands", state="draft", type="/mo", composer="/mo", undo=("C-u",)),
        Scene(name="palette", state="dialog", press=("C-p",), undo=escape),
        Scene(name="sessions", state="dialog", press=("C-x", "l"), undo=escape),
        Scene(name="model", state="dialog", press=("C-x", "m"), undo=escape),
        Scene(name="status", state="dialog", press=("C-x", "s"), undo=escape),
        Scene(name="plan", state="idle", press=("Tab",), composer="", undo=("Tab",)),
        *_drawing(client),
        Scene(name="file", state="dialog", submit=ASK_FILE[client], wait_for="Permission required"),
        Scene(name="always", state="dialog", press=("Right",), wait_for="Permission required", undo=escape),
        Scene(name="question", state="dialog", submit=ASK_PERSON[client], wait_for="dismiss"),
        Scene(name="question-own", state="dialog", press=("Down", "Down", "Enter"), wait_for="dismiss"),
        Scene(name="question-typed", state="dialog", type="mine", wait_for="mine", undo=("Escape", "Escape")),
        Scene(name="queued", state="busy", submit="WAIT 8", type="SAY more", press=("Enter",), wait_for="QUEUED"),
        Scene(name="interrupting", state="busy", press=escape, wait_for="esc again"),
    ]


EVERYDAY_LOOKS = {
    "claude-code": [
        Look(name="60", width=60, height=20, options={}),
        Look(name="80", width=80, height=24, options={}),
        Look(name="120", width=120, height=35, options={}),
        Look(name="200", width=200, height=50, options={}),
        Look(name="light", width=90, height=24, options={"theme": "light"}),
        Look(name="ansi", width=90, height=24, options={"theme": "dark-ansi"}),
        Look(name="colourless", width=90, height=24, options={"environment": {"NO_COLOR": "1"}}),
        Look(name="truecolor", width=90, height=24, options={"environment": {"COLORTERM": "truecolor"}}),
        Look(name="fullscreen", width=100, height=24, options={"environment": {"CLAUDE_CODE_NO_FLICKER": "1"}}),
    ],
    "codex": [
        Look(name="60", width=60, height=20, options={}),
        Look(name="80", width=80, height=24, options={}),
        Look(name="120", width=120, height=35, options={}),
        Look(name="200", width=200, height=50, options={}),
        Look(name="colourless", width=90, height=24, options={"environment": {"NO_COLOR": "1"}}),
        Look(name="truecolor", width=90, height=24, options={"environment": {"COLORTERM": "truecolor"}}),
        Look(name="inline", width=90, height=24, options={"arguments": "--no-alt-screen"}),
    ],
    "opencode": [
        Look(name="60", width=60, height=20, options={}),
        Look(name="80", width=80, height=24, options={}),
        Look(name="120", width=120, height=35, options={}),
        Look(name="200", width=200, height=50, options={}),
        Look(name="github", width=90, height=24, options={"theme": "github"}),
        Look(name="system", width=90, height=24, options={"theme": "system"}),
        Look(name="colourless", width=90, height=24, options={"environment": {"NO_COLOR": "1"}}),
        Look(name="truecolor", width=90, height=24, options={"environment": {"COLORTERM": "truecolor"}}),
    ],
}

UNUSUAL_LOOK = Look(name="100", width=100, height=30, options={})
