"""What a batch of Phase 4 decisions adds up to (formats.md, `_summary.json`)."""

from dataclasses import dataclass, field

from phase4_tui.policy.vocabulary import ACTIONS

PLACES = 2


def share_pct(part: int, total: int) -> float:
    """Return part / total in percent to 2 places; 0.0 for an empty batch."""
    return round(part / total * 100, PLACES) if total else 0.0


@dataclass
class Tally:
    """Running counts over decisions; constant in memory. Of the gates only those that block are counted."""

    total: int = 0
    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACTIONS, 0))
    gates: dict[str, int] = field(default_factory=lambda: {"EVENT_BLOCK": 0, "PORTFOLIO_BLOCK": 0})

    def add(self, action: object, gate: object) -> None:
        """Count one decision; a word that is not counted counts towards the total alone."""
        self.total += 1
        if isinstance(action, str) and action in self.actions:
            self.actions[action] += 1
        if isinstance(gate, str) and gate in self.gates:
            self.gates[gate] += 1

    def summary(self) -> dict[str, object]:
        """Return the report's `summary`: counts, and shares in percent."""
        return {
            "total_records": self.total,
            "action_counts": dict(self.actions),
            "event_block_count": self.gates["EVENT_BLOCK"],
            "event_block_pct": share_pct(self.gates["EVENT_BLOCK"], self.total),
            "portfolio_block_count": self.gates["PORTFOLIO_BLOCK"],
            "portfolio_block_pct": share_pct(self.gates["PORTFOLIO_BLOCK"], self.total),
        }
