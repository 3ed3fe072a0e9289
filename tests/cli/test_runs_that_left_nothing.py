"""A run is a fact too: whatever it left, its tag is shown, never passed over, and never healthy."""

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import state_dir
from phase4_tui.runbook.run_holder import running_tag
from tests.cli.support import FAILED, HEALTHY, P0, REFUSED, UNKNOWN, ask, started
from tests.runbook import misbehaving
from tests.runbook.support import foreign, laid_out, pids_in, script_of, until

Break = Callable[[Path], object]


def breaks(code: str) -> Break:
    """Return what makes the pipeline do something else, and runs `tue` with it."""

    def run(work: Path) -> None:
        script_of(work, "pipeline").write_text(code, encoding="utf-8")
        ask(work, "run", "--tag", "tue", PHASE4_TIMEOUT_SECONDS="1")

    return run


def bad_input(work: Path) -> None:
    """Run `tue` on an input that is none."""
    (work / "bad.json").write_text("[{]")
    assert ask(work, "run", "--tag", "tue", "--input", "bad.json").status not in (HEALTHY, FAILED)


def stopped_by(number: signal.Signals) -> Break:
    """Return what ends the program, and the step with it, while the pipeline runs."""

    def run(work: Path) -> None:
        script_of(work, "pipeline").write_text(misbehaving.WAITS, encoding="utf-8")
        with started(work, "run", "--tag", "tue") as process:
            pids_in(work / "pids")
            process.send_signal(number)
            process.wait(20)
        until(lambda: running_tag(work / "reports") is None)

    return run


WAYS: dict[str, tuple[Break, int]] = {
    "raises at once": (breaks("raise RuntimeError('it broke')"), P0),
    "times out": (breaks("import time; time.sleep(60)"), P0),
    "exits 0 without files": (breaks("print('{}')"), P0),
    "gets a bad input": (bad_input, P0),
    "is killed with the program": (stopped_by(signal.SIGKILL), UNKNOWN),
    "loses its terminal": (stopped_by(signal.SIGHUP), UNKNOWN),
}


@pytest.fixture(params=WAYS)
def left(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Path, int]]:
    """A healthy `mon`, and a run of `tue` that left nothing; and the exit status that follows."""
    work = foreign(tmp_path / "w")
    assert ask(work, "run", "--tag", "mon").status == HEALTHY
    spoil, status = WAYS[request.param]
    spoil(work)
    assert not list((work / "reports").glob("tue*"))
    yield work, status


def test_its_tag_is_the_one_shown_is_listed_and_is_not_healthy(left: tuple[Path, int]) -> None:
    work, status = left
    shown = ask(work, "status")
    assert shown.status == status
    assert "tue" in shown.out.splitlines()[0]
    rows = {row["tag"]: row["level"] for row in ask(work, "tags", "--json").document()["tags"]}
    assert rows == {"mon": "ok", "tue": "incident" if status == P0 else "unknown"}
    assert ask(work, "transcript", "--tag", "tue").status == HEALTHY
    with started(work, "watch", "--read-only") as watch:
        assert watch.stdout is not None
        until(lambda: "tue" in (watch.stdout.readline() if watch.stdout else ""))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP])
def test_a_killed_run_is_named_at_the_next_look_with_what_resumes_it(tmp_path: Path, number: signal.Signals) -> None:
    work = foreign(tmp_path / "w")
    stopped_by(number)(work)
    status = ask(work, "status")
    assert "run interrupted" in status.out
    assert "next: resume tue at pipeline" in status.out
    assert "phase4 run --resume --tag tue" in status.out
    assert ask(work, "status", "--json").document()["next_move"]["operation"] == "resume"
    assert "the last run of tue was interrupted" in ask(work, "doctor").out


