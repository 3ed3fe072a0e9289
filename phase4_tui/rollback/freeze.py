"""Freeze, thaw and restore a tag (runbook: Rollback Procedure, step 1)."""

import json
from pathlib import Path

from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.counting import counted
from phase4_tui.artifacts.frozen import frozen_dir, is_frozen
from phase4_tui.artifacts.manifest import Tampering, look_frozen, read_manifest, restoring
from phase4_tui.artifacts.names import Artifact, check_tag
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.events import Event
from phase4_tui.journal.state import OperationsState
from phase4_tui.rollback.frozen_copies import artifacts_of, owner_of, protect, publish, put_back, withdraw, writable
from phase4_tui.rollback.operations import Effect, Plan, frozen_entry, need_reason, plan_on, state_to_plan_on
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.frozen_tags import manifest_problem
from phase4_tui.runbook.run_holder import running
from phase4_tui.runbook.site import Site

SHOWN_TAMPERINGS = 3
MAX_FROZEN_BYTES = 768 << 10
"""Limit for all frozen tags together in one journal event, which names each of them."""

LIST_TAGS = Remedy("", command_line("tags"), "lists the tags")


def plan_freeze(site: Site, tag: str, reason: str) -> Plan:
    """Return the plan to freeze a tag; raises BadTag, Refused, StateUnreadable."""
    state, reports = state_to_plan_on(site), site.reports
    check_tag(tag)
    reason = need_reason(reason)
    if is_frozen(reports, tag):
        refuse_tampered(site, state, tag)
        return plan_on(
            state, "freeze", f"freeze {tag}", tag=tag, reason=reason, nothing=f"{tag} is already frozen, verified"
        )
    if tag in state.frozen:
        thaws = Remedy("thaw", command_line("thaw", tag, "--reason", "R"), "puts that on record")
        raise Refused(f"{tag} was frozen and its copies are gone", remedy=thaws, tag=tag)
    paths = artifacts_of(site, tag)
    if not paths and state.incident_of(tag) is not None:
        return plan_on(
            state,
            "freeze",
            f"freeze {tag}",
            tag=tag,
            reason=reason,
            nothing=f"nothing to freeze: {tag} has no artifacts",
            remedies=(Remedy("guided", command_line("rollback"), "goes on"),),
        )
    if not paths:
        raise Refused(f"{tag} has no artifacts in {reports}: nothing to freeze", remedy=LIST_TAGS, tag=tag)
    target = frozen_dir(reports, tag)
    return plan_on(
        state,
        "freeze",
        f"freeze {tag}",
        lambda intent: freeze_now(site, state, tag, reason, intent),
        tag=tag,
        reason=reason,
        lines=(f"copies {counted(len(paths), 'artifact')}",),
        details=(f"to {target}", *(f"  {path.name}" for path in paths)),
        expects=(f"no step writes to {tag} any more", "each copy matches its sha256"),
        warnings=_warnings(site, tag),
    )


def freeze_now(site: Site, state: OperationsState, tag: str, reason: str, intent: Event) -> Effect:
    """Freeze a tag as part of an operation under way; raises Refused, OSError."""
    entries = {name: entry.model_dump() for name, entry in state.frozen.items()}
    if len(json.dumps(entries)) > MAX_FROZEN_BYTES:
        thaws = Remedy("thaw", command_line("thaw", "TAG", "--reason", "R"), "thaws an old one first")
        raise Refused(f"{len(entries)} tags are frozen, more than the journal can name", remedy=thaws, tag=tag)
    digest = publish(site, tag, reason, intent)
    tampered = look_frozen(site.reports, tag, site.artifacts, hashes=True)
    if tampered:
        problem = f"{tampered[0].path.name} {tampered[0].detail}"
        raise Refused(f"{tag} is frozen, but {problem}", remedy=restoring(tag), tag=tag, file=str(tampered[0].path))
    entries[tag] = frozen_entry(digest, iso(now_ns()), f"{intent.operator}@{intent.host}", reason)
    return Effect(
        {"frozen": entries}, {"manifest_sha256": digest}, (f"{tag} is frozen, manifest sha256 {digest[:12]}…",)
    )


