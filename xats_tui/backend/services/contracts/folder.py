"""The ContractFolder: files that a person edits as contracts; each save registers a version as the operator.

`NAME.schema.json` is contract NAME of one team, `TEAM/NAME.schema.json` is contract NAME of team TEAM.
"""

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from xats_tui.backend.health.notices import Notices
from xats_tui.backend.services.agents.registry import checked_contract_name, checked_label, operator_in
from xats_tui.backend.services.contracts.book import ContractBook, ContractDraft, NewVersion
from xats_tui.backend.store import activity as activity_store
from xats_tui.backend.store.sql.database import Database
from xats_tui.backend.system.file_watcher import SavedFiles
from xats_tui.core.errors import Refusal
from xats_tui.core.model.agents import OPERATOR_NAME
from xats_tui.core.model.labels import composed

SUFFIX = ".schema.json"


class ContractFolder:
    """The contracts of one folder."""

    def __init__(
        self, database: Database, contracts: ContractBook, notices: Notices, folder: Path, *, team: str
    ) -> None:
        """Watch `folder`; contracts directly in it belong to `team`."""
        self._database = database
        self._contracts = contracts
        self._notices = notices
        self._folder = folder
        self._team = team

    async def take(self, file: SavedFiles) -> None:
        """Register a file's content as the next version, or warn about what is wrong with it.

        Content changes nothing if it is already the newest version, or was saved before that was registered.
        """
        # Editors, file managers and version control keep files of their own in hidden places.
        place = file.path.relative_to(self._folder)
        if any(part.startswith(".") for part in place.parts):
            return
        subject = str(place)
        try:
            name = checked_contract_name(file.path.name.removesuffix(SUFFIX))
            team = self._team_of(file.path)
            schema = _schema(file.content)
            async with self._contracts.drafted(team, name, schema) as draft:
                outcome = await self._register(draft, f"from {subject}", file.saved_at)
        except Refusal as refusal:
            self._notices.warn(subject, f"no version was registered: {_sentence(refusal)}")
            return
        self._notices.settle(subject)
        if outcome is not None:
            self._notices.tell(subject, f"registered {_told(outcome)}{_consequence(outcome)}")
            await self._contracts.announce(outcome)

    async def _register(self, draft: ContractDraft, note: str, saved_at: datetime) -> NewVersion | None:
        """Store a draft; return None if it is not new, or older than the newest version."""
        if draft.previous is not None and saved_at < draft.previous.registered_at:
            return None
        async with self._database.write() as tx:
            outcome = await self._contracts.register(tx, operator_in(draft.team), draft, note)
            if not isinstance(outcome, NewVersion):
                return None
            await activity_store.note(tx, OPERATOR_NAME, "register contract", f"{_told(outcome)} {note}")
        return outcome

    def _team_of(self, path: Path) -> str:
        return composed(self._team) if path.parent == self._folder else checked_label("team", path.parent.name)


def _schema(content: bytes | None) -> dict[str, Any]:
    if content is None:
        problem = "it cannot be read, is too large for a contract, or a link leads out of the folder"
        raise Refusal("invalid_file", detail=problem)
    try:
        schema = json.loads(content)
    except ValueError as error:
        raise Refusal("invalid_json", detail=f"the file is not valid JSON: {error}") from error
    except RecursionError as error:
        raise Refusal("invalid_json", detail="the file is nested too deeply") from error
    if not isinstance(schema, dict):
        raise Refusal("invalid_schema", detail="a schema must be a JSON object")
    return schema


def _sentence(refusal: Refusal) -> str:
    path, detail = refusal.fields.get("path"), refusal.fields.get("detail")
    if refusal.code == "schema_too_large":
        return f"the schema is too large: {detail}"
    return f"{detail} (at {path})" if path else str(detail or refusal.code)


def _told(registered: NewVersion) -> str:
    """Return the version's name for a sentence."""
    return f"{registered.contract.name} v{registered.contract.version} of {registered.contract.team}"


def _consequence(registered: NewVersion) -> str:
    breaks = registered.compatibility is not None and registered.compatibility.breaks
    return ", which breaks the one before" if breaks else ""
