"""An event of the journal in words: what was done, from which value to which, and why; by whom before it."""

from collections.abc import Callable, Mapping
from typing import Any

from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.finding_words import finding_words
from phase4_tui.journal.incident import Finding, short_id

LINE_CHARS = 400
SHOWN_FINDINGS = 3


def describe(event: Event) -> str | None:
    """Return who did what, safe to show; None for the intent of an operation, whose result is shown instead."""
    if event.outcome == "intent":
        return None
    return safe_line(f"{event.operator}@{event.host}: {words_of(event)}", LINE_CHARS)


def words_of(event: Event) -> str:
    """Return what an event did and why, safe to show; of an intent what was to be done."""
    if event.outcome == "intent":
        words = _planned(event)
    else:
        try:
            words = _WORDS.get(event.kind, _plainly)(event, event.detail)
        except (AttributeError, TypeError, ValueError, LookupError):  # an event of its kind with another content
            words = _plainly(event, event.detail)
    failed = f" failed: {event.detail.get('error')}" if event.outcome == "failed" else ""
    reason = event.detail.get("reason")
    why = f": {reason}" if reason and not failed else ""
    return safe_line(f"{words}{failed}{why}", LINE_CHARS)


def _planned(event: Event) -> str:
    plan = event.detail.get("plan")
    return str(plan[0]) if isinstance(plan, list) and plan else _plainly(event, event.detail)


def _plainly(event: Event, detail: Mapping[str, Any]) -> str:
    return f"{event.kind.replace('_', ' ')} {event.tag or ''}".rstrip()


def _run(event: Event, detail: Mapping[str, Any]) -> str:
    kind = "rehearsal" if detail.get("rehearsal") else "Phase 3 run" if detail.get("phase") == 3 else "run"
    state, steps = detail.get("state"), detail.get("steps") or {}
    if state == "running":
        return f"{kind} of {event.tag} began"
    off = [f"{plain(name)} {plain(str(word))}" for name, word in steps.items() if word not in ("passed", "not_run")]
    word = "was interrupted" if state == "interrupted" else "ended"
    changed = dict.fromkeys(str(one.get("file")) for one in detail.get("changed") or ())
    off += [f"{file} changed during the run" for file in changed]
    return f"{kind} of {event.tag} {word}: {', '.join(off) or 'every step passed'}"


def _incident(event: Event, detail: Mapping[str, Any]) -> str:
    found = f"{detail.get('class')} {str(detail.get('rule')).replace('_', ' ')} of {event.tag}"
    name, evidence = short_id(str(event.incident)), _evidence(event, detail)
    if event.kind == "incident":
        return f"incident {name} opened: {found}{evidence}"
    if event.kind == "evidence":
        return f"more evidence for incident {name}: {found}{evidence}"
    former = ((event.changes.get("incident") or {}).get("former") or [{}])[-1]
    return f"incident {name} raised to {found}{evidence}; it was {former.get('class')} of {former.get('tag')}"


def _evidence(event: Event, detail: Mapping[str, Any]) -> str:
    """Return the evidence in words after a colon: `: event_block 100 > 50 HIGH`."""
    kept = (event.changes.get("incident") or {}).get("evidence") or ()
    words = finding_words(map(Finding.model_validate, kept), str(detail.get("rule")), SHOWN_FINDINGS)
    return f": {', '.join(words)}" if words else ""


def _lease(event: Event, detail: Mapping[str, Any]) -> str:
    whose = "who led it" if detail.get("alive") else "whose process had ended"
    return f"took the rollback over from {str(detail.get('from')).partition(' (')[0]}, {whose}"


def _mode(event: Event, detail: Mapping[str, Any]) -> str:
    mode = event.changes.get("evaluation_mode")
    return "mode" if mode is None else f"mode {plain(str(mode))}{', by override' if detail.get('override') else ''}"


def _switch(event: Event, detail: Mapping[str, Any]) -> str:
    before = f" from {detail['from']}" if detail.get("from") else ""
    left = detail.get("quarantined") or []
    return f"switch to {event.tag}{before}" + (f", quarantined {', '.join(left)}" if left else "")


def _reclassify(event: Event, detail: Mapping[str, Any]) -> str:
    change = f" from {detail['from']} to {detail['to']}" if "to" in detail else ""
    return f"reclassify {event.tag}{change}"


def _escalate(event: Event, detail: Mapping[str, Any]) -> str:
    note = f": {detail['note']}" if detail.get("note") else ""
    return f"escalate {event.tag} to {detail.get('owner') or 'an owner'}{note}"


def _acknowledge(event: Event, detail: Mapping[str, Any]) -> str:
    return f"{detail.get('owner') or 'an owner'} has taken the call"


def _root_cause(event: Event, detail: Mapping[str, Any]) -> str:
    cause = (detail.get("entry") or {}).get("cause")
    return f"root cause of {event.tag}" + (f": {cause}" if cause else "")


def _compare(event: Event, detail: Mapping[str, Any]) -> str:
    if "verdict" not in detail:
        return _plainly(event, detail)
    return f"compare {detail.get('bad')} with {event.tag}: {detail['verdict']}"


def _reopen(event: Event, detail: Mapping[str, Any]) -> str:
    return f"reopen Phase 4 on {event.tag}{', by override' if detail.get('override') else ''}"


_WORDS: dict[str, Callable[[Event, Mapping[str, Any]], str]] = {
    "run": _run,
    "incident": _incident,
    "evidence": _incident,
    "raised": _incident,
    "lease": _lease,
    "mode": _mode,
    "switch": _switch,
    "reclassify": _reclassify,
    "escalate": _escalate,
    "acknowledge": _acknowledge,
    "root_cause": _root_cause,
    "compare": _compare,
    "reopen": _reopen,
}