def plan_thaw(site: Site, tag: str, reason: str) -> Plan:
    """Return the plan to thaw a tag; raises BadTag, Refused, StateUnreadable."""
    state, reports = state_to_plan_on(site), site.reports
    check_tag(tag)
    reason = need_reason(reason)
    there = is_frozen(reports, tag)
    if not there and tag not in state.frozen:
        shows = Remedy("", command_line("tags"), "shows which tags are")
        raise Refused(f"{tag} is not frozen", remedy=shows, tag=tag)
    if state.active_tag == tag:
        other = Remedy(
            "known_good", command_line("known-good", "switch", "TAG", "--reason", "R"), "makes another active"
        )
        raise Refused(f"{tag} is the active tag, which stays frozen", remedy=other, tag=tag)

    def act(intent: Event) -> Effect:
        kept = withdraw(reports, tag, intent) if there else None
        entries = {name: entry.model_dump() for name, entry in state.frozen.items() if name != tag}
        told = f"its copies are kept in {kept}" if kept else "its copies were gone"
        return Effect({"frozen": entries}, {"kept_in": kept and str(kept)}, (f"{tag} is thawed; {told}",))

    warnings = ["it belongs to the open incident: it is evidence"] if state.incident_of(tag) is not None else []
    warnings += [] if there else ["its copies are gone: nothing proves any more what was frozen"]
    return plan_on(
        state,
        "thaw",
        f"thaw {tag}",
        act,
        tag=tag,
        reason=reason,
        lines=("sets its copies aside",) if there else (),
        details=(f"moves {frozen_dir(reports, tag)} to {reports / '.phase4' / 'thawed'}",) if there else (),
        expects=(f"steps may write to {tag} again",),
        warnings=tuple(warnings),
    )


def plan_restore(site: Site, tag: str) -> Plan:
    """Return the plan to put a frozen tag's own bytes back; raises BadTag, Refused, StateUnreadable."""
    state, reports = state_to_plan_on(site), site.reports
    check_tag(tag)
    if not is_frozen(reports, tag):
        raise Refused(f"{tag} is not frozen: there is no copy to restore it from", tag=tag)
    _refuse_other_manifest(site, state, tag)
    directory = frozen_dir(reports, tag)
    found = {item.path: item for item in look_frozen(reports, tag, site.artifacts, hashes=True)}
    if directory in found:
        raise Refused(f"{directory} {found[directory].detail}: there is no copy to restore {tag} from")
    lost = [
        path for path, item in found.items() if item.kind != "extra" and directory / path.name in found.keys() - {path}
    ]
    if found and set(found) == {*lost, *(directory / path.name for path in lost)}:
        raise Refused(f"{found[lost[0]].path} and its copy are both changed: there is nothing to restore {tag} from")
    open_again = writable(directory)

    def act(intent: Event) -> Effect:
        kept, refused = _put_all_back(reports, tag, found, intent)
        protect(directory)
        left = look_frozen(reports, tag, site.artifacts, hashes=True)
        if refused:
            raise Refused(
                "; ".join(error.message for error in refused),
                remedy=[remedy for error in refused for remedy in error.remedies],
                tag=tag,
            )
        if left:
            told = f"{left[0].path} {left[0].detail} again: something still writes to it"
            raise Refused(told, remedy=Remedy(effect="stop that first"), tag=tag, file=str(left[0].path))
        lines = [f"{path}: was kept as {place}" if place else f"{path}: was missing" for path, place in kept.items()]
        evidence = {str(path): str(place) for path, place in kept.items() if place}
        detail = {"restored": sorted(str(path) for path in kept), "evidence": evidence}
        lines += [f"{path}: {owner_of(path)}, its owner, has to take the permission" for path in writable(directory)]
        return Effect({}, detail, (f"{tag} is as it was frozen", *lines))

    return plan_on(
        state,
        "restore",
        f"restore {tag}",
        act,
        tag=tag,
        lines=(
            *(f"{_short(site, path)}: {item.detail}; put back" for path, item in found.items() if not path.exists()),
            *(f"{_short(site, path)}: was made writable; takes the permission again" for path in open_again),
        ),
        details=tuple(f"{path}: {item.detail}" for path, item in found.items()),
        expects=(f"each artifact of {tag} and each copy matches the manifest",),
        warnings=(
            *(f"{path} and its copy are both changed: there is nothing to restore it from" for path in lost),
            *(
                f"{_short(site, path)}: {item.detail}; kept as evidence, replaced"
                for path, item in found.items()
                if path.exists()
            ),
        ),
        nothing=None if found or open_again else f"{tag}: nothing to restore, each artifact is as it was frozen",
    )


