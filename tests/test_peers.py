"""The benchmark beside the reference, with a coordinator of ours in the reference's place."""

import json
import sys
from pathlib import Path

import pytest

from benchmarks import peers
from benchmarks.calls import CALLS
from benchmarks.peers import OURS, PACKAGE, THEIRS, NoReference, Turn, figures, measure_peers, reference_command

NODE = """#!/bin/sh
test "$2 $3" = "daemon --port" || exit 1
exec {python} -m xats_tui daemon --home "$CROSS_AGENT_TEAMS_MCP_HOME" --port "$4"
"""


@pytest.fixture
def node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A `node` on PATH that runs our coordinator, whichever program it is to run."""
    program = tmp_path / "programs" / "node"
    program.parent.mkdir()
    program.write_text(NODE.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:/usr/bin:/bin")
    return program


def checkout(folder: Path, **manifest: object) -> Path:
    """A folder with a built package."""
    (folder / "dist").mkdir(parents=True)
    (folder / "dist/cli.js").touch()
    named = {"name": PACKAGE, "bin": {"another": "dist/another.js", PACKAGE: "dist/cli.js"}}
    (folder / "package.json").write_text(json.dumps(named | manifest))
    return folder


def test_the_reference_is_found_in_its_checkout_and_where_npm_has_installed_it(tmp_path: Path, node: Path) -> None:
    built = checkout(tmp_path / "built")
    checkout(tmp_path / "prefix/node_modules" / PACKAGE, bin={"a-proxy": "dist/proxy.js", "short": "./dist/cli.js"})

    assert reference_command(built) == (str(node), str(built / "dist/cli.js"))
    assert reference_command(tmp_path / "prefix")[1].startswith(str(tmp_path / "prefix/node_modules"))


def test_without_a_built_reference_one_sentence_says_what_is_needed(
    tmp_path: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unbuilt = checkout(tmp_path / "unbuilt", bin="dist/none.js")
    other = checkout(tmp_path / "other", name="another")

    for folder in (None, tmp_path / "none", unbuilt, other, node):
        with pytest.raises(NoReference, match="the part peers needs --reference DIR"):
            reference_command(folder)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NoReference, match="node on PATH"):
        reference_command(checkout(tmp_path / "built"))


def test_a_ratio_is_the_median_of_the_rounds_with_its_quartiles() -> None:
    rounds = [{OURS: Turn(rate=rate, cpu_ms=1), THEIRS: Turn(rate=100, cpu_ms=2)} for rate in (100, 200, 300)]
    throughput, processor = figures("echo", rounds)

    assert (throughput.value, throughput.target, throughput.met) == (2, 2, True)
    assert (throughput.beside["lower quartile ×"], throughput.beside["upper quartile ×"]) == (1, 3)
    assert (processor.value, processor.target, processor.met) == (0.5, 0.8, True)


@pytest.mark.slow
async def test_two_servers_that_are_the_same_are_compared(
    tmp_path: Path, node: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "QUICK_ROUNDS", 2)
    found = await measure_peers(checkout(tmp_path / "built"), quick=True)

    assert [figure.name.partition(":")[0] for figure in found] == [tool for tool in CALLS for _ in range(2)]
    assert all(figure.value > 0 for figure in found)
