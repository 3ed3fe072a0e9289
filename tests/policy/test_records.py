"""Defaults, domains, types and unknown fields of input records (docs policy, "Phase 4 input", "Phase 3 input")."""

import msgspec
import pytest

from phase4_tui.policy.phase3.record import Record as Phase3Record
from phase4_tui.policy.phase4.record import Record as Phase4Record
from tests.policy.strategies import (
    LARGEST,
    PHASE3_DEFAULTS,
    PHASE4_DEFAULTS,
    SMALLEST,
    above,
    below,
    phase3_record,
    phase4_record,
)

Kind = type[Phase3Record] | type[Phase4Record]
FIELDS: dict[Kind, dict[str, object]] = {Phase3Record: PHASE3_DEFAULTS, Phase4Record: PHASE4_DEFAULTS}
KINDS = pytest.mark.parametrize("kind", FIELDS)


def read(kind: Kind, **changes: object) -> object:
    """Decode a record with `changes` as from a file; a change to `...` leaves the field out."""
    fields = {key: value for key, value in (FIELDS[kind] | changes).items() if value is not ...}
    return msgspec.json.decode(msgspec.json.encode(fields), type=kind)


def test_a_phase_4_record_has_no_event_no_exposure_and_room_for_35_percent_unless_given() -> None:
    record = phase4_record()
    assert (record.event_name, record.event_window_active) == ("NONE", False)
    assert (record.current_portfolio_exposure_pct, record.max_portfolio_exposure_pct) == (0.0, 35.0)


def test_a_phase_3_record_has_no_event_risk_unless_given() -> None:
    assert phase3_record().event_risk_high is False


@pytest.mark.parametrize(("kind", "field"), [(kind, field) for kind, fields in FIELDS.items() for field in fields])
def test_every_other_field_is_required_by_name(kind: Kind, field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        read(kind, **{field: ...})


@KINDS
@pytest.mark.parametrize("field", ["Underlying", "session", "event", "_", ""])
def test_an_unknown_field_is_refused_by_name(kind: Kind, field: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=f"`{field}`"):
        read(kind, **{field: 1})


def test_each_phase_refuses_the_fields_of_the_other() -> None:
    with pytest.raises(msgspec.ValidationError, match="session_slot"):
        read(Phase3Record, session_slot="OPEN")
    with pytest.raises(msgspec.ValidationError, match="event_risk_high"):
        read(Phase4Record, event_risk_high=False)


@KINDS
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trend_strength", -1),
        ("trend_strength", 1.0),
        ("iv_percentile", 0),
        ("iv_percentile", 100.0),
        ("underlying_change_pct", LARGEST),
        ("underlying_change_pct", -LARGEST),
        ("underlying_change_pct", 3),
        ("underlying", "BANKNIFTY"),
        ("underlying", "SENSEX"),
        ("options_bias", "NEUTRAL"),
    ],
)
def test_the_ends_of_a_domain_belong_to_it(kind: Kind, field: str, value: object) -> None:
    assert getattr(read(kind, **{field: value}), field) == value


@KINDS
@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("trend_strength", above(1.0)),
        ("trend_strength", below(-1.0)),
        ("iv_percentile", above(100.0)),
        ("iv_percentile", -SMALLEST),
        ("underlying", "nifty50"),
        ("underlying", "NIFTY"),
        ("options_bias", "bullish"),
        ("options_bias", None),
        ("underlying_change_pct", "0.5"),
        ("underlying_change_pct", True),
        ("trend_strength", None),
        ("timestamp", 1771300200),
    ],
)
def test_a_value_outside_its_domain_is_refused_by_the_field_name(kind: Kind, field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        read(kind, **{field: value})


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (Phase4Record, "session_slot", "open"),
        (Phase4Record, "session_slot", "NIGHT"),
        (Phase4Record, "event_name", None),
        (Phase4Record, "event_window_active", 1),
        (Phase4Record, "event_window_active", "true"),
        (Phase4Record, "current_portfolio_exposure_pct", -SMALLEST),
        (Phase4Record, "max_portfolio_exposure_pct", 0),
        (Phase4Record, "max_portfolio_exposure_pct", -35.0),
        (Phase3Record, "options_liquidity_ok", 1),
        (Phase3Record, "options_spread_ok", "yes"),
        (Phase3Record, "daily_realized_pnl_pct", "-2"),
        (Phase3Record, "event_risk_high", 0),
    ],
)
def test_a_value_of_one_phase_outside_its_domain_is_refused_by_the_field_name(
    kind: Kind, field: str, value: object
) -> None:
    with pytest.raises(msgspec.ValidationError, match=field):
        read(kind, **{field: value})


@KINDS
@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400])
def test_a_change_that_is_no_finite_number_is_refused(kind: Kind, number: str) -> None:
    text = msgspec.json.encode(FIELDS[kind] | {"underlying_change_pct": 8.25}).replace(b"8.25", number.encode())
    with pytest.raises(msgspec.DecodeError):
        msgspec.json.decode(text, type=kind)


@KINDS
def test_a_record_never_changes(kind: Kind) -> None:
    with pytest.raises(AttributeError):
        setattr(read(kind), "trend_strength", 0.0)  # noqa: B010  # the type is not known here
