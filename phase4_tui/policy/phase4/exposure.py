"""Portfolio exposure: utilisation, the block and the size cap (docs policy, "Exposure")."""

from decimal import Decimal

FLOAT_NOISE = 1e-12  # relative; where products of floats can differ from those on paper
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
    limit = SIZE_CAP_FROM * max_pct
    if abs(current_pct - limit) <= FLOAT_NOISE * limit:
        # On paper 0.85 × 11.8 is 10.03; as floats it is a little more, and 10.03 would slip through.
        capped = Decimal(repr(current_pct)) >= Decimal(repr(SIZE_CAP_FROM)) * Decimal(repr(max_pct))
    else:
        capped = current_pct >= limit
    return CAPPED_SIZE if capped else UNCAPPED_SIZE
