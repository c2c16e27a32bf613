"""Contracts: their versions, who reads them, and what a change means."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Contract:
    """One version of a named JSON Schema."""

    team: str
    name: str
    version: int
    schema: Mapping[str, Any]
    note: str | None
    registered_by: str
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscriber:
    """One agent's interest in a contract."""

    agent_id: str
    name: str
    fetched_version: int | None
    """The newest version that it has fetched; None if never."""
    fetched_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractVersion:
    """One version of a contract without its schema."""

    version: int
    breaking: bool | None
    """Whether it breaks the one before; None for a first version."""
    note: str | None
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SchemaReason:
    """One demand of a schema that is in the way of those who have the other one."""

    path: str
    """JSON pointer into the version that makes the demand: the later one if `of_new`, else the earlier one."""
    what: str
    of_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractChange:
    """Two versions of a contract, and what going from one to the other means."""

    old: Contract | None
    """None: the other one is the first version, and stands alone."""
    new: Contract
    backward: bool | None = None
    """Whether readers of the new version can read all that was written for the old one; None if that cannot be told."""
    forward: bool | None = None
    """Whether readers of the old version can read all that is written for the new one; None if that cannot be told."""
    reasons: tuple[SchemaReason, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractSummary:
    """A contract by its latest version."""

    team: str
    name: str
    version: int
    breaking: bool | None
    """Whether the latest version breaks the one before; None for a first version."""
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime
    subscribers: tuple[Subscriber, ...]
    readers: tuple[Subscriber, ...] = ()
    """Agents that have fetched it without being subscribed."""
    versions: tuple[ContractVersion, ...] = ()
    """All of them, the newest first."""
