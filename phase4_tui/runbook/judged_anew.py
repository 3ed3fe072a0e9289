"""Judges a tag anew from its report, at the moment of a switch or a reopening, and says what its files claim otherwise.

Release check, quality check and monitoring are made again by the gates that a run would use now, on the artifacts as
they lie in the reports directory and by the present rules. They write to a private directory, which is removed
afterwards, and never to the reports directory.

- The desk's own script, or a command line of the settings, runs as a step does: behind the barrier against the network,
  in its time limit, and where the kernel grants it with the whole reports directory read-only. On its command line
  each `{outdir}/{tag}_FILE` of a gate's file names the private directory instead. A command line of the settings that
  does not name its file so is refused, since it would write to the reports directory.
- This program's own gates run in this thread; they read a report of any size in constant memory.

Only what is data is compared: results, counts, shares and severities, never texts. A key that one side does not have
is no difference by itself, as between gates of different versions; what the release check needs, it misses. Only
Phase 4 is judged anew: no other tag can be switched to or reopened on.
"""

import re
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from phase4_tui.artifacts.atomic_files import atomic_write, to_json
from phase4_tui.artifacts.clock import duration
from phase4_tui.artifacts.documents import Look, look
from phase4_tui.artifacts.index import Identity, look_at
from phase4_tui.artifacts.models import Document, Monitoring, QualityCheck, ReleaseCheck, Summary, flat
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.errors import Phase4Error, Refused, Remedy, command_line
from phase4_tui.policy.monitoring import FLOAT_NOISE_PLACES
from phase4_tui.policy.values import is_number, show
from phase4_tui.runbook.cage.spec import Cage
from phase4_tui.runbook.cage_plan import cage_of
from phase4_tui.runbook.children import ChildSpec, run_child
from phase4_tui.runbook.endings import broken_off
from phase4_tui.runbook.evidence import QUALITY_LIMIT_BYTES
from phase4_tui.runbook.isolation import Proof, private_home, probe_barrier, step_environment
from phase4_tui.runbook.preconditions import LAY_OUT, check_environment, check_isolation, refuse_unmet
from phase4_tui.runbook.settings import SETTINGS_FILE
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.steps import PHASE4_STEPS, Command, Place, command_for, place_of
from phase4_tui.steps.phase4_monitor_runner import monitor, read_report
from phase4_tui.steps.phase4_quality_check import check_quality
from phase4_tui.steps.phase4_release_check import check_release

TOLERANCE = 0.01
"""Two shares in percent that differ by no more are the same."""
SHOWN_DIFFERENCES = 5
ERROR_CHARS = 400
_JUDGES: dict[str, Artifact] = {
    "release_check": Artifact.RELEASE_CHECK,
    "quality_check": Artifact.QUALITY_CHECK,
    "monitor": Artifact.MONITORING,
}
"""The steps that judge, in their order, each with the file that holds its verdict."""
_WRITTEN = (*_JUDGES.values(), Artifact.MONITORING_MD)
D = TypeVar("D", bound=Document)


class Difference(NamedTuple):
    """A value that a file of the tag claims, and what was found when it was judged anew."""

    file: str
    key: str
    stored: object
    anew: object
    why: str = ""
    """What the gate found wrong first, for a result that is not the stored one."""

    def __str__(self) -> str:
        told = f"{self.file}: {safe_line(self.key, 120)} is {show(self.stored)}, judged anew {show(self.anew)}"
        return f"{told} ({safe_line(self.why, ERROR_CHARS)})" if self.why else told


@dataclass(frozen=True)
class JudgedAnew:
    """How long it took to judge a tag anew, and every difference from what its files claim."""

    seconds: float
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        told = "; ".join(str(one) for one in self.differences[:SHOWN_DIFFERENCES]) or "the same result"
        more = len(self.differences) - SHOWN_DIFFERENCES
        told += f"; … and {more} more" if more > 0 else ""
        return f"release, quality and monitoring judged anew from the report in {duration(self.seconds)}: {told}"


def remedies(tag: str) -> tuple[Remedy, ...]:
    """Return what to do about a tag that is not what its files claim."""
    return (
        Remedy("run", command_line("run", "--tag", tag), "runs it again"),
        Remedy("known_good", command_line("known-good", "list"), "shows the others"),
    )


def refuse_different(site: Site, tag: str) -> JudgedAnew:
    """Judge a Phase 4 tag anew and return the result without a difference; raises what `judge_anew` raises, Refused."""
    found = judge_anew(site, tag)
    if found.differences:
        raise Refused(f"{tag} is not what its files say: {found}", remedy=remedies(tag), tag=tag)
    return found


