"""Strategies for any valid record of either phase, and one plain record of each to vary in tables."""

import json
import math
import sys
from copy import deepcopy
from datetime import datetime
from typing import Any, get_args

import msgspec
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from phase4_tui.policy.phase3 import record as phase3
from phase4_tui.policy.phase4.record import Record
from phase4_tui.policy.visible_text import without_unseen
from phase4_tui.policy.vocabulary import Bias, SessionSlot, Underlying

LARGEST = sys.float_info.max
SMALLEST = math.ulp(0.0)
PROPERTY = settings(max_examples=150, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])
UNDERLYINGS = st.sampled_from(get_args(Underlying))
BIASES = st.sampled_from(get_args(Bias))
SLOTS = st.sampled_from(get_args(SessionSlot))
RISKY_NAMES = ("RBI", "FED", "CPI", "EARNINGS", "rbi", "Fed", "cPi", "eaRNings")
HARMLESS_NAMES = ("NONE", "GDP", "", "RBI MPC", "FED-", "RBI CPI", "EARNING")

FINITE = st.floats(allow_nan=False, allow_infinity=False)


def below(value: float) -> float:
    """The next float towards minus infinity."""
    return math.nextafter(value, -math.inf)


def above(value: float) -> float:
    """The next float towards plus infinity."""
    return math.nextafter(value, math.inf)


def around(*limits: float) -> st.SearchStrategy[float]:
    """Each limit, its neighbours, and the same with the other sign."""
    near = [found for limit in limits for found in (below(limit), limit, above(limit))]
    return st.sampled_from([*near, *(-value for value in near)])


CHANGES = st.one_of(around(0.0, 0.2, 0.3, 0.35), st.floats(-1.0, 1.0), FINITE, st.sampled_from([LARGEST, -LARGEST]))
STRENGTHS = st.one_of(around(0.0, 0.25, 0.6, 0.65), st.sampled_from([-1.0, 1.0]), st.floats(-1.0, 1.0))
PERCENTILES = st.one_of(around(30.0, 60.0, 75.0, 80.0).map(abs), st.sampled_from([0.0, 100.0]), st.floats(0.0, 100.0))
EVENT_NAMES = st.one_of(
    st.sampled_from(RISKY_NAMES + HARMLESS_NAMES), st.text().map(lambda name: without_unseen(name).strip())
)


@st.composite
def timestamps(draw: st.DrawFn) -> str:
    """ISO 8601 with a date, `T`, a time and an offset, in extended, basic and week form."""
    moment = draw(st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)))
    hours, minutes = draw(st.integers(0, 23)), draw(st.integers(0, 59))
    sign = draw(st.sampled_from("+-")) if hours or minutes else "+"
    year, week, day = moment.isocalendar()
    extended = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    shape = draw(st.sampled_from(["extended", "minutes", "fraction", "comma", "basic", "week", "zulu", "hour offset"]))
    clock = moment.strftime("%H:%M:%S")
    offset = f"{sign}{hours:02}:{minutes:02}"
    forms = {
        "extended": f"{extended}T{clock}{offset}",
        "minutes": f"{extended}T{clock[:5]}{offset}",
        "fraction": f"{extended}T{clock}.{moment.microsecond:06}{offset}",
        "comma": f"{extended}T{clock},{moment.microsecond // 1000:03}{offset}",
        "basic": f"{extended}T{clock}{offset}".replace(":", "").replace("-", "", 2),
        "week": f"{year:04}-W{week:02}-{day}T{clock}{offset}",
        "zulu": f"{extended}T{clock}Z",
        "hour offset": f"{extended}T{clock}{offset[:3]}",
    }
    return forms[shape]


@st.composite
def exposures(draw: st.DrawFn) -> tuple[float, float]:
    """Current and maximum exposure, often at the block or at the cap."""
    positive = st.floats(SMALLEST, LARGEST)
    maximum = draw(st.one_of(st.just(35.0), st.sampled_from([SMALLEST, 1.0, LARGEST]), positive))
    close = [0.0, below(maximum), maximum, min(above(maximum), LARGEST), maximum * 0.85, maximum * 0.8]
    current = draw(st.one_of(st.sampled_from(close), st.floats(0.0, LARGEST)))
    return current, maximum


@st.composite
def phase4_records(draw: st.DrawFn) -> Record:
    """Any record that the policy allows as Phase 4 input."""
    current, maximum = draw(exposures())
    return Record(
        underlying=draw(UNDERLYINGS),
        timestamp=draw(timestamps()),
        session_slot=draw(SLOTS),
        underlying_change_pct=draw(CHANGES),
        trend_strength=draw(STRENGTHS),
        iv_percentile=draw(PERCENTILES),
        options_bias=draw(BIASES),
        event_name=draw(EVENT_NAMES),
        event_window_active=draw(st.booleans()),
        current_portfolio_exposure_pct=current,
        max_portfolio_exposure_pct=maximum,
    )


def phase3_records() -> st.SearchStrategy[phase3.Record]:
    """Any record that the policy allows as Phase 3 input."""
    return st.builds(
        phase3.Record,
        underlying=UNDERLYINGS,
        timestamp=timestamps(),
        underlying_change_pct=CHANGES,
        trend_strength=STRENGTHS,
        iv_percentile=PERCENTILES,
        options_bias=BIASES,
        options_liquidity_ok=st.booleans(),
        options_spread_ok=st.booleans(),
        daily_realized_pnl_pct=st.one_of(around(2.0), FINITE),
        event_risk_high=st.booleans(),
    )


SCALARS: st.SearchStrategy[object] = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.sampled_from(["NO_TRADE", "PASS", "HIGH"])
)
JSON_VALUES: st.SearchStrategy[object] = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
PHASE4_DEFAULTS: dict[str, Any] = {
    "underlying": "NIFTY50",
    "timestamp": "2026-02-17T11:00:00+05:30",
    "session_slot": "MIDDAY",
    "underlying_change_pct": 0.5,
    "trend_strength": 0.7,
    "iv_percentile": 20.0,
    "options_bias": "BULLISH",
}
PHASE3_DEFAULTS: dict[str, Any] = {
    **{key: value for key, value in PHASE4_DEFAULTS.items() if key != "session_slot"},
    "options_liquidity_ok": True,
    "options_spread_ok": True,
    "daily_realized_pnl_pct": 0.0,
}


def phase4_record(**changes: object) -> Record:
    """A record that trades (MIDDAY, TREND, BUY_CALL, score 72, size 1.0), with `changes`, decoded as from a file."""
    return msgspec.convert(PHASE4_DEFAULTS | changes, Record)


def phase3_record(**changes: object) -> phase3.Record:
    """A record on which market and options agree on BUY_CALL and nobody objects, with `changes`."""
    return msgspec.convert(PHASE3_DEFAULTS | changes, phase3.Record)


def plain(value: object) -> Any:
    """The plain JSON that a reader without types gets of what was written."""
    return json.loads(msgspec.json.encode(value))


MISSING = object()


def mutate(row: dict[str, Any], path: str, value: object) -> dict[str, Any]:
    """A copy of a plain row with the value at a dotted path replaced, or removed where it is MISSING."""
    copy = deepcopy(row)
    *parents, key = path.split(".")
    owner = copy
    for parent in parents:
        owner = owner[parent]
    if value is MISSING:
        del owner[key]
    else:
        owner[key] = value
    return copy
