"""The rolling memory of Phase 3, one window per underlying (docs policy, "Phase 3 memory")."""

from collections import deque
from fractions import Fraction
from math import fsum

from phase4_tui.policy.phase3.record import MemorySnapshot, Record

WINDOW = 20
PLACES = 4


def _average(values: list[float]) -> float:
    try:
        total: float | Fraction = fsum(values)
    except OverflowError:  # the sum exceeds the range of a float, the average does not
        total = sum(map(Fraction, values), Fraction())
    return round(float(total / len(values)), PLACES)


class Memory:
    """The windows of all underlyings, carried across the records of one batch."""

    def __init__(self) -> None:
        self._windows: dict[str, deque[tuple[float, float]]] = {}

    def remember(self, record: Record) -> MemorySnapshot:
        """Add the record to its underlying's window and return the averages over it."""
        window = self._windows.setdefault(record.underlying, deque(maxlen=WINDOW))
        window.append((record.trend_strength, record.underlying_change_pct))
        return MemorySnapshot(
            trend_strength_avg=_average([trend for trend, _ in window]),
            underlying_change_pct_avg=_average([change for _, change in window]),
            window_size=len(window),
            retention_policy="rolling_window_20",
        )
