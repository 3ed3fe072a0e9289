"""The rows of a report are those that a plain JSON parser finds, whatever the report's layout and size."""

import json
import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phase4_tui.artifacts.decision_row import ReportRow, Wanted, describe
from phase4_tui.artifacts.nesting import DEPTH_LIMIT, TOO_DEEP
from phase4_tui.artifacts.report import ReportWriter
from phase4_tui.console.facts import batch_rows, line_rows
from phase4_tui.console.facts.batch_rows import BatchRows
from phase4_tui.console.facts.line_rows import LineRows
from phase4_tui.console.facts.report_pages import open_report
from phase4_tui.console.facts.report_rows import ReportRows, Search

TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
NUMBER = st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False, width=32)
ANY = st.recursive(st.none() | st.booleans() | NUMBER | TEXT, lambda inner: st.lists(inner, max_size=3), max_leaves=4)
GATE, ACTION = st.sampled_from(["PASS", "EVENT_BLOCK"]), st.sampled_from(["NO_TRADE", "BUY_PUT"])
PHASE4 = st.fixed_dictionaries(
    {
        "input": st.fixed_dictionaries({"underlying": TEXT, "timestamp": TEXT}),
        "decision": st.fixed_dictionaries(
            {
                "action": ACTION,
                "confidence_score": NUMBER,
                "rationale": TEXT,
                "policy_tags": st.fixed_dictionaries({"gate": GATE | ANY, "regime": TEXT}),
            }
        ),
    }
)
PHASE3 = st.fixed_dictionaries(
    {"underlying": TEXT, "consensus": st.fixed_dictionaries({"action": ACTION | ANY, "veto_applied": st.booleans()})}
)
ROW = PHASE4 | PHASE3 | st.dictionaries(TEXT, ANY, max_size=3)
WANTED = st.builds(Wanted, st.none() | GATE | st.just("VETO"), st.none() | ACTION, st.none() | st.just("–"))
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def never() -> bool:
    """Nobody asks to stop."""
    return False


def write(path: Path, rows: list[Any]) -> Path:
    """Write a report as this program does."""
    with path.open("w+b") as file:
        writer = ReportWriter(file, "t1", "in.json")
        writer.add(rows)
        writer.finish({})
    return path


def indexed(path: Path) -> ReportRows:
    """Return a report that was read to its end."""
    found = open_report(path)
    found.index(never)
    assert found.complete
    return found


def every(found: ReportRows) -> list[ReportRow]:
    """Return all rows."""
    return [found.row(index) for index in range(found.count)]


def expected(path: Path) -> list[ReportRow]:
    """Return what a plain parser makes of a report."""
    return [describe(row) for row in json.loads(path.read_bytes())["results"]]


def searched(found: ReportRows, wanted: Wanted) -> list[int]:
    """Return the rows that a search finds."""
    search = Search(wanted)
    found.search(search, never)
    assert search.done
    assert search.scanned == found.count
    return list(search.found)


@QUICK
@given(st.lists(ROW, max_size=40), WANTED, st.sampled_from([1 << 20, 4096]), st.integers(1, 7))
def test_a_report_of_this_program_shows_the_rows_that_a_plain_parser_finds(
    rows: list[Any], wanted: Wanted, chunk: int, block: int
) -> None:
    with TemporaryDirectory() as place, patch.multiple(line_rows, CHUNK=chunk, BLOCK_ROWS=block, CACHED_BLOCKS=2):
        path = write(Path(place) / "t1_report.json", rows)
        found = indexed(path)
        oracle = expected(path)
        assert isinstance(found, LineRows)
        assert (found.count, found.expected, found.problem) == (len(rows), len(rows), None)
        assert every(found) == oracle
        assert searched(found, wanted) == [at for at, row in enumerate(oracle) if wanted.takes(row)]


