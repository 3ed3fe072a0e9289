"""The next move: what to do now, decided here for every face from state and facts.

The most urgent comes first: what blocks everything, tampered evidence, the open incident with the runbook's five
steps in order, what the shown tag needs, the evaluation mode.
"""

from pathlib import Path
from shlex import join

from phase4_tui.artifacts.models import Document
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.incident import Finding, Incident
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.situation import ShownTag, Situation, StoppedRun
from phase4_tui.runbook.classification import CHANGED_DURING_RUN, NO_GO, OWN_CHECK
from phase4_tui.runbook.settings import Settings
from phase4_tui.runbook.steps import Phase, Step

TEXT_CHARS = 300
_WORDS = {
    "absent": "is missing",
    "absent or empty": "is missing",
    "unreadable": "can't be read",
    "stale": "did not judge what is there now",
}
_UNDONE = {
    "run_record_damaged": "the record of a run is damaged",
    "run_interrupted": "its last run did not complete",
}
"""Why a tag whose run is not on record as complete has to be run again, by rule."""


class NextMove(Document):
    """What to do now, and with what.

    `operation` is an id of the registry of operations, empty where no operation does it (to wait, to unset a
    variable). `text` is a plain sentence without its end, which may follow a key or stand before the command.
    `command` does it on the command line, quoted for a shell; R, C and TAG stand for what is not known here.
    """

    operation: str
    tag: str | None
    text: str
    command: str


def next_move(situation: Situation) -> NextMove | None:
    """Return what to do now, None when there is nothing."""
    for rule in (_unreadable, _live_orders, _run_under_way, _tampered, _incident, _shown_tag, _fallback):
        move = rule(situation)
        if move is not None:
            return move
    return None


def phase_of_mode(state: OperationsState) -> Phase:
    """Return the phase whose sequence a run executes by default now."""
    return 3 if state.evaluation_mode == "phase3_only" else 4


def usual_tag(settings: Settings, state: OperationsState) -> str:
    """Return the tag that the settings give to a run of the present evaluation mode."""
    return settings.phase3.tag if phase_of_mode(state) == 3 else settings.tag


def _move(operation: str, tag: str | None, text: str, command: str) -> NextMove:
    return NextMove(operation=operation, tag=tag, text=safe_line(text, TEXT_CHARS), command=command)


def _phase4(*words: str) -> str:
    return join(["phase4", *words])


# What comes before everything else -----------------------------------------------------------------------------


def _unreadable(situation: Situation) -> NextMove | None:
    if situation.trouble is None:
        return None
    advice = situation.trouble_remedies
    if advice and not any(one.operation for one in advice):  # there is no journal to verify: something is in its place
        return _move("", None, advice[0].effect, _phase4("doctor"))
    return _move("verify", None, "verify the journal: the state of operations can't be read", _phase4("verify"))


def _live_orders(situation: Situation) -> NextMove | None:
    names = situation.live_orders
    if not names:
        return None
    text = f"unset {', '.join(names)}, which enables live orders: nothing is run until then"
    return _move("", None, text, join(["unset", *names]))


def _run_under_way(situation: Situation) -> NextMove | None:
    holder = situation.holder
    return None if holder is None else _wait(holder.tag)


def _wait(tag: str) -> NextMove:
    return _move("", tag, f"wait for the run of {tag} to end", _phase4("watch"))


def _tampered(situation: Situation) -> NextMove | None:
    tags = situation.tampered
    if not tags:
        return None
    state, shown = situation.state, situation.shown
    first = (shown.tag if shown else None,) if state.incident is None else (state.incident.tag, state.active_tag)
    return _restore(situation, next((wanted for wanted in first if wanted in tags), None) or tags[0])


def _restore(situation: Situation, tag: str) -> NextMove:
    if tag in situation.beyond_restore:
        text = f"verify what is left of {tag}: its frozen copies are not what was frozen either"
        return _move("verify", tag, text, _phase4("verify"))
    return _move("restore", tag, f"put the frozen files of {tag} back: they were changed", _phase4("restore", tag))


