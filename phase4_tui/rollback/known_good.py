"""The known-good switch: candidates with their evidence ladder, pins, and the switch itself (runbook: step 2)."""

from typing import TYPE_CHECKING, Any

from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.artifacts.manifest import read_manifest
from phase4_tui.artifacts.models import flat
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.regular_files import Unreadable
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.artifacts.sha256 import hash_file
from phase4_tui.errors import FORESEEN, Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.state import Frozen, OperationsState, Quarantined, read_state
from phase4_tui.rollback.freeze import freeze_now, refuse_tampered
from phase4_tui.rollback.operations import Effect, Plan, need_reason, plan_on, state_to_plan_on
from phase4_tui.runbook.check_words import check_words, state_word
from phase4_tui.runbook.checks import GATES_PASSED, MONITORED, SIGNED
from phase4_tui.runbook.expected_files import check_file
from phase4_tui.runbook.health import Check
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.ladder import PARSES, quarantine_of, rung_in_words
from phase4_tui.runbook.own_checks import figures_of
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import TagRow, read_tags, shown_tag

if TYPE_CHECKING:
    from phase4_tui.runbook.judged_anew import JudgedAnew

SHOWN_ISSUES = 3
SHOWN_DIFFERENCES = 12
"""So many lines of what differs fit on one screen with the rest of a plan."""
JUDGED_RUNGS = (PARSES, GATES_PASSED, MONITORED, SIGNED)


def candidates(site: Site) -> list[TagRow]:
    """Return every Phase 4 tag, known-good first, then pinned, then newest; raises StateUnreadable."""
    rows = read_tags(site)
    return sorted(rows, key=lambda row: (not row.known_good, not row.pinned, -row.modified_ns))


def failed_rung(site: Site, state: OperationsState, tag: str, *, whole: bool = False) -> str | None:
    """Return the first rung that a tag fails now, with the reason for a quarantine; None when it fails none.

    `whole` reads the entire report instead of only its beginning and end.
    """
    held = quarantine_of(site.reports, tag, state)
    if held is not None:  # comes first, whatever other rung a copy under another name fails
        same = "" if held.tag == tag else f" as {held.tag}, of which it is a copy,"
        return f"not quarantined: it was quarantined{same} at {moment(held.at)}: {held.reason}"
    judgement = judge_tag(site, tag, state)
    rung = judgement.rung
    if rung is None and whole:
        problems = check_file(site.reports / file_name(tag, Artifact.REPORT), tag, 4)
        rung = f"{PARSES}: {'; '.join(problems)}" if problems else None
    return None if rung is None else rung_in_words(rung, judgement.phase)


def refuse_not_good(site: Site, state: OperationsState, tag: str, *, whole: bool = True) -> None:
    """Raise Refused unless the tag passes every rung now and, if frozen, every byte matches its manifest."""
    rung = failed_rung(site, state, tag, whole=whole)
    if rung is not None:
        others = Remedy("known_good", command_line("known-good", "list"), "shows the others")
        why = what_is_wrong(site, state, tag, rung)
        told = "; ".join((f"{tag} is not known-good: it fails `{rung}`", *why))
        raise Refused(told, remedy=others, tag=tag)
    if is_frozen(site.reports, tag):
        refuse_tampered(site, state, tag)


def what_is_wrong(site: Site, state: OperationsState, tag: str, rung: str) -> list[str]:
    """Return why a tag fails a rung of its checks, one line each: what they say, and what they say when made anew."""
    from phase4_tui.runbook.judged_anew import judge_anew  # noqa: PLC0415 - loads the gates

    if rung not in JUDGED_RUNGS:
        return []

    checks = judge_tag(site, tag, state).health.checks.values()
    wrong = [check for check in checks if check.state in ("failed", "alert", "stale")]
    found = [f"{one.title.lower()}: {', '.join(_why(one))}" for one in wrong]
    try:
        anew = judge_anew(site, tag)
    except FORESEEN:  # what can't be judged at all is told by the checks
        return found
    return [*found, str(anew)] if anew.differences else found


def _why(check: Check) -> tuple[str, ...]:
    words = check_words(check)
    return tuple(filter(None, (words or state_word(check.state), *check.issues[:SHOWN_ISSUES])))


def refuse_different(site: Site, tag: str) -> "JudgedAnew":
    """Judge a tag anew and return the result; raises Refused for any difference from what its files claim."""
    from phase4_tui.runbook.judged_anew import refuse_different as refuse  # noqa: PLC0415 - loads the gates

    return refuse(site, tag)


