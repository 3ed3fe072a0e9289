"""Whatever stands in a file, its reader says so in its own words, soon, and in little memory."""

import random
from pathlib import Path

import pytest

from tests.fuzz.campaign import Campaign
from tests.fuzz.faces import try_faces
from tests.fuzz.readers import READERS
from tests.fuzz.seeds import laid_out

SEEDS = [20261127, random.SystemRandom().randrange(1 << 32)]
SECONDS = 7.0
FACES = 5


@pytest.fixture(scope="module")
def campaign(tmp_path_factory: pytest.TempPathFactory) -> Campaign:
    """Return cases on a working directory that the program has made."""
    directory = tmp_path_factory.mktemp("fuzz")
    return Campaign(laid_out(directory / "work"), directory / "failures")


@pytest.mark.parametrize("seed", SEEDS, ids=["fixed", "fresh"])
def test_no_reader_raises_what_it_does_not_announce_or_takes_long_or_much_memory(campaign: Campaign, seed: int) -> None:
    print(f"seed {seed}: python -m tests.fuzz --seed {seed}")
    tally = campaign.run(seed, SECONDS)
    assert not tally.failures, f"seed {seed}: " + "\n".join(f"{one.case}: {one.why}" for one in tally.failures)
    assert set(tally.cases) == set(READERS)


@pytest.mark.parametrize("seed", SEEDS, ids=["fixed", "fresh"])
def test_no_command_answers_with_a_traceback_whatever_stands_in_the_files(
    campaign: Campaign, seed: int, tmp_path: Path
) -> None:
    for number in range(FACES):
        why = try_faces(campaign.clean, tmp_path / str(number), f"{seed} {number}")
        assert why is None, f"seed {seed}, {tmp_path / str(number)}: {why}"


def test_a_case_that_fails_is_kept_and_can_be_tried_again(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(work: Path, path: Path) -> None:
        raise ZeroDivisionError(path.name)

    monkeypatch.setitem(READERS, "broken", READERS["rules"].__class__("monitoring_rules.json", fail))
    tally = campaign.run(7, 0.01, ["broken"])
    (failure, *_) = tally.failures
    tally.failures.clear()
    assert "ZeroDivisionError: monitoring_rules.json" in failure.why
    assert "ZeroDivisionError" in (campaign.replay(failure.case) or "")
    monkeypatch.setitem(READERS, "broken", READERS["rules"])
    assert campaign.replay(failure.case) is None
