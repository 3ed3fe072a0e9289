"""Writes batches of any size for the benchmarks, the same for the same seed."""

import json
import random
from pathlib import Path


def write_batch(path: Path, count: int, seed: int = 1) -> None:
    """Write `count` Phase 4 records as a JSON array, one record a line."""
    rng = random.Random(seed)
    with path.open("w") as file:
        file.write("[")
        for number in range(count):
            file.write(",\n" if number else "\n")
            file.write(json.dumps(one_record(rng, number)))
        file.write("\n]\n")


def one_record(rng: random.Random, number: int) -> dict[str, object]:
    """Return one valid record."""
    return {
        "underlying": rng.choice(["NIFTY50", "BANKNIFTY", "SENSEX"]),
        "timestamp": f"2026-02-17T{9 + number // 3600 % 6:02d}:{number // 60 % 60:02d}:{number % 60:02d}+05:30",
        "session_slot": rng.choice(["OPEN", "MIDDAY", "CLOSE"]),
        "underlying_change_pct": round(rng.uniform(-1, 1), 3),
        "trend_strength": round(rng.uniform(-1, 1), 3),
        "iv_percentile": round(rng.uniform(0, 100), 2),
        "options_bias": rng.choice(["BULLISH", "BEARISH", "NEUTRAL"]),
        "event_name": rng.choice(["NONE", "NONE", "GDP", "RBI", "fed"]),
        "event_window_active": rng.random() < 0.15,
        "current_portfolio_exposure_pct": round(rng.uniform(0, 37), 2),
        "max_portfolio_exposure_pct": 35.0,
    }
