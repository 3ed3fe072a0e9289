"""The types of a Phase 4 record and of its decision (docs policy, "Phase 4 input").

These are msgspec structs, not pydantic models: they stream by the million, and msgspec checks types and
domains in C while it decodes.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from phase4_tui.policy.phase4.event_risk import USUAL_NAMES, check_event_name
from phase4_tui.policy.timestamps import check_timestamp
from phase4_tui.policy.vocabulary import Action, Bias, Gate, Level, Regime, SessionSlot, Underlying

UnitInterval = Annotated[float, Meta(ge=-1.0, le=1.0)]
Percent = Annotated[float, Meta(ge=0.0, le=100.0)]
NotNegative = Annotated[float, Meta(ge=0.0)]
Positive = Annotated[float, Meta(gt=0.0)]


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One market observation. Percentages are in percent; `timestamp` is kept verbatim."""

    underlying: Underlying
    timestamp: str
    session_slot: SessionSlot
    underlying_change_pct: float
    trend_strength: UnitInterval
    iv_percentile: Percent
    options_bias: Bias
    event_name: str = "NONE"
    event_window_active: bool = False
    current_portfolio_exposure_pct: NotNegative = 0.0
    max_portfolio_exposure_pct: Positive = 35.0

    def __post_init__(self) -> None:
        check_timestamp(self.timestamp)
        if self.event_name not in USUAL_NAMES:  # a shortcut: most records have one of these
            check_event_name(self.event_name)


class PolicyTags(msgspec.Struct, frozen=True, gc=False):
    """The reasons for a decision, each a string."""

    regime: Regime
    event_risk: Level
    time_slot: SessionSlot
    gate: Gate
    exposure_utilization_pct: str


class Decision(msgspec.Struct, frozen=True, gc=False):
    """A paper decision: score in 0 … 100, size multiplier in 0 … 1.5."""

    action: Action
    confidence: Level
    confidence_score: Percent
    position_size_multiplier: Annotated[float, Meta(ge=0.0, le=1.5)]
    rationale: str
    policy_tags: PolicyTags


class Row(msgspec.Struct, frozen=True, gc=False):
    """One element of a report's `results`."""

    input: Record
    decision: Decision
