"""Runs a plan: one run at a time per reports directory, each step a child process, everything recorded.

A failed gate does not stop the sequence, so that the evidence is complete; a crash, a time-out or a cancel does.
"""

import os
import threading
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from phase4_tui.artifacts.atomic_files import sweep_leftovers
from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.index import look_at
from phase4_tui.artifacts.names import state_dir
from phase4_tui.artifacts.progress import parse_progress
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.errors import FORESEEN, Refused, Remedy, command_line, error_as_commands
from phase4_tui.journal.actor import host_name
from phase4_tui.journal.locks import Busy
from phase4_tui.runbook.cage_plan import cage_of
from phase4_tui.runbook.children import Barrier, ChildSpec, run_child
from phase4_tui.runbook.expected_files import look_before
from phase4_tui.runbook.isolation import Proof, private_home, probe_barrier, step_environment
from phase4_tui.runbook.preconditions import check_environment, check_isolation, check_not_frozen, refuse_unmet
from phase4_tui.runbook.provenance import (
    COMPLETE,
    RunRecord,
    StepRecord,
    new_run_id,
    save_run,
    tag_runs_dir,
    versions,
)
from phase4_tui.runbook.refusals import advice
from phase4_tui.runbook.run_closing import PROCESS_ENDED, close_interrupted, left_by, note_run
from phase4_tui.runbook.run_holder import RunLock, announce, run_lock, running, withdraw
from phase4_tui.runbook.run_plan import RunPlan, choose_phase, plan_run
from phase4_tui.runbook.settings import SETTINGS_FILE, Settings
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.step_verdicts import verdict_of
from phase4_tui.runbook.steps import Command
from phase4_tui.runbook.used_files import UsedFiles

ERROR_CHARS = 400


class Observer:
    """An observer of a run, called in the run's thread; this base class does nothing."""

    wants_progress = False
    """While False no output is parsed, so that a step that floods it costs its parent little."""

    def run_started(self, record: RunRecord) -> None:
        """The run is recorded; no step has started yet."""

    def step_started(self, command: Command) -> None:
        """A step starts; what it uses is hashed after this."""

    def progress(self, command: Command, facts: Mapping[str, int]) -> None:
        """A step reported `records`, `bytes` and `total_bytes`."""

    def frame(self, command: Command, text: str) -> None:
        """A step writes over a line: `text` is what stands there now, made safe; "" when there is none."""

    def step_ended(self, record: StepRecord) -> None:
        """A step is over."""


def run_plan(
    plan: RunPlan,
    settings: Settings,
    environment: Mapping[str, str],
    observer: Observer,
    cancel: threading.Event,
) -> RunRecord:
    """Run the plan to its end and return its record.

    Raises Refused when another run holds the directory, the tag has been frozen, or the barrier against the
    network can't be proven and no reason to run without it was given; ReportsGone when the directory is removed or
    moved away meanwhile; OSError when the record can't be kept.
    """
    reports = plan.place.reports
    site = Site(plan.place.workdir, settings, environment)
    with ExitStack() as stack:
        lock = run_lock(reports)
        try:
            lock.acquire()
        except Busy as busy:
            noted = running(reports)
            noted = noted if noted is not None and busy.pid in (None, noted.pid) else None
            who = busy.holder if noted is None else f"{noted} (pid {noted.pid})"
            advice = Remedy(effect="wait for it or cancel it there")
            raise Refused(f"{who}: one run at a time", remedy=advice) from None
        stack.callback(lock.release)
        with suppress(OSError):  # the record of one tag that can't be written hinders no run of another
            close_interrupted(reports, PROCESS_ENDED, site.artifacts)
        _refuse_other_mode(plan)
        _refuse_stale_resume(plan, settings, environment)
        sweep_leftovers(reports)
        home = stack.enter_context(private_home())
        barrier, proof = _barrier(plan, settings, environment, home)
        record = _new_record(plan, settings, proof)
        announce(reports, plan.tag, record.run_id, settings.operator)
        try:
            save_run(reports, record)
            note_run(reports, record)
            observer.run_started(record)
            child_environment = step_environment(settings, environment, home)
            run = _Run(plan, site, child_environment, home, barrier, lock, observer, _Stop(cancel, lock), record)
            ended = run.go()
            lock.check_place()
            note_run(reports, ended)
        except BaseException as error:
            gone = lock.lost()
            kept = reports if gone is None else gone.moved
            with suppress(*FORESEEN):  # if the disk refuses that too, the next run closes it
                if kept is not None:
                    close_interrupted(kept, error_as_commands(gone or error), site.artifacts)
            if gone is not None and isinstance(error, FORESEEN):
                raise gone from error
            raise
        withdraw(reports)
        return ended


