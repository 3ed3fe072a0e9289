"""Whether a check judged what is there now: proven by the run records' sha256, by a frozen manifest, else by times.

A record says which bytes a step wrote and which it used. Where it says nothing of the bytes that are there, a time
counts, with 2 s of tolerance, and a time in the future proves nothing (docs design, "Freshness").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from phase4_tui.artifacts.clock import age, nanoseconds
from phase4_tui.artifacts.index import look_at
from phase4_tui.artifacts.known_hashes import KnownHashes
from phase4_tui.artifacts.manifest import Manifest
from phase4_tui.artifacts.names import Artifact
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.runbook.provenance import RunRecord, StepRecord, record_path
from phase4_tui.runbook.steps import Step
from phase4_tui.runbook.tag_runs import LatestSteps

TOLERANCE_NS = 2_000_000_000
"""File systems keep times more coarsely than they are taken, and copying a directory gives new ones in any sequence."""
SOON_NS = 60_000_000_000
SAVED_WITHIN_NS = 500_000_000
"""A run's record is saved at once: one whose file is of another time than its end was copied."""

_HASHES = KnownHashes()


def is_ahead(moment_ns: int, now_ns: int) -> bool:
    """True for a time that is in the future of this clock, and so proves nothing."""
    return moment_ns > now_ns + TOLERANCE_NS


class Files:
    """The artifacts of a tag as they are now, beside what the run records and the manifest of a frozen tag say.

    `times` are those of the files that are there, in ns. Those of a frozen tag count as its manifest has them, since
    copies have others.
    """

    def __init__(
        self, reports: Path, times: Mapping[str, int], made: LatestSteps, manifest: Manifest | None, now_ns: int
    ) -> None:
        self._reports = str(reports)
        in_sequence = sorted(made.values(), key=lambda pair: pair[0].run_id)
        self._made = {name: pair for pair in in_sequence for name in pair[1].produced}
        kept = {} if manifest is None else {file.name: file.mtime_ns for file in manifest.files}
        self.times = {**times, **{name: kept[name] for name in kept.keys() & times.keys()}}
        self._hashes: dict[str, str | None] = {}
        self._now_ns = now_ns if manifest is None else nanoseconds(manifest.at)

    def made(self, name: str) -> tuple[RunRecord, StepRecord] | None:
        """Return the last recorded step that wrote a file."""
        return self._made.get(name)

    def is_as_recorded(self, name: str) -> bool:
        """True for a file that has the bytes that the last recorded step wrote."""
        made = self.made(name)
        return made is not None and self.sha256(name) == made[1].produced[name]

    def ended_ns(self, name: str) -> int:
        """Return when the last recorded step that wrote a file ended, in ns; 0 without one."""
        made = self.made(name)
        return (made[1].ended_ns or 0) if made is not None else 0

    def was_rewritten(self, name: str) -> bool:
        """True for a file that was written, by whatever means, after the last recorded step that wrote it.

        Only where times are what they were: not in a copy, whose run records have new ones too, nor where somebody
        set them, which leaves the ctime as it is.
        """
        made, identity = self.made(name), look_at(f"{self._reports}/{name}")
        if made is None or identity is None or made[0].ended_at is None:
            return False
        record = look_at(record_path(Path(self._reports), made[0].tag, made[0].run_id))
        in_place = record is not None and abs(record[2] - nanoseconds(made[0].ended_at)) < SAVED_WITHIN_NS
        return in_place and abs(identity[3] - identity[2]) < TOLERANCE_NS and identity[2] > self.ended_ns(name)

    def proves_nothing(self, moment_ns: int) -> bool:
        """True for a time in the future; for a frozen tag, of the moment when it was frozen."""
        return is_ahead(moment_ns, self._now_ns)

    def sha256(self, name: str) -> str | None:
        """Return a file's SHA-256, None when it can't be read; a file untouched since its record is not read."""
        if name not in self._hashes:
            self._hashes[name] = self._sha256(name)
        return self._hashes[name]

    def _sha256(self, name: str) -> str | None:
        made = self.made(name)
        seen = made[1].seen.get(name) if made is not None else None
        if made is not None and seen is not None and seen == look_at(f"{self._reports}/{name}"):
            return made[1].produced[name]
        try:
            return _HASHES.sha256(Path(self._reports, name), contained=True)
        except Unreadable:
            return None


