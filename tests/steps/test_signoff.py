"""The sign-off note: GO only when both gates of this very tag passed, and room for the three owners."""

import json
from collections.abc import Callable

import pytest

from tests.steps.support import HOSTILE_TAGS, Desk, Json

STEP = "phase4_signoff_generator"
NOTE = "a_phase4_signoff.md"


def note(desk: Desk, recommendation: str) -> str:
    """Write the note and return it; command and note must both recommend as expected."""
    ran = desk.run(STEP, "--tag", "a", "--outdir", "reports")
    assert (ran.status, ran.err) == (0, "")
    assert ran.document()["recommendation"] == recommendation
    text = (desk.reports / NOTE).read_text()
    assert f"Recommendation: **{recommendation}**" in text
    return text


def test_two_passed_gates_are_a_go_with_summary_and_the_three_owners_lines(desk: Desk) -> None:
    desk.checked()
    ran = desk.run(STEP, "--tag", "a")
    assert ran.document() == {
        "tag": "a",
        "recommendation": "GO",
        "gates": {"Release check": "PASSED", "Quality check": "PASSED"},
        "signoff_md": f"reports/{NOTE}",
    }
    text = note(desk, "GO")
    for owner in ("Engineering owner", "Risk owner", "Product owner"):
        assert sum(line.startswith(f"- {owner}: ____") for line in text.splitlines()) == 1
    assert "total_records: 14" in text
    assert "event_block_count: 1" in text
    assert "Paper mode" in text


def change(name: str, changed: object) -> Callable[[Desk], object]:
    return lambda desk: desk.put(f"reports/a_{name}.json", changed)


FAILED: Json = {"passed": False, "checks": {"output_schema_valid": {"passed": False, "issues": ["record 3: odd"]}}}
NO_GO: dict[str, tuple[Callable[[Desk], object], str]] = {
    "a failed release check": (change("release_check", {"tag": "a", "passed": False}), "FAILED"),
    "a failed quality check": (change("quality_check", FAILED), "FAILED"),
    "no release check": (lambda desk: (desk.reports / "a_release_check.json").unlink(), "UNKNOWN"),
    "no quality check": (lambda desk: (desk.reports / "a_quality_check.json").unlink(), "UNKNOWN"),
    "a broken check": (change("quality_check", '{"passed": true'), "UNKNOWN"),
    "an empty check": (change("quality_check", ""), "UNKNOWN"),
    "a check that is an array": (change("quality_check", "[true]"), "UNKNOWN"),
    "a check without verdict": (change("quality_check", {"checks": {}}), "UNKNOWN"),
    "a verdict that is a text": (change("quality_check", {"passed": "true"}), "UNKNOWN"),
    "a verdict that is 1": (change("quality_check", {"passed": 1}), "UNKNOWN"),
    "two verdicts": (change("quality_check", '{"passed": false, "passed": true}'), "UNKNOWN"),
    "a verdict with a byte order mark": (change("quality_check", b'\xef\xbb\xbf{"passed": true}'), "UNKNOWN"),
}


@pytest.mark.parametrize(("harm", "word"), NO_GO.values(), ids=NO_GO.keys())
def test_a_gate_that_did_not_pass_or_says_nothing_usable_is_a_no_go(
    desk: Desk, harm: Callable[[Desk], object], word: str
) -> None:
    desk.checked()
    harm(desk)
    text = note(desk, "NO-GO")
    assert f"| {word} |" in text


def test_the_release_check_of_another_tag_is_no_go(desk: Desk) -> None:
    desk.checked("a")
    desk.checked("b")
    desk.put("reports/a_release_check.json", (desk.reports / "b_release_check.json").read_bytes())
    note(desk, "NO-GO")


def test_the_first_issues_are_shown_and_the_rest_counted(desk: Desk) -> None:
    desk.checked()
    issues = [f"record {number}: odd" for number in range(1, 41)]
    checks = {"output_schema_valid": {"passed": False, "issues": issues}}
    desk.put("reports/a_quality_check.json", {"passed": False, "checks": checks})
    text = note(desk, "NO-GO")
    assert "record 1: odd" in text
    assert "record 40: odd" not in text
    shown = sum("odd" in line for line in text.splitlines())
    assert f"{40 - shown} more" in text


def test_hostile_issues_and_summary_keys_are_shown_harmlessly(desk: Desk) -> None:
    desk.checked()
    evil = "\x1b]52;c;RVZJTA==\x07 | [x](javascript:y) <script> \u202e\n# GO"
    desk.put("reports/a_release_check.json", {"passed": False, "validation_errors": [evil], "missing_files": [evil]})
    desk.change("a_summary.json", lambda summary: summary.update({evil: {evil: evil}}))
    text = note(desk, "NO-GO")
    assert not set("\x1b\x07\u202e") & set(text)
    assert "[x](" not in text
    assert "\n# GO" not in text
    assert [line for line in text.splitlines() if line.startswith("# ")] == ["# Phase 4 sign-off: a"]


def test_without_a_summary_there_is_nothing_to_sign(desk: Desk) -> None:
    desk.checked()
    (desk.reports / "a_summary.json").unlink()
    before = desk.files()
    ran = desk.run(STEP, "--tag", "a")
    assert ran.status == 2
    assert "a_summary.json: not found" in ran.complaint()
    assert desk.files() == before


@pytest.mark.parametrize("content", ["", "[]", '{"run_tag": "a"', '{"a": 1, "a": 2}', "{}\x00"])
def test_a_broken_summary_fails_by_name_and_nothing_is_written(desk: Desk, content: str) -> None:
    desk.checked()
    desk.put("reports/a_summary.json", content)
    before = desk.files()
    ran = desk.run(STEP, "--tag", "a")
    assert ran.status == 1
    assert "a_summary.json" in ran.complaint()
    assert desk.files() == before


def test_the_note_can_be_written_elsewhere(desk: Desk) -> None:
    desk.checked()
    ran = desk.run(STEP, "--tag", "a", "--out-md", "notes/signed.md")
    assert ran.document()["signoff_md"] == "notes/signed.md"
    assert (desk.root / "notes" / "signed.md").read_text().startswith("# Phase 4 sign-off: a\n")
    assert not (desk.reports / NOTE).exists()


def test_the_note_of_a_frozen_tag_is_not_overwritten(desk: Desk) -> None:
    desk.checked()
    note(desk, "GO")
    desk.freeze("a")
    before = desk.files()
    ran = desk.run(STEP, "--tag", "a")
    assert ran.status == 1
    assert "tag a is frozen" in ran.complaint()
    assert desk.files() == before


@pytest.mark.parametrize("tag", HOSTILE_TAGS)
def test_what_is_no_tag_is_refused(desk: Desk, tag: str) -> None:
    before = desk.files()
    ran = desk.run(STEP, f"--tag={tag}")
    assert (ran.status, ran.out) == (2, "")
    assert desk.files() == before


def test_an_older_summary_is_signed_as_it_is(desk: Desk) -> None:
    desk.checked()
    desk.put("reports/a_summary.json", json.dumps({"run_tag": "a", "total_records": 14}))
    assert "total_records: 14" in note(desk, "GO")
