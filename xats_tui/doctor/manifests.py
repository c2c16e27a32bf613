"""Check of the user's manifests of clients."""

from collections.abc import Iterator

from xats_tui.clients.manifests.files import FOLDER
from xats_tui.clients.registry import use_manifests
from xats_tui.doctor.finding import Case, Finding, ok, warning

TOPIC = "client manifests"


def manifests(case: Case) -> Iterator[Finding]:
    """Check every manifest in the home; without any there is nothing to report."""
    home = case.loaded.settings.home
    found = use_manifests(home)
    for name, problem in found.problems.items():
        remedy = f"xats-tui client check {home / FOLDER / name}"
        yield warning(TOPIC, f"{problem}; its client counts as custom", remedy)
    if found.manifests:
        titles = ", ".join(sorted(manifest.spec.title for manifest in found.manifests.values()))
        yield ok(TOPIC, f"in force: {titles}")