# The open incident: the five steps of the runbook's rollback ----------------------------------------------------


def steps_done(situation: Situation, incident: Incident) -> tuple[bool, bool, bool, bool, bool]:
    """Return which of the runbook's five steps are done; never the fifth, since it ends the incident."""
    state = situation.state
    left = incident.no_good_tag if state.active_tag is None else state.active_tag != incident.tag
    return (
        not situation.needs_freezing and incident.tag not in situation.tampered,
        left,
        state.evaluation_mode == "phase3_only",
        bool(incident.root_causes),
        False,
    )


def step_to_do(situation: Situation, incident: Incident) -> int:
    """Return the number, from 1, of the first step that still has something to do."""
    done = steps_done(situation, incident)
    left_over = {2: _product_to_call(situation, incident), 3: phase3_to_run(situation)}
    return next(number for number in range(1, 6) if not done[number - 1] or left_over.get(number, False))


def move_of_step(situation: Situation, incident: Incident, number: int) -> NextMove:
    """Return what a step needs now; for a completed step, the move that completed it."""
    moves = {1: _freeze, 2: _leave_bad_tag, 3: _fall_back, 4: _explain, 5: _lead_back}
    return moves[number](situation, incident)


def _incident(situation: Situation) -> NextMove | None:
    incident = situation.state.incident
    return None if incident is None else move_of_step(situation, incident, step_to_do(situation, incident))


def _freeze(situation: Situation, incident: Incident) -> NextMove:
    tag = incident.tag
    if tag in situation.tampered:
        return _restore(situation, tag)
    return _move("freeze", tag, f"freeze {tag}", _phase4("freeze", tag, "--reason", "R"))


def _leave_bad_tag(situation: Situation, incident: Incident) -> NextMove:
    if _product_to_call(situation, incident):
        command = _phase4("escalate", "--owner", "product")
        return _move("escalate", incident.tag, "call the product owner: there is no known-good tag", command)
    if steps_done(situation, incident)[1]:
        return _switch(situation.state.active_tag)
    if situation.good_tag is False:
        return _move("known_good", None, "go on without a known-good tag: there is none", _phase4("rollback"))
    return _switch(situation.good)


def _switch(tag: str | None) -> NextMove:
    command = _phase4("known-good", "switch", tag or "TAG", "--reason", "R")
    return _move("known_good", tag, f"switch to {tag or 'a known-good tag'}", command)


def _product_to_call(situation: Situation, incident: Incident) -> bool:
    """True when it is on record that no tag is known-good, and the product owner was not called yet."""
    stated = incident.no_good_tag and situation.state.active_tag is None
    return stated and all(call.owner != "product" for call in incident.escalations)


def _fall_back(situation: Situation, incident: Incident) -> NextMove:
    if situation.state.evaluation_mode == "phase3_only":
        return _run_phase3(situation)
    return _move("mode", None, "fall back to Phase 3", _phase4("mode", "phase3-only", "--reason", "R"))


def phase3_to_run(situation: Situation) -> bool:
    """True when no Phase 3 run was made since the fallback, or the last one did not complete."""
    fallback = situation.fallback
    return fallback is not None and (fallback.phase3_tag is None or situation.fallback_run is not None)


def _explain(situation: Situation, incident: Incident) -> NextMove:
    owner = incident.owner or "engineering"
    command = _phase4("root-cause", "add", "--cause", "C", "--remediation", "R", "--owner", owner)
    return _move("root_cause", incident.tag, "log the root cause", command)


