"""Settings: which source wins, what is told of a bad value, and what is never shown."""

from pathlib import Path

import pytest

from xats_tui.runtime.settings import SECRET, InvalidSettings, load


def config_file(home: Path, text: str) -> Path:
    home.mkdir(exist_ok=True)
    path = home / "config.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_flags_come_before_the_environment_before_the_config_file_before_the_defaults(tmp_path: Path) -> None:
    path = config_file(tmp_path, "port = 1001\nquiet_ms = 1500\nheartbeat_ms = 5000\n")
    loaded = load({"home": str(tmp_path), "port": "1003"}, {"XATS_PORT": "1002", "XATS_QUIET_MS": "900"})
    settings = loaded.settings
    assert (settings.port, settings.quiet_ms, settings.heartbeat_ms, settings.cleanup_ms) == (
        1003,
        900,
        5000,
        3_600_000,
    )
    assert loaded.sources["port"] == "flag"
    assert loaded.sources["quiet_ms"] == "environment XATS_QUIET_MS"
    assert loaded.sources["heartbeat_ms"] == f"file {path}"
    assert loaded.sources["cleanup_ms"] == "default"


def test_a_flag_that_was_not_given_hides_nothing(tmp_path: Path) -> None:
    assert load({"home": tmp_path, "port": None}, {"XATS_PORT": "1002"}).settings.port == 1002


def test_the_files_lie_in_the_home_unless_they_are_put_elsewhere(tmp_path: Path) -> None:
    settings = load({"home": str(tmp_path), "db": str(tmp_path / "other.db")}, {}).settings
    assert settings.db_path == tmp_path / "other.db"
    assert settings.pid_path == tmp_path / "daemon.pid"
    assert settings.log_path == tmp_path / "xats-tui.log"
    assert settings.config_path == tmp_path / "config.toml"


def test_the_home_may_come_from_the_environment_and_its_config_file_is_read(tmp_path: Path) -> None:
    config_file(tmp_path, "port = 1001\n")
    assert load({}, {"XATS_HOME": str(tmp_path)}).settings.port == 1001


def test_a_relative_path_is_taken_from_the_working_directory_but_in_the_config_file_from_the_home(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    config_file(tmp_path / "home", 'db = "team.db"\n')
    settings = load({"home": "home", "pid_file": "here.pid"}, {}).settings
    assert settings.db_path == tmp_path / "home" / "team.db"
    assert settings.pid_path == tmp_path / "here.pid"


@pytest.mark.parametrize(
    ("flags", "environment", "sentence"),
    [
        ({"port": "abc"}, {}, "port must be a number from 0 to 65535, not 'abc' (from flag)"),
        ({"port": "65536"}, {}, "port must be a number from 0 to 65535, not '65536' (from flag)"),
        ({}, {"XATS_PORT": "-1"}, "port must be a number from 0 to 65535, not '-1' (from environment XATS_PORT)"),
        ({"quiet_ms": "soon"}, {}, "quiet_ms cannot be 'soon' (from flag): "),
        ({"host": "0.0.0.0"}, {}, "host 0.0.0.0 is reachable from other machines: set a token, or use 127.0.0.1"),
        ({"token": ""}, {}, f"token cannot be {SECRET} (from flag): "),
        ({"log_level": "loud"}, {}, "log_level cannot be 'LOUD' (from flag): "),
    ],
)
def test_a_bad_value_is_told_in_one_sentence_with_its_source(
    tmp_path: Path, flags: dict[str, str], environment: dict[str, str], sentence: str
) -> None:
    with pytest.raises(InvalidSettings) as refusal:
        load({"home": tmp_path, **flags}, environment)
    assert str(refusal.value).startswith(sentence)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("prot = 9100\n", "prot is not a setting (from file "),
        ("port = \n", "the config file "),
        ('home = "/elsewhere"\n', "home cannot be set in the config file "),
        ("token = 7\n", f"token cannot be {SECRET} (from file "),
    ],
)
def test_a_bad_config_file_is_told_in_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    config_file(tmp_path, text)
    with pytest.raises(InvalidSettings) as refusal:
        load({"home": tmp_path}, {})
    assert str(refusal.value).startswith(sentence)


def test_any_host_but_loopback_needs_a_token(tmp_path: Path) -> None:
    assert load({"home": tmp_path, "host": "0.0.0.0", "token": "s"}, {}).settings.host == "0.0.0.0"
    for loopback in ("127.0.0.1", "localhost", "::1", "127.8.8.8"):
        assert load({"home": tmp_path, "host": loopback}, {}).settings.token is None


@pytest.mark.parametrize(
    ("value", "milliseconds"),
    [("1e3", 1000), (" 50 ", 50), ("0", 2000), ("-5", 2000), ("1.5", 2000), ("abc", 2000), ("", 2000)],
)
def test_the_names_of_the_reference_count_where_it_would_have_taken_them(
    tmp_path: Path, value: str, milliseconds: int
) -> None:
    assert load({"home": tmp_path}, {"POKE_QUIET_MS": value}).settings.quiet_ms == milliseconds


