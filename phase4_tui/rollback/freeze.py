"""Freeze, thaw and restore a tag (runbook: Rollback Procedure, step 1)."""

from phase4_tui.artifacts.clock import iso, now_ns
from phase4_tui.artifacts.frozen import frozen_dir, is_frozen
from phase4_tui.artifacts.manifest import look_frozen, manifest_sha256
from phase4_tui.artifacts.names import Artifact, check_tag
from phase4_tui.journal.events import Event
from phase4_tui.journal.state import Frozen, OperationsState, read_state
from phase4_tui.rollback.copies import artifacts_of, publish, put_back, withdraw
from phase4_tui.rollback.orders import Effect, Plan, Site, need_reason, plan_on
from phase4_tui.runbook.evidence import phase_of
from phase4_tui.runbook.planning import Refused
from phase4_tui.runbook.running import running

SHOWN_TAMPERINGS = 3


def plan_freeze(site: Site, tag: str, reason: str) -> Plan:
    """Return the plan to freeze a tag; raises BadTag, Refused, StateUnreadable."""
    state, reports = read_state(site.reports), site.reports
    check_tag(tag)
    need_reason(reason)
    if is_frozen(reports, tag):
        refuse_tampered(site, state, tag)
        return plan_on(
            state, "freeze", f"freeze {tag}", tag=tag, reason=reason, nothing=f"{tag} is already frozen, verified"
        )
    paths = artifacts_of(reports, tag)
    if not paths:
        raise Refused(f"{tag} has no artifacts in {reports}: nothing to freeze; `phase4 tags` lists the tags")
    target = frozen_dir(reports, tag)
    return plan_on(
        state,
        "freeze",
        f"freeze {tag}",
        lambda intent: freeze_now(site, state, tag, reason, intent),
        tag=tag,
        reason=reason,
        lines=(f"copies {len(paths)} artifacts to {target}", *(f"  {path.name}" for path in paths)),
        expects=(f"no step writes to {tag} any more", "each copy matches its sha256"),
        warnings=_warnings(site, tag),
    )


def freeze_now(site: Site, state: OperationsState, tag: str, reason: str, intent: Event) -> Effect:
    """Freeze a tag as part of an order under way; raises Refused, OSError."""
    digest = publish(site.reports, tag, reason, intent)
    frozen = Frozen(manifest_sha256=digest, at=iso(now_ns()), by=f"{intent.operator}@{intent.host}", reason=reason)
    tampered = look_frozen(site.reports, tag, hashes=True)
    if tampered:
        raise Refused(f"{tag} is frozen, but {tampered[0].path.name} {tampered[0].detail}: `phase4 restore {tag}`")
    entries = {name: entry.model_dump() for name, entry in state.frozen.items()} | {tag: frozen.model_dump()}
    return Effect({"frozen": entries}, {"manifest_sha256": digest}, (f"{tag} is frozen, manifest sha256 {digest}",))


def plan_thaw(site: Site, tag: str, reason: str) -> Plan:
    """Return the plan to thaw a tag; raises BadTag, Refused, StateUnreadable."""
    state, reports = read_state(site.reports), site.reports
    check_tag(tag)
    need_reason(reason)
    if not is_frozen(reports, tag):
        raise Refused(f"{tag} is not frozen; `phase4 tags` shows which tags are")
    if state.active_tag == tag:
        raise Refused(f"{tag} is the active tag, which stays frozen; switch to another with `phase4 known-good switch`")

    def act(intent: Event) -> Effect:
        kept = withdraw(reports, tag, intent.seq)
        entries = {name: entry.model_dump() for name, entry in state.frozen.items() if name != tag}
        return Effect({"frozen": entries}, {"kept_in": str(kept)}, (f"{tag} is thawed; its copies are kept in {kept}",))

    warnings = ("it belongs to the open incident: it is evidence",) if _is_evidence(state, tag) else ()
    return plan_on(
        state,
        "thaw",
        f"thaw {tag}",
        act,
        tag=tag,
        reason=reason,
        lines=(f"moves {frozen_dir(reports, tag)} to {reports / '.phase4' / 'thawed'}",),
        expects=(f"steps may write to {tag} again",),
        warnings=warnings,
    )


