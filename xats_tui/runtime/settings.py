"""All settings of the program, with the source of each.

Flags override the environment, the environment overrides the config file, the file overrides the defaults.  Settings
are
frozen: a change makes a new object.
"""

import ipaddress
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

DEFAULT_HOME = Path("~/.xats-tui")
CONFIG_NAME = "config.toml"
SECRET = "(set, not shown)"

LEGACY_ENVIRONMENT = {
    "keep_alive_ms": "KEEP_ALIVE_TIMEOUT_MS",
    "heartbeat_ms": "HEARTBEAT_INTERVAL_MS",
    "cleanup_ms": "CLEANUP_INTERVAL_MS",
    "quiet_ms": "POKE_QUIET_MS",
}
"""Variables of cross-agent-teams-mcp, read after our own `XATS_…`; values that it would ignore are ignored here, too.
"""

PATHS = ("home", "db", "pid_file", "log_file", "contracts")
"""Settings that are paths; a relative path starts at the working directory, in the config file at the home."""

FILE_ONLY = ("tokens", "keys")
"""Settings that are tables: they have neither a flag nor a variable."""

TOKEN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TOKEN_SERVER = re.compile(r"wss?://\S+|unix:/\S+")

Milliseconds = Annotated[int, Field(gt=0, le=86_400_000)]


class InvalidSettings(Exception):
    """A setting has an unusable value; the text is one sentence that names the setting, its source and the rule."""


