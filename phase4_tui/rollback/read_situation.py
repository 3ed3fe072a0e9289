"""Reads from disk what the next move depends on, and nothing else that is costly to read."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from shlex import join

from phase4_tui.artifacts.clock import nanoseconds
from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.index import index_tags, scan
from phase4_tui.errors import FORESEEN
from phase4_tui.journal.incident import Incident
from phase4_tui.journal.state import OperationsState, StateUnreadable
from phase4_tui.rollback.frozen_copies import needs_freezing
from phase4_tui.rollback.incidents import is_news, is_rehearsal
from phase4_tui.rollback.next_move import phase_of_mode, usual_tag
from phase4_tui.rollback.operations import state_to_plan_on
from phase4_tui.rollback.reopen import (
    CHANGED,
    COMPARED,
    HEALTHY,
    JUDGED_ANEW,
    REHEARSED,
    UNTAMPERED,
    Condition,
    conditions,
    needs_comparing,
    remedies_of,
)
from phase4_tui.rollback.situation import Rehearsal, ShownTag, Situation, StoppedRun, preference
from phase4_tui.rollback.to_read import fields_to_read
from phase4_tui.runbook.classification import JOURNAL_NOTE, Classification
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.fallback_proof import read_fallback
from phase4_tui.runbook.frozen_tags import manifest_problem, tampered_tags
from phase4_tui.runbook.isolation import live_order_names
from phase4_tui.runbook.judging import judge_tag
from phase4_tui.runbook.ladder import quarantine_of
from phase4_tui.runbook.provenance import COMPLETE, RunRecord, last_sequence, resume_command, runs_dir
from phase4_tui.runbook.run_holder import running, running_tag
from phase4_tui.runbook.run_plan import Request, changes_since, free_tag, plan_run, rerun_tag
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import row_of, shown_tag
from phase4_tui.runbook.steps import Phase, place_of, steps_of

Judged = tuple[Evidence, Classification]


def read_situation(site: Site, wanted: str | None = None, judged: Judged | None = None) -> Situation:
    """Return the situation for a tag, by default the one shown by default, with all that the next move depends on.

    `judged` is that tag's evidence and classification if they were read already. Raises BadTag.
    """
    reports = site.reports
    try:
        state = state_to_plan_on(site)
    except StateUnreadable as error:
        return Situation(
            OperationsState(), run_tag=site.settings.tag, trouble=str(error), trouble_remedies=error.remedies
        )
    if judged is None and state.incident is None:  # during an incident the move does not depend on the tag
        tag = shown_tag(site, wanted, state)
        judged = _judge(site, tag, state) if tag is not None else None
    situation = Situation(
        state=state,
        run_tag=usual_tag(site.settings, state),
        missing=place_of(site.settings, site.workdir, 4, None, None).missing,
        live_orders=live_order_names(site.settings, site.environment),
        holder=running(reports),
        shown=_shown(site, judged, wanted is None) if judged is not None else None,
        tampered=tampered_tags(site, state),
        fallback=read_fallback(site, state),
    )
    return read_fields(site, settled(site, situation))


def _judge(site: Site, tag: str, state: OperationsState) -> Judged:
    judgement = judge_tag(site, tag, state, patient=False)
    return judgement.evidence, judgement.classification


def _shown(site: Site, judged: Judged, by_default: bool) -> ShownTag:
    evidence, classification = judged
    last_run = max(evidence.runs, key=lambda run: run.run_id, default=None)
    sequence = steps_of(evidence.phase, site.settings)
    return ShownTag(evidence.tag, evidence.phase, sequence, classification, evidence.frozen, last_run, by_default)


def settled(site: Site, situation: Situation) -> Situation:
    """Return the situation with what a dead process left open counted as settled."""
    state = state_to_plan_on(site) if situation.state.pending else situation.state
    wanted = state.incident is not None and needs_freezing(site, state.incident.tag, state)
    return replace(situation, state=state, needs_freezing=wanted)


# What only some moves depend on -----------------------------------------------------------------------------------


def read_fields(site: Site, situation: Situation) -> Situation:
    """Return the situation with every costly field that its next move depends on."""
    while fields := fields_to_read(situation):
        situation = replace(_READERS[fields[0]](site, situation), read=situation.read | {fields[0]})
    return situation


def _with_beyond_restore(site: Site, situation: Situation) -> Situation:
    beyond = (tag for tag in situation.tampered if manifest_problem(site, situation.state, tag) is not None)
    return replace(situation, beyond_restore=tuple(beyond))


def _with_free_tag(site: Site, situation: Situation) -> Situation:
    return replace(situation, run_tag=free_tag(site, situation.run_tag))


def with_good_tag(site: Site, situation: Situation, most: int | None = None) -> Situation:
    """Look for the known-good tag to switch to among all tags, or only the `most` likely ones; stop at the first."""
    state, reports = situation.state, site.reports
    bad, runs = state.incident.tag if state.incident else None, running_tag(reports)
    entries = [entry for entry in index_tags(scan(reports), site.artifacts) if entry.tag != bad]
    entries.sort(key=lambda entry: preference(state, entry.tag, entry.modified_ns))
    good = next((entry.tag for entry in entries[:most] if row_of(site, entry, state, runs).known_good), None)
    if good is None and most is not None:
        return situation
    return replace(situation, good_tag=good is not None, good=good)


def _with_fallback_run(site: Site, situation: Situation) -> Situation:
    state = situation.state
    fallback = situation.fallback
    if fallback is not None and fallback.phase3_tag is not None:
        run = last_sequence(site.reports, fallback.phase3_tag)
    else:
        run = newest_run(site, state.mode_since, lambda run: run.phase == 3) if state.mode_since else None
    return replace(situation, fallback_run=_stopped_run(site, state, run))


def with_rehearsal(site: Site, situation: Situation) -> Situation:
    """Return the situation with the newest rehearsal, its unmet conditions, and a tag for another one."""
    state = situation.state
    incident = state.incident
    since = incident.opened_at if incident is not None else state.mode_since
    run = newest_run(site, since, lambda run: run.rehearsal) if since is not None else None
    found = None if run is None else _rehearsal(site, state, run)
    return replace(situation, rehearsal=found, rerun_tag=rerun_tag(site), rerun_options=_own_input(site, incident))


def _own_input(site: Site, incident: Incident | None) -> tuple[str, ...]:
    """Return the option for the input of the incident's run, none where a run takes that by default."""
    run = last_sequence(site.reports, incident.tag) if incident is not None else None
    return ("--input", run.input.path) if run is not None and run.input.path != site.settings.input else ()


