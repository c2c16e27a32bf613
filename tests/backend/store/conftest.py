"""A database of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fakes import FakeClock, Published
from xats_tui.backend.store.sql.database import Database


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data.db"


@pytest.fixture
def published() -> Published:
    return Published()


@pytest.fixture
async def database(path: Path, published: Published) -> AsyncIterator[Database]:
    async with Database.opened(path, FakeClock(), published) as opened:
        yield opened