class Settings(BaseModel):
    """The effective settings.  Times are in milliseconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)

    home: Path = Field(
        default=DEFAULT_HOME, description="Folder of the database, the pid file, the log and the configuration."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on; any but loopback requires a token.")
    port: int = Field(
        default=9100,
        ge=0,
        le=65535,
        description="Port to listen on; if the default is taken, any free port.  0 lets the system choose.",
    )
    token: str | None = Field(default=None, min_length=1, description="Bearer secret that every client must present.")
    query_token: bool = Field(
        default=True,
        description="Accept the token as `?token=` in the URL, too; false refuses it, because URLs end up in logs.",
    )
    db: Path | None = Field(default=None, description="The database file; data.db in the home unless set.")
    pid_file: Path | None = Field(default=None, description="The pid file; daemon.pid in the home unless set.")
    log_file: Path | None = Field(default=None, description="The log file; xats-tui.log in the home unless set.")
    log_level: str = Field(
        default="INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )
    keep_alive_ms: Milliseconds = Field(default=120_000, description="Time to keep an idle HTTP connection open.")
    heartbeat_ms: Milliseconds = Field(
        default=30_000, description="Time between heartbeats on the streams of registered agents."
    )
    cleanup_ms: Milliseconds = Field(default=3_600_000, description="Time between two rounds of retention.")
    retention_days: int = Field(
        default=30,
        ge=1,
        le=36_500,
        description="Days to keep a message that was read; unread messages are never deleted.",
    )
    looks: int = Field(
        default=20,
        ge=0,
        le=200,
        description="Screens to keep of each agent's pane, of those at which it came to rest; 0 keeps none and deletes "
        "those that were kept.",
    )
    quiet_ms: Milliseconds = Field(
        default=2_000,
        description="Time a pane must stay unchanged before a hint is typed; at most 500 if its screen can be read.",
    )
    wake_ttl_ms: int = Field(default=86_400_000, gt=0, description="Time to try a wake before it expires.")
    hint_budget: int = Field(
        default=60,
        ge=1,
        le=10_000,
        description="Hints an hour that lead to no new message; after that an agent gets no more.",
    )
    body_limit: int = Field(
        default=262_144, ge=1024, le=1_048_576, description="Largest message body, in bytes of UTF-8."
    )

    contracts: Path | None = Field(
        default=None,
        description="Folder of NAME.schema.json or TEAM/NAME.schema.json files; saving one registers a version.",
    )
    contracts_team: str = Field(
        default="default", min_length=1, max_length=64, description="Team of the files directly in that folder."
    )
    alert: str = Field(
        default="off",
        pattern="^(off|bell|tmux)$",
        description="Alert when an agent asks a question: off, bell, or tmux for a line in tmux.",
    )
    away_minutes: int = Field(
        default=10,
        ge=0,
        le=10_080,
        description="Minutes without a key press after which the dashboard sums up what happened; 0 never does.",
    )

    tokens: Mapping[str, tuple[str, ...]] = Field(
        default={},
        description=(
            "Table of the environment variables whose value may be sent to a Codex app-server as its token, each with "
            "the server's URL, or a list of them; no other variable is sent, and to no other server."
        ),
    )

    keys: Mapping[str, tuple[str, ...]] = Field(
        default={},
        description="Table of actions of the dashboard, each with its key, or a list of keys; `?` shows them.",
    )

    @field_validator(*FILE_ONLY, mode="before")
    @classmethod
    def _take_one_as_a_list(cls, table: object) -> object:
        if not isinstance(table, dict):
            return table
        return {name: (value,) if isinstance(value, str) else value for name, value in table.items()}

    @field_validator("tokens", mode="after")
    @classmethod
    def _check_tokens(cls, tokens: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
        for name, urls in tokens.items():
            if not TOKEN_NAME.fullmatch(name):
                raise ValueError(f"{name!r} is not a name for an environment variable")
            if wrong := [url for url in urls if not TOKEN_SERVER.fullmatch(url)]:
                raise ValueError(f"{wrong[0]!r} is not the URL of a Codex app-server, such as ws://127.0.0.1:8799")
        return tokens

    @field_validator("log_level", mode="before")
    @classmethod
    def _ignore_case(cls, level: object) -> object:
        return level.upper() if isinstance(level, str) else level

    @field_validator(*PATHS, mode="after")
    @classmethod
    def _expand_home(cls, path: Path | None) -> Path | None:
        return path.expanduser().absolute() if path else None

    @property
    def db_path(self) -> Path:
        """Path of the database file."""
        return self.db or self.home / "data.db"

    @property
    def pid_path(self) -> Path:
        """Path of the pid file."""
        return self.pid_file or self.home / "daemon.pid"

    @property
    def operator_token_path(self) -> Path:
        """Path of the file with the operator's credential."""
        return self.home / "operator.token"

    @property
    def proof_key_path(self) -> Path:
        """Path of the key with which the coordinator proves to bridges and commands that it belongs to this home."""
        return self.home / "coordinator.key"

    @property
    def extensions_path(self) -> Path:
        """Path of the folder with the sockets of clients' extensions."""
        return self.home / "extensions"

    @property
    def log_path(self) -> Path:
        """Path of the log file."""
        return self.log_file or self.home / "xats-tui.log"

    @property
    def config_path(self) -> Path:
        """Path of the config file."""
        return self.home / CONFIG_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings with the source of each: `flag`, `environment NAME`, `file PATH` or `default`."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self) -> list[tuple[str, str | int, str]]:
        """Return rows of name, value and source for printing; secrets are masked."""
        values = {
            **self.settings.model_dump(mode="json"),
            "db": str(self.settings.db_path),
            "pid_file": str(self.settings.pid_path),
            "log_file": str(self.settings.log_path),
            "token": SECRET if self.settings.token else "(none)",
            "tokens": ", ".join(self.settings.tokens) or "(none)",
            "keys": ", ".join(f"{action} {' '.join(keys)}" for action, keys in self.settings.keys.items()) or "(none)",
        }
        return [(name, value, self.sources[name]) for name, value in values.items()]

    def is_explicit(self, name: str) -> bool:
        """Return whether somebody chose the value of this setting."""
        return self.sources[name] != "default"

    def as_flags(self) -> list[str]:
        """Return the flags that give a child process the same settings, whatever its working directory."""
        # Without the token, which every user could read in the child's argv; with paths of the environment, because
        # they may be relative.
        given = [
            name
            for name, source in self.sources.items()
            if (source == "flag" and name != "token") or (name in PATHS and source.startswith("environment "))
        ]
        return [part for name in given for part in (flag_of(name), str(getattr(self.settings, name)))]


