"""The types of a Phase 3 record and of its result row (docs policy, "Phase 3 input")."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from phase4_tui.policy.timestamps import check_timestamp
from phase4_tui.policy.vocabulary import Action, Bias, Level, StrikeZone, Underlying

Score = Annotated[float, Meta(ge=0.0, le=100.0)]
AgentName = Literal["market_regime", "options_structure", "risk_officer"]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One market observation for Phase 3. Percentages are in percent."""

    underlying: Underlying
    timestamp: str
    underlying_change_pct: float
    trend_strength: Annotated[float, Meta(ge=-1.0, le=1.0)]
    iv_percentile: Score
    options_bias: Bias
    options_liquidity_ok: bool
    options_spread_ok: bool
    daily_realized_pnl_pct: float
    event_risk_high: bool = False

    def __post_init__(self) -> None:
        check_timestamp(self.timestamp)


class Opinion(msgspec.Struct, frozen=True, gc=False):
    """The opinion of one agent; score in 0 … 100."""

    agent: AgentName
    action: Action
    confidence: Level
    score: Score
    rationale: str
    veto: bool


class Consensus(msgspec.Struct, frozen=True, gc=False):
    """The consensus of the three agents; `weighted_score` in 0 … 100."""

    action: Action
    confidence: Level
    weighted_score: Score
    veto_applied: bool
    vote_breakdown: dict[str, float]


class ExecutionPlan(msgspec.Struct, frozen=True, gc=False):
    """How the consensus would be traded, on paper."""

    action: Action
    confidence: Level
    strike_zone: StrikeZone
    urgency: Level


class MemorySnapshot(msgspec.Struct, frozen=True, gc=False):
    """Averages over the underlying's window, including this record, to 4 places."""

    trend_strength_avg: float
    underlying_change_pct_avg: float
    window_size: Annotated[int, Meta(ge=1, le=20)]
    retention_policy: Literal["rolling_window_20"]


class Row(msgspec.Struct, frozen=True, gc=False):
    """One element of a Phase 3 report's `results`."""

    underlying: Underlying
    timestamp: str
    market_regime: Opinion
    options_structure: Opinion
    risk_officer: Opinion
    consensus: Consensus
    execution_plan: ExecutionPlan
    memory_snapshot: MemorySnapshot
