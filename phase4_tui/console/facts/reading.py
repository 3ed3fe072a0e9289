"""Reads from disk what a snapshot needs: state, shown tag, run and lease holders, fallback, rules, tampering."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from phase4_tui.artifacts.clock import now_ns
from phase4_tui.console.facts.tampering import Tampering
from phase4_tui.errors import FORESEEN, Phase4Error
from phase4_tui.journal.lease import Lease, read_lease
from phase4_tui.journal.state import OperationsState, read_state
from phase4_tui.policy.monitoring import DEFAULT_RULES, Rules
from phase4_tui.runbook.fallback_proof import Fallback, read_fallback
from phase4_tui.runbook.judging import Judgement, judge_tag
from phase4_tui.runbook.provenance import RunRecord
from phase4_tui.runbook.rules import read_rules
from phase4_tui.runbook.run_holder import Holder, running
from phase4_tui.runbook.site import Site
from phase4_tui.runbook.status import shown_tag
from phase4_tui.runbook.steps import place_of
from phase4_tui.runbook.tag_runs import latest_steps

if TYPE_CHECKING:
    from phase4_tui.runbook.isolation import Proof
    from phase4_tui.runbook.preconditions import Precondition


@dataclass(frozen=True)
class Readings:
    """What was read at `looked_ns`, which does not count when readings are compared."""

    state: OperationsState = field(default_factory=OperationsState)
    state_error: Phase4Error | OSError | None = None
    """Why the state can't be read; `state` is then that of a directory without any operation."""
    shown: Judgement | None = None
    holder: Holder | None = None
    other_run: RunRecord | None = None
    """The run under way when it is not of the shown tag."""
    lease: Lease | None = None
    needs_freezing: bool = False
    fallback: Fallback | None = None
    rules: Rules = field(default_factory=lambda: DEFAULT_RULES)
    tampered: tuple[str, ...] = ()
    preconditions: "tuple[Precondition, ...]" = ()
    clock_trouble: str | None = None
    looked_ns: int = field(default=0, compare=False)


class Reader:
    """Reads what a snapshot needs; keeps the proof of the isolation barrier, which is not made each time."""

    def __init__(self, site: Site, tampering: Tampering | None = None) -> None:
        self._site = site
        self._tampering = tampering if tampering is not None else Tampering(site)
        self._proof: Proof | None = None

    @property
    def isolation_is_proven(self) -> bool:
        """True once the barrier was probed, which the first paint does not wait for."""
        return self._proof is not None

    def prove_isolation(self) -> None:
        """Probe the barrier that keeps the network from steps; until then readings have no preconditions."""
        from phase4_tui.runbook.isolation import probe_barrier  # noqa: PLC0415 - not for the first paint

        self._proof = probe_barrier("seccomp")

    def read(self, chosen: str | None, newest: Callable[[], str | None] | None = None) -> Readings:
        """Return all of it; `chosen` and `newest` as for `shown_tag`. Raises BadTag, OSError."""
        site, reports = self._site, self._site.reports
        state, error = read_operations_state(reports)
        if self._tampering.is_due:
            self._tampering.compare(state)
        tag = shown_tag(site, chosen, state, newest)
        shown = judge_tag(site, tag, state, patient=False) if tag else None
        ahead = shown.evidence.ahead if shown is not None else None
        holder = running(reports)
        return Readings(
            state=state,
            state_error=error,
            shown=shown,
            holder=holder,
            other_run=_last_run(site, holder.tag) if holder and holder.tag != tag else None,
            lease=read_lease(reports),
            needs_freezing=self._needs_freezing(state),
            fallback=read_fallback(site, state),
            rules=read_rules(place_of(site.settings, site.workdir, 4, None, None).rules_path)[0],
            tampered=self._tampering.tags,
            preconditions=self._preconditions(tag),
            clock_trouble=str(ahead) if ahead is not None else None,
            looked_ns=now_ns(),
        )

    def _needs_freezing(self, state: OperationsState) -> bool:
        if state.incident is None:
            return False
        from phase4_tui.rollback.frozen_copies import needs_freezing  # noqa: PLC0415 - not for the first paint

        return needs_freezing(self._site, state.incident.tag, state)

    def _preconditions(self, tag: str | None) -> "tuple[Precondition, ...]":
        if self._proof is None:
            return ()
        from phase4_tui.runbook.preconditions import preconditions  # noqa: PLC0415 - not for the first paint

        return preconditions(self._site, tag, self._proof)


def read_operations_state(reports: Path) -> tuple[OperationsState, Phase4Error | OSError | None]:
    """Return the state and None, or an empty state and the error that prevented reading it."""
    try:
        return read_state(reports), None
    except FORESEEN as error:
        return OperationsState(), error


def _last_run(site: Site, tag: str) -> RunRecord | None:
    """Return the newest run of a tag of which a step was started."""
    runs = (run for run, _ in latest_steps(site, tag).values())
    return max(runs, key=lambda run: run.run_id, default=None)