def plan_restore(site: Site, tag: str) -> Plan:
    """Return the plan to put a frozen tag's own bytes back; raises BadTag, Refused, StateUnreadable."""
    state, reports = read_state(site.reports), site.reports
    check_tag(tag)
    if not is_frozen(reports, tag):
        raise Refused(f"{tag} is not frozen: there is no copy to restore it from")
    _refuse_other_manifest(site, state, tag)
    found = look_frozen(reports, tag, hashes=True)
    ours = {item.path: item for item in found if item.path.parent == reports}
    copies = [item for item in found if item.path not in ours]

    def act(intent: Event) -> Effect:
        kept = {path.name: put_back(reports, tag, path, intent.seq) for path in ours}
        left = [item for item in look_frozen(reports, tag, hashes=True) if item.path.parent == reports]
        if left:
            raise Refused(f"{left[0].path} {left[0].detail} again: something still writes to it; stop that first")
        told = [f"{name}: was kept as {place}" if place else f"{name}: was missing" for name, place in kept.items()]
        evidence = {name: str(place) for name, place in kept.items() if place}
        return Effect({}, {"restored": sorted(kept), "evidence": evidence}, (f"{tag} is as it was frozen", *told))

    return plan_on(
        state,
        "restore",
        f"restore {tag}",
        act,
        tag=tag,
        lines=tuple(f"{path.name}: {item.detail}; kept as evidence, replaced" for path, item in ours.items()),
        expects=(f"each artifact of {tag} matches its manifest",),
        warnings=tuple(f"the copy {item.path} {item.detail}" for item in copies),
        nothing=None if ours else f"{tag}: nothing to restore, each artifact is as it was frozen",
    )


def refuse_tampered(site: Site, state: OperationsState, tag: str) -> None:
    """Raise Refused unless a frozen tag is, byte for byte and by the journal, what was frozen."""
    _refuse_other_manifest(site, state, tag)
    tampered = look_frozen(site.reports, tag, hashes=True)
    if tampered:
        told = "; ".join(f"{item.path.name} {item.detail}" for item in tampered[:SHOWN_TAMPERINGS])
        raise Refused(
            f"{tag} is frozen and no longer what was frozen: {told}. `phase4 restore {tag}` puts the frozen files back "
            "and keeps the changed ones as evidence"
        )


def manifest_problem(site: Site, state: OperationsState, tag: str) -> str | None:
    """Return what is wrong between a frozen tag's manifest and what the journal knows of it."""
    known, found = state.frozen.get(tag), manifest_sha256(site.reports, tag)
    if known is None:
        return "is frozen on disk, but no order of the journal froze it"
    if found is None:
        return "has lost its manifest"
    if found != known.manifest_sha256:
        return f"has a manifest with sha256 {found[:12]}, the journal knows {known.manifest_sha256[:12]}"
    return None


def _refuse_other_manifest(site: Site, state: OperationsState, tag: str) -> None:
    problem = manifest_problem(site, state, tag)
    if problem is not None:
        raise Refused(f"{tag} {problem}: it was tampered with; `phase4 verify` tells more, thaw it to start anew")


def _warnings(site: Site, tag: str) -> tuple[str, ...]:
    reports = site.reports
    warnings = []
    now = running(reports)
    if now is not None and now.tag == tag:
        warnings.append(f"it is being run: {now}; what is there now is frozen, and the run will fail")
    phase = phase_of(reports, tag)
    other = Artifact.PHASE3_SIGNOFF if phase == 4 else Artifact.PHASE4_SIGNOFF
    expected = {kind for kind in Artifact if kind is not other}
    if phase == 3:
        expected -= {Artifact.MONITORING, Artifact.MONITORING_MD}
    have = {path.name for path in artifacts_of(reports, tag)}
    missing = [f"{tag}{kind}" for kind in Artifact if kind in expected and f"{tag}{kind}" not in have]
    if missing:
        warnings.append(f"it is incomplete, without {', '.join(missing)}; what is there is frozen")
    return tuple(warnings)


def _is_evidence(state: OperationsState, tag: str) -> bool:
    return state.incident is not None and state.incident.tag == tag
