"""The size cap from 85 % of the maximum exposure, decided on the decimals as written, one float to either side."""

from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from phase4_tui.policy.phase4.engine import decide
from phase4_tui.policy.phase4.exposure import size_cap
from tests.policy.strategies import PROPERTY, above, below, phase4_record

CAPPED, FULL = 0.5, 1.0
# (85 % of the maximum as on paper, the maximum). As floats, 0.85 × maximum is exactly that, more, or less.
EXACT = [(29.75, 35.0), (85.0, 100.0), (0.85, 1.0), (17.0, 20.0)]
PRODUCT_ABOVE = [(10.03, 11.8), (16.83, 19.8), (33.66, 39.6)]
PRODUCT_BELOW = [(7.65, 9.0), (11.05, 13.0), (10.71, 12.6)]


def size(current: float, maximum: float) -> float:
    record = phase4_record(current_portfolio_exposure_pct=current, max_portfolio_exposure_pct=maximum)
    return decide(record).position_size_multiplier


def test_the_figures_below_are_what_they_claim() -> None:
    for at, maximum in EXACT + PRODUCT_ABOVE + PRODUCT_BELOW:
        assert Decimal(repr(at)) == Decimal("0.85") * Decimal(repr(maximum))
    assert all(0.85 * maximum == at for at, maximum in EXACT)
    assert all(0.85 * maximum > at for at, maximum in PRODUCT_ABOVE)
    assert all(0.85 * maximum < at for at, maximum in PRODUCT_BELOW)


@pytest.mark.parametrize(("at", "maximum"), EXACT + PRODUCT_ABOVE + PRODUCT_BELOW)
def test_the_cap_begins_exactly_at_85_percent_and_not_one_float_below(at: float, maximum: float) -> None:
    assert (size(below(at), maximum), size(at, maximum), size(above(at), maximum)) == (FULL, CAPPED, CAPPED)


@pytest.mark.parametrize(("at", "maximum"), PRODUCT_BELOW)
def test_the_product_in_floating_point_does_not_cap_what_is_below_on_paper(at: float, maximum: float) -> None:
    assert 0.85 * maximum < at
    assert size(0.85 * maximum, maximum) == FULL


def test_without_the_cap_a_size_may_be_1_and_no_more() -> None:
    assert (size_cap(0.0, 35.0), size_cap(29.74, 35.0), size_cap(29.75, 35.0)) == (1.0, 1.0, 0.5)


@PROPERTY
@given(st.decimals("0.01", "100", places=3), st.integers(-2, 2))
@example(Decimal("11.800"), 0)
@example(Decimal("3.500"), -1)
def test_any_figures_of_a_desk_are_capped_as_on_paper(maximum: Decimal, steps: int) -> None:
    current = float(Decimal("0.85") * maximum)
    for _ in range(abs(steps)):
        current = below(current) if steps < 0 else above(current)
    capped = Decimal(repr(current)) >= Decimal("0.85") * maximum
    assert size_cap(current, float(maximum)) == (CAPPED if capped else FULL)


@pytest.mark.parametrize(
    ("changes", "capped"),
    [
        ({"current_portfolio_exposure_pct": 34.0}, ", capped from 1.0 at 97.14% of the allowed exposure"),
        ({"current_portfolio_exposure_pct": 29.74}, None),
        # 0.9 x 0.8 x 0.7 is 0.5: the cap's own size, so it moved nothing
        (
            {
                "current_portfolio_exposure_pct": 34.0,
                "session_slot": "CLOSE",
                "trend_strength": 0.4,
                "underlying_change_pct": 0.3,
                "iv_percentile": 70.0,
            },
            None,
        ),
        (
            {"current_portfolio_exposure_pct": 34.0, "session_slot": "OPEN", "iv_percentile": 45.0},
            None,
        ),
    ],
)
def test_the_rationale_names_the_cap_only_where_it_made_the_size_smaller(
    changes: dict[str, object], capped: str | None
) -> None:
    decision = decide(phase4_record(**changes))
    assert decision.policy_tags.gate == "PASS"
    assert ("capped" in decision.rationale) == (capped is not None)
    if capped is not None:
        assert f"size 0.5{capped}; gate PASS" in decision.rationale
    else:
        assert f"size {decision.position_size_multiplier}; gate PASS" in decision.rationale
