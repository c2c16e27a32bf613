"""opencode or Kilo without a key: `python -m tests.real_agents.opencode_structured --programs DIR [--kin kilo]`.

The real program is launched with its own server, or started by hand with `--port 0`.  It is woken through the server,
its dialogs are shown and answered over it, and everything that is typed into its pane is a person's.
"""

import argparse
import asyncio
import json
import os
import re
import signal
import subprocess
from contextlib import suppress
from functools import partial
from typing import Any

import psutil

from tests.commands.processes import XATS, clean_environment
from tests.real_agents.rig import AgentPane, NotSeen
from tests.real_agents.scenes import ASK_SHELL, PROMPT, READY
from tests.real_agents.stage import (
    PATIENCE,
    Stage,
    Unmet,
    expect,
    insist,
    report,
    run_script,
    script_arguments,
    seen,
    staged,
    title,
    ui_pids,
    wire,
)
from xats_tui.clients.registry import CLIENTS, own_server

LIKE = "opencode"
"""The client whose screens and scripts all of them share."""

REJECT = {LIKE: ("Escape",), "kilo": ("Escape", "Enter")}
"""The keys by which a person rejects a permission: Kilo asks for a reason, which may be empty."""

PASSWORD = "s3cret-of-this-rig"

DRAFT = "half a thought"

ASK_BELOW = "CALL task " + json.dumps(
    {
        "description": "sub",
        "prompt": 'CALL bash {"command":"touch below","description":"x"}',
        "subagent_type": "general",
    }
)
"""Makes the model start a subagent, which asks for a shell command."""

ASK_PERSON = "CALL question " + json.dumps(
    {
        "questions": [
            {
                "question": "Which one?",
                "header": "Pick",
                "options": [{"label": "A", "description": "first"}, {"label": "B", "description": "second"}],
            }
        ]
    }
)


class Scene:
    """A stage with the agents of these scenes, and the commands of a person beside them."""

    def __init__(self, stage: Stage, client: str) -> None:
        self.stage = stage
        self.client = client

    async def run(self, *command: str) -> "subprocess.CompletedProcess[str]":
        """Run a command of xats-tui."""
        environment = clean_environment() | {
            "HOME": str(self.stage.rig.home),
            "PATH": self.stage.rig.path,
            "TMUX_TMPDIR": str(self.stage.rig.home),
        }
        run = partial(subprocess.run, [*XATS, *command], env=environment, cwd=self.stage.rig.project, timeout=PATIENCE)
        return await asyncio.to_thread(run, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)

    @property
    def interface(self) -> str:
        """The name of its server as an interface for dialogs."""
        return f"{CLIENTS[self.client].title}'s server"

    async def dialogs(self, name: str) -> list[dict[str, Any]]:
        """The dialogs that the server of an agent tells of, not its screen."""
        done = await self.run("dialogs", "--json", "--home", str(self.stage.home))
        expect(done.returncode == 0, f"dialogs are listed: {done.stdout}{done.stderr}")
        return [one for one in json.loads(done.stdout) if one["name"] == name and one["interface"] == self.interface]

    async def dialog(self, name: str) -> dict[str, Any]:
        """The dialog of an agent, once it is told."""

        async def told() -> dict[str, Any] | None:
            found = await self.dialogs(name)
            return found[0] if found else None

        found: dict[str, Any] = await seen(told, f"a dialog of {name}")
        return found

    async def no_dialog(self, name: str) -> None:
        """Wait until none is open."""

        async def gone() -> bool:
            return not await self.dialogs(name)

        await seen(gone, f"no dialog of {name} is open")

    async def answer(self, name: str, *flags: str) -> "subprocess.CompletedProcess[str]":
        """Answer the dialog of an agent."""
        return await self.run("answer", name, *flags, "--home", str(self.stage.home))


class Keys:
    """Counts the commands by which anyone types or pastes into a pane of the rig's tmux server."""

    def __init__(self, stage: Stage) -> None:
        self._path = stage.home / "typed"
        self._path.unlink(missing_ok=True)
        for command in ("send-keys", "paste-buffer"):
            stage.rig.tmux("set-hook", "-g", f"after-{command}", f"run-shell 'echo {command} >> {self._path}'")

    @property
    def count(self) -> int:
        """The number so far."""
        return len(self._path.read_text().splitlines()) if self._path.exists() else 0


