"""What the tests of this room share: records in any spelling, small windows, time limits, listings."""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from hypothesis import strategies as st

from phase4_tui.artifacts import json_stream
from phase4_tui.artifacts.names import Artifact
from phase4_tui.policy.visible_text import without_unseen

Fields = dict[str, object]

RECORD: Fields = {
    "underlying": "NIFTY50",
    "timestamp": "2026-02-17T09:20:00+05:30",
    "session_slot": "OPEN",
    "underlying_change_pct": 0.62,
    "trend_strength": 0.71,
    "iv_percentile": 28.0,
    "options_bias": "BULLISH",
    "event_name": "NONE",
    "event_window_active": False,
    "current_portfolio_exposure_pct": 12.0,
    "max_portfolio_exposure_pct": 35.0,
}
OPTIONAL = ("event_name", "event_window_active", "current_portfolio_exposure_pct", "max_portfolio_exposure_pct")

tags = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", fullmatch=True).filter(lambda tag: ".." not in tag)
artifacts = st.sampled_from(list(Artifact))

_JSON_LIKE = (
    "}, {",
    "},{",
    '"',
    "\\",
    '\\"',
    "[",
    "]",
    '"}],[{"',
    "}\n,\t{",
    '", "underlying": "',
    "é",
    "😀",
    "\x00",
    "\u2028",
)
nasty_text = st.lists(st.one_of(st.sampled_from(_JSON_LIKE), st.text(max_size=6)), max_size=5).map("".join)
_any_float = st.floats(allow_nan=False, allow_infinity=False)

records = st.fixed_dictionaries(
    {
        "underlying": st.sampled_from(["NIFTY50", "BANKNIFTY", "SENSEX"]),
        "timestamp": st.sampled_from(
            ["2026-02-17T09:20:00+05:30", "2026-02-17T03:45Z", "2026-02-17T03:45:00.123-03:30"]
        ),
        "session_slot": st.sampled_from(["OPEN", "MIDDAY", "CLOSE"]),
        "underlying_change_pct": st.one_of(_any_float, st.integers(-9, 9)),
        "trend_strength": st.floats(-1, 1),
        "iv_percentile": st.one_of(st.floats(0, 100), st.integers(0, 100)),
        "options_bias": st.sampled_from(["BULLISH", "BEARISH", "NEUTRAL"]),
    },
    optional={
        "event_name": nasty_text.map(lambda name: without_unseen(name).strip()),
        "event_window_active": st.booleans(),
        "current_portfolio_exposure_pct": st.floats(0, 1e6),
        "max_portfolio_exposure_pct": st.floats(0.01, 1e6),
    },
)
windows = st.one_of(st.integers(1, 400), st.just(1 << 20))

texts = st.one_of(st.text(max_size=12), nasty_text)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**30), 10**30), st.floats(allow_nan=False, allow_infinity=False), texts
)
documents = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(texts, inner, max_size=4)),
    max_leaves=12,
)


def shuffled(fields: Fields, dice: random.Random) -> Fields:
    """Return the same fields in another order."""
    keys = list(fields)
    dice.shuffle(keys)
    return {key: fields[key] for key in keys}


@st.composite
def array_spellings(draw: st.DrawFn, rows: Sequence[Fields]) -> bytes:
    """Draw one of the many ways to write `rows` as one JSON array."""
    dice = draw(st.randoms(use_true_random=False))
    text = json.dumps(
        [shuffled(row, dice) for row in rows],
        ensure_ascii=draw(st.booleans()),
        indent=draw(st.sampled_from([None, 0, 1, 4, "\t"])),
        separators=(draw(st.sampled_from([",", ", ", " ,\r\n\t", "\n,"])), draw(st.sampled_from([":", ": ", " :\n"]))),
    )
    around = st.sampled_from(["", "\n", " \r\n\t"])
    return (draw(around) + text + draw(around)).encode()


@st.composite
def line_spellings(draw: st.DrawFn, rows: Sequence[Fields]) -> bytes:
    """Draw one of the many ways to write `rows` as JSON Lines, blank lines and CRLF among them."""
    dice = draw(st.randoms(use_true_random=False))
    style = (draw(st.sampled_from([",", ", ", " , "])), draw(st.sampled_from([":", ": ", " : "])))
    ascii_only = draw(st.booleans())
    ends = st.sampled_from(["\n", "\r\n", "\n\n", "\r\n\n", "\n \t\n"])
    parts = [json.dumps(shuffled(row, dice), ensure_ascii=ascii_only, separators=style) + draw(ends) for row in rows]
    text = "".join(parts)
    return (text if draw(st.booleans()) else text.rstrip()).encode()


@contextmanager
def window(size: int) -> Iterator[None]:
    """Make streams read `size` bytes at a time, so that cuts fall everywhere."""
    before = json_stream.CHUNK
    json_stream.CHUNK = size
    try:
        yield
    finally:
        json_stream.CHUNK = before


def put(path: Path, content: bytes | str | object, *, age: float = 60.0) -> Path:
    """Write a file in place whose last change is `age` seconds ago; what is no text is written as JSON."""
    if isinstance(content, str):
        content = content.encode()
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    moment = time.time() - age
    os.utime(path, (moment, moment))
    return path


def listing(directory: Path) -> dict[str, bytes | None]:
    """Return every path below `directory` with its content; None for a directory."""
    found = sorted(directory.rglob("*"))
    return {str(path.relative_to(directory)): path.read_bytes() if path.is_file() else None for path in found}


def freeze(reports: Path, tag: str) -> None:
    """Freeze a tag as others see it: the directory of its frozen copies exists."""
    (reports / ".phase4" / "frozen" / tag).mkdir(parents=True)


def memory_grown_by_looking(path: Path, model: str, state: str) -> int:
    """Look at a file in a process of its own, which must find `state`; return by how many KiB its peak grew."""
    script = (
        "import resource, sys; from pathlib import Path\n"
        "from phase4_tui.artifacts import models; from phase4_tui.artifacts.documents import look\n"
        "def peak(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak(); state = look(Path(sys.argv[1]), getattr(models, sys.argv[2])).state\n"
        "print(state, peak() - before)\n"
    )
    command = [sys.executable, "-c", script, str(path), model]
    found, grown = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.split()
    assert found == state
    return int(grown)
