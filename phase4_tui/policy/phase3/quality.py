"""The Phase 3 quality gate (docs policy, "Phase 3 quality gate"), built like that of Phase 4."""

from collections.abc import Iterator, Sequence
from typing import get_args

import msgspec

from phase4_tui.policy.phase3.memory import WINDOW
from phase4_tui.policy.phase3.record import AgentName, Consensus, ExecutionPlan, MemorySnapshot, Opinion, Row
from phase4_tui.policy.values import Violation, expect_words, in_range, is_number, show
from phase4_tui.policy.vocabulary import ACTIONS, Level, StrikeZone, Underlying

SCHEMA = "output_schema_valid"
SCORES = "scores_and_confidence_valid"
CONFLICT = "conflict_policy_enforced"
MEMORY = "memory_policy_valid"
SECTIONS = (SCHEMA, SCORES, CONFLICT, MEMORY)

AGENTS: tuple[str, ...] = get_args(AgentName)
RETENTION = f"rolling_window_{WINDOW}"
SCORE_RANGE = (0, 100)
_LEVELS: tuple[str, ...] = get_args(Level)
_PARTS: dict[str, type[msgspec.Struct]] = {
    **dict.fromkeys(AGENTS, Opinion),
    "consensus": Consensus,
    "execution_plan": ExecutionPlan,
    "memory_snapshot": MemorySnapshot,
}


def judge_rows(rows: Sequence[Row], first: int) -> Iterator[Violation]:
    """Yield the conflict violations of rows with a valid schema, numbered from `first`."""
    for number, row in enumerate(rows, first):
        yield from judge_row(row, number)


def judge_row(row: Row, number: int) -> Iterator[Violation]:
    """Yield the conflict violations of a row with valid schema, scores and memory; `number` counts from 1."""
    opinions = (row.market_regime, row.options_structure, row.risk_officer)
    for name, opinion in zip(AGENTS, opinions, strict=True):
        if opinion.agent != name:
            yield Violation(SCHEMA, f"record {number}: {name}.agent must be {name}, found {show(opinion.agent)}")
    vetoed = any(opinion.veto for opinion in opinions)
    consensus = row.consensus
    yield from _judge_conflict(number, vetoed, consensus.veto_applied, consensus.action, row.execution_plan.action)


def _judge_conflict(number: int, vetoed: bool, applied: object, action: object, planned: object) -> Iterator[Violation]:
    if applied is not vetoed and (vetoed or applied is True):
        word = "an agent's veto is not applied" if vetoed else "a veto is applied that no agent gave"
        yield Violation(CONFLICT, f"record {number}: {word}: veto_applied is {show(applied)}")
    if (vetoed or applied is True) and action != "NO_TRADE":
        yield Violation(CONFLICT, f"record {number}: a veto means NO_TRADE, found {show(action)}")
    if action == "NO_TRADE" and planned != "NO_TRADE":
        yield Violation(CONFLICT, f"record {number}: the plan trades {show(planned)} against NO_TRADE")


def judge_value(value: object, number: int) -> Iterator[Violation]:
    """Yield every violation of a value of any shape as row `number`; NaN and infinities are no numbers."""
    row: dict[str, object] = value if isinstance(value, dict) else {}
    instead = "" if isinstance(value, dict) else f", found {show(value)}"
    parts: dict[str, dict[str, object]] = {}
    for name in _PARTS:
        part = row.get(name)
        if isinstance(part, dict):
            parts[name] = part
        else:
            yield Violation(SCHEMA, f"record {number}: `{name}` must be present and an object{instead}")
    for problem in expect_words("row", row, {"underlying": get_args(Underlying)}):
        yield Violation(SCHEMA, f"record {number}: {problem}")
    if not isinstance(row.get("timestamp"), str):
        yield Violation(SCHEMA, f"record {number}: row.timestamp must be present and a string")
    for name, part in parts.items():
        for section, problem in _part_problems(name, part):
            yield Violation(section, f"record {number}: {problem}")
    vetoed = any(parts.get(agent, {}).get("veto") is True for agent in AGENTS)
    if "consensus" in parts:
        consensus = parts["consensus"]
        planned = parts.get("execution_plan", {}).get("action", "NO_TRADE")
        yield from _judge_conflict(number, vetoed, consensus.get("veto_applied"), consensus.get("action"), planned)


def _part_problems(name: str, part: dict[str, object]) -> Iterator[tuple[str, str]]:
    for key in _PARTS[name].__struct_fields__:
        if key not in part:
            yield SCHEMA, f"{name}.{key} is missing"
    if name == "memory_snapshot":
        yield from ((MEMORY, problem) for problem in _memory_problems(part))
        return
    if "action" in part:
        for problem in expect_words(name, part, {"action": ACTIONS}):
            yield SCHEMA, problem
    if "confidence" in part:
        for problem in expect_words(name, part, {"confidence": _LEVELS}):
            yield SCORES, problem
    score = "weighted_score" if name == "consensus" else "score" if name in AGENTS else None
    if score and score in part and not in_range(part[score], *SCORE_RANGE):
        yield SCORES, f"{name}.{score} must be a number in 0 … 100, found {show(part[score])}"
    if name in AGENTS:
        if part.get("agent", name) != name:
            yield SCHEMA, f"{name}.agent must be {name}, found {show(part['agent'])}"
        if not isinstance(part.get("rationale", ""), str):
            yield SCHEMA, f"{name}.rationale must be a string"
        if not isinstance(part.get("veto", False), bool):
            yield SCHEMA, f"{name}.veto must be true or false, found {show(part['veto'])}"
    elif name == "consensus":
        if not isinstance(part.get("veto_applied", False), bool):
            yield SCHEMA, f"{name}.veto_applied must be true or false, found {show(part['veto_applied'])}"
        votes = part.get("vote_breakdown", {})
        if not isinstance(votes, dict) or not all(is_number(vote) for vote in votes.values()):
            yield SCHEMA, f"{name}.vote_breakdown must be an object of numbers, found {show(votes)}"
    else:
        zones = {"strike_zone": get_args(StrikeZone), "urgency": _LEVELS}
        present = {key: words for key, words in zones.items() if key in part}
        for problem in expect_words(name, part, present):
            yield SCHEMA, problem


def _memory_problems(part: dict[str, object]) -> Iterator[str]:
    size = part.get("window_size", 1)
    if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= WINDOW:
        yield f"memory_snapshot.window_size must be an integer in 1 … {WINDOW}, found {show(size)}"
    if part.get("retention_policy", RETENTION) != RETENTION:
        yield f"memory_snapshot.retention_policy must be {RETENTION}, found {show(part['retention_policy'])}"
    for key in ("trend_strength_avg", "underlying_change_pct_avg"):
        if key in part and not is_number(part[key]):
            yield f"memory_snapshot.{key} must be a finite number, found {show(part[key])}"