def stale_files(tag: str, steps: Sequence[Step], files: Files) -> dict[str, str]:
    """Return, by the name of each file that judges others, why that judgement is not about what is there now."""
    found = {}
    for step in steps:
        judged = [f"{tag}{suffix}" for suffix in step.judges if not _is_note(suffix)]
        judged = [name for name in judged if name in files.times]
        for suffix in step.artifacts if judged else ():
            name = f"{tag}{suffix}"
            if name in files.times:
                proven = _by_content(name, judged, files)
                why = _by_times(name, judged, files) if proven is None else proven
                if why:
                    found[name] = why
    return found


def _by_content(name: str, judged: Sequence[str], files: Files) -> str | None:
    """Return what the run records prove: an empty text for a fresh check, else why it is not; None for no proof."""
    made = files.made(name)
    if made is None:
        return None
    used = {one: _used(*made, one) for one in judged}
    if None in used.values():  # a single step of an older version: its record says only when it ran
        return _by_records(name, judged, files)
    other = [one for one in judged if files.sha256(one) != used[one]]
    as_written = files.is_as_recorded(name)
    if not other:
        return "" if as_written or _is_note(name) else "was changed since its step wrote it"
    if not as_written:
        return None
    # Bytes that no run wrote may be those of a step run by hand, and then the check may be, too.
    by_hand = not any(map(files.is_as_recorded, other)) and files.was_rewritten(name)
    return None if by_hand else f"judged another {_what(other[0])} than the one that is there now"


def _by_records(name: str, judged: Sequence[str], files: Files) -> str | None:
    ended = files.ended_ns(name)
    newer = [one for one in judged if files.ended_ns(one) > ended]
    if newer and files.is_as_recorded(name):
        return f"is older than {_named(newer[0])}, by the records of their runs"
    return None


def _is_note(name: str) -> bool:
    """True for Markdown, which people sign and annotate, and of which a gate judges only that it is there."""
    return name.endswith(".md")


def _used(run: RunRecord, record: StepRecord, judged: str) -> str | None:
    """Return the SHA-256 of the file that a step judged; older records have only that of the step which wrote it."""
    if judged in record.used:
        return record.used[judged]
    before = run.steps[: next(place for place, step in enumerate(run.steps) if step.name == record.name)]
    return next((step.produced[judged] for step in reversed(before) if judged in step.produced), None)


def _by_times(name: str, judged: Sequence[str], files: Files) -> str:
    """Return why a file is not proven to be newer than those that it judges, an empty text when it is."""
    checked = files.times[name]
    if files.proves_nothing(checked):
        return f"is dated in the future, which does not prove that it is newer than {_named(judged[0])}"
    for one in judged:
        if checked + TOLERANCE_NS < max(files.times[one], files.ended_ns(one)):
            return f"is older than {_named(one)}"
    return ""


def _named(judged: str) -> str:
    what = _what(judged)
    return f"the {what}" if what != judged else judged


def _what(judged: str) -> str:
    return "report" if judged.endswith(Artifact.REPORT) else judged


@dataclass(frozen=True)
class Ahead:
    """A file that is dated in the future, and by how many ns."""

    name: str
    by_ns: int

    def __str__(self) -> str:
        return f"{self.name} is dated {age(self.by_ns / 1e9)} ahead of this clock: its time proves nothing"

    @property
    def passes_soon(self) -> bool:
        """True when the clock will soon have caught up, which changes a verdict that no file changes."""
        return self.by_ns < SOON_NS


def furthest_ahead(times: Mapping[str, int], now_ns: int) -> Ahead | None:
    """Return the file that is dated furthest in the future, None without any."""
    by_ns, name = max(((moment - now_ns, name) for name, moment in times.items()), default=(0, ""))
    return Ahead(name, by_ns) if is_ahead(now_ns + by_ns, now_ns) else None