@pytest.mark.parametrize("value", ["abc", "0", "-1", "0.5", "1e999", "nan", ""])
def test_w27_a_pause_of_retention_that_is_no_number_of_milliseconds_counts_as_not_set(
    tmp_path: Path, value: str
) -> None:
    assert load({"home": tmp_path}, {"CLEANUP_INTERVAL_MS": value}).settings.cleanup_ms == 3_600_000


@pytest.mark.parametrize("days", ["0", "-1", "36501", "soon"])
def test_mail_is_kept_for_a_day_at_least(tmp_path: Path, days: str) -> None:
    with pytest.raises(InvalidSettings, match=r"^retention_days cannot be"):
        load({"home": tmp_path}, {"XATS_RETENTION_DAYS": days})


def test_our_own_name_comes_before_that_of_the_reference(tmp_path: Path) -> None:
    assert load({"home": tmp_path}, {"POKE_QUIET_MS": "10", "XATS_QUIET_MS": "20"}).settings.quiet_ms == 20


def test_the_token_is_neither_shown_nor_passed_on_in_a_command_line(tmp_path: Path) -> None:
    loaded = load({"home": str(tmp_path), "token": "hush", "pid_file": str(tmp_path / "p")}, {})
    assert "hush" not in str(loaded.shown())
    assert loaded.as_flags() == ["--home", str(tmp_path), "--pid-file", str(tmp_path / "p")]


def test_tokens_are_listed_in_the_config_file_only_each_with_its_servers(tmp_path: Path) -> None:
    config_file(tmp_path, '[tokens]\nMINE = "ws://127.0.0.1:8799"\nOURS = ["wss://localhost:1", "unix:/run/x.sock"]\n')
    loaded = load({"home": str(tmp_path)}, {"XATS_TOKENS": "PATH"})

    assert loaded.settings.tokens == {
        "MINE": ("ws://127.0.0.1:8799",),
        "OURS": ("wss://localhost:1", "unix:/run/x.sock"),
    }
    assert ("tokens", "MINE, OURS", f"file {loaded.settings.config_path}") in loaded.shown()
    assert load({"home": str(tmp_path / "new")}, {}).settings.tokens == {}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('tokens = "CODEX_API_KEY"', "tokens cannot be 'CODEX_API_KEY'"),
        ('tokens = ["CODEX_API_KEY"]', "tokens cannot be"),
        ("[tokens]\nMINE = true", "tokens.MINE cannot be True"),
        ("[tokens]\nMINE = [1]", "tokens.MINE.0 cannot be 1"),
        ('[tokens]\nMINE = "*"', "'*' is not the URL of a Codex app-server, such as ws://127.0.0.1:8799"),
        ('[tokens]\n"A B" = "ws://localhost:1"', "'A B' is not a name for an environment variable"),
    ],
)
def test_a_list_of_tokens_that_means_nothing_is_told_in_one_sentence(tmp_path: Path, text: str, words: str) -> None:
    path = config_file(tmp_path, text)

    with pytest.raises(InvalidSettings) as told:
        load({"home": str(tmp_path)}, {})
    assert words in str(told.value) and f"(from file {path})" in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("name", "value", "meant"),
    [
        ("port", " 9101 ", 9101),
        ("port", 9101.0, 9101),
        ("query_token", "No", False),
        ("query_token", "1", True),
        ("log_level", "warning", "WARNING"),
        ("keys", {"back": "b", "quit": ["q", "Q"]}, {"back": ("b",), "quit": ("q", "Q")}),
    ],
)
def test_a_value_may_be_written_in_several_ways(tmp_path: Path, name: str, value: object, meant: object) -> None:
    assert getattr(load({"home": tmp_path, name: value}, {}).settings, name) == meant


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("port", True, "port must be a number from 0 to 65535, not True"),
        ("looks", 1.5, "looks cannot be 1.5 (from flag): it must be a whole number from 0 to 200"),
        ("looks", float("inf"), "looks cannot be inf (from flag): it must be a whole number from 0 to 200"),
        ("wake_ttl_ms", "0", "wake_ttl_ms cannot be '0' (from flag): it must be a whole number of at least 1"),
        ("host", 7, "host cannot be 7 (from flag): it must be a text, in quotes"),
        ("query_token", "perhaps", "query_token cannot be 'perhaps' (from flag): it must be true or false"),
        ("query_token", 1.0, "query_token cannot be 1.0 (from flag): it must be true or false"),
        ("alert", "loud", "alert cannot be 'loud' (from flag): it must be off, bell or tmux"),
        ("contracts_team", "x" * 65, f"contracts_team cannot be '{'x' * 65}' (from flag): it must have at most 64"),
        ("db", 7, "db cannot be 7 (from flag): it must be a path, in quotes"),
        ("db", "~no-such-user/x", "db cannot be '~no-such-user/x' (from flag): "),
        ("keys", {"back": 7}, "keys.back cannot be 7 (from flag): write the key in quotes, or several in a list"),
    ],
)
def test_the_sentence_about_a_bad_value_says_what_is_allowed(
    tmp_path: Path, name: str, value: object, problem: str
) -> None:
    with pytest.raises(InvalidSettings) as told:
        load({"home": tmp_path, name: value}, {})
    assert str(told.value).startswith(problem)
