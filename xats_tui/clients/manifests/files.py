"""The files of manifests: the built-in ones, and a user's own ones in `clients/` of the home."""

from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path

from msgspec import Struct

from xats_tui.clients.manifests.manifest import Manifest, checked, parsed
from xats_tui.clients.manifests.tables import MAX_FILE_BYTES, BadManifest, Source
from xats_tui.clients.spec import ClientSpec

HERE = Path(__file__).parent

FOLDER = "clients"
"""The folder of the user's manifests in the home."""

SUFFIX = ".toml"

MAX_FILES = 100


class UserManifests(Struct, frozen=True, kw_only=True):
    """The manifests of a user."""

    manifests: Mapping[str, Manifest]
    """By the ids of their clients."""
    problems: Mapping[str, str]
    """By the names of their files, a sentence about each that cannot be used."""


NO_MANIFESTS = UserManifests(manifests={}, problems={})


@cache
def builtin() -> Mapping[str, Manifest]:
    """Return the built-in manifests, by the ids of their clients."""
    paths = sorted(HERE.glob(f"*{SUFFIX}"))
    sources = [Source(name=path.name, text=path.read_text(encoding="utf-8"), folder=HERE) for path in paths]
    return {manifest.spec.id: manifest for manifest in (parsed(source, builtin=True) for source in sources)}


def read(
    folder: Path, known: Iterable[ClientSpec], fixed: Iterable[str], known_reader: Callable[[str], bool]
) -> UserManifests:
    """Read and check the manifests of a folder.

    Args:
        folder: the folder.
        known: the clients that are known without it.
        fixed: those of them that no file may describe anew.
        known_reader: tells whether a client has a reader in Python.
    """
    manifests: dict[str, Manifest] = {}
    problems: dict[str, str] = {}
    others = {spec.id: spec for spec in known}
    paths = sorted(path for path in folder.glob(f"*{SUFFIX}") if not path.name.startswith("."))
    for path in paths[:MAX_FILES]:
        try:
            manifest = checked_beside(source_of(path), others.values(), fixed, known_reader)
        except BadManifest as error:
            problems[path.name] = str(error)
        else:
            manifests[manifest.spec.id] = manifest
            others[manifest.spec.id] = manifest.spec
    for path in paths[MAX_FILES:]:
        problems[path.name] = f"{path.name}, line 1: it is not read: {folder} has more than {MAX_FILES} manifests"
    return UserManifests(manifests=manifests, problems=problems)


def checked_beside(
    source: Source, known: Iterable[ClientSpec], fixed: Iterable[str], known_reader: Callable[[str], bool]
) -> Manifest:
    """Return a user's manifest of which every part was checked, and that takes no other client's names.

    Raises:
        BadManifest: it cannot be used.
    """
    manifest = checked(source, builtin=False, known_reader=known_reader)
    _refuse_taken(manifest, {spec.id: spec for spec in known}, frozenset(fixed))
    return manifest


def source_of(path: Path) -> Source:
    """Return a file's text.

    Raises:
        BadManifest: it cannot be read.
    """
    try:
        if not path.is_file():
            raise BadManifest(f"{path.name}, line 1: this is no regular file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
        return Source(name=path.name, text=data.decode(), folder=path.absolute().parent)
    except OSError as error:
        raise BadManifest(f"{path.name}, line 1: it cannot be read: {error.strerror}") from None
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadManifest(f"{path.name}, line {line}: this is not UTF-8; save the file as UTF-8") from None


def _refuse_taken(manifest: Manifest, others: Mapping[str, ClientSpec], fixed: frozenset[str]) -> None:
    """Refuse names that lead to another client.

    Raises:
        BadManifest: one of them does.
    """
    spec, source = manifest.spec, manifest.source
    if spec.id in fixed:
        line = source.line_of("", 0, "id")
        source.refuse(f"{spec.id} is built in and cannot be described anew: choose another id", line)
    for other in others.values():
        if other.id == spec.id:
            continue
        for key, own, taken in (
            ("executables", spec.executables, other.executables),
            ("handshake", spec.handshake_names, other.handshake_names),
            ("environment", {spec.environment_mark}, {other.environment_mark}),
        ):
            if both := sorted((own & taken) - {""}):
                source.refuse(f"{both[0]} belongs to {other.title} already: leave it out", source.line_of("", 0, key))
        for name in spec.handshake_names:
            if other.handshake and name.startswith(other.handshake):
                source.refuse(f"{name} belongs to {other.title} already", source.line_of("", 0, "handshake"))