@QUICK
@given(
    st.lists(ROW, max_size=20),
    st.sampled_from([None, 0, 1, 2, 4, "\t"]),
    st.booleans(),
    WANTED,
    st.sampled_from([1 << 16, 400, 64, 7]),
)
def test_a_report_of_another_script_shows_the_same_rows(
    rows: list[Any], indent: int | str | None, tight: bool, wanted: Wanted, size: int
) -> None:
    report = {"summary": {"results": []}, "results": rows, "record_count": len(rows), "more": [[1]]}
    with TemporaryDirectory() as place, patch.multiple(batch_rows, BATCH_BYTES=size, CACHED_BATCHES=2):
        path = Path(place) / "t1_report.json"
        path.write_text(json.dumps(report, indent=indent, separators=(",", ":") if tight else None))
        found = indexed(path)
        assert isinstance(found, BatchRows)
        assert found.problem is None
        assert every(found) == expected(path)
        assert searched(found, wanted) == [at for at, row in enumerate(expected(path)) if wanted.takes(row)]


@QUICK
@given(st.binary(max_size=300), st.booleans(), st.data())
def test_no_file_whatever_it_holds_does_more_than_show_what_is_wrong(
    junk: bytes, other: bool, data: st.DataObject
) -> None:
    with (
        TemporaryDirectory() as place,
        patch.object(line_rows, "CHUNK", 256),
        patch.object(batch_rows, "BATCH_BYTES", 64),
    ):
        path = write(Path(place) / "t1_report.json", [{"a": 1}] * 20)
        if other:
            path.write_text(json.dumps({"results": [{"a": 1}] * 20}, indent=1))
        good = path.read_bytes()
        at = data.draw(st.integers(0, len(good)))
        path.write_bytes(good[:at] + junk + good[at + len(junk) * data.draw(st.integers(0, 1)) :])
        found = indexed(path)
        for row in every(found):
            assert isinstance(row, ReportRow)
        searched(found, Wanted(action="NO_TRADE"))


def decision(action: str = "NO_TRADE", gate: str = "PASS") -> dict[str, Any]:
    """Return a row of Phase 4."""
    tags = {"gate": gate, "regime": "TREND", "time_slot": "OPEN"}
    record = {"underlying": "NIFTY50", "timestamp": "2026-02-17T09:20:00+05:30"}
    return {"input": record, "decision": {"action": action, "policy_tags": tags, "rationale": "because"}}


def test_a_broken_line_is_shown_as_broken_and_those_around_it_as_they_are(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision(), decision("BUY_CALL"), decision("BUY_PUT")])
    path.write_bytes(path.read_bytes().replace(b'"action":"BUY_CALL"', b'"action":BUY_CALL"'))
    rows = every(indexed(path))
    assert [row.action for row in rows] == ["NO_TRADE", "–", "BUY_PUT"]
    assert rows[1].broken is not None and "can't be read" in rows[1].broken
    assert searched(indexed(path), Wanted(action="BUY_CALL")) == []


def test_a_report_that_was_cut_off_shows_its_rows_and_says_so(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision()] * 5)
    path.write_bytes(path.read_bytes()[:-40])
    found = indexed(path)
    assert [row.broken is None for row in every(found)] == [True] * 4 + [False]
    assert found.problem is not None and "ends before its rows do" in found.problem


def test_a_row_longer_than_any_row_may_be_is_shown_as_such_and_does_not_hide_the_next(tmp_path: Path) -> None:
    long = decision() | {"note": "x" * (3 << 20)}
    path = write(tmp_path / "t1_report.json", [decision("BUY_PUT"), long, decision("BUY_CALL")])
    found = indexed(path)
    rows = every(found)
    assert [row.action for row in rows] == ["BUY_PUT", "–", "BUY_CALL"]
    assert rows[1].broken is not None and "too long" in rows[1].broken
    assert searched(found, Wanted(gate="PASS")) == [0, 2]


def test_what_stands_behind_the_rows_is_judged_too(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision()])
    path.write_bytes(path.read_bytes() + b"and more")
    problem = indexed(path).problem
    assert problem is not None and "behind its rows" in problem


def test_a_count_that_is_not_that_of_the_rows_is_told(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision()] * 3)
    path.write_bytes(path.read_bytes().replace(b'"record_count": 3', b'"record_count": 4'))
    assert indexed(path).problem == "its record_count is 4, its rows are 3"


