"""The Phase 4 quality gate: one violation per broken rule of a report's rows (docs policy, "Phase 4 quality gate").

A row that decodes as `JudgedRow` or `WholeRow` has a valid schema, score and size, so only the policy remains to be
checked; `judge_value` explains any other row. Both must agree on every row that decodes.
"""

from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec

from phase4_tui.policy.phase4.event_risk import assess_event, name_problem
from phase4_tui.policy.phase4.exposure import is_blocked
from phase4_tui.policy.phase4.record import Decision
from phase4_tui.policy.phase4.sizing import SCORE_RANGE, SIZE_RANGE
from phase4_tui.policy.values import Violation, expect_words, in_range, is_number, show
from phase4_tui.policy.vocabulary import ACTIONS, Gate, Level, Regime, SessionSlot

SCHEMA = "output_schema_valid"
SCORING = "score_and_sizing_valid"
POLICY = "event_and_portfolio_policy_enforced"
SECTIONS = (SCHEMA, SCORING, POLICY)

_TAG_WORDS: dict[str, tuple[str, ...]] = {
    "regime": get_args(Regime),
    "event_risk": get_args(Level),
    "time_slot": get_args(SessionSlot),
    "gate": get_args(Gate),
}
_DECISION_WORDS: dict[str, tuple[str, ...]] = {"action": ACTIONS, "confidence": get_args(Level)}
_RANGES = {"confidence_score": SCORE_RANGE, "position_size_multiplier": SIZE_RANGE}


class JudgedInput(msgspec.Struct, frozen=True, gc=False):
    """The fields of a row's input that the policy rules need."""

    event_name: str = "NONE"
    event_window_active: bool = False
    current_portfolio_exposure_pct: float = 0.0
    max_portfolio_exposure_pct: float = 35.0


class JudgedRow(msgspec.Struct, frozen=True, gc=False):
    """A row with a valid schema, score and size."""

    input: JudgedInput
    decision: Decision


class WholeInput(JudgedInput, frozen=True, gc=False, kw_only=True):
    """A row's input with every field, as this program writes it; only their presence is checked here."""

    underlying: str
    timestamp: str
    session_slot: str
    underlying_change_pct: float
    trend_strength: float
    iv_percentile: float
    options_bias: str


class WholeRow(msgspec.Struct, frozen=True, gc=False):
    """A `JudgedRow` with every field, so that a decoder can prove that no key is given twice."""

    input: WholeInput
    decision: Decision


def required_gate(seen: JudgedInput) -> tuple[Gate, str] | None:
    """Return the gate that must block this input, and why; None when no block is due."""
    if assess_event(seen.event_name, seen.event_window_active) == "HIGH":
        return "EVENT_BLOCK", f"high-risk event {show(seen.event_name)} is active"
    current, maximum = seen.current_portfolio_exposure_pct, seen.max_portfolio_exposure_pct
    if maximum > 0 and is_blocked(current, maximum):
        return "PORTFOLIO_BLOCK", f"exposure {current} has reached the maximum {maximum}"
    return None


def judge_rows(rows: Sequence[JudgedRow | WholeRow], first: int) -> Iterator[Violation]:
    """Yield the policy violations of rows with a valid schema, numbered from `first`."""
    for number, row in enumerate(rows, first):
        seen = row.input
        # A shortcut: most rows are neither in an event window nor at their maximum, so no block is due.
        if seen.event_window_active or seen.current_portfolio_exposure_pct >= seen.max_portfolio_exposure_pct:
            yield from judge_row(row, number)


def judge_row(row: JudgedRow | WholeRow, number: int) -> Iterator[Violation]:
    """Yield the policy violations of a row with a valid schema; `number` counts from 1."""
    if (hidden := _hidden_name(row.input)) is not None:
        yield Violation(POLICY, f"record {number}: {hidden}")
        return
    needed = required_gate(row.input)
    if needed is not None:
        yield from _judge_block(number, needed, row.decision.action, row.decision.policy_tags.gate)


def _judge_block(number: int, needed: tuple[Gate, str], action: object, gate: object) -> Iterator[Violation]:
    required, why = needed
    if action != "NO_TRADE":
        yield Violation(POLICY, f"record {number}: {why}: action must be NO_TRADE, found {show(action)}")
    if gate != required:
        yield Violation(POLICY, f"record {number}: {why}: gate must be {required}, found {show(gate)}")


def judge_value(value: object, number: int) -> Iterator[Violation]:
    """Yield every violation of a value of any shape as row `number`; NaN and infinities are no numbers."""
    row: dict[str, object] = value if isinstance(value, dict) else {}
    instead = "" if isinstance(value, dict) else f", found {show(value)}"
    for key in ("input", "decision"):
        if not isinstance(row.get(key), dict):
            yield Violation(SCHEMA, f"record {number}: `{key}` must be present and an object{instead}")
    seen, decision = row.get("input"), row.get("decision")
    if isinstance(decision, dict):
        for problem in _schema_problems(decision):
            yield Violation(SCHEMA, f"record {number}: {problem}")
        for key, (low, high) in _RANGES.items():
            found = decision.get(key)
            if not in_range(found, low, high):
                yield Violation(
                    SCORING, f"record {number}: {key} must be a number in {low} … {high}, found {show(found)}"
                )
    if isinstance(seen, dict):
        try:
            judged = msgspec.convert(seen, JudgedInput)
        except msgspec.ValidationError as error:
            yield Violation(POLICY, f"record {number}: the policy can't be checked on this input: {error}")
            return
        unbound = [name for name in ("current", "max") if not is_number(_exposure(judged, name))]
        if unbound:
            yield Violation(POLICY, f"record {number}: {unbound[0]}_portfolio_exposure_pct must be a finite number")
            return
        if (hidden := _hidden_name(judged)) is not None:
            yield Violation(POLICY, f"record {number}: {hidden}")
            return
        needed = required_gate(judged)
        if needed is not None:
            decision = decision if isinstance(decision, dict) else {}
            tags = decision.get("policy_tags")
            gate = tags.get("gate") if isinstance(tags, dict) else None
            yield from _judge_block(number, needed, decision.get("action"), gate)


def _hidden_name(seen: JudgedInput) -> str | None:
    """Return why the event rule can't be checked on an active window: its name may be a padded RBI, FED, ..."""
    problem = name_problem(seen.event_name) if seen.event_window_active else None
    return None if problem is None else f"the policy can't be checked on this input: event_name {problem}"


def _exposure(judged: JudgedInput, name: str) -> float:
    value: float = getattr(judged, f"{name}_portfolio_exposure_pct")
    return value


def _schema_problems(decision: dict[str, object]) -> Iterator[str]:
    yield from expect_words("decision", decision, _DECISION_WORDS)
    for key in _RANGES:
        if key not in decision:
            yield f"decision.{key} is missing"
        elif isinstance(decision[key], bool) or not isinstance(decision[key], int | float):
            yield f"decision.{key} must be a number, found {show(decision[key])}"
    if not isinstance(decision.get("rationale"), str):
        yield "decision.rationale must be present and a string"
    tags = decision.get("policy_tags")
    if not isinstance(tags, dict):
        yield "decision.policy_tags must be present and an object"
        return
    yield from expect_words("policy_tags", tags, _TAG_WORDS)
    if not isinstance(tags.get("exposure_utilization_pct"), str):
        yield "policy_tags.exposure_utilization_pct must be present and a string"
