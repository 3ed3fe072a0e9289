"""Tries the scorecard in full and writes it into the page of promises: `python -m tests.scorecard [ROW ...]`.

With the numbers of rows only those are tried, and of the others stays what measured.json has; with 0 none is tried. On
a quiet machine all take about a quarter of an hour; on a busy one what is measured does not hold. Ctrl-C keeps what was
tried so far.
"""

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.counts import SWITCH
from tests.figures import together
from tests.scorecard.machine import facts, why_not
from tests.scorecard.page import Result, item, keep, measured, part, put_in
from tests.scorecard.rows import ROWS, Row

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "phase4_tui" / "data" / "docs" / "promises.md"


class Collected:
    """Remembers how each test case ended and what it measured."""

    def __init__(self) -> None:
        self.failed: dict[str, bool] = {}
        self.noted: dict[str, list[tuple[str, object]]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take one phase of one case; a case that is skipped was not held."""
        self.failed[report.nodeid] = self.failed.get(report.nodeid, False) or report.outcome != "passed"
        if report.when == "call":
            self.noted[report.nodeid] = list(report.user_properties)

    def is_complete(self, row: Row) -> bool:
        """True when each of a row's tests that can be tried here was; Ctrl-C leaves some untried."""
        ran = {one.partition("[")[0] for one in self.failed}
        return all(test in ran for test in row.tests if not why_not(test.partition("::")[0]))

    def result(self, row: Row) -> Result:
        """Return what became of a row; a test that did not run at all has failed."""
        tried = [test for test in row.tests if not why_not(test.partition("::")[0])]
        cases = {test: [one for one in self.failed if one.partition("[")[0] == test] for test in tried}
        every = [one for found in cases.values() for one in found]
        failed = sum(self.failed[one] for one in every) + sum(not found for found in cases.values())
        figures = together(noted for one in every for noted in self.noted.get(one, ()))
        reasons = [f"`{file}`, since {why_not(file)}" for file in row.files if why_not(file)]
        return Result(len(every) - failed, failed, figures, reasons)


def main(numbers: Sequence[int]) -> int:
    """Try the rows and return an exit status: 0 when all that could be tried was held."""
    os.environ[SWITCH] = "full"
    os.chdir(ROOT)
    rows = [row for row in ROWS if not numbers or row.number in numbers]
    tests = dict.fromkeys(test for row in rows for test in row.tests if not why_not(test.partition("::")[0]))
    collected, begun = Collected(), time.monotonic()
    status = pytest.main(["-n0", "--dist=no", "-q", *tests], plugins=[collected]) if tests else 0
    if status == pytest.ExitCode.INTERRUPTED:
        rows = [row for row in rows if collected.is_complete(row)]
    results = {row.number: collected.result(row) for row in rows}
    for row in rows:
        print(item(row, results[row.number]))
    held = sum(result.verdict == "held" for result in results.values())
    print(f"\n{held} of {len(rows)} rows held, {time.monotonic() - begun:.0f} s, on {facts()}")
    if results:
        keep(results, facts())
    PAGE.write_text(put_in(PAGE.read_text(), part(*measured())))
    return int(any(result.failed for result in results.values()))


if __name__ == "__main__":
    sys.exit(main([int(number) for number in sys.argv[1:]]))
