"""How each program is run without a network, and how a script gets it to its dialogs: one `Program` a client.

The files are those of somebody who has been asked everything that is asked on the first day.  Paths are below the home.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.real_agents.scenes import ASK_PERSON, ASK_SHELL, CLIENTS, PROMPT, READY


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the files of a program speak of."""

    home: Path
    project: Path
    port: int
    """Of the scripted model."""

    @property
    def openai(self) -> str:
        """Base URL for programs that speak OpenAI's dialects."""
        return f"http://127.0.0.1:{self.port}/v1"


def _no_files(world: World) -> Mapping[str, Any]:
    """For the clients whose files `Rig.configure` writes."""
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """Something that a program asks its person in a dialog."""

    prompt: str
    """Has the model open it."""
    shown: str
    """Text on the screen while it is open."""
    before: tuple[str, ...] = ()
    """Keys after which it asks at all."""
    own_answer: tuple[str, ...] = ()
    """Keys that lead from its options to the field for the person's own answer."""
    dismiss: tuple[str, ...] = ("Escape",)
    """Keys that end it without a yes, and take back those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A client's program on a machine without a network."""

    command: str
    arguments: str = ""
    packages: tuple[str, ...]
    """npm packages."""
    ready: str
    """Text on the screen after the start."""
    greetings: Mapping[str, str] = field(default_factory=dict)
    """Dialogs that may open at the start, and the key for each."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """Variables; `{port}` stands for the scripted model's, `{home}` for the home."""
    files: Callable[[World], Mapping[str, Any]] = _no_files
    """Its configuration without our server: JSON by path."""
    names_folder: bool = False
    """Its model names its folder when it registers: nothing else tells its windows apart."""
    before: tuple[str, ...] = ()
    """A command that it needs before the first start; placeholders as in `environment`."""
    permission: Asking
    """About a shell command."""
    question: Asking | None = None
    """Of its model; None if that cannot ask."""
    quit: str = ""
    """A command that ends it."""
    leave: tuple[str, ...] = ()
    """Keys that end it."""


CHOICE = '{"question":"Which one?","header":"Pick","options":[OPTIONS]}'.replace(
    "OPTIONS", '{"label":"A","description":"the first"},{"label":"B","description":"the second"}'
)

TEXT_FIELD = '{"question":"Which one?","header":"Pick","type":"text","placeholder":"name"}'
FORM = '{"properties":{"db":{"type":"string","title":"Name"}},"required":["db"]}'

SIGNED_IN = {"folderTrust": {"enabled": False}}
"""Part of the security settings of Gemini CLI and of what was made out of it."""


