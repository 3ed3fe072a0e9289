"""The desk's own checks: each state for what it is, its rule in its class, its rung, and its files the tag's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts.index import index_tags, scan
from phase4_tui.artifacts.names import Artifact
from phase4_tui.journal.state import OperationsState
from phase4_tui.runbook.audit import audit
from phase4_tui.runbook.classification import OWN_CHECK
from phase4_tui.runbook.ladder import RUNGS, rungs_of
from tests.runbook.documents import ALERT, REPORT_AGE, Tag, all_ok, quality
from tests.runbook.own_desk import FILE, SETTINGS, SHADOW, TITLES, judged, own_tag, put, site_at

CONTENTS: dict[str, tuple[object, str, str]] = {
    "as expected": (SHADOW, "passed", "passed=true"),
    "another value": (SHADOW | {"passed": False}, "failed", "passed=false"),
    "1, which is not true": (SHADOW | {"passed": 1}, "failed", "passed=1"),
    "a text": (SHADOW | {"passed": "true"}, "failed", "passed=true"),
    "null": (SHADOW | {"passed": None}, "failed", "passed=null"),
    "a list": (SHADOW | {"passed": [True]}, "failed", "passed=[true]"),
    "no key": ({"shadow": 1}, "unreadable", "broken schema"),
    "no object": ([1, 2], "unreadable", "broken schema"),
    "no JSON": ("passed", "unreadable", "unreadable"),
    "nothing": ("", "unreadable", "unreadable"),
    "a key given twice": ('{"passed": true, "passed": true}', "unreadable", "unreadable"),
}


@pytest.mark.parametrize(("content", "state", "words"), CONTENTS.values(), ids=CONTENTS)
def test_a_check_says_what_it_found(tmp_path: Path, content: object, state: str, words: str) -> None:
    tag = own_tag(tmp_path)
    put(tag, FILE, content)
    check = judged(tag).health["shadow_duration"]
    assert (check.state, check.ok, check.found) == (state, state == "passed", words)
    assert (check.title, check.expected, check.file) == (
        "Shadow duration", "passed=true", str(tag.reports / f"t1{FILE}"),
    )  # fmt: skip
    level = judged(tag).classification.level
    assert level == {"passed": "ok", "failed": "incident", "unreadable": "unknown"}[state]


def test_a_file_that_is_not_there_or_being_written_or_too_old_is_never_ok(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    changes: list[tuple[Callable[[], object], str]] = [
        (lambda: put(tag, FILE, SHADOW, age=REPORT_AGE + 10), "stale"),
        (lambda: put(tag, FILE, '{"passed": tr', age=0), "writing"),
        ((tag.reports / f"t1{FILE}").unlink, "absent"),
    ]
    for change, state in changes:
        change()
        found = judged(tag)
        check = found.health["shadow_duration"]
        assert (check.state, check.ok, all_ok(found.health)) == (state, False, False)
        assert (found.classification.level, found.classification.rule) == ("unknown", "artifacts_not_usable")
        assert f"t1{FILE}" in [one.key for one in found.classification.evidence]
        assert found.rung == "Shadow duration"


def test_a_check_without_a_key_holds_when_its_file_is_there(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    check = judged(tag).health["desk_note"]
    assert (check.state, check.expected, check.found) == ("present", "t1_desk_note.md present", "present")
    put(tag, "_desk_note.md", " \n")
    assert judged(tag).health["desk_note"].issues == ("holds no visible text",)
    (tag.reports / "t1_desk_note.md").unlink()
    assert judged(tag).health["desk_note"].state == "absent"


def test_a_value_deep_in_the_file_is_compared_as_json_compares(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    assert judged(tag).health["shadow_minutes"].found == "shadow.minutes=300.0"
    assert judged(tag).health["shadow_minutes"].ok
    put(tag, FILE, SHADOW | {"shadow": {"minutes": 301}})
    found = judged(tag)
    assert (found.health["shadow_minutes"].state, found.classification.rule) == ("failed", f"{OWN_CHECK}shadow_minutes")
    put(tag, FILE, SHADOW | {"shadow": 300})
    assert judged(tag).health["shadow_minutes"].issues == ("key `shadow.minutes` is missing",)


@pytest.mark.parametrize(
    ("issues", "shown"),
    [
        (["a", "b"], ("a", "b")),
        ("all of it", ("all of it",)),
        ([1, {"record": 2}, None], ("1", '{"record": 2}', "null")),
        (None, ()),
        (["\x1b[2Jred"], ("␛[2Jred",)),
    ],
)
def test_its_reasons_are_shown_whatever_shape_they_have(tmp_path: Path, issues: object, shown: tuple[str, ...]) -> None:
    tag = own_tag(tmp_path, issues=issues)
    assert judged(tag).health["shadow_duration"].issues == shown
    put(tag, FILE, {"passed": True})
    assert judged(tag).health["shadow_duration"].issues == ()


def failing(tag: Tag, severity_class: str) -> None:
    """Let the own check not hold, in a class."""
    path = tag.reports.parent / "phase4.toml"
    path.write_text(SETTINGS.replace('class = "P1"', f'class = "{severity_class}"'))
    put(tag, FILE, SHADOW | {"passed": False})


def violate(tag: Tag) -> None:
    tag.put(Artifact.QUALITY_CHECK, quality(False))


def alert(tag: Tag, severity: str = "HIGH") -> None:
    alerts = [ALERT | {"severity": severity}]
    tag.change(Artifact.MONITORING, lambda found: found.update(status="ALERT", alerts=alerts))


def markdown(tag: Tag) -> None:
    tag.remove(Artifact.REPORT_MD)


def unknown(tag: Tag) -> None:
    (tag.reports / "t1_desk_note.md").unlink()


def low(tag: Tag) -> None:
    alert(tag, "LOW")


ORDER: list[tuple[str, list[Callable[[Tag], None]], str]] = [
    ("P0", [], "own_check_shadow_duration"),
    ("P0", [violate], "quality_gate_failed"),
    ("P0", [alert, markdown], "own_check_shadow_duration"),
    ("P1", [], "own_check_shadow_duration"),
    ("P1", [violate], "quality_gate_failed"),
    ("P1", [alert], "monitoring_alert_high"),
    ("P1", [markdown, unknown, low], "own_check_shadow_duration"),
    ("P2", [], "own_check_shadow_duration"),
    ("P2", [alert], "monitoring_alert_high"),
    ("P2", [markdown], "report_generation"),
    ("P2", [unknown, low], "own_check_shadow_duration"),
    ("warning", [], "own_check_shadow_duration"),
    ("warning", [unknown], "artifacts_not_usable"),
    ("warning", [low], "monitoring_alert"),
]


@pytest.mark.parametrize(("severity_class", "others", "rule"), ORDER)
def test_its_rule_stands_in_its_class_after_the_runbooks(
    tmp_path: Path, severity_class: str, others: list[Callable[[Tag], None]], rule: str
) -> None:
    tag = own_tag(tmp_path)
    failing(tag, severity_class)
    for change in others:
        change(tag)
    found = judged(tag).classification
    assert found.rule == rule
    if rule.startswith(OWN_CHECK):
        warning = severity_class == "warning"
        assert (found.severity_class, found.level) == ((None, "warning") if warning else (severity_class, "incident"))
        assert found.owner == "product"


def test_two_that_fail_in_one_class_are_told_in_the_order_of_the_settings(tmp_path: Path) -> None:
    tag = own_tag(tmp_path, passed=False, shadow={"minutes": 1})
    (tmp_path / "phase4.toml").write_text(SETTINGS.replace('class = "warning"', 'class = "P1"'))
    assert judged(tag).classification.rule == "own_check_shadow_duration"


def test_an_operators_class_holds_for_an_own_rule_too(tmp_path: Path) -> None:
    tag = own_tag(tmp_path, passed=False)
    given = {
        "rule": "own_check_shadow_duration",
        "severity_class": "P2",
        "reason": "r",
        "by": "maria@desk",
        "at": "then",
    }
    state = OperationsState.model_validate({"reclassified": {"t1": given}})
    assert judged(tag, state).classification.severity_class == "P2"
    assert judged(tag, state).by_rule.severity_class == "P1"


def test_each_check_is_a_rung_by_its_title_before_the_sign_off(tmp_path: Path) -> None:
    tag = own_tag(tmp_path)
    rungs = rungs_of(site_at(tmp_path).settings)
    assert rungs == (*RUNGS[:4], *TITLES, *RUNGS[4:])
    assert judged(tag).rung is None
    (tag.reports / "t1_phase4_signoff.md").write_text("Recommendation: NO-GO\n")
    assert judged(tag).rung == "sign-off not NO-GO"
    put(tag, FILE, SHADOW | {"shadow": {"minutes": 0}})
    assert judged(tag).rung == "Shadow minutes"
    (tag.reports / "t1_desk_note.md").unlink()
    assert judged(tag).rung == "Desk note"
    put(tag, FILE, SHADOW | {"passed": False})
    assert judged(tag).rung == "Shadow duration"
    alert(tag)
    assert judged(tag).rung == "monitoring OK"


def test_its_files_are_audited_and_belong_to_the_tag(tmp_path: Path) -> None:
    tag = own_tag(tmp_path, "a_shadow")
    site = site_at(tmp_path)
    assert [entry.name for entry in audit(site, "a_shadow")][-2:] == [
        "a_shadow_shadow_duration.json",
        "a_shadow_desk_note.md",
    ]
    assert all(entry.present for entry in audit(site, "a_shadow"))
    assert site.artifacts.split("a_shadow_shadow_duration.json") == ("a_shadow", FILE)
    assert site.artifacts.by_key["shadow_duration_json"] == FILE
    (entry,) = index_tags(scan(tag.reports), site.artifacts)
    assert {FILE, "_desk_note.md"} <= entry.suffixes
    for path in tag.reports.iterdir():
        if not path.name.endswith(FILE):
            path.unlink()
    assert [found.tag for found in index_tags(scan(tag.reports), site.artifacts)] == ["a_shadow"]


def test_a_desk_without_own_entries_does_not_look_at_such_files(tmp_path: Path) -> None:
    (tmp_path / "phase4.toml").write_text("")
    tag = own_tag(tmp_path, passed=False)
    found = judged(tag)
    assert (len(found.health.checks), found.classification.level, found.rung) == (4, "ok", None)
    assert found.evidence.own == {}
    assert site_at(tmp_path).artifacts.split(f"t1{FILE}") is None
