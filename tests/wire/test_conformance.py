"""The official MCP conformance suite against a coordinator: the scenarios that apply to a server of tools.

It comes from npm and needs Node 22, which is looked for in the folder that `XATS_NODE` names, then on PATH.  Where npm,
Node or the network is not to be had, the tests are skipped with the reason.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.commands.processes import clean_environment, daemon

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.xdist_group("conformance")]

SUITE = "@modelcontextprotocol/conformance@0.1.16"

OLDEST_NODE = 22

FETCHING_S = 240.0

SCENARIOS = (
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-error",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
)
"""The others ask for resources, prompts, sampling, logging and contents that this server does not offer."""

PASSED = re.compile(r"Passed: (\d+)/(\d+), 0 failed")


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], Mapping[str, str]]:
    """The suite's command, fetched into a folder of its own, and the environment that it runs in."""
    environment = clean_environment()
    if chosen := os.environ.get("XATS_NODE"):
        environment["PATH"] = f"{chosen}{os.pathsep}{environment['PATH']}"
    node, npm = (shutil.which(name, path=environment["PATH"]) for name in ("node", "npm"))
    if node is None or npm is None:
        pytest.skip("node and npm are not on PATH, nor in the folder that XATS_NODE names")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.removeprefix("v").split(".")[0]) < OLDEST_NODE:
        pytest.skip(f"Node is {version}, the suite needs {OLDEST_NODE}: set XATS_NODE to a folder with a newer one")
    folder = tmp_path_factory.mktemp("conformance")
    install = [npm, "install", "--no-audit", "--no-fund", "--prefix", str(folder), SUITE]
    fetched = subprocess.run(install, env=environment, capture_output=True, text=True, timeout=FETCHING_S, check=False)
    if fetched.returncode:
        pytest.skip(f"npm cannot fetch {SUITE}: {fetched.stderr.strip().splitlines()[-1:]}")
    return [node, str(folder / "node_modules/@modelcontextprotocol/conformance/dist/index.js")], environment


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The endpoint of a coordinator of its own."""
    with daemon(tmp_path_factory.mktemp("home")) as (_, port):
        yield f"http://127.0.0.1:{port}/mcp"


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_scenario_of_the_official_suite_passes(
    suite: tuple[list[str], Mapping[str, str]], url: str, scenario: str, tmp_path: Path
) -> None:
    command, environment = suite
    run = subprocess.run(
        [*command, "server", "--url", url, "--scenario", scenario],
        env=environment,
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    said = run.stdout + run.stderr
    passed = PASSED.search(said)
    assert run.returncode == 0 and passed, said
    assert passed[1] == passed[2] != "0", said