def _refuse_bad(site: Site, state: OperationsState, tag: str) -> None:
    """Raise Refused for a tag that is not known-good, and for the open incident's tag whatever its files hold."""
    incident = state.incident_of(tag)
    if incident is not None:
        raise Refused(
            f"{tag} is the tag of the open incident {incident.id}",
            remedy=(
                Remedy(effect="choose another"),
                Remedy("reopen", command_line("reopen", "--tag", tag), "brings a re-run of it back"),
            ),
            tag=tag,
        )
    refuse_not_good(site, state, tag)
    _refuse_copy(site, state, tag, _quarantined(site, state, left_behind(site, state, tag), "", ""))


def _refuse_copy(site: Site, state: OperationsState, tag: str, left: tuple[Quarantined, ...]) -> None:
    """Raise Refused for a tag whose report the switch itself would quarantine, by content."""
    held = quarantine_of(site.reports, tag, state.model_copy(update={"quarantine": (*state.quarantine, *left)}))
    if held is not None:
        told = f"{tag} has the very report of {held.tag}, which is left behind as bad"
        raise Refused(told, remedy=Remedy(effect="choose another"), tag=tag)


def plan_switch(site: Site, tag: str, reason: str) -> Plan:
    """Return the plan to make a known-good tag active, judged anew; raises BadTag, Refused, StateUnreadable."""
    state = state_to_plan_on(site)
    check_tag(tag)
    reason = need_reason(reason)
    before = shown_tag(site, None, state)
    _refuse_bad(site, state, tag)
    if tag == state.active_tag:
        return plan_on(state, "switch", f"switch to {tag}", tag=tag, reason=reason, nothing=f"{tag} is already active")
    judged = refuse_different(site, tag)
    leaves = left_behind(site, state, tag)
    freezes = not is_frozen(site.reports, tag)

    def act(intent: Event) -> Effect:
        refuse_not_good(site, state, tag, whole=False)  # `activate` reads all of it, once it is frozen
        return activate(site, state, tag, reason, intent, leaves)

    lines = [
        f"active tag: {state.active_tag or 'none'} → {tag}",
        f"known-good tag: {state.known_good_tag or 'none'} → {tag}",
    ]
    lines += [str(judged)]
    lines += [f"freezes {tag} first"] if freezes else []
    lines += [f"quarantines {name} by the content of its report" for name in leaves]
    differs = difference(site, before, tag) if before is not None and before != tag else []
    return plan_on(
        state,
        "switch",
        f"switch to {tag}",
        act,
        tag=tag,
        reason=reason,
        lines=(*lines, *differs[:SHOWN_DIFFERENCES]),
        details=tuple(differs[SHOWN_DIFFERENCES:]),
        expects=(f"ACTIVE.json names {tag}", f"{tag} passes every check at that moment"),
    )


def activate(
    site: Site, state: OperationsState, tag: str, reason: str, intent: Event, leaves: tuple[str, ...]
) -> Effect:
    """Freeze a tag, verify and judge it anew, and make it active, as part of an operation under way.

    Raises Refused, OSError.
    """
    reason = need_reason(reason)
    changes: dict[str, Any] = {}
    now = state
    if not is_frozen(site.reports, tag):
        changes |= freeze_now(site, state, tag, reason, intent).changes
        now = state.model_copy(update={"frozen": state.frozen | {tag: Frozen.model_validate(changes["frozen"][tag])}})
    # Again, now that it is frozen: the tag may have been written since.
    refuse_not_good(site, now, tag)
    refuse_different(site, tag)
    at, by = iso(now_ns()), f"{intent.operator}@{intent.host}"
    left = _quarantined(site, state, leaves, reason, at)
    _refuse_copy(site, state, tag, left)
    changes |= {
        "active_tag": tag,
        "active_since": at,
        "active_by": by,
        "active_reason": reason,
        "known_good_tag": tag,
        "quarantine": [entry.model_dump() for entry in (*state.quarantine, *left)],
    }
    lines = (f"{tag} is the active tag", *(f"{name} is quarantined" for name in leaves))
    return Effect(changes, {"from": state.active_tag, "to": tag, "quarantined": list(leaves)}, lines)


