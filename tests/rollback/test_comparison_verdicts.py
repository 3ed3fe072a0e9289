"""What a comparison says in the end, and how figures that are words, and not numbers, are labelled."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path

import pytest

from phase4_tui.artifacts.names import Artifact
from phase4_tui.rollback.comparison import ComparisonResult, compare
from tests.rollback.support import site_of
from tests.runbook.documents import ALERT, Tag

NO_TRADE, EVENTS = (ALERT | {"metric": metric} for metric in ("no_trade_pct", "event_block_pct"))


@pytest.fixture
def tags(tmp_path: Path) -> dict[str, Tag]:
    return {name: Tag(tmp_path / "reports", name) for name in ("bad", "good", "new")}


def monitored(tag: Tag, *alerts: object, **kpis: object) -> None:
    """Put there what the monitor measured of a tag."""
    snapshot = {"run_tag": tag.name, "records": 0, "kpis": kpis}
    status = "ALERT" if alerts else "OK"
    tag.change(Artifact.MONITORING, partial(dict.update, status=status, alerts=list(alerts), snapshot=snapshot))


def compared(tags: Mapping[str, Tag], known_good: str | None = "good") -> ComparisonResult:
    return compare(site_of(tags["bad"].reports.parent), "bad", "new", known_good)


SAME = "0 of 0 decisions differ"


def test_a_re_run_of_which_nothing_is_wrong_any_more_has_recovered(tags: dict[str, Tag]) -> None:
    monitored(tags["bad"], NO_TRADE)
    found = compared(tags)
    assert (found.recovered, found.verdict) == (True, f"new has recovered: 2 gone, 0 still there, 0 new; {SAME}")


def test_a_re_run_with_the_same_trouble_has_not_recovered(tags: dict[str, Tag]) -> None:
    for name in ("bad", "new"):
        monitored(tags[name], NO_TRADE)
    found = compared(tags)
    assert (found.recovered, found.verdict) == (False, f"new has not recovered: 0 gone, 2 still there, 0 new; {SAME}")


def test_a_re_run_with_other_trouble_has_not_recovered_either(tags: dict[str, Tag]) -> None:
    monitored(tags["new"], EVENTS)
    found = compared(tags)
    assert (found.recovered, found.verdict) == (False, f"new has not recovered: 0 gone, 0 still there, 2 new; {SAME}")


@pytest.mark.parametrize("known_good", ["good", None])
def test_a_figure_that_is_a_word_is_gone_where_the_re_run_has_that_of_the_known_good_tag(
    tags: dict[str, Tag], known_good: str | None
) -> None:
    words = {"bad": "ALERT", "good": "OK", "new": "OK"}
    for name, word in words.items():
        monitored(tags[name], quality_check_status=word, flag=name != "bad")
    found = {one.key: (one.bad, one.known_good, one.rerun, one.label) for one in compared(tags, known_good).kpis}
    label = "gone" if known_good else "incomparable"
    good = ("OK", True) if known_good else (None, None)
    assert found == {
        "quality_check_status": ("ALERT", good[0], "OK", label),
        "flag": (False, good[1], True, label),
    }


def test_a_word_that_is_neither_the_bad_tags_nor_the_known_good_ones_is_incomparable(tags: dict[str, Tag]) -> None:
    for name, tag in tags.items():
        monitored(tag, quality_check_status=name)
    (one,) = compared(tags).kpis
    assert (one.key, one.label) == ("quality_check_status", "incomparable")


def test_true_is_not_1_and_a_figure_that_a_side_lacks_is_incomparable(tags: dict[str, Tag]) -> None:
    monitored(tags["bad"], flag=0, only_bad_pct=1.0, both_pct=1.0)
    monitored(tags["good"], flag=1)
    monitored(tags["new"], flag=True, only_new_pct=1.0, both_pct=1.0)
    found = {one.key: one.label for one in compared(tags).kpis}
    assert found == {"flag": "incomparable", "only_bad_pct": "incomparable", "only_new_pct": "incomparable"}