def _gemini(world: World) -> Mapping[str, Any]:
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, **SIGNED_IN},
        "general": {"enableAutoUpdate": False, "enableAutoUpdateNotification": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    return {".gemini/settings.json": settings}


def _qwen(world: World) -> Mapping[str, Any]:
    settings = {
        "security": {"auth": {"selectedType": "openai"}, **SIGNED_IN},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
        "telemetry": {"enabled": False},
        "model": {"name": "m1"},
        "tools": {"approvalMode": "default"},  # else a model judges each call
    }
    return {".qwen/settings.json": settings}


def _copilot(world: World) -> Mapping[str, Any]:
    return {".copilot/config.json": {"trusted_folders": [str(world.project)], "banner": "never"}}


def _pi(world: World) -> Mapping[str, Any]:
    local = {"baseUrl": world.openai, "api": "openai-completions", "apiKey": "x", "models": [{"id": "m1"}]}
    return {".pi/agent/models.json": {"providers": {"local": local}}}


def _droid(world: World) -> Mapping[str, Any]:
    model = {
        "model": "m1",
        "displayName": "Local",
        "baseUrl": world.openai,
        "apiKey": "x",
        "provider": "generic-chat-completion-api",
        "maxOutputTokens": 4000,
    }
    return {".factory/settings.json": {"customModels": [model]}}


def _kilo(world: World) -> Mapping[str, Any]:
    options = {"baseURL": world.openai, "apiKey": "x"}
    local = {"npm": "@ai-sdk/openai-compatible", "name": "local", "options": options, "models": {"m1": {"name": "m1"}}}
    asked = {"bash": "ask", "edit": "ask"}
    return {".config/kilo/kilo.json": {"model": "local/m1", "provider": {"local": local}, "permission": asked}}


NEWER = {
    "gemini": Program(
        command="gemini",
        quit="/quit",
        arguments="--model gemini-2.5-flash",
        packages=("@google/gemini-cli",),
        ready=r"Type your message",
        environment={"GEMINI_API_KEY": "dummy", "GOOGLE_GEMINI_BASE_URL": "http://127.0.0.1:{port}"},
        files=_gemini,
        permission=Asking(
            prompt='CALL run_shell_command {"command":"touch x","description":"x"}', shown="Allow execution"
        ),
        question=Asking(prompt=f'CALL ask_user {{"questions":[{TEXT_FIELD}]}}', shown="Answer Questions"),
    ),
    "qwen": Program(
        command="qwen",
        quit="/quit",
        packages=("@qwen-code/qwen-code",),
        ready=r"Type your message",
        environment={
            "OPENAI_API_KEY": "dummy",
            "OPENAI_BASE_URL": "http://127.0.0.1:{port}/v1",
            "OPENAI_MODEL": "m1",
        },
        files=_qwen,
        permission=Asking(
            prompt='CALL run_shell_command {"command":"touch x","description":"x","is_background":false}',
            shown="Waiting for user confirmation",
        ),
        question=Asking(
            prompt=f'CALL ask_user_question {{"questions":[{CHOICE[:-1]},"multiSelect":false}}]}}',
            shown="Waiting for user confirmation",
        ),
    ),
    "copilot": Program(
        command="copilot",
        quit="/exit",
        packages=("@github/copilot",),
        ready=r"/ commands",
        environment={
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": "http://127.0.0.1:{port}/v1",
            "COPILOT_PROVIDER_TYPE": "openai",
            "COPILOT_PROVIDER_API_KEY": "dummy",
            "COPILOT_MODEL": "gpt-5",
            "COPILOT_AUTO_UPDATE": "false",
        },
        files=_copilot,
        permission=Asking(prompt='CALL bash {"command":"touch x","description":"x"}', shown="Do you want to"),
        question=Asking(
            prompt=f'CALL ask_user {{"message":"Which one?","requestedSchema":{FORM}}}',
            shown="Copilot needs information",
        ),
    ),
    "pi": Program(
        command="pi",
        quit="/quit",
        arguments="--provider local --model m1",
        packages=("@earendil-works/pi-coding-agent",),
        ready=r"0\.0%/",
        environment={"PI_OFFLINE": "1"},
        files=_pi,
        # It asks about nothing, so a list stands for its dialogs.
        permission=Asking(prompt="/model", shown=r"\(\d+/\d+\)|Model Name"),
    ),
    "droid": Program(
        command="droid",
        quit="/quit",
        packages=("droid",),
        ready=r"\? for help",
        greetings={"Trust this folder": "Enter"},
        environment={
            "FACTORY_AIRGAP_ENABLED": "true",
            "FACTORY_DISABLE_KEYRING": "1",
            "FACTORY_DROID_AUTO_UPDATE_ENABLED": "false",
        },
        files=_droid,
        permission=Asking(
            prompt='CALL Execute {"command":"touch x","riskLevel":"low","riskLevelReason":"x"}',
            shown="Command to approve",
        ),
        question=Asking(
            prompt='CALL AskUser {"questionnaire":"1. [question] Which one?\\n[topic] DB\\n[option] pg\\n[option] my"}',
            shown="ESC stop agent",
            own_answer=("Down", "Down"),
        ),
    ),
    "kilo": Program(
        command="kilo",
        packages=("@kilocode/cli@7.7.7", "@kilocode/cli-linux-x64@7.7.7"),
        ready=r"ctrl\+p commands",
        environment={"KILO_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
        files=_kilo,
        leave=("C-c", "C-c", "C-d"),
        permission=Asking(
            prompt='CALL bash {"command":"touch x","description":"x"}',
            shown="Permission required",
            dismiss=("Escape", "Enter"),
        ),
        question=Asking(prompt=f'CALL question {{"questions":[{CHOICE}]}}', shown="dismiss"),
    ),
    "cline": Program(
        command="cline",
        quit="/exit",
        arguments="--tui",
        packages=("cline",),
        ready=r"What can I do for you|Ask anything",
        greetings={"any other key to close": "Escape"},
        names_folder=True,
        before=("cline", "auth", "-p", "openai", "-k", "dummy", "-m", "m1", "-b", "http://127.0.0.1:{port}/v1"),
        permission=Asking(
            prompt='CALL run_commands {"commands":["touch x"]}',
            shown="Cline needs permission",
            before=("BTab",),
            dismiss=("n", "BTab"),
        ),
        question=Asking(
            prompt='CALL ask_question {"question":"Which one?","options":["pg","my"]}',
            shown="Cline is asking",
            own_answer=("Down", "Down"),
        ),
    ),
}
"""The clients that manifests describe."""

_CODED_PACKAGES = {"claude-code": "@anthropic-ai/claude-code", "codex": "@openai/codex", "opencode": "opencode-ai"}

_CODED_ENDS = {"claude-code": ("C-c", "C-c", "C-c"), "codex": (), "opencode": ("C-c", "C-c", "C-d")}

PROGRAMS: Mapping[str, Program] = {
    **{
        client: Program(
            command=command,
            packages=(_CODED_PACKAGES[client],),
            ready=READY[client],
            permission=Asking(prompt=ASK_SHELL[client], shown=PROMPT[client]),
            question=Asking(prompt=ASK_PERSON[client], shown="to select|dismiss") if client in ASK_PERSON else None,
            quit="/quit" if client == "codex" else "",
            leave=_CODED_ENDS[client],
        )
        for client, command in CLIENTS.items()
    },
    **NEWER,
}
