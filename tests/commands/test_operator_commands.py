"""Operator commands for scripts: queries, changes, and access."""

import asyncio
import json
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
import pytest_asyncio

from tests.commands.operating import Ran, Scene, knock, run
from tests.commands.processes import clean_environment, daemon
from tests.conftest import Sql
from tests.mcp_caller import Caller, callers
from tests.patience import PATIENCE
from tests.tmux_server import short_folder, tmux_server
from xats_tui.backend.coordinator import Coordinator
from xats_tui.runtime import pid_file
from xats_tui.runtime.coordinator_proof import proof
from xats_tui.runtime.settings import Settings

pytestmark = [pytest.mark.tmux, pytest.mark.asyncio(loop_scope="module")]

TOKEN = "agents have this one"
SECRET = "the operator has this one"

EVIL = "\x1b[31mred\x1b[0m\x07"
"""Text with control sequences for a terminal."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene() -> AsyncIterator[Scene]:
    """A coordinator as a process, alice and bob in red, another bob in blue; bob has written to alice."""
    with short_folder() as home, tmux_server(home) as tmux:
        pane = await tmux.stand_in("alice")
        with daemon(home, "--quiet-ms", "150", "--token", TOKEN) as (_, port):
            async with callers() as connect:
                url = f"http://127.0.0.1:{port}/mcp?token={TOKEN}"
                alice, bob, namesake = [await connect(url) for _ in range(3)]
                await alice.register("alice", team="red", role="builder")
                await alice.call("bind_runtime_identity", agent="custom", ui_pid=pane.pid, process_pattern="stand_in")
                await bob.register("bob", team="red")
                await namesake.register("bob", team="blue")
                await bob.call("send_message", to_agent_name="alice", body=f"look {EVIL}", subject="first")
                yield Scene(
                    home=home,
                    port=port,
                    tmux=tmux,
                    alice=alice,
                    pane=pane.pane_id,
                    bob=bob,
                    namesake=namesake,
                )


@asynccontextmanager
async def team(settings: Settings, *names: str) -> AsyncIterator[list[Caller]]:
    """A coordinator in this process, and agents of these names."""
    async with Coordinator.running(settings) as backend, callers() as connect:
        members = [await connect(f"http://127.0.0.1:{backend.port}/mcp") for _ in names]
        for name, member in zip(names, members, strict=True):
            await member.register(name, team="red")
        yield members


async def beside(*arguments: str) -> Ran:
    """A command beside a coordinator of this process."""
    return await asyncio.to_thread(run, *arguments)


@contextmanager
def scripted_server(status: int, body: bytes, known: Sequence[bytes] = ()) -> Iterator[int]:
    """Something that proves itself by these keys and answers every request with this; its port."""

    class Scripted(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonce = self.path.partition("challenge=")[2]
            ends = self.client_address, self.connection.getsockname()
            answer = json.dumps({"proofs": [proof(key, nonce, *ends) for key in known]}).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *said: object) -> None:
            """Nothing."""

    with HTTPServer(("127.0.0.1", 0), Scripted) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


# Readings


@pytest.mark.slow
async def test_status_tells_where_the_coordinator_is_and_what_needs_the_operator(scene: Scene) -> None:
    known = scene.told("status")

    assert (known["running"], known["port"], known["screen"]) == (True, scene.port, False)
    assert (known["agents"], known["agents_online"]) == (3, 3)
    assert ["agents", "3", "registered,", "3", "online,", "3", "sessions"] in scene.table("status")


async def test_without_a_coordinator_there_is_one_sentence_and_nothing_is_started(tmp_path: Path) -> None:
    home = tmp_path / "home"

    ran = run("agents", "--home", str(home))
    assert (ran.code, ran.stdout) == (1, "")
    assert ran.stderr == f"xats-tui: no coordinator runs for {home}: start one with `xats-tui`, or `xats-tui daemon`\n"
    assert run("status", "--json", "--home", str(home)).code == 1
    assert '"running": false' in run("status", "--json", "--home", str(home)).stdout
    assert not home.exists()


async def test_agents_are_listed_by_team_and_name_with_their_state(scene: Scene) -> None:
    lines = scene.table("agents")

    assert lines[0] == ["NAME", "TEAM", "STATE", "UNREAD", "WAKES", "CLIENT", "ROLE", "PANE", "SEEN"]
    assert [line[:2] for line in lines[1:]] == [["bob", "blue"], ["alice", "red"], ["bob", "red"]]
    assert scene.pane in lines[2]
    assert [agent["name"] for agent in scene.told("agents", "--team", "blue", "--online")] == ["bob"]


async def test_one_agent_is_shown_with_what_stands_in_the_way_of_waking_it(scene: Scene) -> None:
    alice = scene.told("agents", "alice")

    assert (alice["agent_id"], alice["tmux_pane_id"]) == (scene.alice.agent_id, scene.pane)
    assert {"name", "holds", "detail"} == set(alice["gates"][0])
    (way,) = alice["ways"]
    assert (way["name"], way["types"]) == ("tmux-pane", True)
    assert "last used" in scene.run("agents", "alice").stdout.lower()
    assert scene.told("agents", scene.alice.agent_id[:8])["agent_id"] == scene.alice.agent_id
    assert scene.told("agents", "BOB@blue")["agent_id"] == scene.namesake.agent_id
    assert scene.refusal("agents", "bob") == "several agents match bob: bob@blue, bob@red; name one of them"
    there = "bob@blue, alice@red, bob@red"
    assert scene.refusal("agents", "eve") == f"no agent is called eve; registered are {there}"


async def test_messages_are_narrowed_and_nothing_in_them_reaches_the_terminal_raw(scene: Scene) -> None:
    (message,) = scene.told("messages", "--agent", "alice", "--unread", "--limit", "1")

    assert (message["from_name"], message["to_name"], message["read_at"]) == ("bob", "alice", None)
    assert message["body"] == f"look {EVIL}"
    shown = scene.run("messages", message["id"][:8]).stdout
    assert "subject  first" in shown
    assert "look ␛[31mred" in shown
    for ran in (scene.run("messages"), scene.run("messages", message["id"]), scene.run("messages", "--json")):
        assert not {"\x1b", "\x07"} & set(ran.stdout)
    assert scene.told("messages", "--team", "blue") == []


async def test_a_list_that_is_cut_says_so(scene: Scene) -> None:
    ran = scene.run("agents", "--limit", "1")

    assert ran.stdout.count("\n") == 2
    assert ran.stderr == "xats-tui: there are more agents: use --limit N to see them\n"


async def test_a_page_boundary_loses_no_message(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("xats_tui.backend.operator_api.readings.PAGE_MESSAGES", 3)
    async with team(settings, "one", "two", "three") as (one, *_):
        for number in range(4):
            await one.call("broadcast", body=f"to all {number}")
        listed = await beside("messages", "--json", "--home", str(settings.home))

    assert len({message["id"] for message in json.loads(listed.stdout)}) == 8


async def test_wakes_are_listed_by_state_and_shown_with_every_attempt(scene: Scene) -> None:
    sent = await scene.namesake.call("send_message", to_agent_name="bob", body="to myself")
    wakes = scene.told("wakes", "--agent", "alice")

    assert {wake["agent_name"] for wake in wakes} == {"alice"}
    assert scene.told("wakes", "--failed") == []
    (wake,) = scene.told("wakes", wakes[-1]["message_id"])
    assert wake["attempts"] == len(wake["tried"]) > 0
    shown = scene.run("wakes", wake["message_id"]).stdout
    assert "ATTEMPT" in shown
    assert "evidence  queued" in shown
    assert scene.told("wakes", sent["message_id"])[0]["skip_reason"] == "self"


async def test_what_is_stored_is_found_by_words_and_filters(scene: Scene) -> None:
    sent = await scene.bob.call("send_message", to_agent_name="alice", subject="Zürich", body="the order_total column")

    (hit,) = scene.told("find", "zurich", "der_tot", "--kind", "message")["found"]

    assert (hit["key"], hit["who"], hit["to"], hit["is_unread"]) == (sent["message_id"], "bob@red", "alice", True)
    assert hit["excerpt_spans"] == [{"start": 6, "length": 7}]
    (same,) = scene.told("find", "--from", "bob@red", "--since", "1h", '"column" -blue')["found"]
    assert same["key"] == hit["key"]
    assert scene.told("find", "the order total", "from:alice@red", code=1)["is_complete"]
    assert scene.table("find", '"the order_total"')[1][:1] == ["message"]
    nothing = scene.run("find", "nosuchword")
    assert (nothing.code, nothing.stdout, nothing.stderr) == (1, "", "xats-tui: nothing matches\n")
    assert "there is no kind 'letter'" in scene.refusal("find", "kind:letter", code=2)
    assert "no agent is or was called zoe" in scene.refusal("find", "from:zoe")


async def test_what_happened_since_a_moment_is_summed_up_with_the_command_that_lists_it(scene: Scene) -> None:
    lines = scene.table("since", "10m", "--team", "red")

    assert lines[0][:1] == ["since"]
    assert lines[0][-2:] == ["team", "red"]
    assert any(line[:2] == ["2", "agents"] and line[-2:] == ["xats-tui", "agents"] for line in lines)
    told = scene.told("since", "10m")
    assert {line["kind"]: (line["count"], line["list"]) for line in told["lines"]}["agents came"] == (3, "agents")
    assert scene.told("since", "10m", "--team", "nobody")["lines"] == []
    assert "'soon' is no moment: write a duration such as 10m" in scene.refusal("since", "soon", code=2)


async def test_contracts_are_shown_with_versions_and_readers(scene: Scene) -> None:
    await scene.bob.call("register_contract", name="orders", schema={"type": "object"})
    await scene.alice.call("subscribe_contract", name="orders")

    assert scene.table("contracts")[1][:5] == ["orders", "red", "v1", "first", "0/1"]
    assert ["alice", "nothing", "–"] in scene.table("contracts", "orders")
    assert scene.refusal("contracts", "nope") == "no contract is called nope"


# Changes


async def test_a_message_is_sent_and_how_each_is_woken_is_told(scene: Scene) -> None:
    answer = scene.told("send", "--to", "alice", "--to", "bob@blue", "--subject", "hello", "how is it going?")

    by_agent = {wake["agent_name"]: wake for wake in answer["wakes"]}
    assert by_agent.keys() == {"alice", "bob"}
    assert (by_agent["bob"]["wake_status"], by_agent["bob"]["skip_reason"]) == ("skipped", "no_pane")
    (mail,) = (await scene.namesake.call("get_inbox"))["messages"][-1:]
    assert (mail["from_name"], mail["subject"], mail["need_reply"]) == ("operator", "hello", False)
    assert answer["message_ids"] != []


async def test_an_urgent_message_is_told_as_such(scene: Scene) -> None:
    (wake,) = scene.told("send", "--to", "alice", "--urgent", "stop")["wakes"]
    assert wake["urgent"] is True


async def test_a_message_goes_to_a_role_a_team_or_everybody_and_may_come_from_stdin(scene: Scene) -> None:
    def reached(*arguments: str) -> set[tuple[str, str]]:
        return {(wake["agent_name"], wake["team"]) for wake in scene.told("send", *arguments, "text")["wakes"]}

    assert reached("--role", "builder") == {("alice", "red")}
    assert reached("--team", "red") == {("alice", "red"), ("bob", "red")}
    assert reached("--all") == {("alice", "red"), ("bob", "red"), ("bob", "blue")}
    assert scene.run("send", "--to", "alice", "-", stdin="größer".encode()).stdout.startswith("sent to 1\n")
    assert "größer" in scene.told("messages", "--limit", "1")[0]["body"]
    assert "is not UTF-8" in scene.run("send", "--to", "alice", "-", stdin=b"\xff").stderr


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--to", "bob", "text"], 1, "several agents match bob"),
        (["--to", "alice", "   "], 1, "the message is empty"),
        (["--team", "green", "text"], 1, "the message has no recipient"),
        (["text"], 2, "invalid value: choose the recipients"),
        (["--to", "alice", "--all", "text"], 2, "invalid value: choose the recipients"),
    ],
)
async def test_a_message_that_cannot_be_sent_is_not(
    scene: Scene, arguments: list[str], code: int, sentence: str
) -> None:
    before = scene.told("messages", "--limit", "1")

    assert scene.refusal("send", *arguments, code=code).startswith(sentence)
    assert scene.told("messages", "--limit", "1") == before


async def test_an_agent_is_poked_and_the_proof_is_told(scene: Scene) -> None:
    ran = scene.run("poke", "alice", "from a script")
    for _ in range(20):
        if "quiet: unchanged for" not in ran.stdout:
            break
        ran = scene.run("poke", "alice", "from a script")  # somebody has just written to the pane

    assert ran.code == 0, ran
    assert "delivery    submitted" in ran.stdout
    assert "from a script" in scene.tmux.capture(scene.pane)
    assert scene.told("poke", "bob@red", code=1)["detail"] == "no pane is bound"
    assert scene.refusal("poke", "alice", "two\nlines") == "it has to be one line of printable text"


async def test_a_wake_is_replayed_and_one_whose_message_was_read_is_not(scene: Scene) -> None:
    sent = scene.told("send", "--to", "bob@red", "wake up")
    (message_id,) = sent["message_ids"]

    answer = scene.told("replay", message_id[:13])

    assert (answer["replayed"], answer["wakes"][0]["agent_name"]) == (1, "bob")
    assert scene.told("replay", message_id, "bob@red")["replayed"] == 1
    assert scene.refusal("replay", message_id, "alice") == "the message has no wake for these agents"
    await scene.bob.call("get_inbox")
    await scene.bob.call("whoami")
    assert scene.refusal("replay", message_id).startswith("the message has been read")
    assert scene.run("replay", "--failed").stdout == "replayed 0\n"
    assert scene.refusal("replay", "ffff").startswith("no stored message")
    assert scene.refusal("replay", code=2).startswith("invalid value: name a message")


async def test_a_task_is_reassigned_unless_it_has_changed_meanwhile(scene: Scene) -> None:
    task_id = (await scene.bob.call("task_add", title="build"))["task_id"]
    assert scene.table("tasks", "--open")[1][1:4] == ["red", "pending", "build"]
    await scene.bob.call("task_claim", task_id=task_id)

    changed = scene.refusal("reassign", task_id[:8], "alice", "--from", "nobody")
    assert changed == "the task is in progress with bob@red now; nothing was changed"
    given = scene.told("reassign", task_id[:8], "alice", "--from", "bob@red")

    assert (given["owner_name"], given["status"]) == ("alice", "in_progress")
    assert scene.told("tasks", task_id)["claimed_by"] == scene.alice.agent_id
    assert scene.told("tasks", "--agent", "bob@red") == []
    assert scene.refusal("reassign", task_id, "alice") == "that agent already owns the task"
    assert "no agent is called bob@blue" in scene.refusal("reassign", task_id, "bob@blue")
    mail = (await scene.bob.call("get_inbox"))["messages"]
    assert "task taken: build" in [message["subject"] for message in mail]


async def test_every_change_is_noted_as_the_operators_from_the_command_line(settings: Settings, sql: Sql) -> None:
    async with team(settings, "bob") as (bob,):
        assert (await beside("send", "--to", "bob", "hello", "--home", str(settings.home))).code == 0

    noted = [("operator, command line", "message", bob.agent_id)]
    assert sql("SELECT actor, verb, agent_id FROM activity") == noted


# The door


@pytest.mark.parametrize(
    ("path", "body", "more", "status", "code"),
    [
        ("status", b"{}", {}, 200, None),
        ("status", b"{}", {"origin": "http://127.0.0.1:9100"}, 403, "foreign_origin"),
        ("nope", b"{}", {}, 404, "unknown_verb"),
        ("", b"{}", {}, 404, "unknown_verb"),
        ("status", b"{}", {"content_type": "text/plain"}, 415, "not_json"),
        ("status", b"", {}, 400, "invalid_json"),
        ("status", b"{nope", {}, 400, "invalid_json"),
        ("status", b"[" * 100_000, {}, 400, "invalid_json"),
        ("status", b"[]", {}, 400, "invalid_arguments"),
        ("status", b'{"more": 1}', {}, 400, "invalid_arguments"),
        ("agents", b'{"limit": "9"}', {}, 400, "invalid_arguments"),
        ("agents", b'{"limit": 1000000000000000000000}', {}, 400, "invalid_arguments"),
        ("agent", b'{"agent": "\\u0000"}', {}, 409, "unknown_agent"),
        ("task", b'{"id": "%_"}', {}, 409, "unknown_task"),
        ("status", b" " * (1024 * 1024 + 1), {}, 413, "body_too_large"),
    ],
)
async def test_the_door_answers_whatever_comes_with_one_sentence(
    scene: Scene, path: str, body: bytes, more: dict[str, str], status: int, code: str | None
) -> None:
    answer = knock(scene.port, f"/operator/{path}", scene.credential, body, **more)

    assert answer.status == status, answer
    assert answer.body.get("error") == code
    if code:
        assert "\n" not in answer.body["sentence"]


@pytest.mark.parametrize(
    ("harm", "sentence"),
    [
        ("ALTER TABLE tasks RENAME TO hidden", "the command failed: "),
        ("UPDATE tasks SET depends_on = '{'", "the coordinator had an internal error; see its log"),
    ],
)
async def test_what_the_coordinator_cannot_do_is_told_in_one_sentence(
    settings: Settings, sql: Sql, harm: str, sentence: str
) -> None:
    async with team(settings, "alice") as (alice,):
        await alice.call("task_add", title="migrate")
        sql(harm)
        ran = await beside("tasks", "--home", str(settings.home))

    assert (ran.code, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert sentence in ran.stderr


async def test_the_door_takes_nothing_but_post(scene: Scene) -> None:
    answer = knock(scene.port, "/operator/status", scene.credential, method="PUT")

    assert (answer.status, answer.headers["allow"]) == (405, "POST")


async def test_only_the_credential_opens_the_door_and_it_opens_no_other(scene: Scene) -> None:
    for wrong in (None, "", TOKEN, scene.credential[:-1], scene.credential + "x", "\xff"):
        answer = knock(scene.port, "/operator/status", wrong)
        assert (answer.status, answer.body["error"]) == (401, "invalid_credential")
        assert scene.credential not in str(answer.body)
    assert knock(scene.port, f"/operator/status?token={scene.credential}", None).status == 401
    assert knock(scene.port, "/mcp", scene.credential).status == 401


async def test_a_foreign_host_is_refused_whoever_asks(scene: Scene) -> None:
    assert knock(scene.port, "/operator/status", scene.credential, host="example.org").status == 421


async def test_the_credential_is_its_owners_alone_and_is_in_no_log(scene: Scene) -> None:
    path = scene.home / "operator.token"

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(scene.credential) >= 40
    log = (scene.home / "xats-tui.log").read_text()
    assert scene.credential not in log
    assert scene.credential not in scene.run("config").stdout


async def test_a_new_secret_in_the_file_holds_at_once_and_none_shuts_the_door(scene: Scene) -> None:
    path, before = scene.home / "operator.token", scene.credential
    try:
        path.write_text(SECRET)
        assert scene.told("status")["running"]
        assert knock(scene.port, "/operator/status", before).status == 401
        path.write_text("")
        assert scene.refusal("status").startswith(f"{path} holds no credential")
        assert knock(scene.port, "/operator/status", "").body["error"] == "no_credential"
    finally:
        path.write_text(before)


async def test_one_that_others_could_read_is_replaced_at_the_start_and_a_good_one_kept(settings: Settings) -> None:
    path = settings.operator_token_path
    path.parent.mkdir()
    path.write_text(SECRET)
    path.chmod(0o640)
    async with Coordinator.running(settings):
        made = path.read_text()
        assert (SECRET in made, stat.S_IMODE(path.stat().st_mode)) == (False, 0o600)
    async with Coordinator.running(settings):
        assert path.read_text() == made


async def test_under_a_read_only_dashboard_commands_look_and_change_nothing(settings: Settings) -> None:
    home = ("--home", str(settings.home))
    async with Coordinator.working(settings) as backend, backend.serving(read_only=True):
        looked, changed = await beside("agents", *home), await beside("send", "--all", "hello", *home)
    assert (looked.code, looked.stdout) == (0, "no agents\n")
    assert changed.code == 1
    assert changed.stderr == "xats-tui: the dashboard runs in read-only mode: nothing can be changed\n"


# The program


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (404, b'{"error": "not_found"}', "it does not know this command (HTTP 404)"),
        (401, b'{"error": "invalid_token"}', "it does not know this command (HTTP 401)"),
        (200, b"<html>", "does not answer at port"),
        (200, b"[]", "gave an answer that this version cannot read"),
    ],
)
async def test_an_older_coordinator_and_what_is_none_are_told_in_one_sentence(
    tmp_path: Path, status: int, body: bytes, sentence: str
) -> None:
    (tmp_path / "operator.token").write_text(SECRET)
    path = tmp_path / "daemon.pid"
    (tmp_path / "coordinator.key").write_text("key")
    with pid_file.held(path), scripted_server(status, body, [b"key"]) as port:
        pid_file.write(path, pid_file.PidRecord(pid=os.getpid(), port=port, version="0.0.1"))
        ran = run("agents", "--home", str(tmp_path))
    assert (ran.code, ran.stdout, ran.stderr.count("\n")) == (1, "", 1)
    assert sentence in ran.stderr


async def test_a_coordinator_that_hangs_is_told_and_keeps_no_tab_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xats_tui.runtime.operator_client.TIMEOUT_S", 0.2)
    (tmp_path / "operator.token").write_text(SECRET)
    path = tmp_path / "daemon.pid"
    with pid_file.held(path), socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        pid_file.write(path, pid_file.PidRecord(pid=os.getpid(), port=port))
        ran = run("agents", "--home", str(tmp_path))
        assert offered(f"xats-tui poke --home {tmp_path} a") == []
    assert ran.code == 1
    assert ran.stderr == f"xats-tui: the coordinator (pid {os.getpid()}) does not answer at port {port}: timed out\n"


async def test_a_command_imports_neither_the_screen_nor_the_sdk(scene: Scene) -> None:
    program = (
        "import sys; from xats_tui.__main__ import main; code = main(); "
        "print(code, sorted({'textual', 'mcp', 'uvicorn', 'aiosqlite'} & set(sys.modules)))"
    )
    ran = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", program, "status", "--home", str(scene.home)],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert ran.stdout.splitlines()[-1] == "0 []"


def offered(line: str) -> list[str]:
    """Return the completions that the shell gets at the end of this line."""
    at = str(line.count(" "))
    return run(_XATS_TUI_COMPLETE="complete_bash", COMP_WORDS=line, COMP_CWORD=at).stdout.split()


@pytest.mark.slow
async def test_the_shell_completes_names_of_the_running_coordinator(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xats_tui.commands.completions.ANSWER_TIMEOUT_S", 10.0)

    assert offered(f"xats-tui --home {scene.home} poke a") == ["alice"]
    assert set(offered(f"xats-tui poke --home {scene.home} b")) == {"bob@blue", "bob@red"}
    assert offered(f"xats-tui poke --home {tmp_path} a") == []


@pytest.mark.slow
async def test_whoever_reads_the_output_may_leave(scene: Scene) -> None:
    program = f"{sys.executable} -m xats_tui agents --home {scene.home} | true; echo ${{PIPESTATUS[0]}}"
    ran = await asyncio.to_thread(
        subprocess.run,
        ["bash", "-c", program],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=True,
    )
    assert (ran.stdout, ran.stderr) == ("0\n", "")
