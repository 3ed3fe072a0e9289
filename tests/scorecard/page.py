"""The scorecard as a part of the page of promises: one item a row, always in the same layout."""

import json
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from tests.scorecard.rows import GROUPS, ROWS, Row

HEADING = "## Scorecard"
WIDTH = 118
MEASURED = Path(__file__).with_name("measured.json")


@dataclass(frozen=True)
class Result:
    """What became of a row: how many cases failed and passed, what was measured, what could not be tried."""

    passed: int
    failed: int
    figures: Sequence[str]
    not_tried: Sequence[str]
    """Each with its reason."""

    @property
    def verdict(self) -> str:
        """The result in a word or two."""
        return "not held" if self.failed else "held" if self.passed else "not tried yet"


NOT_TRIED = Result(0, 0, [], [])


def measured() -> tuple[dict[int, Result], str]:
    """Return the last result of each row, and on which machine it was had."""
    kept = json.loads(MEASURED.read_text())
    return {int(number): Result(**result) for number, result in kept["rows"].items()}, kept["machine"]


def keep(results: Mapping[int, Result], facts: str) -> None:
    """Keep these results; those of other rows stay, unless they were had on another machine."""
    before, machine = measured()
    rows = {
        str(number): asdict(result)
        for number, result in sorted({**(before if machine == facts else {}), **results}.items())
    }
    MEASURED.write_text(json.dumps({"machine": facts, "rows": rows}, indent=1) + "\n")


def item(row: Row, result: Result) -> str:
    """Return a row with its result, as an item of a list."""
    cases = f"{result.passed} case{'s' * (result.passed != 1)}"
    figures = f": {', '.join([cases, *result.figures])}" if result.passed or result.failed else ""
    parts = [
        f"**{row.number}.** {row.promise}.",
        f"Against {row.against}.",
        f"**{result.verdict.capitalize()}**{figures}.",
        *(f"Not tried here: {reason}." for reason in result.not_tried),
        *([f"Fails without {row.without}."] if row.without else []),
        *([f"{row.differs}."] if row.differs else []),
        ", ".join(f"`{file}`" for file in row.files),
    ]
    return textwrap.fill(
        " ".join(parts), WIDTH, initial_indent="- ", subsequent_indent="  ", break_on_hyphens=False,
        break_long_words=False,
    )  # fmt: skip


def part(results: Mapping[int, Result], facts: str) -> str:
    """Return the whole part, its heading first; a row without a result was not tried."""
    about = (
        f"`python -m tests.scorecard` tries each row and writes this part, the last time on {facts}. A row names whom "
        "it holds against, what was measured, and the protection without which one of its tests was seen to fail. "
        "`tests/scorecard/rows.toml` names each test."
    )
    lines = [HEADING, "", textwrap.fill(about, WIDTH, break_on_hyphens=False)]
    for name, numbers in GROUPS.items():
        lines += ["", f"### {name}", ""]
        lines += [item(row, results.get(row.number, NOT_TRIED)) for row in ROWS if row.number in numbers]
    return "\n".join(lines) + "\n"


def put_in(page: str, made: str) -> str:
    """Return a page with this part in place of the one it had, which goes on to the next heading of its level."""
    before, _, rest = page.partition(f"{HEADING}\n")
    after = rest.partition("\n## ")
    return f"{before}{made}" + (f"\n## {after[2]}" if after[1] else "")


def written_by_hand(page: str) -> str:
    """Return a page without this part."""
    return put_in(page, "") if f"{HEADING}\n" in page else page
