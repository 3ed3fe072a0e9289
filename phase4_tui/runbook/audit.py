"""The runbook's audit artifacts of a tag, with what identifies them."""

from pathlib import Path

from phase4_tui.artifacts.clock import iso
from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.errors import error_as_commands
from phase4_tui.runbook.checks import checks_of
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.site import Site


class AuditEntry(Document):
    """One audit artifact; without `sha256` it is missing, or `problem` says why it can't be read."""

    name: str
    present: bool
    sha256: str | None
    size: int | None
    modified_at: str | None
    frozen: bool
    problem: str | None = None


def audit(site: Site, tag: str) -> list[AuditEntry]:
    """Return the audit artifacts of a tag: the report and what each check reads, then the desk's own; raises BadTag."""
    reports, phase = site.reports, phase_of(site, tag)
    checked = (entry.files.get(phase) for entry in checks_of(site.settings, phase))
    own = site.artifacts.own if phase == 4 else ()
    suffixes = dict.fromkeys((Artifact.REPORT, *filter(None, checked), *own))
    frozen = is_frozen(reports, tag)
    return [_entry(reports / file_name(tag, suffix), frozen) for suffix in suffixes]


def _entry(path: Path, frozen: bool) -> AuditEntry:
    problem = None
    try:
        sha256 = hash_file(path, contained=True)
        info = path.stat() if sha256 is not None else None
    except (Unreadable, OSError) as error:
        sha256, info, problem = None, None, error_as_commands(error)
    return AuditEntry(
        name=path.name,
        present=sha256 is not None,
        sha256=sha256,
        size=info.st_size if info else None,
        modified_at=iso(info.st_mtime_ns) if info else None,
        frozen=frozen,
        problem=problem,
    )
