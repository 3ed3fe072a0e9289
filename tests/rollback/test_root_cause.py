"""Root causes: of the open incident, of a closed one, and of a tag that has none."""

from pathlib import Path

import pytest

from phase4_tui.errors import Refused
from phase4_tui.journal.log import read_events
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.post_mortem import post_mortem
from phase4_tui.rollback.root_cause import RootCause, plan_root_cause, root_causes
from phase4_tui.runbook.site import Site
from tests.rollback.support import give, site_of, state_of
from tests.tui.support import lay_out

CAUSE = RootCause(cause="the feed lost its bias", remediation="second feed", owner="risk")


@pytest.fixture
def site(tmp_path: Path) -> Site:
    lay_out(tmp_path)
    return site_of(tmp_path)


def test_without_an_open_incident_a_cause_is_logged_for_a_tag(site: Site) -> None:
    before = state_of(site.workdir)
    give(site, plan_root_cause(site, CAUSE, tag="A"))
    ((event, entry),) = root_causes(read_events(site.reports))
    assert (event.tag, event.incident, entry.cause) == ("A", None, CAUSE.cause)
    assert state_of(site.workdir).incident == before.incident


def test_a_tags_own_cause_is_no_part_of_another_tags_incident(site: Site) -> None:
    incident = look_for_incident(site, "B")
    assert incident is not None
    give(site, plan_root_cause(site, CAUSE, tag="A"))
    now = state_of(site.workdir).incident
    assert now is not None
    assert now.root_causes == ()
    assert CAUSE.cause not in post_mortem(site, incident.id)


@pytest.mark.parametrize(
    ("incident", "tag", "words"),
    [
        (None, "never", "no such tag"),
        (None, "../x", "no run tag"),
        (None, "B", "is the tag of the open incident"),
        ("inc-1", "A", "of an incident or of a tag"),
        (None, None, None),
    ],
)
def test_a_cause_of_nothing_that_exists_is_refused(
    site: Site, incident: str | None, tag: str | None, words: str | None
) -> None:
    look_for_incident(site, "B")
    if words is None:
        give(site, plan_root_cause(site, CAUSE, incident, tag))
        return
    with pytest.raises(Refused, match=words):
        plan_root_cause(site, CAUSE, incident, tag)