def flag_of(name: str) -> str:
    """Return the command line flag of a setting: `--pid-file`."""
    return "--" + name.replace("_", "-")


def load(flags: Mapping[str, Any], environment: Mapping[str, str] = os.environ) -> Loaded:
    """Load settings from all sources; a flag whose value is None was not given.

    Raises:
        InvalidSettings: a value cannot be used, or the config file cannot be read.
    """
    given = {name: value for name, value in flags.items() if value is not None}
    from_environment = _environment(environment)
    home = given.get("home") or from_environment.get("home", (DEFAULT_HOME, ""))[0]
    config_path = Path(str(home)).expanduser() / CONFIG_NAME
    values: dict[str, Any] = {}
    sources = dict.fromkeys(Settings.model_fields, "default")
    for name, value in _config_file(config_path).items():
        values[name], sources[name] = value, f"file {config_path}"
    for name, (value, variable) in from_environment.items():
        values[name], sources[name] = value, f"environment {variable}"
    for name, value in given.items():
        values[name], sources[name] = value, "flag"
    return Loaded(settings=_validated(values, sources), sources=sources)


def reloaded(loaded: Loaded) -> Loaded:
    """Load the settings again with the same flags and environment, but the current config file.

    Raises:
        InvalidSettings: a value cannot be used, or the config file cannot be read.
    """
    path = loaded.settings.config_path
    kept = {name for name, source in loaded.sources.items() if source == "flag" or source.startswith("environment ")}
    in_file = _config_file(path)
    values = {**in_file, **{name: getattr(loaded.settings, name) for name in kept}, "home": loaded.settings.home}
    sources = {name: loaded.sources[name] if name in kept else "default" for name in Settings.model_fields}
    sources.update({name: f"file {path}" for name in in_file if name not in kept})
    return Loaded(settings=_validated(values, sources), sources={**sources, "home": loaded.sources["home"]})


def _validated(values: Mapping[str, Any], sources: Mapping[str, str]) -> Settings:
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise InvalidSettings(_sentence(error, sources)) from None
    if settings.token is None and not is_loopback(settings.host):
        raise InvalidSettings(f"host {settings.host} is reachable from other machines: set a token, or use 127.0.0.1")
    return settings


@lru_cache(maxsize=16)  # asked for each request
def is_loopback(host: str) -> bool:
    """Return whether an address can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _environment(environment: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    found = {}
    for name in Settings.model_fields.keys() - set(FILE_ONLY):
        variable = f"XATS_{name.upper()}"
        if environment.get(variable):
            found[name] = (environment[variable], variable)
        elif (legacy := LEGACY_ENVIRONMENT.get(name)) and _is_positive_integer(environment.get(legacy, "")):
            found[name] = (str(int(float(environment[legacy]))), legacy)
    return found


def _is_positive_integer(text: str) -> bool:
    try:
        return float(text).is_integer() and float(text) > 0
    except (ValueError, OverflowError):
        return False


def _config_file(path: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise InvalidSettings(f"the config file {path} cannot be read: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidSettings(f"the config file {path} cannot be read: {error}") from None
    if "home" in values:
        raise InvalidSettings(
            f"home cannot be set in the config file {path}, which lies in it: use --home or XATS_HOME"
        )
    for name in PATHS:
        if isinstance(value := values.get(name), str):
            values[name] = path.parent / Path(value).expanduser()
    return values


def _sentence(error: ValidationError, sources: Mapping[str, str]) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"])
    source = sources.get(str(first["loc"][0]), "the config file")
    if first["type"] == "extra_forbidden":
        return f"{name} is not a setting (from {source}); `xats-tui config` lists them"
    if name == "port":
        return f"port must be a number from 0 to 65535, not {first['input']!r} (from {source})"
    problem = first["msg"].removeprefix("Value error, ")
    if first["loc"][0] == "keys":
        problem = "write the key in quotes, or several in a list"
    value = SECRET if name == "token" else repr(first["input"])
    return f"{name} cannot be {value} (from {source}): {problem[0].lower()}{problem[1:]}"