def judge_anew(site: Site, tag: str) -> JudgedAnew:
    """Judge a Phase 4 tag anew.

    Raises Refused when a gate can't be run, does not end as a gate does or writes no verdict, or when the tag is
    written meanwhile; BadTag, SettingsError, OSError.
    """
    check_tag(tag)
    begun = time.monotonic()
    place = place_of(site.settings, site.workdir, 4, None, None)
    if not place.rules_path.exists():
        raise Refused(f"{tag} can't be judged anew: {place.rules} is missing", remedy=LAY_OUT, tag=tag)
    before = _identities(site, tag, place.rules_path)
    with private_home() as home:
        gates = _Gates(site, tag, place, home)
        gates.run()
        differences = tuple(gates.differences())
    if _identities(site, tag, place.rules_path) != before:
        advice = Remedy(effect="wait until nothing writes to it, then try again")
        raise Refused(f"{tag} was written while it was judged anew", remedy=advice, tag=tag)
    return JudgedAnew(time.monotonic() - begun, differences)


def _identities(site: Site, tag: str, rules: Path) -> list[Identity | None]:
    return [look_at(path) for path in (rules, *(site.reports / name for name in site.artifacts.of(tag)))]


class _Gates:
    """The gates of one tag, run into a private directory."""

    def __init__(self, site: Site, tag: str, place: Place, home: Path) -> None:
        self._site = site
        self._tag = tag
        self._place = place
        self._home = home
        self._private = home / "judged"
        self._proof: Proof | None = None

    def run(self) -> None:
        """Run the gates in their order, since the monitoring judges by the two others."""
        self._private.mkdir()
        for step in PHASE4_STEPS:
            if step.name in _JUDGES:
                site = self._site
                command = command_for(step, 4, self._tag, self._place, site.settings, site.environment)
                if command.origin == "built-in":
                    self._run_ours(command)
                else:
                    self._run_theirs(command)

    def _run_ours(self, command: Command) -> None:
        reports, out = self._place.reports, self._written(_JUDGES[command.step.name])
        report = reports / file_name(self._tag, Artifact.REPORT)
        try:
            if command.step.name == "release_check":
                atomic_write(out, to_json(check_release(self._tag, reports)))
            elif command.step.name == "quality_check":
                check_quality(report, out)
            else:
                gates = self._written(Artifact.RELEASE_CHECK), self._written(Artifact.QUALITY_CHECK)
                atomic_write(out, to_json(monitor(report, *gates, self._place.rules_path)))
        except Phase4Error as error:
            raise self._refusal(command, error.message, error.remedies) from None

    def _run_theirs(self, command: Command) -> None:
        redirected, verdict = self._redirected(command), _JUDGES[command.step.name]
        if not any(str(self._written(verdict)) in part for part in redirected.argv):
            wanted = "{outdir}/{tag}" + verdict
            why = f"its command line in {SETTINGS_FILE} does not name {wanted}, so it can't write elsewhere"
            raise self._refusal(command, why, (Remedy(effect="name it there"),))
        settings, place = self._site.settings, self._place
        cage = cage_of(settings, place.workdir, place.reports, (self._home, command.cwd), judging=True)
        proof = self._proven(cage)
        spec = ChildSpec(
            argv=redirected.argv,
            cwd=command.cwd,
            env=step_environment(settings, self._site.environment, self._home),
            barrier="seccomp",
            timeout_seconds=command.timeout_seconds,
            grace_seconds=settings.grace_seconds,
            cage=replace(cage, layers=proof.layers),
        )
        broken = broken_off(command, run_child(spec, threading.Event()))
        if broken is not None:
            raise self._refusal(command, safe_line(broken[1], ERROR_CHARS), remedies(self._tag))

    def _proven(self, cage: Cage) -> Proof:
        """Return the proof of the barrier, made once; raises Refused without one, as a run is."""
        if self._proof is None:
            refuse_unmet((check_environment(self._site.settings, self._site.environment),))
            self._proof = probe_barrier("seccomp", self._place.reports.resolve(), cage)
            isolation = check_isolation(self._proof)
            if not isolation.ok:
                raise Refused(
                    f"precondition {isolation.name}: {isolation.detail}; gates run only behind a proven barrier",
                    remedy=Remedy("", command_line("doctor"), "tells more"),
                    precondition=isolation.name,
                )
        return self._proof

    def _redirected(self, command: Command) -> Command:
        """Return the command with each file that a gate writes in the private directory instead."""
        names = "|".join(re.escape(file_name(self._tag, artifact)) for artifact in _WRITTEN)
        written = re.compile(rf"(?<![\w./-]){re.escape(self._place.outdir)}/({names})(?![\w.-])")
        argv = (written.sub(lambda found: str(self._private / found[1]), part) for part in command.argv)
        return replace(command, argv=tuple(argv))

    def _written(self, artifact: Artifact) -> Path:
        return self._private / file_name(self._tag, artifact)

    def _refusal(self, command: Command, why: str, advice: tuple[Remedy, ...]) -> Refused:
        told = f"{self._tag} can't be judged anew: {command.step.name} ({command.origin}): {why}"
        return Refused(told, remedy=advice, tag=self._tag, step=command.step.name)

    def differences(self) -> Iterator[Difference]:
        """Yield each difference between the tag's own files and what was found anew."""
        head, tally = read_report(self._place.reports / file_name(self._tag, Artifact.REPORT))
        report, counted = file_name(self._tag, Artifact.REPORT), tally.summary()
        yield from _differ(report, {"record_count": head.get("record_count")}, {"record_count": tally.total})
        yield from _differ(report, flat({"summary": head.get("summary")}), flat({"summary": counted}))
        summary = self._stored(Artifact.SUMMARY, Summary)
        yield from _differ(file_name(self._tag, Artifact.SUMMARY), flat(summary.model_dump()), flat(counted))
        for artifact, model, facts in (
            (Artifact.RELEASE_CHECK, ReleaseCheck, _of_gate),
            (Artifact.QUALITY_CHECK, QualityCheck, _of_gate),
            (Artifact.MONITORING, Monitoring, _of_monitoring),
        ):
            stored, anew = self._stored(artifact, model), self._anew(artifact, model)
            yield from _differ(file_name(self._tag, artifact), facts(stored), facts(anew), _first_wrong(anew))

    def _stored(self, artifact: Artifact, model: type[D]) -> D:
        found = _look(self._place.reports / file_name(self._tag, artifact), model)
        if found.value is None:
            told = f"{found.name} {'; '.join(found.problems) or f'is {found.state}'}"
            raise Refused(f"{self._tag} can't be judged anew: {told}", remedy=remedies(self._tag), tag=self._tag)
        return found.value

    def _anew(self, artifact: Artifact, model: type[D]) -> D:
        found = _look(self._written(artifact), model)
        if found.value is None:
            step = next(name for name, verdict in _JUDGES.items() if verdict is artifact)
            told = "was not written" if found.state == "absent" else "; ".join(found.problems)
            why = f"{self._tag} can't be judged anew: {step}: {found.name} {told}"
            raise Refused(why, remedy=remedies(self._tag), tag=self._tag, step=step)
        return found.value