def _rehearsal(site: Site, state: OperationsState, run: RunRecord) -> Rehearsal:
    unmet = [one for one in conditions(site, run.tag, hashes=False) if not one.ok]
    names = {one.name for one in unmet}
    blocking = [one for one in unmet if is_spent([one])]
    spent = "; ".join(one.detail for one in blocking) or None
    if spent is not None:
        detail = f"{run.tag} can't reopen Phase 4: {spent}"
    elif needs_comparing(unmet):
        detail = f"{run.tag} was re-run and is not compared yet"
    else:
        blocking = unmet
        told = "; ".join(f"{one.name}: {one.detail}" for one in unmet) or "every condition is met"
        detail = f"{run.tag}: {told}"
    return Rehearsal(
        tag=run.tag,
        spent=spent,
        stopped=_stopped_run(site, state, run),
        unwritten=_unwritten(site, run),
        compared=not needs_comparing(unmet),
        incomparable=COMPARED in names and not needs_comparing(unmet),
        untampered=UNTAMPERED not in names,
        changed=CHANGED in names,
        detail=detail,
        remedies=remedies_of(blocking),
        digests=tuple(digest for one in blocking for digest in one.digests),
    )


def _unwritten(site: Site, run: RunRecord) -> str | None:
    written = {suffix for step in steps_of(run.phase, site.settings) for suffix in step.artifacts}
    files = (f"{run.tag}{check.suffix}" for check in site.settings.own_checks if check.suffix not in written)
    return next((name for name in files if not (site.reports / name).exists()), None)


def is_spent(unmet: Iterable[Condition]) -> bool:
    """True when only another rehearsal helps: this one is incomplete, not healthy, or not what its files say."""
    return any(one.name in (REHEARSED, HEALTHY, JUDGED_ANEW) for one in unmet)