def _lead_back(situation: Situation, incident: Incident | None) -> NextMove:
    """Return what leads back to Phase 4: a rehearsal, its comparison with the incident's tag, the reopening."""
    rehearsal, tag = situation.rehearsal, situation.rerun_tag
    again = _phase4("run", "--rehearsal", "--tag", tag, *situation.rerun_options)
    if rehearsal is None:
        return _move("rehearse", tag, "re-run Phase 4 as a rehearsal", again)
    if rehearsal.spent is not None:
        if rehearsal.stopped is not None and rehearsal.stopped.changed is None:
            return _go_on(rehearsal.stopped)
        if rehearsal.unwritten is not None:
            return _put(rehearsal.tag, rehearsal.unwritten)
        why = rehearsal.spent.replace("`", "")
        text = f"re-run Phase 4 as a rehearsal again: {rehearsal.tag} can't reopen it ({why})"
        return _move("rehearse", tag, text, again)
    rerun = rehearsal.tag
    if not rehearsal.untampered:
        text = "verify the frozen tags: one of them is not what was frozen, and Phase 4 stays closed"
        return _move("verify", None, text, _phase4("verify"))
    if incident is not None and not rehearsal.compared:
        bad, active = incident.tag, situation.state.active_tag
        good = ("--known-good", active) if active is not None and active not in (bad, rerun) else ()
        return _move("compare", rerun, f"compare {bad} with {rerun}", _phase4("compare", bad, rerun, *good))
    if rehearsal.incomparable:
        text = f"reopen Phase 4 on {rerun} by override: nothing of it could be compared"
        command = _phase4("reopen", "--tag", rerun, "--override", "--reason", "R")
        return _move("reopen", rerun, text, command)
    accepts = ("--accept-changed-input",) if rehearsal.changed else ()
    why = ", accepting that its input or rules are not the incident's" if accepts else ""
    return _move("reopen", rerun, f"reopen Phase 4 on {rerun}{why}", _phase4("reopen", "--tag", rerun, *accepts))


# Without an incident --------------------------------------------------------------------------------------------


def _shown_tag(situation: Situation) -> NextMove | None:
    shown = situation.shown
    if shown is None:
        return _run(situation)
    found, evidence = shown.classification, shown.classification.evidence
    if found.level == "ok" or shown.quarantined:  # what a quarantined tag shows was dealt with already
        return None
    if found.rule == "run_in_progress":
        return _wait(shown.tag)
    if found.rule == "tampered":  # though no operation froze it: those on record came before
        return _move("verify", shown.tag, f"verify {shown.tag}: it is not as it was frozen", _phase4("verify"))
    if any(one.value == "writing" for one in evidence):
        return _move("", shown.tag, f"wait until the files of {shown.tag} are written", _phase4("watch"))
    if shown.stopped is not None:
        return _go_on(shown.stopped)
    if found.rule == "report_generation" and _may_be_written(situation, shown):
        return _write_missing(shown)
    if found.level == "incident":
        return _open_incident(shown)
    if _may_be_written(situation, shown) and found.rule == CHANGED_DURING_RUN:
        names = dict.fromkeys(Path(one.file).name for one in evidence)
        return _run_again(shown, f"{', '.join(names)} changed during the run")
    if _may_be_written(situation, shown) and found.level == "unknown":
        if evidence and evidence[0].value == "absent" and _writer_of(evidence[0], shown) is None:
            return _put(shown.tag, evidence[0].key)
        return _run_again(shown, _UNDONE.get(found.rule) or (_why(evidence[0]) if evidence else ""))
    if found.rule in _UNDONE:
        return _move("verify", shown.tag, f"verify what is on record: {_UNDONE[found.rule]}", _phase4("verify"))
    if situation.state.evaluation_mode == "phase3_only":
        return None
    if found.rule == NO_GO:
        text = f"ask the product owner: the sign-off note of {shown.tag} says NO-GO beside gates that passed"
        return _move("", shown.tag, text, _phase4("status", "--tag", shown.tag))
    if found.level == "warning":
        what = "value" if found.rule.startswith(OWN_CHECK) else "KPI"
        return _move("", shown.tag, f"a {what} is off, without an incident: watch the next run", _phase4("watch"))
    return _switch(None) if shown.tag == situation.state.active_tag and shown.frozen != "no" else _run(situation)


