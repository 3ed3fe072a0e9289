"""The rows of the scorecard, as rows.toml has them: what is promised, against whom, and the tests that show it."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

GROUPS: dict[str, range] = {
    "Writes and the record, row 1 to 7": range(1, 8),
    "Freezing and switching, row 8 to 15": range(8, 16),
    "Watching the directory, row 16 to 22": range(16, 23),
    "Input of others, row 23 to 25": range(23, 26),
    "Terminal and text, row 26 to 35": range(26, 36),
    "Steps and their cage, row 36 to 40": range(36, 41),
}


@dataclass(frozen=True)
class Row:
    """One promise with the tests that show it."""

    number: int
    promise: str
    """In an operator's words, without the full stop; what passes is part of it."""
    against: str
    tests: tuple[str, ...]
    """Test functions, as `tests/x/test_y.py::test_z`; all cases of each."""
    without: str
    """The protection whose removal made one of the tests fail; empty where that was not tried."""
    differs: str
    """What the tests do otherwise than the promise says, or leave out; may be empty."""

    @property
    def files(self) -> tuple[str, ...]:
        """The files of the tests, each once."""
        return tuple(dict.fromkeys(test.partition("::")[0] for test in self.tests))


def _read() -> tuple[Row, ...]:
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return tuple(
        Row(
            number=int(number),
            promise=row["promise"].strip(),
            against=row["against"],
            tests=tuple(f"{file}::test_{name}" for file, names in row["tests"].items() for name in names),
            without=row.get("without", "").strip(),
            differs=row.get("differs", "").strip(),
        )
        for number, row in table.items()
    )


ROWS = _read()
