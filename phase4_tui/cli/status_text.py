"""Prints a status as text: what is wrong, on what evidence, and the next move."""

from pathlib import Path

from phase4_tui.artifacts.clock import moment, moment_and_age, since, with_moments
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import say
from phase4_tui.cli.status_document import StatusDocument
from phase4_tui.console.next_move_text import as_command
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import as_commands
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.next_move import NextMove
from phase4_tui.runbook.check_words import check_reasons, check_words, state_word
from phase4_tui.runbook.classification import Classification
from phase4_tui.runbook.escalation import OWNERS
from phase4_tui.runbook.evidence import Evidence
from phase4_tui.runbook.evidence_words import classification_words
from phase4_tui.runbook.health import Check

STYLES = {"ok": "bold green", "warning": "bold yellow", "incident": "bold red", "unknown": "bold yellow"}
SHOWN_ISSUES = 5
TITLE_CELLS = 14
STATE_CELLS = 14
SHOWN_FINDINGS = 6


def verdict(classification: Classification) -> str:
    """Return the verdict in words, e.g. `P0 policy violated · owner risk`."""
    rule = plain(classification.rule)
    owner = f" · owner {classification.owner} ({OWNERS[classification.owner]})" if classification.owner else ""
    word = {"ok": "OK", "warning": "WARNING", "unknown": "UNKNOWN", "incident": ""}[classification.level]
    return f"{classification.severity_class or word} {rule}{owner}"


def show_status(status: StatusDocument, evidence: Evidence) -> None:
    """Print the status of a tag."""
    header = [f"PHASE {evidence.phase} · PAPER", status.tag or "no tag yet", f"mode {plain(status.evaluation_mode)}"]
    header += ["frozen" if status.frozen == "intact" else "not frozen" if status.frozen == "no" else "TAMPERED"]
    header += [f"active {status.active_tag}"] if status.active_tag else []
    say(" · ".join(header), "bold")
    checks = status.health.checks.values()
    width = max(TITLE_CELLS, *(len(check.title) for check in checks))
    for check in checks:
        show_check(check, evidence.looked_ns, status.workdir, width)
    if evidence.ahead is not None:
        say(f"! CLOCK          {evidence.ahead}", "yellow")
    _show_last_run(evidence)
    _show_operations(status)
    for condition in status.preconditions:
        if not condition.ok:
            told = as_commands(condition.detail, condition.remedies)
            say(f"! precondition {plain(condition.name)}: {told}", "yellow")
    classification = status.classification
    say(verdict(classification), STYLES[classification.level])
    for words in classification_words(classification, SHOWN_FINDINGS):
        say(f"  why: {words}")
    show_next_move(status.next_move)


def show_next_move(move: NextMove | None) -> None:
    """Print the next move, if there is one."""
    if move is not None:
        say(f"next: {as_command(move)}", "bold")


def _show_operations(status: StatusDocument) -> None:
    """Print the unfinished operation, the fallback and the incident, if any."""
    for pending in status.pending:
        told = f"{pending.kind} {pending.tag or ''}".strip()
        by = f"{safe_line(pending.by)} at {moment(pending.at)}"
        say(f"! operation `{told}` of {by} has no result: its process ended, or it runs now", "yellow")
        say("    the next operation settles it; give the same one again to go on", "yellow")
    if status.fallback is not None:
        symbol = "✔" if status.fallback.holds else "!"
        told = as_commands(str(status.fallback), status.fallback.remedies)
        begun = f" since {moment_and_age(status.fallback.since)}" if status.fallback.since else ""
        say(f"{symbol} FALLBACK       Phase 3 only{begun}: {told}", "yellow")
    if status.incident is not None:
        incident = status.incident
        stage = "not contained" if incident.stage == "detected" else incident.stage
        words = f"{incident.severity_class or 'no class'} · {stage} · open since {moment_and_age(incident.opened_at)}"
        say(f"! INCIDENT       {words}", "red")
        say("    `phase4 incident show` tells more")


def show_overrides(state: OperationsState) -> None:
    """Print every override of conditions; they are shown for good."""
    if state.overrides:
        say(safe_line(f"! OVERRIDDEN     on record; the last: {with_moments(state.overrides[-1])}"), "yellow")
        say("    `phase4 mode show` lists them, `phase4 journal --kind reopen` tells more")


def show_check(check: Check, looked_ns: int, workdir: str, width: int) -> None:
    """Print one health check, its title `width` cells wide."""
    symbol, word, words = SYMBOLS[check.state], state_word(check.state), check_words(check)
    style = "green" if check.ok else "red" if check.state in ("failed", "unreadable") else "yellow"
    told = " · ".join(filter(None, (words, _age(check, looked_ns))))
    say(f"{symbol} {check.title.upper():<{width}} {word:<{STATE_CELLS}} {told}".rstrip(), style)
    reasons = check_reasons(check)
    for reason in reasons[:SHOWN_ISSUES]:
        say(f"    · {reason}")
    if len(reasons) > SHOWN_ISSUES:
        say(f"    · … and {len(reasons) - SHOWN_ISSUES} more")
    if not check.ok and Path(check.file).name not in words:
        say(f"    in {_from(workdir, check.file)}")


def _from(workdir: str, file: str) -> str:
    """Return a path relative to the working directory, which fits a narrow terminal."""
    return file.removeprefix(f"{workdir}/")


def _age(check: Check, looked_ns: int) -> str:
    if check.modified_ns is None:
        return ""
    return f"{since((looked_ns - check.modified_ns) / 1e9)}"


def _show_last_run(evidence: Evidence) -> None:
    if not evidence.runs:
        return
    run = max(evidence.runs, key=lambda run: run.run_id)
    if run.state == "running":
        word = "is running" if evidence.running else "was interrupted"
        step = next((step.name for step in run.steps if step.state == "running"), "the start")
        say(f"a run by {run.operator}@{run.host} {word} at {plain(step)}", "yellow")
    elif run.state == "interrupted" or any(step.state in ("cancelled", "not_run") for step in run.steps):
        stopped = next((step for step in run.steps if step.state not in ("passed", "failed_gate")), None)
        at = f" at {plain(stopped.name)}" if stopped else ""
        say(f"the last run stopped{at}{f': {run.error}' if run.error else ''}", "yellow")