def _short(site: Site, path: Path) -> str:
    """Return a path from the directory that holds the reports directory."""
    above = site.reports.parent
    return str(path.relative_to(above) if path.is_relative_to(above) else path)


def _put_all_back(
    reports: Path, tag: str, found: dict[Path, Tampering], intent: Event
) -> tuple[dict[Path, Path | None], list[Refused]]:
    """Restore what can be; return where each replaced file is kept (None if it was missing), and the refusals."""
    kept: dict[Path, Path | None] = {}
    refused: list[Refused] = []
    for path in found:
        try:
            kept[path] = put_back(reports, tag, path, intent)
        except Refused as error:
            refused.append(error)
    return kept, refused


def refuse_tampered(site: Site, state: OperationsState, tag: str) -> None:
    """Raise Refused unless a frozen tag's manifest is the journal's and every byte matches it."""
    _refuse_other_manifest(site, state, tag)
    tampered = look_frozen(site.reports, tag, site.artifacts, hashes=True)
    if tampered:
        told = "; ".join(f"{item.path.name} {item.detail}" for item in tampered[:SHOWN_TAMPERINGS])
        remedy = restoring(tag, "puts the frozen files back and keeps the changed ones as evidence")
        raise Refused(f"{tag} is frozen and no longer what was frozen: {told}", remedy=remedy, tag=tag)


def _refuse_other_manifest(site: Site, state: OperationsState, tag: str) -> None:
    problem = manifest_problem(site, state, tag)
    if problem is not None:
        found = read_manifest(site.reports, tag)
        for operation in state.pending:
            if found is not None and found.journal_seq == operation.seq:
                advice = Remedy(effect="wait for its end, then look again")
                raise Refused(
                    f"{tag} is being frozen by {operation.by} since {moment(operation.at)}", remedy=advice, tag=tag
                )
        remedies = (
            Remedy("verify", command_line("verify"), "tells more"),
            Remedy("thaw", command_line("thaw", tag, "--reason", "R"), "thaws it, to start anew"),
        )
        raise Refused(f"{tag} {problem}: it was tampered with", remedy=remedies, tag=tag)


def _warnings(site: Site, tag: str) -> tuple[str, ...]:
    reports = site.reports
    warnings = []
    now = running(reports)
    if now is not None and now.tag == tag:
        warnings.append(f"it is being run: {now}; what is there now is frozen, and the run will fail")
    phase = phase_of(site, tag)
    other = Artifact.PHASE3_SIGNOFF if phase == 4 else Artifact.PHASE4_SIGNOFF
    none = {other, *((Artifact.MONITORING, Artifact.MONITORING_MD, *site.artifacts.own) if phase == 3 else ())}
    have = {path.name for path in artifacts_of(site, tag)}
    expected = [f"{tag}{suffix}" for suffix in site.artifacts.suffixes if suffix not in none]
    missing = [name for name in expected if name not in have]
    if missing:
        warnings.append(f"it is incomplete, without {', '.join(missing)}; what is there is frozen")
    return tuple(warnings)
