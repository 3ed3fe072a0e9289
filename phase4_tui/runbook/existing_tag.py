"""Whether a tag that an operator names exists, and the tags that are spelled like it."""

import difflib
import os

from phase4_tui.artifacts.frozen import frozen_dir
from phase4_tui.artifacts.names import check_tag
from phase4_tui.artifacts.plain_words import and_list
from phase4_tui.errors import Refused, Remedy, command_line
from phase4_tui.journal.state import OperationsState, StateUnreadable, read_state
from phase4_tui.runbook.provenance import tag_runs_dir
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import tags_of

NEAR = 3
"""At most so many tags of a like name are offered."""
LISTS = Remedy("filter", command_line("tags"), "lists them")


def refuse_unknown(site: Site, tag: str) -> None:
    """Raise BadTag for what is no tag, Refused for one of which nothing is known here, with tags of a like name."""
    if _exists(site, check_tag(tag)):
        return
    try:
        kept = _on_record(read_state(site.reports))
    except StateUnreadable:
        return  # what it holds can't be told: the command says what is wrong
    known = {entry.tag for entry in tags_of(site)} | kept
    if tag in known:
        return
    near = difflib.get_close_matches(tag, known, NEAR)
    likely = f"; did you mean {and_list(near).replace(' and ', ' or ')}?" if near else ""
    raise Refused(f"no such tag: {tag}{likely}", remedy=LISTS, tag=tag, near=near)


def _exists(site: Site, tag: str) -> bool:
    """True for a tag with an artifact, a run or frozen copies, found without a look at every tag."""
    places = [site.reports / name for name in site.artifacts.of(tag)]
    places += [tag_runs_dir(site.reports, tag), frozen_dir(site.reports, tag)]
    return any(map(os.path.lexists, places))


def _on_record(state: OperationsState) -> set[str]:
    """Return the tags that the state of operations names, whatever is left of them."""
    tags = {*state.frozen, *state.pinned, *state.reclassified, *(entry.tag for entry in state.quarantine)}
    tags |= {tag for tag in (state.active_tag, state.known_good_tag) if tag is not None}
    return tags | ({state.incident.tag} if state.incident is not None else set())
