"""Each state of a check has a word and a sign of its own on the screen, so that none is told by its colour alone."""

from collections.abc import Callable
from pathlib import Path

import pytest

from phase4_tui.artifacts import documents
from phase4_tui.artifacts.names import Artifact
from tests.figures import Figures
from tests.runbook.documents import ALERT, Tag, quality
from tests.tui.support import lay_out
from tests.tui.view_support import dashboard, sees

CHECK, MONITORING = Artifact.QUALITY_CHECK, Artifact.MONITORING
STATES: dict[str, Callable[[Tag], object]] = {
    "QUALITY CHECK ✔ passed": lambda tag: tag,
    "QUALITY CHECK ✘ FAILED": lambda tag: tag.put(CHECK, quality(False)),
    "QUALITY CHECK ○ MISSING": lambda tag: tag.remove(CHECK),
    "QUALITY CHECK ✘ UNREADABLE": lambda tag: tag.put(CHECK, "x["),
    "QUALITY CHECK … WRITING": lambda tag: tag.put(CHECK, '{"passed": tr', age=1),
    "QUALITY CHECK ? STALE": lambda tag: tag.age(CHECK, 1000),
    "MONITORING ✔ OK": lambda tag: tag,
    "MONITORING ! ALERT": lambda tag: tag.change(MONITORING, lambda it: it.update(status="ALERT", alerts=[ALERT])),
    "SIGN-OFF ✔ present": lambda tag: tag,
}


async def test_each_state_of_a_check_is_told_by_a_word_that_no_other_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figures: Figures
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(documents, "WRITING_GRACE_NS", 10**12)
    reports = lay_out(tmp_path)
    tags = {word: Tag(reports, f"t{number}") for number, word in enumerate(STATES)}
    for word, make in STATES.items():
        make(tags[word])
    async with dashboard(tmp_path) as (app, pilot):
        for word, tag in tags.items():
            app.facts.choose(tag.name)
            await sees(pilot, f"viewing {tag.name}", word)
    figures.total("{:,} states", len(STATES))
