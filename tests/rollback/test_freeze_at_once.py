"""Freezing while others freeze, write or verify the same tag."""

import json
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from phase4_tui.artifacts.frozen import is_frozen
from phase4_tui.errors import Refused
from phase4_tui.journal.events import Event
from phase4_tui.journal.log import read_events
from phase4_tui.rollback import frozen_copies as copying
from phase4_tui.rollback.freeze import plan_freeze, plan_thaw
from phase4_tui.rollback.operations import Effect, Plan, carry_out
from phase4_tui.runbook.site import Site
from tests.figures import Figures
from tests.rollback.hostile import (
    assert_on_record,
    copies,
    digest,
    do,
    manifest_of,
    overwrite,
    place,
    problems,
)
from tests.rollback.support import freeze, site_of, state_of
from tests.runbook.documents import Tag


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return place(tmp_path, "t1", "t2")


def operation(site: Site, plan: Plan, gate: threading.Barrier, answers: dict[str, str]) -> None:
    name = site.settings.operator
    gate.wait(10)
    try:
        answers[name] = carry_out(site, plan).lines[0]
    except Refused as error:
        answers[name] = f"refused: {error}"


def test_two_operators_freeze_the_same_tag_at_once_a_hundred_times_and_one_wins(
    tmp_path: Path, figures: Figures
) -> None:
    for number in range(100):
        work = tmp_path / str(number)
        Tag(work / "reports", "t1")
        plans = {name: plan_freeze(site_of(work, name), "t1", f"by {name}") for name in ("maria", "tom")}
        answers: dict[str, str] = {}
        gate = threading.Barrier(2)

        threads = [
            threading.Thread(target=operation, args=(site_of(work, name), plan, gate, answers))
            for name, plan in plans.items()
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        winners = [name for name, told in answers.items() if told.startswith("t1 is frozen, manifest sha256")]
        assert len(winners) == 1, answers
        loser = next(name for name in plans if name not in winners)
        assert f"(freeze by {winners[0]}@" in answers[loser]
        assert manifest_of(work, "t1").operator == winners[0]
        assert do(work, plan_freeze, "t1", "again", operator=loser).lines == ("t1 is already frozen, verified",)
        freezes = [event for event in read_events(work / "reports") if event.outcome == "done"]
        assert [event.operator for event in freezes] == winners
        assert problems(work) == []
    figures.total("{:,} races, one winner each", 100)


@pytest.mark.parametrize("way", ["in place", "replace", "remove first"])
def test_artifacts_that_are_written_all_the_while_are_frozen_consistently_or_not_at_all(work: Path, way: str) -> None:
    report, summary = work / "reports" / "t1_report.json", work / "reports" / "t1_summary.json"
    end, rounds = threading.Event(), 0

    def write() -> None:
        nonlocal rounds
        while not end.is_set():
            rounds += 1
            for path in (report, summary):
                data = json.dumps({"round": rounds, "fill": "x" * (80_000 + rounds % 7)}).encode()
                if way == "in place":
                    path.write_bytes(data)
                elif way == "replace":
                    path.with_suffix(".new").write_bytes(data)
                    path.with_suffix(".new").replace(path)
                else:
                    path.unlink(missing_ok=True)
                    path.write_bytes(data)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        outcomes = []
        for _ in range(8):
            try:
                outcomes.append(freeze(work, "t1").lines[0])
            except Refused as error:
                outcomes.append(str(error))
            if is_frozen(work / "reports", "t1"):
                manifest = manifest_of(work, "t1")
                for file in manifest.files:
                    assert digest(copies(work, "t1") / file.name) == file.sha256
                assert state_of(work).frozen["t1"].manifest_sha256 == digest(copies(work, "t1") / "manifest.json")
                do(work, plan_thaw, "t1", "next")
    finally:
        end.set()
        thread.join(10)
    assert rounds > 0
    assert all("being written" in told or "is frozen" in told for told in outcomes), outcomes
    assert_on_record(work)
    freeze(work, "t1")
    assert problems(work) == []


def test_an_artifact_written_between_its_copy_and_the_end_is_copied_again(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying._copy
    written: list[Path] = []

    def copy_then_write(source: Path, target: Path) -> object:
        made = copy(source, target)
        if source.name == "t1_report.json" and not written:
            written.append(source)
            overwrite(source, b'{"second": 1}')
        return made

    monkeypatch.setattr(copying, "_copy", copy_then_write)
    freeze(work, "t1")
    assert (copies(work, "t1") / "t1_report.json").read_bytes() == b'{"second": 1}'
    assert problems(work) == []


def test_verifying_while_an_operation_is_carried_out_looks_again_when_it_is_done(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, ended = threading.Event(), threading.Event()

    def pause(seconds: float) -> None:
        seen.set()
        assert ended.wait(10)

    monkeypatch.setattr("phase4_tui.rollback.verification.time", SimpleNamespace(sleep=pause))
    found: list[list[tuple[str, str]]] = []
    thread = threading.Thread(target=lambda: found.append(problems(work)))
    plan = plan_freeze(site_of(work), "t1", "why")

    def frozen_and_looked_at(intent: Event) -> Effect:
        effect = plan.act(intent)
        thread.start()
        assert seen.wait(10)
        return effect

    carry_out(site_of(work), replace(plan, act=frozen_and_looked_at))
    ended.set()
    thread.join(10)
    assert found == [[]]
