"""Portfolio exposure: utilisation, the block and the size cap (docs policy, "Exposure")."""

from decimal import Decimal

FLOAT_NOISE = 1e-12  # relative; floats this close are compared as exact decimals
SIZE_CAP_FROM = 0.85  # share of the maximum from which a directional size is capped
CAPPED_SIZE = 0.5
UNCAPPED_SIZE = 1.0


def utilisation_pct(current_pct: float, max_pct: float) -> float:
    """Return how much of the allowed exposure is used, in percent, unrounded; `max_pct` must be > 0."""
    return current_pct / max_pct * 100


def is_blocked(current_pct: float, max_pct: float) -> bool:
    """True for a portfolio at its maximum, which blocks every decision, whatever its action."""
    return current_pct >= max_pct


def size_cap(current_pct: float, max_pct: float) -> float:
    """Return the maximum size multiplier of a directional action."""
    limit = SIZE_CAP_FROM * max_pct
    if abs(current_pct - limit) <= FLOAT_NOISE * limit:
        # In decimals 0.85 × 11.8 is 10.03; as floats it is slightly more, and 10.03 would escape the cap.
        capped = Decimal(repr(current_pct)) >= Decimal(repr(SIZE_CAP_FROM)) * Decimal(repr(max_pct))
    else:
        capped = current_pct >= limit
    return CAPPED_SIZE if capped else UNCAPPED_SIZE
