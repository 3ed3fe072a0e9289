"""No verdict is green unless a recomputation from the report is, and a copy is as healthy as its original.

`python -m tests.second_opinion 1000` tries more directories, other ones each time.
"""

from collections.abc import Callable, Iterator

import pytest
from hypothesis import HealthCheck, settings

from phase4_tui.artifacts.names import Artifact
from phase4_tui.runbook import evidence
from tests.second_opinion.machine import Directory

Directory.TestCase.settings = settings(
    max_examples=30,
    stateful_step_count=25,
    derandomize=True,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
TestDirectory = Directory.TestCase


@pytest.fixture
def directory() -> Iterator[Directory]:
    """A directory in which a good run was made."""
    directory = Directory()
    directory.run_good("mon")
    directory.no_verdict_is_green_that_a_second_opinion_is_not()
    assert directory.is_green("mon")
    yield directory
    directory.teardown()


def score(directory: Directory) -> None:
    directory.change_what_a_file_says("mon", (Artifact.REPORT, "score past the scale"), "put back", in_place=True)


def another_report(directory: Directory) -> None:
    directory.run_a_step("mon", "good, with blocks", "pipeline", "breaks the policy")


@pytest.mark.parametrize("harm", [score, another_report])
def test_a_program_that_takes_every_check_for_fresh_is_found_out(
    directory: Directory, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Directory], None]
) -> None:
    monkeypatch.setattr(evidence, "stale_files", lambda *_: {})
    harm(directory)
    with pytest.raises(AssertionError, match="mon is green, but "):
        directory.no_verdict_is_green_that_a_second_opinion_is_not()


@pytest.mark.parametrize("harm", [score, another_report])
def test_the_same_harm_leaves_no_green_verdict(directory: Directory, harm: Callable[[Directory], None]) -> None:
    harm(directory)
    directory.no_verdict_is_green_that_a_second_opinion_is_not()
    assert not directory.is_green("mon")
