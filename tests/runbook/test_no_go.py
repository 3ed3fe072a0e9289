"""A note that says NO-GO beside gates that passed is no healthy tag: somebody declined, or the note is old."""

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.health import Check
from phase4_tui.runbook.judging import judge_tag
from tests.runbook.documents import ALERT, Tag, quality
from tests.runbook.support import found, named

SIGNOFF = Artifact.PHASE4_SIGNOFF


def declined(tag: Tag) -> Tag:
    tag.put(SIGNOFF, "# Sign-off\n\nRecommendation: NO\u2011GO\n")
    return tag


def note_of(tag: Tag) -> Check:
    return judge_tag(tag.site, tag.name, OperationsState(), patient=False).health["signoff"]


def test_a_no_go_beside_passed_gates_is_a_warning_and_the_product_owners(tag: Tag) -> None:
    assert named(declined(tag)) == ("warning", "product", 13)
    assert [(one.file, one.key, one.value) for one in found(tag).evidence] == [
        (str(tag.path(SIGNOFF)), "recommendation", "no-go")
    ]


def test_the_check_of_the_note_holds_and_says_what_the_note_says(tag: Tag) -> None:
    assert (note_of(tag).state, note_of(tag).found) == ("present", "present")
    declined(tag)
    assert (note_of(tag).state, note_of(tag).ok, note_of(tag).found) == ("present", True, "present, but it says NO-GO")


def test_a_no_go_of_a_phase_3_tag_is_the_product_owners_too(tag: Tag) -> None:
    old = Tag(tag.reports, "p3", phase=3)
    old.put(Artifact.PHASE3_SIGNOFF, "Recommendation: rejected\n")
    assert named(old) == ("warning", "product", 13)


@pytest.mark.parametrize(
    ("artifact", "content", "word"),
    [
        (Artifact.QUALITY_CHECK, quality(False), "P0"),
        (Artifact.REPORT_MD, "", "P2"),
        (Artifact.MONITORING, "not JSON", "unknown"),
    ],
)
def test_an_incident_and_what_is_unknown_come_before_a_no_go(
    tag: Tag, artifact: Artifact, content: object, word: str
) -> None:
    declined(tag).put(artifact, content)
    assert named(tag)[0] == word
    assert found(tag).rule != "no_go"


def test_an_alert_and_a_no_go_are_both_warnings_and_the_alert_comes_first(tag: Tag) -> None:
    low = [ALERT | {"severity": "LOW"}]
    declined(tag).change(Artifact.MONITORING, lambda content: content.update(status="ALERT", alerts=low))
    assert (named(tag)[0], found(tag).rule) == ("warning", "monitoring_alert")


@pytest.mark.parametrize("content", [bytes(16), " \n\t\n", "\u200b\u2060\n", "\u3164"])
def test_a_note_without_a_visible_character_is_absent_and_p2(tag: Tag, content: object) -> None:
    tag.put(SIGNOFF, content)
    assert note_of(tag).state == "absent"
    assert named(tag) == ("P2", "engineering", 12)


def test_a_note_that_is_still_empty_may_be_being_written(tag: Tag) -> None:
    tag.put(SIGNOFF, bytes(16), age=0)
    assert note_of(tag).state == "writing"
