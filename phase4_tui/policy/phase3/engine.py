"""From one Phase 3 record to one result row, and the summary of a batch."""

from dataclasses import dataclass, field

from phase4_tui.policy.phase3.agents import market_regime, options_structure, risk_officer
from phase4_tui.policy.phase3.consensus import agree, plan_execution
from phase4_tui.policy.phase3.memory import Memory
from phase4_tui.policy.phase3.record import Record, Row
from phase4_tui.policy.phase4.summary import share_pct
from phase4_tui.policy.vocabulary import ACTIONS


def evaluate(record: Record, memory: Memory) -> Row:
    """Return the result row of a record; pass the same `memory` for all records of a batch."""
    market, options, risk = market_regime(record), options_structure(record), risk_officer(record)
    consensus = agree(market, options, risk)
    return Row(
        underlying=record.underlying,
        timestamp=record.timestamp,
        market_regime=market,
        options_structure=options,
        risk_officer=risk,
        consensus=consensus,
        execution_plan=plan_execution(consensus),
        memory_snapshot=memory.remember(record),
    )


@dataclass
class Tally:
    """Running counts over result rows; constant in memory."""

    total: int = 0
    actions: dict[str, int] = field(default_factory=lambda: dict.fromkeys(ACTIONS, 0))
    vetoes: int = 0

    def add(self, row: Row) -> None:
        """Count one row."""
        self.total += 1
        self.actions[row.consensus.action] += 1
        self.vetoes += row.consensus.veto_applied

    def summary(self) -> dict[str, object]:
        """Return the report's `summary`."""
        return {
            "total_records": self.total,
            "consensus_counts": dict(self.actions),
            "veto_count": self.vetoes,
            "veto_pct": share_pct(self.vetoes, self.total),
        }
