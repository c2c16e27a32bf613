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
    asking: tuple[str, ...] = ()
    """Keys after which it asks about shell commands, and again does not."""
    ask_shell: str = ""
    """Has the model ask for a shell command; empty if nobody is asked."""
    prompt: str = ""
    """Text on the screen while it asks."""
    ask_person: str = ""
    """Has the model ask its person a question; empty if it cannot."""
    question: str = ""
    """Text on the screen while it waits for the answer."""
    refuse: tuple[str, ...] = ("Escape",)
    """Keys that refuse the shell command."""
    dismiss: tuple[str, ...] = ("Escape",)
    """Keys that dismiss the question."""
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
        ask_shell='CALL run_shell_command {"command":"touch x","description":"x"}',
        prompt="Allow execution",
        ask_person=f'CALL ask_user {{"questions":[{TEXT_FIELD}]}}',
        question="Answer Questions",
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
        ask_shell='CALL run_shell_command {"command":"touch x","description":"x","is_background":false}',
        prompt="Waiting for user confirmation",
        ask_person=f'CALL ask_user_question {{"questions":[{CHOICE[:-1]},"multiSelect":false}}]}}',
        question="Waiting for user confirmation",
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
        ask_shell='CALL bash {"command":"touch x","description":"x"}',
        prompt="Do you want to",
        ask_person=f'CALL ask_user {{"message":"Which one?","requestedSchema":{FORM}}}',
        question="Copilot needs information",
    ),
    "pi": Program(
        command="pi",
        quit="/quit",
        arguments="--provider local --model m1",
        packages=("@earendil-works/pi-coding-agent",),
        ready=r"0\.0%/",
        environment={"PI_OFFLINE": "1"},
        files=_pi,
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
        ask_shell='CALL Execute {"command":"touch x","riskLevel":"low","riskLevelReason":"x"}',
        prompt="Command to approve",
        ask_person='CALL AskUser {"questionnaire":"1. [question] Which one?\\n[topic] DB\\n[option] pg\\n[option] my"}',
        question="Submit answer|to select",
    ),
    "kilo": Program(
        command="kilo",
        packages=("@kilocode/cli@7.7.7", "@kilocode/cli-linux-x64@7.7.7"),
        ready=r"ctrl\+p commands",
        environment={"KILO_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_AUTOUPDATE": "1"},
        files=_kilo,
        ask_shell='CALL bash {"command":"touch x","description":"x"}',
        prompt="Permission required",
        ask_person=f'CALL question {{"questions":[{CHOICE}]}}',
        question="dismiss",
        refuse=("Escape", "Enter"),
        leave=("C-c", "C-c", "C-d"),
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
        asking=("BTab",),
        ask_shell='CALL run_commands {"commands":["touch x"]}',
        prompt="Cline needs permission",
        refuse=("n",),
        ask_person='CALL ask_question {"question":"Which one?","options":["pg","my"]}',
        question="Cline is asking",
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
            ask_shell=ASK_SHELL[client],
            prompt=PROMPT[client],
            ask_person=ASK_PERSON.get(client, ""),
            question="to select|dismiss",
            quit="/quit" if client == "codex" else "",
            leave=_CODED_ENDS[client],
        )
        for client, command in CLIENTS.items()
    },
    **NEWER,
}
