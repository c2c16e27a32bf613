"""A user's manifests while the coordinator runs: a saved file holds at once, a bad one is told."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.manifests.manifest_text import TEXT
from tests.conftest import Connect
from tests.fakes import FakeClock
from tests.patience import eventually
from xats_tui.backend.coordinator import Coordinator
from xats_tui.backend.health.notices import Notices
from xats_tui.backend.services.upkeep.client_manifests import ClientManifests
from xats_tui.clients.registry import CLIENTS, use_manifests


@pytest.fixture(autouse=True)
def none_after(tmp_path: Path) -> Iterator[None]:
    """The registry is global."""
    yield
    use_manifests(tmp_path / "none")


def folder_of(backend: Coordinator) -> Path:
    folder = backend.settings.home / "clients"
    folder.mkdir(exist_ok=True)
    return folder


async def test_a_manifest_holds_as_soon_as_it_is_saved_and_until_it_is_removed(
    backend: Coordinator, register: Connect
) -> None:
    file = folder_of(backend) / "mine.toml"

    file.write_text(TEXT, encoding="utf-8")
    await eventually(lambda: "mine" in CLIENTS)
    bob = await register("bob", client="mine")
    assert (await bob.call("whoami"))["client"] == "mine"

    file.unlink()
    await eventually(lambda: "mine" not in CLIENTS)
    assert (await bob.call("whoami"))["name"] == "bob"


async def test_a_manifest_that_was_removed_before_anybody_looked_again_does_not_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder := tmp_path / "clients").mkdir()
    manifests = ClientManifests(tmp_path, Notices(clock := FakeClock()), clock)
    read, file = manifests.read, folder / "mine.toml"

    def read_in_between() -> None:
        if "mine" in CLIENTS:
            return read()
        file.write_text(TEXT, encoding="utf-8")
        read()
        file.unlink()

    monkeypatch.setattr(manifests, "read", read_in_between)
    watching = asyncio.create_task(manifests.run())
    try:
        await eventually(lambda: "mine" in CLIENTS)
        await eventually(lambda: "mine" not in CLIENTS)
    finally:
        watching.cancel()


async def test_a_bad_manifest_is_a_trouble_until_it_is_mended(backend: Coordinator) -> None:
    file = folder_of(backend) / "mine.toml"

    file.write_text(TEXT.replace("rows_below = 2", "rows_below = 99"), encoding="utf-8")
    await eventually(lambda: backend.notices.troubles)

    (trouble,) = backend.notices.troubles
    assert trouble.subject == "clients/mine.toml"
    assert trouble.text == (
        "mine.toml, line 15: write rows_below = a whole number from 0 to 8; its client counts as custom"
    )
    assert "mine" not in CLIENTS

    file.write_text(TEXT, encoding="utf-8")
    await eventually(lambda: "mine" in CLIENTS)
    await eventually(lambda: not backend.notices.troubles)
