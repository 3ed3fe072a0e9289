"""A check in plain words, as panels and commands tell it; what scripts read of it stays as it is."""

from collections.abc import Callable

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook.check_words import check_reasons, check_words, state_word
from phase4_tui.runbook.checks import judge
from phase4_tui.runbook.evidence import read_evidence
from phase4_tui.runbook.health import Check
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, quality

RELEASE, QUALITY, MONITORING, SIGNOFF = (
    Artifact.RELEASE_CHECK,
    Artifact.QUALITY_CHECK,
    Artifact.MONITORING,
    Artifact.PHASE4_SIGNOFF,
)
NAMES = {RELEASE: "release_check", QUALITY: "quality_check", MONITORING: "monitoring", SIGNOFF: "signoff"}


def check(tag: Tag, artifact: Artifact) -> Check:
    return judge(read_evidence(tag.site, tag.name, patient=False))[NAMES[artifact]]


def renamed(tag: Tag) -> None:
    sections = quality()["checks"]
    tag.put(QUALITY, {"passed": True, "checks": {"weird": sections.pop("output_schema_valid"), **sections}})


def failing(tag: Tag) -> None:
    tag.put(QUALITY, quality(False, {"score_and_sizing_valid": ["record 9: size must be a number"]}))


SAID: dict[str, tuple[Artifact, Callable[[Tag], object], str, list[str]]] = {
    "missing": (MONITORING, lambda tag: tag.remove(MONITORING), "t1_monitoring.json is missing", []),
    "half written": (
        QUALITY, lambda tag: tag.path(QUALITY).write_text(""), "t1_quality_check.json is being written", ["is empty"],
    ),
    "another type": (
        RELEASE, lambda tag: tag.put(RELEASE, {"passed": "yes"}),
        "t1_release_check.json does not have the expected keys", ["key `passed`: must be true or false, found 'yes'"],
    ),
    "older than the report": (
        RELEASE, lambda tag: tag.age(RELEASE, REPORT_AGE + 10), "passed, but older than the report", [],
    ),
    "monitoring older than the report": (
        MONITORING, lambda tag: tag.age(MONITORING, REPORT_AGE + 10), "OK, but older than the report", [],
    ),
    "another tag's": (
        RELEASE, lambda tag: tag.change(RELEASE, lambda content: content.update(tag="other")),
        "passed, but for another tag", ["key `tag` is 'other': the check is another tag's"],
    ),
    "files missing": (
        RELEASE, lambda tag: tag.change(RELEASE, lambda content: content.update(missing_files=["a.json"])),
        "passed, but it lists 1 problem", ["a.json is missing"],
    ),
    "a section that failed": (
        QUALITY, failing, "did not pass; 2 of 3 sections hold", ["score and sizing: size must be a number, record 9"],
    ),
    "another section": (
        QUALITY, renamed, "passed, but contradicted",
        ["passed is true, but checks.output_schema_valid is missing",
         "older schema: section output schema is missing; weird is unknown"],
    ),
    "alerts": (
        MONITORING,
        lambda tag: tag.change(MONITORING, lambda content: content.update(status="ALERT", alerts=[ALERT])),
        "1 alert", ["HIGH 95 of 70"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", SAID)
def test_what_is_wrong_with_a_check_is_said_in_plain_words(tag: Tag, how: str) -> None:
    artifact, spoil, words, reasons = SAID[how]
    spoil(tag)
    found = check(tag, artifact)
    assert not found.ok
    assert check_words(found).startswith(words)
    assert check_reasons(found) == reasons


def test_a_check_that_holds_says_its_scope_and_nothing_twice(tag: Tag) -> None:
    told = {name: (state_word(check(tag, one).state), check_words(check(tag, one))) for one, name in NAMES.items()}
    assert told["monitoring"] == ("OK", "no alert")
    assert told["signoff"] == ("present", "")
    assert told["quality_check"] == ("passed", "3 of 3 sections hold, 0 records")


def test_a_note_that_says_no_go_is_present_and_says_so(tag: Tag) -> None:
    tag.path(SIGNOFF).write_text("# Sign-off\n\nRecommendation: NO-GO\n")
    assert check_words(check(tag, SIGNOFF)) == "the note says NO-GO"


def test_a_phase_3_tag_has_no_monitoring_in_one_phrase(tag: Tag) -> None:
    before = Tag(tag.site.reports, "p3", phase=3)
    found = check(before, MONITORING)
    assert (state_word(found.state), check_words(found)) == ("not applicable", "no monitoring in Phase 3")