def last_rehearsal(site: Site, incident: Incident) -> RunRecord | None:
    """Return the newest rehearsal since the incident was opened."""
    return newest_run(site, incident.opened_at, lambda run: is_rehearsal(run, incident))


def newest_run(site: Site, since: str, wanted: Callable[[RunRecord], bool]) -> RunRecord | None:
    """Return the newest wanted run since a UTC time, of each tag only its last sequence; None without any."""
    since_ns = nanoseconds(since)
    try:
        directories = list(runs_dir(site.reports).iterdir())
        tags = [path.name for path in directories if path.is_dir() and path.stat().st_mtime_ns >= since_ns]
    except OSError:
        return None
    newest = [last_sequence(site.reports, tag) for tag in tags]
    found = [run for run in newest if run is not None and run.started_at >= since and wanted(run)]
    return max(found, key=lambda run: run.run_id, default=None)


def _with_shown(site: Site, situation: Situation) -> Situation:
    state, shown = situation.state, situation.shown
    assert shown is not None
    tag, found = shown.tag, shown.classification
    own = found.model_copy(update={"evidence": tuple(one for one in found.evidence if one.file != JOURNAL_NOTE)})
    shown = replace(
        shown,
        by_default=shown.by_default or tag == shown_tag(site, None, state),
        again=_again(site, state, tag, shown.phase, shown.last_run),
        quarantined=quarantine_of(site.reports, tag, state) is not None,
        is_news=is_news(site, state, tag, own),
        stopped=_stopped_run(site, state, shown.last_run),
    )
    return replace(situation, shown=shown)


def _stopped_run(site: Site, state: OperationsState, run: RunRecord | None) -> StoppedRun | None:
    """Return how to continue a run that did not complete; None when it completed or may not be made now."""
    if run is None or is_frozen(site.reports, run.tag):
        return None
    at = next((step.name for step in run.steps if step.state not in COMPLETE), None)
    mode = phase_of_mode(state)
    if at is None or not (run.rehearsal or mode in (run.phase, 4)):
        return None
    again = _again(site, state, run.tag, run.phase, run)
    if run.kind == "sequence":
        changed, sources = _changed(site, run), (run.input.path, run.rules.path)
        return StoppedRun(run.tag, at, "resume", resume_command(run), again, changed, sources)
    step = next((step for step in steps_of(run.phase, site.settings) if step.name == at), None)
    if step is None or run.phase != mode:
        return None
    return StoppedRun(run.tag, at, step.operation, join(["phase4", "step", at, "--tag", run.tag]), again)


def _changed(site: Site, run: RunRecord) -> str | None:
    """Return why a run can't be resumed, None when it can."""
    request = Request(tag=run.tag, phase=run.phase, input=run.input.path, rules=run.rules.path, rehearsal=run.rehearsal)
    try:
        changed = changes_since(plan_run(site.settings, site.workdir, site.environment, request), run)
    except FORESEEN as error:
        return str(error)
    return f"{'; '.join(changed)} changed since" if changed else None


def _again(site: Site, state: OperationsState, tag: str, phase: Phase, run: RunRecord | None) -> str:
    """Return the command that runs a tag from the beginning, on the input and rules of its last run."""
    words = ["phase4", "run", *(("--phase", "3") if phase == 3 and phase_of_mode(state) == 4 else ()), "--tag", tag]
    words += ["--rehearsal"] if run is not None and run.rehearsal else []
    usual = place_of(site.settings, site.workdir, phase, None, None)
    if run is not None and run.kind == "sequence":
        words += ["--input", run.input.path] if run.input.path != usual.input else []
        words += ["--rules", run.rules.path] if run.rules.path != usual.rules and phase == 4 else []
    return join(words)


_READERS: Mapping[str, Callable[[Site, Situation], Situation]] = {
    "beyond_restore": _with_beyond_restore,
    "run_tag": _with_free_tag,
    "good_tag": with_good_tag,
    "fallback_run": _with_fallback_run,
    "rehearsal": with_rehearsal,
    "shown": _with_shown,
}
"""The reader of each field that `fields_to_read` may name."""