def _may_be_written(situation: Situation, shown: ShownTag) -> bool:
    """True when a run of the present evaluation mode may write to the shown tag."""
    return shown.frozen == "no" and shown.phase == phase_of_mode(situation.state)


def _go_on(stopped: StoppedRun) -> NextMove:
    tag = stopped.tag
    if stopped.changed is not None:
        text = f"run {tag} again from the beginning: {stopped.changed}"
        return _move("run", tag, text, stopped.again)
    text = f"resume {tag} at {stopped.at}" if stopped.operation == "resume" else f"run {stopped.at} of {tag} again"
    return _move(stopped.operation, tag, text, stopped.command)


def _write_missing(shown: ShownTag) -> NextMove:
    """Return the step that writes what is missing; for step 1, whose output the others judge, the whole sequence."""
    found = [(finding, _writer_of(finding, shown)) for finding in shown.classification.evidence]
    writers = [(step, finding) for finding, step in found if step is not None]
    if not writers:
        return _open_incident(shown)
    step, finding = min(writers, key=lambda one: one[0].number)
    why = _why(finding)
    if step.number == 1:
        return _run_again(shown, why)
    command = _phase4("step", step.name, "--tag", shown.tag)
    return _move(step.operation, shown.tag, f"run {step.name} of {shown.tag}: {why}", command)


def _put(tag: str, name: str) -> NextMove:
    """Return the move for a file that one of the desk's own checks needs and that no run will write."""
    return _move("", tag, f"put {name} there: no step of this desk writes it", _phase4("docs", "settings"))


def _why(finding: Finding) -> str:
    return f"{finding.key} {_WORDS.get(str(finding.value), 'is not usable')}"


def _writer_of(finding: Finding, shown: ShownTag) -> Step | None:
    name = Path(finding.file).name
    written = (step for step in shown.sequence if any(name == f"{shown.tag}{suffix}" for suffix in step.artifacts))
    return next(written, None)


def _open_incident(shown: ShownTag) -> NextMove:
    tag, severity_class = shown.tag, shown.classification.severity_class or "P1"
    if shown.is_news and shown.by_default:
        return _move("guided", tag, f"begin the rollback of {tag}, which opens the incident", _phase4("rollback"))
    command = _phase4("incident", "reclassify", severity_class, "--reason", "R", "--tag", tag)
    text = f"open an incident for {tag}" if shown.is_news else f"give {tag} a class anew, if it still is an incident"
    return _move("reclassify", tag, text, command)


def _run_again(shown: ShownTag, why: str) -> NextMove:
    command = shown.again or _phase4("run", "--tag", shown.tag)
    return _move("run", shown.tag, f"run {shown.tag} again{f': {why}' if why else ''}", command)


def _run(situation: Situation) -> NextMove:
    if situation.state.evaluation_mode == "phase3_only":
        return _run_phase3(situation)
    if situation.missing:
        return _move("", None, f"lay out what a run needs: {', '.join(situation.missing)}", _phase4("init"))
    tag = situation.run_tag
    return _move("run", tag, "run the sequence", _phase4("run", "--tag", tag))


def _run_phase3(situation: Situation) -> NextMove:
    if situation.fallback_run is not None:
        return _go_on(situation.fallback_run)
    tag = situation.run_tag
    return _move("run", tag, "run the Phase 3 sequence", _phase4("run", "--tag", tag))


def _fallback(situation: Situation) -> NextMove | None:
    """Return what ends a fallback that belongs to no incident, None while the mode is Phase 4."""
    if situation.state.evaluation_mode == "phase4":
        return None
    return _run_phase3(situation) if phase3_to_run(situation) else _lead_back(situation, None)
