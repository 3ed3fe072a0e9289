"""The commands that only look: `status`, `tags`, `audit`, `path`."""

from typing import Annotated

import typer

from phase4_tui.artifacts.clock import age, now_ns
from phase4_tui.artifacts.names import Artifact, BadTag, check_tag, file_name
from phase4_tui.cli.context import DONE, EXISTING, Desk, complain, emit, say
from phase4_tui.cli.status_document import read_status_document
from phase4_tui.cli.status_text import STYLES, show_overrides, show_status
from phase4_tui.errors import Refused, Remedy, as_commands, command_line, error_as_commands
from phase4_tui.journal.state import read_state
from phase4_tui.runbook.audit import audit as audit_of
from phase4_tui.runbook.classification import EXIT_STATUS
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.existing_tag import refuse_unknown
from phase4_tui.runbook.isolation import probe_barrier
from phase4_tui.runbook.ladder import why_not_good
from phase4_tui.runbook.status import read_tags, shown_tag
from phase4_tui.runbook.tag_runs import changed_files

MAKES_ONE = Remedy("run", command_line("run"), "makes one")
Tag = Annotated[
    str | None,
    typer.Option(
        help="The run tag.",
        show_default="of an open incident, else the active, else the newest",
    ),
]

ExistingTag = Annotated[Tag, EXISTING]


def status(desk: Desk, tag: Tag = None) -> int:
    """Show a tag's health, its classification and the state of operations."""
    if tag is not None:
        check_tag(tag)  # before the barrier is probed, which takes longer than all the rest
        if not desk.json and (status := _unknown(desk, tag)):
            return status
    found, evidence = read_status_document(desk, tag, probe_barrier("seccomp"))
    if desk.json:
        emit(found)
    else:
        show_status(found, evidence)
        show_overrides(read_state(desk.reports))
    status = found.classification.exit_status
    if tag is None and found.incident is not None and found.incident.stage == "detected":
        # Its tag may be healthy again: what happened is not contained all the same.
        return status or EXIT_STATUS[found.incident.severity_class or "unknown"]
    return status


def _unknown(desk: Desk, tag: str) -> int:
    """Complain about a tag that does not exist and return the status of one of which nothing is known; else 0."""
    try:
        refuse_unknown(desk.site, tag)
    except BadTag:
        raise
    except Refused as error:
        complain(error_as_commands(error))
        return EXIT_STATUS["unknown"]
    return DONE


def tags(desk: Desk) -> int:
    """List every tag with class, age, frozen, and whether it is known-good or why not."""
    rows = read_tags(desk.site)
    if desk.json:
        emit({"tags": rows})
        return DONE
    if not rows:
        say(as_commands(f"no tags in {desk.reports}", (MAKES_ONE,)))
    width = max((len(row.tag) for row in rows), default=0)
    for row in rows:
        word = row.severity_class or row.level.upper()
        failed = row.first_failed_rung
        rung = "known-good" if failed is None else f"not known-good: {why_not_good(failed, row.phase)}"
        frozen = {"no": "", "intact": " · frozen", "tampered": " · TAMPERED"}[row.frozen]
        since = age((now_ns() - row.modified_ns) / 1e9)
        say(f"{row.tag:<{width}}  {word:<8} {since:>7}{frozen} · {rung}", STYLES[row.level].removeprefix("bold "))
    return DONE


def audit(desk: Desk, tag: Tag = None) -> int:
    """List the runbook's audit artifacts of a tag with their sha256."""
    if tag is not None and not desk.json and (status := _unknown(desk, tag)):
        return status
    chosen = chosen_tag(desk, tag)
    entries, changed = audit_of(desk.site, chosen), changed_files(desk.site, chosen)
    if desk.json:
        emit({"tag": chosen, "artifacts": entries, "changed": changed})
    else:
        for entry in entries:
            frozen = " · frozen" if entry.frozen else ""
            found = entry.sha256 or f"{'unreadable: ' + entry.problem if entry.problem else 'missing':<64}"
            say(f"{'✔' if entry.present else '○'} {found}  {entry.name}{frozen}")
        for change in changed:
            say(f"! {change}", "yellow")
    return DONE if all(entry.present for entry in entries) else EXIT_STATUS["unknown"]


def path(
    desk: Desk,
    name: Annotated[str, typer.Argument(help="report_json, summary_json, report_md, release_check_json, …")],
    tag: ExistingTag = None,
) -> int:
    """Print the path of an artifact of the active tag."""
    chosen = chosen_tag(desk, tag)
    by_key = dict(desk.site.artifacts.by_key)
    by_key["signoff_md"] = Artifact.PHASE4_SIGNOFF if phase_of(desk.site, chosen) == 4 else Artifact.PHASE3_SIGNOFF
    if name not in by_key:
        raise Refused(f"{name!a} is no artifact; the artifacts are {', '.join(by_key)}")
    found = desk.reports / file_name(chosen, by_key[name])
    if desk.json:
        emit({"tag": chosen, "name": name, "path": str(found), "present": found.is_file()})
    else:
        print(found)
    return DONE


def chosen_tag(desk: Desk, wanted: str | None) -> str:
    """Return the tag that a command is about; raises Refused without any, BadTag."""
    chosen = shown_tag(desk.site, wanted, read_state(desk.reports))
    if chosen is None:
        raise Refused(f"no tags in {desk.reports}", remedy=MAKES_ONE)
    return check_tag(chosen)
