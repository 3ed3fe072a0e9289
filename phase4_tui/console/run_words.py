"""A run under way in words: the running step, its records, how far it is, how long it runs."""

from collections.abc import Mapping

from phase4_tui.artifacts.clock import elapsed
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.runbook.provenance import RunRecord


def running_words(run: RunRecord, progress: Mapping[str, int] | None) -> str:
    """Return `step 1 of 5, pipeline · 41,000 records · 41 % · 14 s`; `progress` is the step's last report."""
    states = [step.state for step in run.steps]
    if "running" not in states:
        left = "the next step begins" if "not_run" in states else "the run ends"
        return f"{sum(state != 'not_run' for state in states)} of {len(states)} steps done; {left}"
    at = states.index("running")
    step, done = run.steps[at], dict(progress or {})
    words = [f"step {at + 1} of {len(states)}, {plain(step.name)}"]
    words += [f"{done['records']:,} records"] if "records" in done else []
    words += [f"{100 * done['bytes'] // done['total_bytes']} %"] if done.get("total_bytes") and "bytes" in done else []
    if step.started_at is not None:
        words.append(elapsed(step.started_at))
    return " · ".join(words)