def _refuse_other_mode(plan: RunPlan) -> None:
    """Raise Refused when the evaluation mode has changed since the plan: a fallback applies at once."""
    if choose_phase(plan.place.reports, plan.request) != plan.phase:
        again = Remedy(effect="plan it again")
        raise Refused("the evaluation mode has changed since this run was planned", remedy=again, tag=plan.tag)


def _refuse_stale_resume(plan: RunPlan, settings: Settings, environment: Mapping[str, str]) -> None:
    """Raise Refused when another run has changed, since the plan was made, which steps a resumed run keeps."""
    if plan.resumes is None:
        return
    now = plan_run(settings, plan.place.workdir, environment, plan.request)
    if (now.resumes, now.done) != (plan.resumes, plan.done):
        shows = Remedy("", command_line("status", "--tag", plan.tag), "shows what it left; then resume again")
        raise Refused(f"another run of {plan.tag} has ended meanwhile", remedy=shows, tag=plan.tag)


def _barrier(plan: RunPlan, settings: Settings, environment: Mapping[str, str], home: Path) -> tuple[Barrier, Proof]:
    refuse_unmet((check_not_frozen(plan.place, plan.tag), check_environment(settings, environment)))
    place = plan.place
    cage = cage_of(settings, place.workdir, place.reports, [home, *(command.cwd for command in plan.to_run)])
    proof = probe_barrier("seccomp", state_dir(place.reports.resolve()), cage)
    condition = check_isolation(proof)
    if condition.ok:
        return "seccomp", proof
    if plan.request.unisolated_reason is None:
        raise Refused(
            f"precondition {condition.name}: {condition.detail}; steps run only behind a proven barrier",
            remedy=Remedy("", command_line("run", "--without-isolation", "REASON"), "runs them without, on record"),
            precondition=condition.name,
        )
    return "none", proof


def _new_record(plan: RunPlan, settings: Settings, proof: Proof) -> RunRecord:
    waiting = tuple(StepRecord(name=command.step.name, state="not_run") for command in plan.to_run)
    return RunRecord(
        run_id=new_run_id(),
        tag=plan.tag,
        phase=plan.phase,
        kind="step" if plan.request.only else "sequence",
        state="running",
        rehearsal=plan.request.rehearsal,
        resumes=plan.resumes,
        operator=settings.operator,
        host=host_name(),
        pid=os.getpid(),
        started_at=iso(now_ns()),
        workdir=str(plan.place.workdir),
        input=plan.input,
        rules=plan.rules,
        definition_sha256=plan.definition_sha256,
        versions=versions(),
        isolation=proof,
        unisolated_reason=None if proof.proven else plan.request.unisolated_reason,
        steps=plan.done + waiting,
    )


class _Stop(threading.Event):
    """Says that a run must stop: it was cancelled, or its reports directory is gone."""

    def __init__(self, cancel: threading.Event, lock: RunLock) -> None:
        super().__init__()
        self._cancel, self._lock = cancel, lock

    def is_set(self) -> bool:
        return self._cancel.is_set() or self._lock.has_lost_its_place


