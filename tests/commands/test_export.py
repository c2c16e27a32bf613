"""Reports of a span of time: Markdown, HTML and JSON, whole or not at all, and harmless whatever agents wrote."""

import asyncio
import json
import stat
from collections.abc import AsyncIterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.commands.operating import Ran, run
from tests.conftest import Connect, url_of
from tests.mcp_caller import callers
from tests.patience import PATIENCE
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.operator_api import reports
from xats_tui.commands.export import pages, progress
from xats_tui.commands.export.pages import Report
from xats_tui.commands.export.words import route
from xats_tui.runtime import private_files
from xats_tui.runtime.settings import Settings

EVIL = "<script>alert(1)</script> & \x1b[31mred\n```\nout of the fence\n# no heading\n<img src=http://x/y onerror=z>"

SCHEMA = {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]}
OTHER = {"type": "object", "properties": {"id": {"type": "integer"}}, "required": ["id"]}


@pytest_asyncio.fixture
async def home(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Path]:
    """The home of a coordinator whose team shop has had a day, and another team a message."""
    monkeypatch.setattr(progress, "QUIET_S", PATIENCE)  # on a busy machine, too, nothing is said of the progress
    async with Coordinator.running(settings) as backend, callers() as connect:
        alice, bob, carl = [await connect(url_of(backend)) for _ in range(3)]
        await alice.register("alice", team="shop")
        await bob.register("bob", team="shop")
        await carl.register("carl", team="docs")
        await alice.call("send_message", to_agent_name="bob", subject="<b>first</b> | `x`", body=EVIL)
        await bob.call("get_inbox")
        await bob.call("send_message", to_agent_name="alice", body="second", need_reply=False)
        await carl.call("broadcast", body="nobody hears this")
        first = await alice.call("task_add", title="build *it*", description=EVIL)
        await alice.call("task_add", title="test it", depends_on=[first["task_id"]])
        await bob.call("task_claim", task_id=first["task_id"])
        await bob.call("task_complete", task_id=first["task_id"], result="done")
        for schema in (SCHEMA, OTHER):
            await alice.call("register_contract", name="cart v", schema=schema, format="jsonschema", note="<i>")
        yield settings.home


async def export(home: Path, *arguments: str) -> Ran:
    """Run `xats-tui export` beside the coordinator."""
    return await asyncio.to_thread(run, "export", "--home", str(home), "--since", "1h", *arguments)


async def report_of(home: Path, *arguments: str) -> Any:
    ran = await export(home, "-o", "-", "--format", "json", *arguments)
    assert (ran.code, ran.stderr) == (0, "")
    return json.loads(ran.stdout)


async def test_the_json_has_every_part_with_threads_history_and_what_broke(home: Path) -> None:
    report = await report_of(home, "--team", "shop")

    assert (report["format"], report["team"]) == ("xats-tui report 1", "shop")
    assert [(one["from"], one["subject"]) for one in report["messages"]] == [
        ("alice", "<b>first</b> | `x`"),
        ("bob", None),
    ]
    assert report["messages"][1]["follows"]["event_id"] == report["messages"][0]["event_id"]
    assert report["messages"][0]["recipients"][0]["read_at"]
    build, test = report["tasks"]
    assert [(one["kind"], one["by"]) for one in build["history"]] == [
        ("task_added", "alice"),
        ("task_claimed", "bob"),
        ("task_completed", "bob"),
    ]
    assert test["depends_on"] == [build["id"]]
    assert [(one["name"], one["version"], one["breaking"]) for one in report["contracts"]] == [
        ("cart v", 1, None),
        ("cart v", 2, True),
    ]
    assert any(line.startswith("+") and "integer" in line for line in report["contracts"][1]["diff"])
    assert [wake["agent_name"] for wake in report["wakes"]] == ["bob", "alice"]
    assert report["wakes"][0]["tried"][0]["outcome"] == "skipped: no pane is bound"
    assert [agent["name"] for agent in report["agents"]] == ["alice", "bob"]
    assert {one["kind"] for one in report["timeline"]} >= {"message_sent", "task_added", "contract_registered"}
    assert "carl" not in json.dumps(report)


async def test_a_report_names_agents_of_several_teams_with_their_teams(backend: Coordinator, register: Connect) -> None:
    bob, other = await register("bob", team="shop"), await register("bob", team="docs")
    await register("carl", team="docs")
    await bob.call("send_message", to_agent_name="bob", to_team="docs", body="across")
    await bob.call("send_message", to_agent_name="carl", to_team="docs", body="across")
    task = await other.call("task_add", title="build it")
    await other.call("task_claim", task_id=task["task_id"])
    now = backend.clock.now()

    async def rows(part: str) -> Any:
        since, until = now - timedelta(hours=1), now + timedelta(hours=1)
        query = reports.ReportQuery.model_validate({"part": part, "since": since, "until": until})
        return (await reports.report(backend.operator, query))["rows"]

    letters = [pages._letter([row]) for row in await rows("messages")]
    assert [route(letter) for letter in letters] == ["bob@shop → bob@docs", "bob@shop → carl of docs"]
    assert letters[0]["thread"] == "bob@docs – bob@shop"
    assert [(wake["agent_name"], wake["sender_name"]) for wake in await rows("wakes")] == [
        ("bob@docs", "bob@shop"),
        ("carl", "bob@shop"),
    ]
    assert [task["owner_name"] for task in await rows("tasks")] == ["bob@docs"]
    assert {entry["by"] for entry in await rows("timeline")} == {"bob@shop", "bob@docs"}