async def by_hand(scene: Scene, name: str) -> AgentPane:
    """A client that a person started with a server, and whose model registered with its name alone."""
    stage, login = scene.stage, own_server(scene.client)
    assert login
    wire(stage.rig, LIKE, stage.home)
    environment = {login.password: PASSWORD}
    program = CLIENTS[scene.client].program
    pane = stage.rig.start(program, arguments="--port 0", width=110, height=32, environment=environment)
    await asyncio.to_thread(pane.wait_for, READY[LIKE], PATIENCE)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    await insist(pane, f'CALL register_agent {{"name": "{name}", "team": "t"}}', partial(stage.agent, name))
    await reached(stage, name)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    stage.panes[name] = pane
    return pane


async def without_server(scene: Scene, name: str) -> AgentPane:
    """A client that was started without a server."""
    wire(scene.stage.rig, LIKE, scene.stage.home)
    pane = scene.stage.rig.start(CLIENTS[scene.client].program, width=110, height=32)
    await asyncio.to_thread(pane.wait_for, READY[LIKE], PATIENCE)
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    call = f'CALL register_agent {{"name": "{name}", "team": "t"}}'
    await insist(pane, call, partial(scene.stage.agent, name))
    return pane


async def reached(stage: Stage, name: str) -> None:
    """Wait until an agent is known to have a server."""

    async def has_server() -> bool:
        return bool((await stage.agent(name))["delivery"]["kind"] == "opencode-server")

    await seen(has_server, f"{name} has a server")


async def wake_beside_a_draft(stage: Stage, name: str, pane: AgentPane) -> str:
    """Wake an idle agent in whose composer a person has a draft."""
    await typed(pane, DRAFT)
    keys = Keys(stage)
    pane.type(" ")
    await seen(lambda: keys.count == 1, "the counter of keys counts")
    message_id = await stage.send(name, "SAY heard")
    status = await stage.until(message_id, "seen")
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    expect(keys.count == 1, f"nobody has typed or pasted: {keys.count - 1}")
    expect(status["transport"] == "opencode-server", f"by its server: {status}")
    expect("typed" not in status["evidence"], f"nothing was typed: {status}")
    expect(DRAFT in pane.look().text and "[xats]" not in composer(pane), f"the draft is as it was:\n{pane.look().text}")
    pane.press("C-u")
    return f"{', '.join(status['evidence'])}; the draft stayed, no key and no paste"


async def typed(pane: AgentPane, text: str) -> None:
    """Type a draft; once more if it got lost while the program was drawing another session."""
    for _ in range(3):
        pane.type(text)
        with suppress(NotSeen):
            await asyncio.to_thread(pane.wait_for, text, PATIENCE / 6)
            break
    await asyncio.to_thread(pane.settle, 1.0, 8.0)


def composer(pane: AgentPane) -> str:
    """The rows of the input box."""
    return "\n".join(pane.look().text.rstrip().splitlines()[-7:])


async def launched_it_has_its_server(scene: Scene) -> str:
    """launched → registered with base_url and session; idle with a draft → a turn begins, the draft stays"""
    stage, login = scene.stage, own_server(scene.client)
    assert login
    stage.rig.extra_opencode = {}
    stage.rig.configure()
    where = ("--socket", str(stage.rig.home / "tmux.sock"))
    command = ("launch", scene.client, "--name", "ann", "--team", "t", "--dir", str(stage.rig.project), *where)
    stage.rig.tmux("new-session", "-d", "-x", "110", "-y", "32", "cat")
    for name, value in {"HOME": str(stage.rig.home), "PATH": stage.rig.path}.items():
        stage.rig.tmux("set-environment", "-g", name, value)
    done = await scene.run(*command, "--home", str(stage.home), "--json")
    expect(done.returncode == 0, f"launch ends well: {done.stdout}{done.stderr}")
    said = json.loads(done.stdout)
    expect(said["delivery"] == "opencode-server", str(said))
    pane = AgentPane(stage.rig, said["tmux_pane_id"])
    await asyncio.to_thread(pane.settle, 1.5, 15.0)
    if login.needs_password:
        (pid, *_) = await ui_pids(stage.rig, pane, CLIENTS[scene.client].program)
        password = psutil.Process(pid).environ().get(login.password, "")
        lines = [" ".join(one.info["cmdline"] or ()) for one in psutil.process_iter(["cmdline"])]
        expect(len(password) == 64 and not any(password in line for line in lines), "its password is its own")
    return await wake_beside_a_draft(stage, "ann", pane)


