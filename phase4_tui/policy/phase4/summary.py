"""The summary of a batch of Phase 4 decisions (docs policy, "Phase 4 summary")."""

from dataclasses import dataclass, field

from phase4_tui.policy.phase4.event_risk import UnknownEvents
from phase4_tui.policy.phase4.record import Row
from phase4_tui.policy.vocabulary import ACTIONS

PLACES = 2
UNKNOWN_EVENTS = "unknown_events"
"""The key of a summary that counts the active windows under unknown names; most summaries have none."""


def share_pct(part: int, total: int) -> float:
    """Return part / total in percent to 2 places; 0.0 for an empty batch."""
    return round(part / total * 100, PLACES) if total else 0.0


@dataclass
class Tally:
    """Running counts over decisions, in constant memory; only the two block gates are counted."""

    total: int = 0
    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACTIONS, 0))
    gates: dict[str, int] = field(default_factory=lambda: {"EVENT_BLOCK": 0, "PORTFOLIO_BLOCK": 0})
    unknown_events: UnknownEvents = field(default_factory=UnknownEvents)

    def add(self, action: object, gate: object) -> None:
        """Count one decision; an unknown word counts towards the total only."""
        self.total += 1
        if isinstance(action, str) and action in self.actions:
            self.actions[action] += 1
        if isinstance(gate, str) and gate in self.gates:
            self.gates[gate] += 1

    def add_row(self, row: Row) -> None:
        """Count one decided record, and its event where the window is active under an unknown name."""
        decision = row.decision
        tags = decision.policy_tags
        self.add(decision.action, tags.gate)
        if tags.event_risk == "MEDIUM":
            self.unknown_events.add(row.input.event_name)

    def summary(self) -> dict[str, object]:
        """Return the report's `summary`: counts, shares in percent, and unknown events only where there are any."""
        unknown = self.unknown_events.counts()
        return {
            "total_records": self.total,
            "action_counts": dict(self.actions),
            "event_block_count": self.gates["EVENT_BLOCK"],
            "event_block_pct": share_pct(self.gates["EVENT_BLOCK"], self.total),
            "portfolio_block_count": self.gates["PORTFOLIO_BLOCK"],
            "portfolio_block_pct": share_pct(self.gates["PORTFOLIO_BLOCK"], self.total),
            **({UNKNOWN_EVENTS: unknown} if unknown else {}),
        }
