"""Contracts: their versions, their readers, and the effect of a change."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from msgspec import Struct


class Contract(Struct, frozen=True, kw_only=True):
    """One version of a named JSON Schema."""

    team: str
    name: str
    version: int
    schema: Mapping[str, Any]
    note: str | None
    registered_by: str
    registered_at: datetime


class Subscriber(Struct, frozen=True, kw_only=True):
    """An agent that subscribed to a contract, or fetched it."""

    agent_id: str
    name: str
    fetched_version: int | None
    """The newest version that it fetched; None if it never fetched any."""
    fetched_at: datetime | None


class ContractVersion(Struct, frozen=True, kw_only=True):
    """One version of a contract without its schema."""

    version: int
    breaking: bool | None
    """True if it breaks the version before; None for a first version."""
    note: str | None
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime


class SchemaReason(Struct, frozen=True, kw_only=True):
    """A demand of one schema that values of the other schema do not meet."""

    path: str
    """JSON pointer into the version that makes the demand: the later version if `of_new`, else the earlier."""
    what: str
    of_new: bool


class ContractChange(Struct, frozen=True, kw_only=True):
    """Two versions of a contract, and the effect of going from one to the other."""

    old: Contract | None
    """None if `new` is the first version."""
    new: Contract
    backward: bool | None = None
    """True if readers of the new version can read everything written for the old version; None if unknown."""
    forward: bool | None = None
    """True if readers of the old version can read everything written for the new version; None if unknown."""
    reasons: tuple[SchemaReason, ...] = ()


class ContractSummary(Struct, frozen=True, kw_only=True):
    """A contract, summed up by its latest version."""

    team: str
    name: str
    version: int
    breaking: bool | None
    """True if the latest version breaks the one before; None for a first version."""
    registered_by: str
    registered_by_name: str | None
    registered_at: datetime
    subscribers: tuple[Subscriber, ...]
    readers: tuple[Subscriber, ...] = ()
    """Agents that fetched the contract without subscribing."""
    versions: tuple[ContractVersion, ...] = ()
    """All versions, newest first."""