async def started_by_hand_it_is_found(scene: Scene) -> str:
    """started by hand with --port 0 and a password → found by its process; the password is shown nowhere"""
    pane = await by_hand(scene, "bob")
    shown = await wake_beside_a_draft(scene.stage, "bob", pane)
    leaks = [
        path.name for path in scene.stage.home.iterdir() if path.is_file() and PASSWORD.encode() in path.read_bytes()
    ]
    expect(not leaks, f"no file has the password: {leaks}")
    return shown


async def busy_it_waits(scene: Scene) -> str:
    """busy → waits, and reads when the turn is over"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    pane.submit("WAIT 8")
    await asyncio.sleep(3)
    message_id = await stage.send("bob")
    first = await stage.status(message_id)
    expect("submitted" not in first["evidence"], f"it waits: {first}")
    status = await stage.until(message_id, "seen")
    expect(status["transport"] == "opencode-server", str(status))
    return str(first["detail"])


async def dialog_is_shown_and_answered(scene: Scene) -> str:
    """permission → untouched, shown with its command; allowed and rejected over the server; then the mail is read"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    told = []
    for flags, file_is_there in ((("--allow",), True), (("--option", "4", "--text", "SAY no"), False)):
        (stage.rig.project / "x").unlink(missing_ok=True)
        await asyncio.to_thread(pane.settle, 1.0, 8.0)
        pane.submit(ASK_SHELL[LIKE])
        await asyncio.to_thread(pane.wait_for, PROMPT[LIKE], PATIENCE)
        dialog = await scene.dialog("bob")
        expect("touch x" in json.dumps(dialog), f"it shows the command: {dialog}")
        message_id = await stage.send("bob")
        await asyncio.sleep(2)
        expect(bool(re.search(PROMPT[LIKE], pane.look().text)), "the dialog is still open")
        expect("submitted" not in (await stage.status(message_id))["evidence"], "the wake waits")
        done = await scene.answer("bob", *flags)
        expect(done.returncode == 0, f"answered: {done.stdout}{done.stderr}")
        await stage.until(message_id, "seen")
        expect((stage.rig.project / "x").exists() is file_is_there, f"{flags} had its effect")
        told.append(f"{' '.join(flags)} → {done.stdout.strip()}")
    return "; ".join(told)


async def subagent_and_question_are_answered(scene: Scene) -> str:
    """a subagent's permission and a question → shown and answered, too"""
    pane = scene.stage.panes["bob"]
    await asyncio.to_thread(pane.settle, 1.0, 8.0)
    pane.submit(ASK_BELOW)
    below = await scene.dialog("bob")
    expect("touch below" in json.dumps(below), str(below))
    expect((await scene.answer("bob", "--allow")).returncode == 0, "allowed")
    await seen(lambda: (scene.stage.rig.project / "below").exists(), "the subagent's command ran")
    await scene.no_dialog("bob")
    await asyncio.to_thread(pane.settle, 2.0, 15.0)
    pane.submit(ASK_PERSON)
    question = await scene.dialog("bob")
    expect("Which one?" in json.dumps(question), str(question))
    expect((await scene.answer("bob", "--option", "2")).returncode == 0, "answered")
    await asyncio.to_thread(pane.settle, 2.0, 15.0)
    return f"{below.get('subject')}; {question.get('subject')}"


async def changed_dialog_is_refused(scene: Scene) -> str:
    """answered on the screen, another one opened → an answer to the first is refused"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    pane.submit(ASK_SHELL[LIKE])
    await scene.dialog("bob")
    for key in REJECT[scene.client]:
        pane.press(key)
        await asyncio.to_thread(pane.settle, 1.0, 8.0)
    await scene.no_dialog("bob")
    await asyncio.to_thread(pane.settle, 1.0, 8.0)
    pane.submit('CALL bash {"command":"touch z","description":"z"}')
    await scene.dialog("bob")
    done = await scene.answer("bob", "--allow", "--expect", "touch x")
    expect(done.returncode != 0 and not (stage.rig.project / "z").exists(), f"refused: {done.stdout}{done.stderr}")
    expect(bool(await scene.dialogs("bob")), "the second is still open")
    expect((await scene.answer("bob", "--deny")).returncode == 0, "denied")
    await scene.no_dialog("bob")
    return done.stderr.strip().splitlines()[0]


async def restart_is_survived(scene: Scene) -> str:
    """coordinator killed → after its restart it is woken by its server, and its dialog is known again"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    await asyncio.to_thread(pane.settle, 1.0, 8.0)
    pane.submit(ASK_SHELL[LIKE])
    await scene.dialog("bob")
    stage.coordinator.send_signal(signal.SIGKILL)
    stage.coordinator.wait()
    await stage.start_coordinator()
    await scene.dialog("bob")
    message_id = await stage.send("bob")
    expect((await scene.answer("bob", "--deny")).returncode == 0, "denied")
    status = await stage.until(message_id, "seen")
    expect(status["transport"] == "opencode-server", str(status))
    return f"woken by {status['transport']}"