def test_of_another_layout_every_row_is_reached_at_little_cost(tmp_path: Path) -> None:
    path = tmp_path / "t1_report.json"
    with path.open("w") as file:
        file.write('{\n "record_count": 200000,\n "results": [')
        for number in range(200):
            row = json.dumps(decision("BUY_PUT" if number == 150 else "NO_TRADE"), indent=1)
            file.write(("," if number else "") + ",\n".join([row] * 1000))
        file.write("\n ]\n}\n")
    found = indexed(path)
    assert isinstance(found, BatchRows)
    assert (found.count, found.expected, found.problem) == (200_000, 200_000, None)
    assert len(found._begins) * 24 < 1 << 20
    assert [found.row(at).action for at in (0, 150_000, 199_999)] == ["NO_TRADE", "BUY_PUT", "NO_TRADE"]
    assert searched(found, Wanted(action="BUY_PUT")) == list(range(150_000, 151_000))


def test_a_report_of_another_layout_that_breaks_off_shows_the_rows_before_and_says_where(tmp_path: Path) -> None:
    path = tmp_path / "t1_report.json"
    path.write_text(json.dumps({"results": [decision()] * 5}, indent=1)[:-40])
    found = indexed(path)
    assert [row.broken is None for row in every(found)] == [True] * 4
    assert found.problem is not None and "record 5 is cut short" in found.problem


def test_rows_of_another_layout_that_were_changed_behind_the_back_are_said_to_be_gone(tmp_path: Path) -> None:
    path = tmp_path / "t1_report.json"
    path.write_text(json.dumps({"results": [decision()] * 5}, indent=1))
    found = indexed(path)
    path.write_bytes(b" " * path.stat().st_size)
    assert {row.broken for row in every(found)} == {"the file was changed: this row is gone"}
    assert searched(found, Wanted(action="NO_TRADE")) == []


def test_a_file_in_the_place_of_the_one_that_is_open_is_noticed_and_the_open_one_still_read(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision("BUY_PUT")] * 3)
    found = indexed(path)
    assert not found.replaced()
    other = write(tmp_path / "other", [decision()])
    other.replace(path)
    assert found.replaced()
    assert found.row(2).action == "BUY_PUT"


def test_a_report_that_no_screen_shows_any_more_is_closed(tmp_path: Path) -> None:
    path = write(tmp_path / "t1_report.json", [decision()])
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - numbers
    found = indexed(path)
    assert len(os.listdir("/proc/self/fd")) == before + 1  # noqa: PTH208
    del found
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_a_stop_ends_an_index_and_a_search_and_neither_calls_itself_complete(tmp_path: Path) -> None:
    found = open_report(write(tmp_path / "t1_report.json", [decision()] * 3))
    found.index(lambda: True)
    search = Search(Wanted(gate="PASS"))
    found.search(search, lambda: True)
    assert not found.complete
    assert not search.done


def test_a_million_rows_cost_no_memory_and_the_last_is_shown_at_once(tmp_path: Path) -> None:
    path = tmp_path / "t1_report.json"
    with path.open("w+b", buffering=1 << 20) as file:
        writer = ReportWriter(file, "t1", "in.json")
        for _ in range(100):
            writer.add([{"a": 1}] * 10_000)
        writer.finish({})
    found = indexed(path)
    assert isinstance(found, LineRows)
    assert found.count == 1_000_000
    assert len(found._offsets) * 16 < 1 << 20
    assert found.row(999_999).broken is not None


def test_a_row_beyond_the_limit_of_nesting_is_shown_as_broken_and_not_found_in_either_layout(tmp_path: Path) -> None:
    def row(levels: int) -> str:
        more = "[" * (levels - 2) + "]" * (levels - 2)  # in the row, in its decision
        return f'{{"input": {{}}, "decision": {{"action": "BUY_PUT", "more": {more}}}}}'

    rows = [row(DEPTH_LIMIT), row(DEPTH_LIMIT + 1), row(5000), row(3)]
    ours = write(tmp_path / "t1_report.json", [])
    ours.write_bytes(ours.read_bytes().replace(b"\n]}", "\n{}\n]}}".format(",\n".join(rows)).encode()))
    others = tmp_path / "t2_report.json"
    others.write_text(f'{{"results": [{", ".join(rows)}]}}')
    for path, kind in ((ours, LineRows), (others, BatchRows)):
        found = indexed(path)
        assert isinstance(found, kind)
        assert [shown.broken for shown in every(found)] == [None, *[f"a row that {TOO_DEEP}"] * 2, None]
        assert searched(found, Wanted(action="BUY_PUT")) == [0, 3]