class _Run:
    """One run under way."""

    def __init__(
        self,
        plan: RunPlan,
        site: Site,
        environment: Mapping[str, str],
        home: Path,
        barrier: Barrier,
        lock: RunLock,
        observer: Observer,
        cancel: threading.Event,
        record: RunRecord,
    ) -> None:
        self._plan = plan
        self._site = site
        self._environment = environment
        self._home = home
        self._barrier: Barrier = barrier
        self._lock = lock
        self._observer = observer
        self._cancel = cancel
        self._record = record
        self._files = UsedFiles(plan.tag, plan.place, plan.commands, plan.hashes, (plan.input, plan.rules))
        self._files.keep(plan.done)

    def go(self) -> RunRecord:
        for command in self._plan.to_run:
            if self._cancel.is_set():
                break
            ended = self._step(command)
            if ended.state not in COMPLETE:
                break
        reports, names = self._plan.place.reports, self._site.artifacts.of(self._plan.tag)
        left = left_by(reports, names, self._record.steps)
        self._save(state="finished", changed=self._files.at_end(), ended_at=iso(now_ns()), left=left)
        return self._record

    def _save(self, **changes: object) -> None:
        self._lock.check_place()
        self._record = self._record.model_copy(update=changes)
        save_run(self._plan.place.reports, self._record)

    def _put(self, step: StepRecord) -> None:
        steps = tuple(step if old.name == step.name else old for old in self._record.steps)
        self._save(steps=steps, changed=self._files.changed)

    def _step(self, command: Command) -> StepRecord:
        plan, step = self._plan, command.step
        name = f"{self._record.run_id}.{step.number}-{step.name}.log"
        path = tag_runs_dir(plan.place.reports, plan.tag) / name
        self._observer.step_started(command)
        started = StepRecord(
            name=step.name,
            state="running",
            started_at=iso(now_ns()),
            argv=command.argv,
            cwd=str(command.cwd),
            origin=command.origin,
            used=self._files.before(command),
            transcript=str(path),
        )
        self._put(started)
        settings, place = self._site.settings, plan.place
        settings_file = place.workdir / SETTINGS_FILE
        settings_before = look_at(settings_file)
        cage = replace(
            cage_of(settings, place.workdir, place.reports, (self._home, command.cwd)),
            layers=self._record.isolation.layers,
        )
        with path.open("x+b") as transcript:
            before = look_before(plan.place.reports, path.stat().st_mtime_ns)
            spec = ChildSpec(
                argv=command.argv,
                cwd=command.cwd,
                env=self._environment,
                barrier=self._barrier,
                timeout_seconds=command.timeout_seconds,
                grace_seconds=self._site.settings.grace_seconds,
                transcript=transcript,
                held=self._lock.descriptors,
                cage=cage,
            )
            watch = (partial(self._lines, command), partial(self._observer.frame, command))
            result = run_child(spec, self._cancel, *(watch if self._observer.wants_progress else ()))
        self._lock.check_place()
        state, error = verdict_of(command, result, before, plan, self._site)
        # What is not there yet can't be sealed, and a link only where it leads to.
        if (settings_before is None or settings_file.is_symlink()) and look_at(settings_file) != settings_before:
            state = "crashed"
            error = f"{settings_file} was made or changed while it ran, which only an operator may: look at it"
        elif state == "crashed":
            error = "; ".join(filter(None, (error, advice(result.tail, cage, command.cwd, error or ""))))
        produced, seen = self._files.after(command, complete=state in COMPLETE)
        ended = started.model_copy(
            update={
                "state": state,
                "error": None if error is None else safe_line(error, ERROR_CHARS),
                "exit_code": result.exit_code,
                "left_processes": result.left,
                "signal": result.signal,
                "seconds": result.seconds,
                "ended_ns": now_ns(),
                "produced": produced,
                "seen": seen,
            }
        )
        self._put(ended)
        self._observer.step_ended(ended)
        return ended

    def _lines(self, command: Command, lines: list[str]) -> None:
        for line in lines:
            facts = parse_progress(line)
            if facts is not None:
                self._observer.progress(command, facts)