async def its_user_goes_on_elsewhere(scene: Scene) -> str:
    """its user begins another session → it is woken there, where its user looks"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    await asyncio.to_thread(pane.settle, 1.0, 8.0)
    pane.submit("/new")
    await asyncio.to_thread(pane.settle, 2.0, 15.0)
    word = f"here-{os.urandom(3).hex()}"
    await insist(pane, f"SAY {word}", partial(shows, pane, f"^ *{word}"))
    await asyncio.to_thread(pane.settle, 2.0, 15.0)
    message_id = await stage.send("bob")
    status = await stage.until(message_id, "seen")
    expect(status["transport"] == "opencode-server", str(status))
    await asyncio.to_thread(pane.wait_for, "get_inbox", PATIENCE)
    expect(word in pane.look().text, f"in the session that is shown:\n{pane.look().text}")
    return str(status["detail"])


async def shows(pane: AgentPane, pattern: str, timeout: float) -> None:
    """Wait until a pane shows a text."""
    try:
        await asyncio.to_thread(pane.wait_for, pattern, timeout)
    except NotSeen as error:
        raise Unmet(str(error)) from error


async def without_a_server_the_line_is_told(scene: Scene) -> str:
    """started without --port → `agents NAME` and `doctor` tell the line that gives it a server"""
    pane = await without_server(scene, "cid")
    listed = await scene.run("agents", "cid", "--home", str(scene.stage.home))
    examined = await scene.run("doctor", "--quick", "--json", "--home", str(scene.stage.home))
    scene.stage.rig.end(pane)
    expect(
        f"{CLIENTS[scene.client].program} --port 0" in " ".join(listed.stdout.split()), listed.stdout + listed.stderr
    )
    told = [one for one in json.loads(examined.stdout)["findings"] if "cid@t" in one["found"]]
    expect(any(f"{CLIENTS[scene.client].program} --port 0" in one["remedy"] for one in told), str(told))
    return "; ".join(f"{one['found']} → {one['remedy']}" for one in told)


async def killed_it_is_gone(scene: Scene) -> str:
    """killed with -9 → nothing is told of it any more, and nothing is typed into the shell"""
    stage, pane = scene.stage, scene.stage.panes["bob"]
    await asyncio.to_thread(pane.settle, 1.0, 8.0)
    pane.submit(ASK_SHELL[LIKE])
    await scene.dialog("bob")
    for pid in await ui_pids(stage.rig, pane, CLIENTS[scene.client].program):
        os.kill(pid, signal.SIGKILL)
    await scene.no_dialog("bob")
    message_id = await stage.send("bob")
    await asyncio.sleep(3)
    status = await stage.status(message_id)
    expect("typed" not in status["evidence"] and "submitted" not in status["evidence"], f"untouched: {status}")
    expect("[xats]" not in pane.look().text.splitlines()[-1], pane.look().text)
    return f"{status['wake_status']}: {status['detail']}"


SCENES = (
    launched_it_has_its_server,
    started_by_hand_it_is_found,
    busy_it_waits,
    dialog_is_shown_and_answered,
    subagent_and_question_are_answered,
    changed_dialog_is_refused,
    restart_is_survived,
    its_user_goes_on_elsewhere,
    without_a_server_the_line_is_told,
    killed_it_is_gone,
)


async def play(arguments: argparse.Namespace) -> int:
    """Run the scenes in one world; how many did not show what they should."""
    unmet = 0
    async with staged(arguments.programs) as stage:
        scene = Scene(stage, arguments.kin)
        if not re.search(arguments.scene, started_by_hand_it_is_found.__name__):
            await by_hand(scene, "bob")
        for one in SCENES:
            if re.search(arguments.scene, one.__name__):
                unmet += await report(title(one), one(scene))
    return unmet


if __name__ == "__main__":
    parser = script_arguments("tests.real_agents.opencode_structured", __doc__)
    parser.add_argument("--kin", choices=[one.id for one in CLIENTS.values() if one.server], default=LIKE)
    raise SystemExit(run_script(parser, play))