async def test_small_pages_lose_and_repeat_nothing(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = await report_of(home)
    monkeypatch.setattr(reports, "LIMITS", dict.fromkeys(reports.LIMITS, 1))
    paged = await report_of(home)

    for part in ("timeline", "messages", "wakes", "tasks", "contracts"):
        assert paged[part] == whole[part], part
    assert len(whole["messages"]) == 2


class Tags(HTMLParser):
    """Every tag and attribute of a page, and its text."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


async def test_the_html_shows_foreign_text_as_text_and_loads_nothing(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    assert (await export(home, "-o", str(path))).code == 0
    page = Tags()
    page.feed(path.read_text())

    assert page.tags & {"script", "img", "b", "i", "link", "iframe", "object"} == set()
    assert page.attributes <= {"lang", "charset", "name", "content", "http-equiv", "id", "href", "class", "colspan"}
    assert "<script>alert(1)</script> & ␛[31mred" in page.text
    assert "prefers-color-scheme: dark" in path.read_text()
    for words in ("Timeline", "alice → bob", "build *it*", "cart v v2: breaking"):
        assert words in page.text


async def test_the_markdown_keeps_foreign_text_in_fences_and_lines(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert (await export(home, "-o", str(path), "--team", "shop")).code == 0
    text = path.read_text()

    assert text.startswith("# Team shop\n")
    assert "alice → bob: \\<b\\>first\\</b\\> \\| \\`x\\`\n" in text
    assert "````text\n<script>alert(1)</script> & ␛[31mred\n```\nout of the fence\n" in text
    outside = "".join(text.split("````")[::2])
    assert "<script" not in outside
    assert [line for line in text.splitlines() if line.startswith("## ")] == [
        f"## {part}" for part in ("Timeline", "Messages", "Wakes", "Tasks", "Contracts", "Agents")
    ]


async def test_a_file_is_written_for_its_owner_and_replaced_only_if_asked(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "report.md"
    assert (await export(home, "-o", str(path))).code == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("mine")

    refused = await export(home, "-o", str(path))
    assert (refused.code, refused.stderr) == (1, f"xats-tui: {path} exists: add --force to replace it\n")
    assert path.read_text() == "mine"
    assert (await export(home, "-o", str(path), "--force")).code == 0
    assert path.read_text().startswith("# All teams")
    assert list(tmp_path.glob("*report*")) == [path]


@pytest.mark.first_variant_quick
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (
            ("-o", "report.txt"),
            2,
            "report.txt has no form: name a file that ends in .md, .html or .json, or add --format",
        ),
        (("-o", "-"), 2, "standard output has no form: add --format markdown, html or json"),
        (("-o", "-", "--format", "json", "--before", "2h"), 2, "--before 2h is not after --since 1h"),
        (("-o", "-", "--format", "json", "--since", "2099-01-01"), 2, "--before now is not after --since 2099-01-01"),
        (("-o", "-", "--format", "json", "--before", "soon"), 2, "'soon' is no moment"),
        (
            ("-o", "/no/such/folder/report.md"),
            1,
            "/no/such/folder/report.md was not written: No such file or directory",
        ),
    ],
)
async def test_what_cannot_be_written_is_told_in_one_sentence(
    home: Path, arguments: tuple[str, ...], code: int, sentence: str
) -> None:
    ran = await export(home, *arguments)
    assert (ran.code, ran.stdout) == (code, "")
    assert ran.stderr.count("\n") == 1
    assert sentence in ran.stderr


def test_a_report_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    path = tmp_path / "report.md"

    def pieces() -> Any:
        yield "the beginning"
        raise RuntimeError

    with pytest.raises(RuntimeError):
        private_files.write_pieces(path, pieces())
    assert list(tmp_path.iterdir()) == []
    path.write_text("made meanwhile")
    with pytest.raises(FileExistsError):
        private_files.write_pieces(path, ["text"])
    assert [one.name for one in tmp_path.iterdir()] == ["report.md"]


def test_a_file_system_without_links_keeps_a_file_that_was_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", refuse)
    private_files.write_pieces(tmp_path / "report.md", ["one ", "two"])
    with pytest.raises(FileExistsError):
        private_files.write_pieces(tmp_path / "report.md", ["three"])
    assert [(one.name, one.read_text()) for one in tmp_path.iterdir()] == [("report.md", "one two")]


def test_a_part_is_asked_for_only_when_its_rows_are_taken() -> None:
    asked: list[object] = []

    def ask(verb: str, **arguments: Any) -> dict[str, Any]:
        asked.append(arguments["after"])
        number = int((arguments["after"] or [0])[0])
        return {"rows": [{"number": number}], "next": [number + 1]}

    rows = Report(ask, "2026-11-30T00:00:00.000Z", "2026-12-01T00:00:00.000Z", None).wakes()
    assert [next(rows)["number"] for _ in range(3)] == [0, 1, 2]
    assert asked == [None, [1], [2]]
