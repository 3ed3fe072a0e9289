"""One decision of a report as shown, from a row of Phase 4, of Phase 3, or of any other content."""

from dataclasses import dataclass

import msgspec

from phase4_tui.artifacts.safe_text import safe_line

NOTHING = "–"
VETO = "VETO"
FIELD_CHARS = 400
RATIONALE_CHARS = 2000


class ReportRow(msgspec.Struct, frozen=True, gc=False):
    """One decision as shown; for an unusable row only `broken` is set, with the reason."""

    underlying: str = NOTHING
    time: str = NOTHING
    slot: str = NOTHING
    action: str = NOTHING
    confidence: str = NOTHING
    score: str = NOTHING
    size: str = NOTHING
    gate: str = NOTHING
    event: str = NOTHING
    """The event of the record, with `active` while its window is."""
    regime: str = NOTHING
    rationale: str = ""
    broken: str | None = None


@dataclass(frozen=True)
class Wanted:
    """A filter of rows; None accepts every value."""

    gate: str | None = None
    action: str | None = None
    regime: str | None = None

    def takes(self, row: ReportRow) -> bool:
        """True for an accepted row."""
        return row.broken is None and all(
            wanted is None or wanted == found
            for wanted, found in ((self.gate, row.gate), (self.action, row.action), (self.regime, row.regime))
        )

    @property
    def needles(self) -> list[bytes]:
        """Byte strings that the line of every accepted row contains."""
        values = (self.gate, self.action, self.regime)
        return [f'"{value}"'.encode() for value in values if value not in (None, NOTHING, VETO)]

    def __bool__(self) -> bool:
        return self != Wanted()


def describe(row: object) -> ReportRow:
    """Return a row of Phase 4 or Phase 3 as shown; any other row is broken."""
    if not isinstance(row, dict):
        return ReportRow(broken=_text(row, RATIONALE_CHARS) if isinstance(row, str) else f"is no row: {_text(row)}")
    decision, record, consensus = (row.get(key) for key in ("decision", "input", "consensus"))
    if isinstance(decision, dict) and isinstance(record, dict):
        tags = decision.get("policy_tags")
        tags = tags if isinstance(tags, dict) else {}
        return ReportRow(
            underlying=_text(record.get("underlying")),
            time=_text(record.get("timestamp")),
            slot=_text(tags.get("time_slot", record.get("session_slot"))),
            action=_text(decision.get("action")),
            confidence=_text(decision.get("confidence")),
            score=_text(decision.get("confidence_score")),
            size=_text(decision.get("position_size_multiplier")),
            gate=_text(tags.get("gate")),
            event=_event(record),
            regime=_text(tags.get("regime")),
            rationale=_text(decision.get("rationale", ""), RATIONALE_CHARS),
        )
    if isinstance(consensus, dict):
        agents = [row.get(name) for name in ("risk_officer", "market_regime", "options_structure")]
        told = [_text(agent.get("rationale", ""), RATIONALE_CHARS) for agent in agents if isinstance(agent, dict)]
        return ReportRow(
            underlying=_text(row.get("underlying")),
            time=_text(row.get("timestamp")),
            action=_text(consensus.get("action")),
            confidence=_text(consensus.get("confidence")),
            score=_text(consensus.get("weighted_score")),
            gate=VETO if consensus.get("veto_applied") is True else NOTHING,
            rationale="; ".join(told),
        )
    return ReportRow(broken=f"is no decision: its keys are {_text(', '.join(map(str, row)))}")


def _event(record: dict[object, object]) -> str:
    name = record.get("event_name")
    if name in (None, "NONE"):
        return NOTHING
    return f"{_text(name)} active" if record.get("event_window_active") is True else _text(name)


def _text(value: object, limit: int = FIELD_CHARS) -> str:
    if isinstance(value, str):
        return safe_line(value, limit)
    if value is None:
        return NOTHING
    if isinstance(value, float):
        return f"{value:g}"
    return safe_line(repr(value)[: limit + 1], limit)
