"""Dataclasses of this package compile their methods at the first call, and behave as all others do."""

import dataclasses
import sys
from collections.abc import Iterator
from dataclasses import FrozenInstanceError, dataclass, field, replace
from types import FunctionType
from typing import Any

import pytest

from xats_tui.core import late_methods
from xats_tui.core.late_methods import compile_late

pytestmark = pytest.mark.skipif(sys.version_info >= (3, 13), reason="Python compiles a class in one piece")


@pytest.fixture(autouse=True)
def late(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Compile late for the records of this module; return the names of the methods that were compiled."""
    compiled: list[str] = []
    original = dataclasses._create_fn  # type: ignore[attr-defined]

    def make(name: str, *rest: object, **options: object) -> FunctionType:
        compiled.append(name)
        function: FunctionType = original(name, *rest, **options)
        return function

    monkeypatch.setattr(dataclasses, "_create_fn", make)
    monkeypatch.setattr(late_methods, "PACKAGE", __name__.partition(".")[0])
    compile_late()
    yield compiled


def test_nothing_is_compiled_before_the_first_call(late: list[str]) -> None:
    record = _record()
    assert late == []
    record(name="a")
    record(name="b")
    assert late == ["__init__"]


def test_a_method_takes_the_place_of_the_one_that_compiled_it() -> None:
    record = _record()
    before = vars(record)["__init__"]
    record(name="a")
    after = vars(record)["__init__"]
    assert after is not before
    assert after.__code__.co_varnames[:2] == ("self", "name")
    assert after.__qualname__ == before.__qualname__


def test_a_record_is_as_python_makes_it() -> None:
    record = _record()
    one, same, other = record(name="a"), record(name="a"), record(name="b", tags=["c"])
    assert one == same != other
    assert hash(record(name="a", tags=())) == hash(record(name="a", tags=()))
    assert repr(other) == f"{record.__qualname__}(name='b', tags=['c'])"
    assert replace(one, name="b").name == "b"
    with pytest.raises(FrozenInstanceError):
        one.name = "b"
    with pytest.raises(FrozenInstanceError):
        del one.name
    with pytest.raises(TypeError, match="unexpected keyword argument 'size'"):
        record(size=1)


def test_a_subclass_has_its_own_methods() -> None:
    record = _record()

    @dataclass(frozen=True, slots=True, kw_only=True)
    class Sized(record):  # type: ignore[misc, valid-type]
        size: int

    sized, plain = Sized(name="a", size=2), record(name="a")
    assert (sized.size, plain.name) == (2, "a")
    assert sized != plain
    assert "size=2" in repr(sized)
    assert "size" not in repr(plain)


def test_other_packages_compile_at_once(late: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_methods, "PACKAGE", "another")
    _record()
    assert "__init__" in late


def _record() -> Any:
    @dataclass(frozen=True, slots=True, kw_only=True)
    class Record:
        name: str
        tags: object = field(default_factory=list)

    return Record
