"""Looking at one document: absent, broken, older and valid are told apart, and what is off is named."""

import json
from pathlib import Path

import pytest

from phase4_tui.artifacts.documents import look
from phase4_tui.artifacts.models import Document, Monitoring, QualityCheck, ReleaseCheck, Summary
from tests.artifacts.samples import ALERT, MONITORING, QUALITY, RELEASE, SUMMARY, WHOLE
from tests.artifacts.support import memory_grown_by_looking, put


def test_a_file_that_is_not_there_is_absent(path: Path) -> None:
    found = look(path, QualityCheck)
    assert (found.state, found.value, found.problems, found.modified_ns) == ("absent", None, (), None)
    assert not found.usable


@pytest.mark.parametrize(("model", "content"), WHOLE.values(), ids=WHOLE.keys())
def test_a_whole_document_is_valid_and_unknown_keys_are_ignored(
    path: Path, model: type[Document], content: dict[str, object]
) -> None:
    put(path, content | {"added_next_year": [1]})
    found = look(path, model)
    assert (found.state, found.problems) == ("valid", ())
    assert found.value is not None
    assert json.loads(found.value.model_dump_json()) == content
    assert found.modified_ns == path.stat().st_mtime_ns


NEEDED = {(kind, key) for kind, keys in {
    "summary": ("total_records", "action_counts"),
    "release check": ("passed",),
    "quality check": ("passed",),
    "monitoring": ("status", "alerts"),
    "Phase 3 summary": ("total_records", "consensus_counts"),
}.items() for key in keys}  # fmt: skip


@pytest.mark.parametrize(("kind", "key"), [(kind, key) for kind, (_, content) in WHOLE.items() for key in content])
def test_a_lacking_key_is_named_and_breaks_the_document_only_when_it_is_needed(path: Path, kind: str, key: str) -> None:
    model, content = WHOLE[kind]
    put(path, {name: value for name, value in content.items() if name != key})
    found = look(path, model)
    assert found.state == ("broken" if (kind, key) in NEEDED else "older")
    assert found.usable is (found.state == "older")
    assert any(f"`{key}`" in problem for problem in found.problems)


LACKING_INSIDE: dict[str, tuple[type[Document], dict[str, object], str]] = {
    "a section without issues": (QualityCheck, {"passed": True, "checks": {"x": {"passed": True}}}, "issues"),
    "a snapshot without records": (Monitoring, MONITORING | {"snapshot": {"run_tag": "a", "kpis": {}}}, "records"),
    "an alert without message": (
        Monitoring,
        MONITORING | {"alerts": [{key: value for key, value in ALERT.items() if key != "message"}]},
        "message",
    ),
    "counts without an action": (Summary, SUMMARY | {"action_counts": {"BUY_CALL": 1, "NO_TRADE": 3}}, "BUY_PUT"),
}


@pytest.mark.parametrize(("model", "content", "key"), LACKING_INSIDE.values(), ids=LACKING_INSIDE.keys())
def test_a_key_lacking_further_inside_is_named_too(
    path: Path, model: type[Document], content: dict[str, object], key: str
) -> None:
    found = look(put(path, content), model)
    assert found.state in {"older", "broken"}
    assert any(key in problem for problem in found.problems)


WRONG_TYPES: dict[str, tuple[type[Document], dict[str, object], str]] = {
    "a text for a verdict": (QualityCheck, QUALITY | {"passed": "true"}, "passed"),
    "a number for a verdict": (ReleaseCheck, RELEASE | {"passed": 1}, "passed"),
    "a section that is no object": (QualityCheck, {"passed": True, "checks": {"x": 1}}, "checks.x"),
    "an issue that is no text": (
        QualityCheck,
        {"passed": False, "checks": {"x": {"passed": False, "issues": [1]}}},
        "checks.x.issues.0",
    ),
    "a text for a count": (Summary, SUMMARY | {"total_records": "4"}, "total_records"),
    "a fraction for a count": (Summary, SUMMARY | {"total_records": 4.5}, "total_records"),
    "a negative count": (Summary, SUMMARY | {"event_block_count": -1}, "event_block_count"),
    "a share above 100": (Summary, SUMMARY | {"event_block_pct": 100.1}, "event_block_pct"),
    "a text for a share": (Summary, SUMMARY | {"event_block_pct": "25.0"}, "event_block_pct"),
    "a boolean for a share": (Summary, SUMMARY | {"portfolio_block_pct": True}, "portfolio_block_pct"),
    "null for a count": (Summary, SUMMARY | {"portfolio_block_count": None}, "portfolio_block_count"),
    "null for the sections": (QualityCheck, {"passed": True, "checks": None}, "checks"),
    "another status": (Monitoring, MONITORING | {"status": "FINE"}, "status"),
    "another severity": (Monitoring, MONITORING | {"alerts": [ALERT | {"severity": "HUGE"}]}, "alerts.0.severity"),
    "a list for a document": (QualityCheck, [True], "object"),  # type: ignore[dict-item]  # that is the point
}


@pytest.mark.parametrize(("model", "content", "key"), WRONG_TYPES.values(), ids=WRONG_TYPES.keys())
def test_a_value_of_another_type_never_reads_as_valid_and_is_named(
    path: Path, model: type[Document], content: dict[str, object], key: str
) -> None:
    found = look(put(path, content), model)
    assert found.state in {"broken", "older", "unreadable"}
    assert any(key in problem for problem in found.problems)


def test_a_hostile_key_or_value_is_shown_without_its_control_characters(path: Path) -> None:
    evil = "\x1b]52;c;RVZJTA==\x07\u202e[/nope]"
    found = look(put(path, {"passed": evil, "checks": {evil: {"passed": evil}}}), QualityCheck)
    assert found.state == "broken"
    assert all(problem.isprintable() and "\u202e" not in problem for problem in found.problems)


MANY: dict[str, tuple[type[Document], dict[str, object], str]] = {
    "alerts that are none": (Monitoring, MONITORING | {"alerts": [1] * 20_000}, "broken"),
    "sections that are none": (
        QualityCheck,
        {"passed": True, "checks": dict.fromkeys(map(str, range(20_000)), 1)},
        "broken",
    ),
    "sections without issues": (
        QualityCheck,
        {"passed": True, "checks": {str(number): {"passed": True} for number in range(20_000)}},
        "older",
    ),
}


@pytest.mark.parametrize(("model", "content", "state"), MANY.values(), ids=MANY.keys())
def test_a_document_with_very_many_problems_is_told_by_a_few(
    path: Path, model: type[Document], content: dict[str, object], state: str
) -> None:
    found = look(put(path, content), model)
    assert found.state == state
    assert 0 < len(found.problems) <= 100


def test_a_megabyte_of_problems_costs_little_memory(path: Path) -> None:
    put(path, b'{"status": "OK", "alert_count": 0, "alerts": [' + b",".join([b"1"] * 500_000) + b"]}")
    assert memory_grown_by_looking(path, "Monitoring", "broken") < 150_000