def _look(path: Path, model: type[D]) -> Look[D]:
    return look(path, model, limit=QUALITY_LIMIT_BYTES)


Facts = Mapping[str, object]
"""What is compared: values by key, keys of parts joined by dots."""


def _of_gate(check: Any) -> Facts:
    sections = getattr(check, "checks", None) or {}
    return {"passed": check.passed, **{f"checks.{name}.passed": part.passed for name, part in sections.items()}}


def _of_monitoring(found: Any) -> Facts:
    facts: dict[str, object] = {"status": found.status, "alerts": {one.metric: one.severity for one in found.alerts}}
    if found.snapshot is not None:
        facts |= {"snapshot.records": found.snapshot.records, **flat({"snapshot.kpis": found.snapshot.kpis})}
    return facts


def _first_wrong(found: Document) -> str:
    if isinstance(found, ReleaseCheck):
        missing = [f"missing: {name}" for name in found.missing_files or ()]
        return next(iter((*missing, *(found.validation_errors or ()))), "")
    if isinstance(found, QualityCheck):
        return next((issue for part in (found.checks or {}).values() for issue in part.issues or ()), "")
    return ""


def _differ(file: str, stored: Facts, anew: Facts, why: str = "") -> Iterator[Difference]:
    for key, value in stored.items():
        if value is not None and key in anew and anew[key] is not None and not _same(value, anew[key]):
            yield Difference(file, key, value, anew[key], why if key == "passed" else "")


def _same(stored: object, anew: object) -> bool:
    if isinstance(stored, float) or isinstance(anew, float):
        return is_number(stored) and is_number(anew) and round(abs(stored - anew), FLOAT_NOISE_PLACES) <= TOLERANCE
    return type(stored) is type(anew) and stored == anew
