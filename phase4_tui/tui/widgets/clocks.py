"""Clocks that count up on the screen: how long something has been going on."""

from phase4_tui.artifacts.clock import nanoseconds, now_ns
from phase4_tui.journal.incident import Incident


def open_for(incident: Incident) -> str:
    """Return how long an incident has been open, or was until it recovered."""
    return clock(incident.opened_at, incident.recovered_at)


def clock(since: str, until: str | None = None) -> str:
    """Return the time from one moment to another, or to now: `04:12`, `1:04:12`."""
    end = nanoseconds(until) if until else now_ns()
    seconds = max(int((end - nanoseconds(since)) / 1e9), 0)
    hours, rest = divmod(seconds, 3600)
    shown = f"{rest // 60:02}:{rest % 60:02}"
    return f"{hours}:{shown}" if hours else shown
