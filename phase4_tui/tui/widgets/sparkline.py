"""A row of values as bars of one cell each; a breach has a sign of its own, since a colour alone says nothing."""

from collections.abc import Callable, Sequence

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.tui.text import Part

BARS = "▁▂▃▄▅▆▇█"
UNKNOWN = "·"


def spark(values: Sequence[float | None], low: float = 0, high: float = 100) -> str:
    """Return a bar for each value between `low` and `high`, whose ends also stand for what is past them."""
    return "".join(UNKNOWN if value is None else _bar(value, low, high) for value in values)


def _bar(value: float, low: float, high: float) -> str:
    share = (value - low) / (high - low) if high > low else 0.0
    return BARS[min(max(int(share * len(BARS)), 0), len(BARS) - 1)]


def sparkline(
    values: Sequence[float | None],
    width: int,
    is_breach: Callable[[float], bool],
    low: float = 0,
    high: float = 100,
) -> list[Part]:
    """Return the last `width` values as parts of a line, the newest at the right, each breach as the sign of one."""
    return [
        (SYMBOLS["failed"], "bold $error") if value is not None and is_breach(value) else spark([value], low, high)
        for value in values[max(len(values) - width, 0) :]
    ]
