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
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Any

from xats_tui.core.setting_rules import Refused, Rule, one_of, path, table, text, whole_number, yes_or_no

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

RULE, DESCRIPTION = "rule", "description"
"""Keys of a setting's metadata."""

TOKEN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TOKEN_SERVER = re.compile(r"wss?://\S+|unix:/\S+")

milliseconds = whole_number(1, 86_400_000)


class InvalidSettings(Exception):
    """A setting has an unusable value; the text is one sentence that names the setting, its source and the rule."""


def _wrong_token(name: str, url: str) -> str:
    """Return what is wrong with a server that a variable's value may be sent to; empty if nothing is."""
    if not TOKEN_NAME.fullmatch(name):
        return f"{name!r} is not a name for an environment variable"
    if not TOKEN_SERVER.fullmatch(url):
        return f"{url!r} is not the URL of a Codex app-server, such as ws://127.0.0.1:8799"
    return ""


def _about(rule: Rule, description: str) -> Mapping[str, Any]:
    return {RULE: rule, DESCRIPTION: description}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The effective settings.  Times are in milliseconds, sizes in bytes."""

    home: Path = field(
        default=DEFAULT_HOME,
        metadata=_about(path, "Folder of the database, the pid file, the log and the configuration."),
    )
    host: str = field(
        default="127.0.0.1", metadata=_about(text(), "Address to listen on; any but loopback requires a token.")
    )
    port: int = field(
        default=9100,
        metadata=_about(
            whole_number(0, 65535),
            "Port to listen on; if the default is taken, any free port.  0 lets the system choose.",
        ),
    )
    token: str | None = field(
        default=None, metadata=_about(text(least=1), "Bearer secret that every client must present.")
    )
    query_token: bool = field(
        default=True,
        metadata=_about(
            yes_or_no, "Accept the token as `?token=` in the URL, too; false refuses it, because URLs end up in logs."
        ),
    )
    db: Path | None = field(default=None, metadata=_about(path, "The database file; data.db in the home unless set."))
    pid_file: Path | None = field(
        default=None, metadata=_about(path, "The pid file; daemon.pid in the home unless set.")
    )
    log_file: Path | None = field(
        default=None, metadata=_about(path, "The log file; xats-tui.log in the home unless set.")
    )
    log_level: str = field(
        default="INFO",
        metadata=_about(
            one_of("DEBUG", "INFO", "WARNING", "ERROR", ignoring_case=True), "DEBUG, INFO, WARNING or ERROR."
        ),
    )
    keep_alive_ms: int = field(
        default=120_000, metadata=_about(milliseconds, "Time to keep an idle HTTP connection open.")
    )
    heartbeat_ms: int = field(
        default=30_000, metadata=_about(milliseconds, "Time between heartbeats on the streams of registered agents.")
    )
    cleanup_ms: int = field(default=3_600_000, metadata=_about(milliseconds, "Time between two rounds of retention."))
    retention_days: int = field(
        default=30,
        metadata=_about(
            whole_number(1, 36_500), "Days to keep a message that was read; unread messages are never deleted."
        ),
    )
    looks: int = field(
        default=20,
        metadata=_about(
            whole_number(0, 200),
            "Screens to keep of each agent's pane, of those at which it came to rest; 0 keeps none and deletes "
            "those that were kept.",
        ),
    )
    quiet_ms: int = field(
        default=2_000,
        metadata=_about(
            milliseconds,
            "Time a pane must stay unchanged before a hint is typed; at most 500 if its screen can be read.",
        ),
    )
    wake_ttl_ms: int = field(
        default=86_400_000, metadata=_about(whole_number(1), "Time to try a wake before it expires.")
    )
    hint_budget: int = field(
        default=60,
        metadata=_about(
            whole_number(1, 10_000), "Hints an hour that lead to no new message; after that an agent gets no more."
        ),
    )
    body_limit: int = field(
        default=262_144, metadata=_about(whole_number(1024, 1_048_576), "Largest message body, in bytes of UTF-8.")
    )

    contracts: Path | None = field(
        default=None,
        metadata=_about(
            path, "Folder of NAME.schema.json or TEAM/NAME.schema.json files; saving one registers a version."
        ),
    )
    contracts_team: str = field(
        default="default", metadata=_about(text(least=1, most=64), "Team of the files directly in that folder.")
    )
    alert: str = field(
        default="off",
        metadata=_about(
            one_of("off", "bell", "tmux"), "Alert when an agent asks a question: off, bell, or tmux for a line in tmux."
        ),
    )
    away_minutes: int = field(
        default=10,
        metadata=_about(
            whole_number(0, 10_080),
            "Minutes without a key press after which the dashboard sums up what happened; 0 never does.",
        ),
    )

    tokens: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata=_about(
            table("it must be a URL in quotes, or several in a list", _wrong_token),
            "Table of the environment variables whose value may be sent to a Codex app-server as its token, each with "
            "the server's URL, or a list of them; no other variable is sent, and to no other server.",
        ),
    )

    keys: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict,
        metadata=_about(
            table("write the key in quotes, or several in a list"),
            "Table of actions of the dashboard, each with its key, or a list of keys; `?` shows them.",
        ),
    )

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


SETTINGS: Mapping[str, Mapping[str, Any]] = {one.name: one.metadata for one in fields(Settings)}
"""All settings by name, each with its rule and its description."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Settings with the source of each: `flag`, `environment NAME`, `file PATH` or `default`."""

    settings: Settings
    sources: Mapping[str, str]

    def shown(self) -> list[tuple[str, str | int, str]]:
        """Return rows of name, value and source for printing; secrets are masked."""
        chosen = {name: getattr(self.settings, name) for name in SETTINGS}
        values = {
            **{name: str(value) if isinstance(value, Path) else value for name, value in chosen.items()},
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
    sources = dict.fromkeys(SETTINGS, "default")
    for name, value in _config_file(config_path).items():
        values[name], sources[name] = value, f"file {config_path}"
    for name, (value, variable) in from_environment.items():
        values[name], sources[name] = value, f"environment {variable}"
    for name, value in given.items():
        values[name], sources[name] = value, "flag"
    return Loaded(settings=checked(values, sources), sources=sources)


def reloaded(loaded: Loaded) -> Loaded:
    """Load the settings again with the same flags and environment, but the current config file.

    Raises:
        InvalidSettings: a value cannot be used, or the config file cannot be read.
    """
    path = loaded.settings.config_path
    kept = {name for name, source in loaded.sources.items() if source == "flag" or source.startswith("environment ")}
    in_file = _config_file(path)
    values = {**in_file, **{name: getattr(loaded.settings, name) for name in kept}, "home": loaded.settings.home}
    sources = {name: loaded.sources[name] if name in kept else "default" for name in SETTINGS}
    sources.update({name: f"file {path}" for name in in_file if name not in kept})
    return Loaded(settings=checked(values, sources), sources={**sources, "home": loaded.sources["home"]})


def checked(values: Mapping[str, Any], sources: Mapping[str, str]) -> Settings:
    """Return the settings with these values, and defaults for the others.

    Raises:
        InvalidSettings: a value breaks its rule, or there is no such setting.
    """
    given = {"home": DEFAULT_HOME, **values}
    meant: dict[str, Any] = {}
    for name, setting in SETTINGS.items():
        if name in given:
            try:
                meant[name] = setting[RULE](given[name])
            except Refused as error:
                raise InvalidSettings(_sentence(name, error, sources)) from None
    if unknown := next((name for name in given if name not in SETTINGS), None):
        source = sources.get(unknown, "the config file")
        raise InvalidSettings(f"{unknown} is not a setting (from {source}); `xats-tui config` lists them")
    settings = Settings(**meant)
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
    for name in SETTINGS.keys() - set(FILE_ONLY):
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


def _sentence(name: str, refused: Refused, sources: Mapping[str, str]) -> str:
    source = sources.get(name, "the config file")
    if name == "port":
        return f"port must be a number from 0 to 65535, not {refused.value!r} (from {source})"
    value = SECRET if name == "token" else repr(refused.value)
    return f"{'.'.join((name, *refused.where))} cannot be {value} (from {source}): {refused.problem}"
