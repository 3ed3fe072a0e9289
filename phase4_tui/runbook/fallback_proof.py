"""Proves the fallback: since `phase3_only` was set there is a Phase 3 result and no Phase 4 result but rehearsals."""

from collections.abc import Mapping

from phase4_tui.artifacts.clock import iso, moment, nanoseconds
from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.index import Identity, TagEntry, index_tags, scan
from phase4_tui.artifacts.models import Document, Summary
from phase4_tui.artifacts.names import Artifact, file_name
from phase4_tui.errors import Remedy, command_line
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import Phase
from phase4_tui.runbook.tag_runs import latest_steps

_RESULTS = {Artifact.REPORT, Artifact.SUMMARY}


class Fallback(Document):
    """The results since the mode was set; `holds` is False when one is of a Phase 4 run that was no rehearsal."""

    since: str | None
    holds: bool
    phase3_tag: str | None
    phase3_at: str | None
    intruders: tuple[str, ...]

    def __str__(self) -> str:
        if self.intruders:
            return f"Phase 4 results that are no rehearsal were written since: {', '.join(self.intruders)}"
        if self.phase3_tag is None:
            return "no Phase 3 run since"
        return f"last outputs are Phase 3's: {self.phase3_tag} at {moment(self.phase3_at)}"

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The command that completes the proof."""
        missing = self.phase3_tag is None and not self.intruders
        return (Remedy("run", command_line("run"), "makes one"),) if missing else ()


def read_fallback(site: Site, state: OperationsState) -> Fallback | None:
    """Return the proof, or None in mode `phase4`."""
    if state.evaluation_mode != "phase3_only":
        return None
    since_ns = nanoseconds(state.mode_since) if state.mode_since else 0
    names = scan(site.reports)
    written = {entry.tag: _results_ns(names, entry) for entry in index_tags(names, site.artifacts)}
    recent = sorted((tag for tag in written if written[tag] > since_ns), key=lambda tag: (-written[tag], tag))
    phases = {tag: _phase(site, tag) for tag in recent}
    newest = next((tag for tag in recent if phases[tag] == 3), None)
    intruders = tuple(tag for tag in recent if phases[tag] == 4 and not _rehearsed(site, tag, written[tag]))
    return Fallback(
        since=state.mode_since,
        holds=newest is not None and not intruders,
        phase3_tag=newest,
        phase3_at=iso(written[newest]) if newest else None,
        intruders=intruders,
    )


def _results_ns(names: Mapping[str, Identity], entry: TagEntry) -> int:
    """Return when a tag's results were last written, in ns; newer artifacts of other kinds are no sign of a run."""
    return max((names[f"{entry.tag}{kind}"][2] for kind in entry.suffixes & _RESULTS), default=0)


def _phase(site: Site, tag: str) -> Phase:
    """Return the phase of a tag's results, whatever sign-off note lies beside them."""
    summary = look(site.reports / file_name(tag, Artifact.SUMMARY), Summary, patient=False)
    return 4 if summary.state == "valid" else phase_of(site, tag)


def _rehearsed(site: Site, tag: str, written_ns: int) -> bool:
    """True when the results are those of a rehearsal and have not been written since."""
    made = latest_steps(site, tag).get("pipeline")
    if made is None or not made[0].rehearsal:
        return False
    ended = made[1].ended_ns
    return ended is None or written_ns <= ended