def test_a_run_that_died_leaves_no_green_verdict_for_a_tag_that_was_healthy(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    assert ask(work, "run", "--tag", "tue").status == HEALTHY
    good = script_of(work, "pipeline").read_text()
    stopped_by(signal.SIGKILL)(work)
    answer = ask(work, "status", "--json").document()
    assert (answer["classification"]["level"], answer["classification"]["rule"]) == ("unknown", "run_interrupted")
    assert not next(row for row in ask(work, "tags", "--json").document()["tags"] if row["tag"] == "tue")["known_good"]
    script_of(work, "pipeline").write_text(good)
    assert ask(work, "run", "--tag", "tue").status == HEALTHY


def test_the_tag_of_an_incident_that_is_not_contained_comes_before_the_active_one(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    for tag in ("mon", "old"):
        assert ask(work, "run", "--tag", tag).status == HEALTHY
    assert ask(work, "known-good", "switch", "mon", "--reason", "r", "--yes").status == HEALTHY
    assert ask(work, "status").out.split(" · ")[2] == "mon"
    breaks("raise RuntimeError('it broke')")(work)
    status = ask(work, "status", "--json").document()
    assert (status["incident"]["stage"], status["tag"], status["active_tag"]) == ("detected", "tue", "mon")


def test_a_tag_that_is_healthy_again_does_not_end_an_incident_that_is_not_contained(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    assert ask(work, "run", "--tag", "mon").status == HEALTHY
    good = script_of(work, "pipeline").read_text()
    breaks("raise RuntimeError('it broke')")(work)
    script_of(work, "pipeline").write_text(good)
    assert ask(work, "run", "--tag", "tue").status == HEALTHY
    assert ask(work, "status", "--tag", "tue").status == HEALTHY
    answer = ask(work, "status")
    assert (answer.status, "tue" in answer.out.splitlines()[0]) == (P0, True)


def test_a_tag_that_was_run_by_rules_of_its_own_is_judged_by_them(tmp_path: Path) -> None:
    work = laid_out(tmp_path / "w")
    (work / "monitoring_rules.json").write_text(json.dumps({"max_no_trade_pct": 0.0}))
    (work / "lenient.json").write_text("{}")
    assert ask(work, "run", "--tag", "mon", "--rules", "lenient.json").status == HEALTHY
    assert ask(work, "status").status == HEALTHY
    assert ask(work, "known-good", "switch", "mon", "--reason", "r", "--yes").status == REFUSED, "a run would now fail"


# The record of a run, and what the journal says of it


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """A tag that is P2, since its sign-off crashed on a second run, and its note is still there."""
    work = foreign(tmp_path / "w")
    assert ask(work, "run", "--tag", "tue").status == HEALTHY
    script_of(work, "signoff").write_text("raise SystemExit(1)")
    assert ask(work, "step", "signoff", "--tag", "tue").status == FAILED
    assert ask(work, "status", "--tag", "tue").status == 12
    assert ask(work, "verify").status == HEALTHY
    return work


def record_of(work: Path) -> Path:
    """Return the newest record of a run."""
    return max((state_dir(work / "reports") / "runs" / "tue").glob("*.json"))


def edited(record: Path) -> None:
    """Make the step's crash a success."""
    content = json.loads(record.read_bytes())
    content["steps"][0]["state"] = "passed"
    record.write_text(json.dumps(content))


def replaced(record: Path) -> None:
    """Put a directory in its place."""
    record.unlink()
    record.mkdir()


def touched_up(record: Path) -> None:
    """Change what the journal does not repeat."""
    content = json.loads(record.read_bytes())
    content["rules"]["sha256"] = "0" * 64
    record.write_text(json.dumps(content))


SPOILED: dict[str, Callable[[Path], object]] = {
    "emptied": lambda record: record.write_bytes(b""),
    "truncated": lambda record: record.write_bytes(record.read_bytes()[:100]),
    "deleted": lambda record: record.unlink(),
    "replaced by a directory": replaced,
    "edited": edited,
    "touched up": touched_up,
}


@pytest.mark.parametrize("way", SPOILED)
def test_a_record_that_is_not_as_the_journal_has_it_makes_the_verdict_unknown(broken: Path, way: str) -> None:
    SPOILED[way](record_of(broken))
    status = ask(broken, "status", "--tag", "tue", "--json").document()
    found = (status["classification"]["level"], status["classification"]["rule"])
    assert found in {("unknown", "run_record_damaged"), ("incident", "step_broken")}
    assert way not in ("emptied", "truncated", "deleted", "edited") or found[0] == "unknown"
    verified = ask(broken, "verify", "--json")
    assert verified.status == FAILED
    assert [(one["kind"], Path(one["where"]).parent.name) for one in verified.document()["problems"]] == [
        ("run", "tue")
    ]
    rows = ask(broken, "tags", "--json").document()["tags"]
    assert [(row["level"], row["known_good"]) for row in rows] == [(found[0], False)]


def test_a_whole_directory_of_records_that_is_gone_is_noticed(broken: Path) -> None:
    directory = record_of(broken).parent
    directory.rename(broken / "elsewhere")
    assert ask(broken, "status", "--tag", "tue").status == UNKNOWN
    assert len(ask(broken, "verify", "--json").document()["problems"]) == 2


def test_a_lost_record_is_made_good_by_a_complete_run_and_put_on_record_as_lost(broken: Path) -> None:
    record_of(broken).unlink()
    script_of(broken, "signoff").write_text(
        (Path(__file__).parent.parent / "foreign" / "phase4_signoff_generator.py").read_text()
    )
    assert ask(broken, "run", "--tag", "tue").status == HEALTHY
    assert ask(broken, "verify").status == FAILED, "the record is missing all the same"
    assert ask(broken, "verify", "--repair", "--reason", "a disk broke").status == HEALTHY
    assert ask(broken, "verify").status == HEALTHY
    assert "a disk broke" in ask(broken, "journal").out


def test_a_run_goes_on_being_healthy_while_records_of_older_runs_are_tidied_away(tmp_path: Path) -> None:
    work = foreign(tmp_path / "w")
    for _ in range(2):
        assert ask(work, "run", "--tag", "tue").status == HEALTHY
    min((state_dir(work / "reports") / "runs" / "tue").glob("*.json")).unlink()
    assert ask(work, "status", "--tag", "tue").status == HEALTHY