def left_behind(site: Site, state: OperationsState, target: str) -> tuple[str, ...]:
    """Return the tags that a switch quarantines: the incident's, and an active one that is no longer known-good."""
    names = []
    if state.incident is not None:
        names.append(state.incident.tag)
    if state.active_tag is not None and failed_rung(site, state, state.active_tag) is not None:
        names.append(state.active_tag)
    # By content, not by name: a quarantined tag that was run again and is bad again has other bytes.
    known = (name for name in dict.fromkeys(names) if name != target)
    return tuple(name for name in known if quarantine_of(site.reports, name, state) is None)


def _quarantined(
    site: Site, state: OperationsState, tags: tuple[str, ...], reason: str, at: str
) -> tuple[Quarantined, ...]:
    incident = state.incident.id if state.incident else None
    told = safe_line(reason, 200)  # the event keeps it in full
    reports = ((tag, *_report_of(site, tag)) for tag in tags)
    return tuple(
        Quarantined(tag=tag, report_sha256=digest, report_size=size, reason=told, at=at, incident=incident)
        for tag, digest, size in reports
    )


def _report_of(site: Site, tag: str) -> tuple[str | None, int | None]:
    """Return sha256 and size in bytes of a tag's report, frozen if there is a copy; None for what can't be read."""
    report = site.reports / file_name(tag, Artifact.REPORT)
    manifest = read_manifest(site.reports, tag)
    for file in manifest.files if manifest else ():
        if file.name == report.name:
            return file.sha256, file.size
    try:
        digest = hash_file(report, contained=True)
        return digest, report.stat().st_size if digest is not None else None
    except (Unreadable, OSError):
        return None, None


def difference(site: Site, before: str, after: str) -> list[str]:
    """Return lines that say how the summaries and KPIs of two tags differ."""
    state = read_state(site.reports)
    left, right = (_figures(judge_tag(site, tag, state, patient=False)) for tag in (before, after))
    keys = [key for key in dict.fromkeys((*left, *right)) if left.get(key) != right.get(key)]
    told = [f"  {key}: {left.get(key, 'missing')} → {right.get(key, 'missing')}" for key in keys]
    return [f"differs from {before}:" if told else f"shows the same figures as {before}", *told]


def _figures(judgement: Judgement) -> dict[str, object]:
    evidence = judgement.evidence
    figures: dict[str, object] = {check.title.lower(): plain(check.state) for check in judgement.health.checks.values()}
    if evidence.summary.value is not None:
        figures |= flat(evidence.summary.value.model_dump(exclude={"run_tag"}))
    snapshot = evidence.monitoring.value.snapshot if evidence.monitoring.value else None
    return figures | (dict(snapshot.kpis) if snapshot else {}) | figures_of(evidence)


def plan_pin(site: Site, tag: str) -> Plan:
    """Return the plan to pin a known-good tag, so that it is offered first; raises BadTag, Refused."""
    state = state_to_plan_on(site)
    _refuse_bad(site, state, tag)
    pinned = tuple(dict.fromkeys((*state.pinned, tag)))

    def act(intent: Event) -> Effect:
        _refuse_bad(site, state, tag)
        return Effect({"pinned": list(pinned), "known_good_tag": tag}, {}, (f"{tag} is pinned as known-good",))

    return plan_on(
        state,
        "pin",
        f"pin {tag}",
        act,
        tag=tag,
        lines=(f"pinned: {', '.join(state.pinned) or 'none'} → {', '.join(pinned)}",),
        nothing=f"{tag} is already pinned" if tag in state.pinned else None,
    )


def plan_unpin(site: Site, tag: str) -> Plan:
    """Return the plan to unpin a tag; raises BadTag, StateUnreadable."""
    state = state_to_plan_on(site)
    check_tag(tag)
    left = tuple(name for name in state.pinned if name != tag)
    # The active tag stays known-good; a tag that was only pinned does not.
    good = (
        state.known_good_tag if state.known_good_tag != tag or state.active_tag == tag else (left[-1] if left else None)
    )
    changes = {"pinned": list(left), "known_good_tag": good}
    return plan_on(
        state,
        "unpin",
        f"unpin {tag}",
        lambda intent: Effect(changes, {}, (f"{tag} is no longer pinned",)),
        tag=tag,
        lines=(f"pinned: {', '.join(state.pinned) or 'none'} → {', '.join(left) or 'none'}",),
        nothing=None if tag in state.pinned else f"{tag} is not pinned",
    )
