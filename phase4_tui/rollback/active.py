"""`reports/ACTIVE.json`: for other programs, which tag analysis and reporting use now. It follows the state."""

from contextlib import suppress
from pathlib import Path

from phase4_tui.artifacts.atomic_files import atomic_write, sync_directory, to_json
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.manifest import read_manifest
from phase4_tui.artifacts.models import Document
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.frozen_copies import artifacts_of
from phase4_tui.runbook.site import Site

ACTIVE_FILE = "ACTIVE.json"


class Active(Document):
    """`ACTIVE.json`: the tag, its artifacts by name, since when, by whom, why, and what proves it."""

    tag: str
    artifacts: tuple[str, ...]
    since: str | None
    by: str | None
    reason: str | None
    manifest_sha256: str | None
    revision: int


def active_of(site: Site, state: OperationsState) -> Active | None:
    """Return what `ACTIVE.json` must say, None when there must be none."""
    tag = state.active_tag
    if tag is None:
        return None
    frozen = state.frozen.get(tag)
    return Active(
        tag=tag,
        artifacts=_artifacts_of(site, tag),
        since=state.active_since,
        by=state.active_by,
        reason=state.active_reason,
        manifest_sha256=frozen.manifest_sha256 if frozen else None,
        revision=state.revision,
    )


def _artifacts_of(site: Site, tag: str) -> tuple[str, ...]:
    """Return the names as they were frozen: what someone removes since then is missing, not gone."""
    manifest = read_manifest(site.reports, tag)
    return tuple(file.name for file in manifest.files) if manifest else tuple(p.name for p in artifacts_of(site, tag))


def published_active(reports: Path) -> Active | None:
    """Return what `ACTIVE.json` says, None when it says nothing usable."""
    return look(reports / ACTIVE_FILE, Active, patient=False).value


def publish_active(site: Site, state: OperationsState) -> None:
    """Make `ACTIVE.json` say what the state does; a file that says so already is left alone."""
    reports = site.reports
    wanted, found = active_of(site, state), published_active(reports)
    if wanted is None:
        with suppress(FileNotFoundError):
            (reports / ACTIVE_FILE).unlink()
            sync_directory(reports)
    elif found is None or found.model_copy(update={"revision": wanted.revision}) != wanted:
        atomic_write(reports / ACTIVE_FILE, to_json(wanted.model_dump()))
