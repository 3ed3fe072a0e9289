"""Portfolio exposure: utilisation, the block and the size cap (policy.md, Phase 4, 7)."""

SIZE_CAP_FROM = 0.85  # share of the maximum from which a directional size is capped
CAPPED_SIZE = 0.5
UNCAPPED_SIZE = 1.0


def utilisation_pct(current_pct: float, max_pct: float) -> float:
    """Return how much of the allowed exposure is used, in percent, unrounded; `max_pct` must be > 0."""
    return current_pct / max_pct * 100


def is_blocked(current_pct: float, max_pct: float) -> bool:
    """A full portfolio blocks every decision, whatever its action."""
    return current_pct >= max_pct


def size_cap(current_pct: float, max_pct: float) -> float:
    """Return the largest size that a directional action may have."""
    return CAPPED_SIZE if current_pct >= SIZE_CAP_FROM * max_pct else UNCAPPED_SIZE
