"""Frozen tags against what was frozen: by disk as artifacts/manifest.py compares it, and by the journal's record."""

from phase4_tui.artifacts.frozen import frozen_dir, is_frozen
from phase4_tui.artifacts.manifest import FrozenState, Tampering, look_frozen, manifest_sha256
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.site import Site


def manifest_problem(site: Site, state: OperationsState, tag: str) -> str | None:
    """Return how a frozen tag's manifest disagrees with the journal, None when it agrees."""
    known, found = state.frozen.get(tag), manifest_sha256(site.reports, tag)
    if known is None:
        return "is frozen on disk, but no operation of the journal froze it"
    if found is None:
        return "has lost its manifest"
    if found != known.manifest_sha256:
        return f"has a manifest with sha256 {found[:12]}, the journal knows {known.manifest_sha256[:12]}"
    return None


def look_at_frozen(site: Site, tag: str, state: OperationsState) -> tuple[FrozenState, tuple[Tampering, ...]]:
    """Return whether a tag is frozen and as it was frozen, by names, sizes, times and record, and each difference."""
    there, known = is_frozen(site.reports, tag), tag in state.frozen
    under_way = bool(state.pending) and there != known  # its files come before the state that names it, and go after
    if not there and (under_way or not known):
        return "no", ()
    found = look_frozen(site.reports, tag, site.artifacts)
    if not found and not under_way:
        problem = manifest_problem(site, state, tag)
        found = [Tampering("manifest", frozen_dir(site.reports, tag), problem)] if problem is not None else []
    return ("tampered" if found else "intact"), tuple(found)


def tampered_tags(site: Site, state: OperationsState) -> tuple[str, ...]:
    """Return the frozen tags that are not as they were frozen, by names, sizes, times and record."""
    return tuple(tag for tag in sorted(state.frozen) if look_at_frozen(site, tag, state)[0] == "tampered")
