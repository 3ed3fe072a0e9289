"""The commands that only look: `status`, `tags`, `audit`, `path`, `watch`."""

import threading
from typing import Annotated

import typer

from phase4_tui.artifacts.clock import age, iso, now_ns
from phase4_tui.artifacts.index import Identity, changed_tags, scan
from phase4_tui.artifacts.names import Artifact, check_tag, file_name
from phase4_tui.artifacts.watching import Watcher
from phase4_tui.cli.desk import DONE, Desk, emit, say
from phase4_tui.cli.showing import STYLES, show_status, verdict
from phase4_tui.journal.state import read_state
from phase4_tui.runbook.audit import audit as audit_of
from phase4_tui.runbook.classification import EXIT_STATUS, classify
from phase4_tui.runbook.evidence import phase_of, read_evidence
from phase4_tui.runbook.health import judge
from phase4_tui.runbook.isolation import probe_barrier
from phase4_tui.runbook.planning import Refused
from phase4_tui.runbook.running import running_tag
from phase4_tui.runbook.status import read_status, read_tags, shown_tag

Tag = Annotated[str | None, typer.Option(help="The run tag.", show_default="the active one, else the newest")]


def status(desk: Desk, tag: Tag = None) -> int:
    """Show a tag's health, its classification and the state of operations."""
    found, evidence = read_status(desk.settings, desk.workdir, desk.environment, tag, probe_barrier("seccomp"))
    if desk.json:
        emit(found)
    else:
        show_status(found, evidence)
    return found.classification.exit_status


def tags(desk: Desk) -> int:
    """List every tag with class, age, frozen, and the first rung that it fails to be known-good."""
    rows = read_tags(desk.reports)
    if desk.json:
        emit({"tags": rows})
        return DONE
    if not rows:
        say(f"no tags in {desk.reports}; `phase4 run` makes one")
    width = max((len(row.tag) for row in rows), default=0)
    for row in rows:
        word = row.severity_class or row.level.upper()
        rung = "known-good" if row.known_good else f"not known-good: {row.first_failed_rung}"
        frozen = {"no": "", "intact": " · frozen", "tampered": " · TAMPERED"}[row.frozen]
        since = age((now_ns() - row.modified_ns) / 1e9)
        say(f"{row.tag:<{width}}  {word:<8} {since:>7}{frozen} · {rung}", STYLES[row.level].removeprefix("bold "))
    return DONE


def audit(desk: Desk, tag: Tag = None) -> int:
    """List the runbook's audit artifacts of a tag with their sha256."""
    chosen = _chosen(desk, tag)
    entries = audit_of(desk.reports, chosen)
    if desk.json:
        emit({"tag": chosen, "artifacts": entries})
    else:
        for entry in entries:
            frozen = " · frozen" if entry.frozen else ""
            found = entry.sha256 or f"{'unreadable: ' + entry.problem if entry.problem else 'missing':<64}"
            say(f"{'✔' if entry.present else '○'} {found}  {entry.name}{frozen}")
    return DONE if all(entry.present for entry in entries) else EXIT_STATUS["unknown"]


def path(
    desk: Desk,
    name: Annotated[str, typer.Argument(help="report_json, summary_json, report_md, release_check_json, …")],
    tag: Tag = None,
) -> int:
    """Print the path of an artifact of the active tag."""
    chosen = _chosen(desk, tag)
    by_key = {artifact.key: artifact for artifact in Artifact}
    by_key["signoff_md"] = Artifact.PHASE4_SIGNOFF if phase_of(desk.reports, chosen) == 4 else Artifact.PHASE3_SIGNOFF
    if name not in by_key:
        raise Refused(f"{name!a} is no artifact; the artifacts are {', '.join(by_key)}")
    found = desk.reports / file_name(chosen, by_key[name])
    if desk.json:
        emit({"tag": chosen, "name": name, "path": str(found), "present": found.is_file()})
    else:
        print(found)
    return DONE


def _chosen(desk: Desk, wanted: str | None) -> str:
    chosen = shown_tag(desk.reports, wanted, read_state(desk.reports))
    if chosen is None:
        raise Refused(f"no tags in {desk.reports}; `phase4 run` makes one")
    return check_tag(chosen)


def watch(desk: Desk) -> int:
    """Print one line a change of any tag, until interrupted."""
    watcher = Watcher(desk.reports, threading.Event())
    names: dict[str, Identity] = {}
    last: dict[str, str] = {}
    trouble: str | None = None
    ran: str | None = None
    unsettled: set[str] = set()
    while True:
        now = scan(desk.reports)
        runs = running_tag(desk.reports)
        ran_or_runs = {tag for tag in (ran, runs) if tag is not None}  # a crash may change nothing but the run's record
        for tag in sorted(changed_tags(names, now) | unsettled | ran_or_runs):
            _tell_change(desk, tag, last, unsettled)
        names, ran = now, runs
        if watcher.trouble != trouble:
            trouble = watcher.trouble
            _tell(desk, {"at": iso(now_ns()), "watch": trouble or "ok"}, f"watch: {trouble or 'ok'}", "yellow")
        if not watcher.wait():
            return DONE


def _tell_change(desk: Desk, tag: str, last: dict[str, str], unsettled: set[str]) -> None:
    evidence = read_evidence(desk.reports, tag, patient=False)
    health = judge(evidence)
    classification = classify(evidence, health)
    states = {name: getattr(health, name).state for name in ("release_check", "quality_check", "monitoring", "signoff")}
    # A state that time alone can change is looked at again at the next turn.
    being_written = "writing" in (*states.values(), evidence.summary.state)
    (unsettled.add if being_written else unsettled.discard)(tag)
    words = ", ".join(f"{name} {state}" for name, state in states.items())
    text = f"{tag}  {verdict(classification)}  ({words})"
    if last.get(tag) != text:
        last[tag] = text
        document = {"at": iso(now_ns()), "tag": tag, "classification": classification, "health": states}
        _tell(desk, document, text, STYLES[classification.level])


def _tell(desk: Desk, document: dict[str, object], text: str, style: str) -> None:
    if desk.json:
        emit(document, indent=None)
    else:
        say(f"{document['at']}  {text}", style)
