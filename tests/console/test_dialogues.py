"""The dialogues themselves, with answers from a script: what is asked, in which order, and what is then done."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from phase4_tui.cli.asker import result_of
from phase4_tui.console.facts.once import read_snapshot
from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.operations.asker import Check, Declined, Left, Line, Offer, Question, Severity
from phase4_tui.console.operations.dialogues import incidents, phase4, rollback, runs, tags
from phase4_tui.console.operations.session import Session
from phase4_tui.console.operations.suggestions import NONE, Suggestions
from phase4_tui.console.views import View
from phase4_tui.errors import Phase4Error, Refused, Remedy, as_commands
from phase4_tui.rollback.incidents import look_for_incident
from phase4_tui.rollback.operations import Done
from phase4_tui.runbook.run_plan import RunPlan
from tests.rollback.support import freeze, site_of, state_of
from tests.runbook.support import laid_out
from tests.tui.support import lay_out

T = TypeVar("T")
YES, NO = "yes", "no"


class Script:
    """Answers each question with the next answer; `asked` is what was asked, shown and told, in order."""

    def __init__(self, *answers: str, screens: bool = False, attended: bool = True) -> None:
        self._answers = list(answers)
        self._screens = screens
        self.attended = attended
        self.asked: list[str] = []
        self.known: dict[str, Suggestions] = {}

    def _next(self, asked: str) -> str:
        self.asked.append(asked)
        if not self._answers:
            raise Left("")
        return self._answers.pop(0)

    async def reason(self, what: str, proposed: str = "") -> str:
        return self._next(f"reason to {what}") or proposed

    async def text(
        self,
        question: str,
        *,
        default: str = "",
        note: str = "",
        needed: bool = True,
        instead: Remedy | None = None,
        check: Check | None = None,
        known: Suggestions = NONE,
    ) -> str:
        self.known[question] = known
        while True:
            answer = self._next(f"{note}|{question}" if note else question) or default
            try:
                if check is not None:
                    await check(answer)
            except Phase4Error as error:
                self.asked.append(as_commands(error.message, error.remedies))
            else:
                return answer

    async def choose(
        self,
        question: str,
        choices: Sequence[tuple[str, str]],
        first: str | None = None,
        *,
        instead: Remedy | None = None,
    ) -> str:
        return self._next(question) or first or ""

    async def confirm(self, question: Question) -> bool:
        return self._next(question.text) == YES

    async def offer(self, offer: Offer) -> bool:
        return offer.nothing is not None or offer.typed_is_enough or await self.confirm(offer.question)

    async def open(self, view: View, *names: str) -> bool:
        self.asked.append(f"open {' '.join((view.value, *names))}")
        return self._screens

    def word(self, message: str, remedies: Sequence[Remedy] = (), *, digests: Sequence[str] = ()) -> str:
        return as_commands(message, remedies)

    def show(self, lines: Sequence[Line]) -> None:
        self.asked += [line if isinstance(line, str) else line[0] for line in lines]

    def tell(self, text: str, severity: Severity = "information", *, remedies: Sequence[Remedy] = ()) -> None:
        self.asked.append(text)

    def report(self, done: Done) -> None:
        self.asked += done.lines


class Here:
    """A face without a screen, which runs nothing."""

    def __init__(self, work: Path) -> None:
        self._work = work
        self.ran: list[RunPlan] = []
        self.command = ""

    async def work(self, function: Callable[[], T]) -> T:
        return function()

    async def write(self, function: Callable[[], T]) -> T:
        return function()

    async def carry_out(self, function: Callable[[], T]) -> T:
        return function()

    async def run(self, plan: RunPlan) -> bool:
        self.ran.append(plan)
        return False

    async def facts(self) -> Snapshot:
        return read_snapshot(site_of(self._work))

    def did(self, command: str) -> None:
        self.command = command


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """A desk with a good tag A, and B, which is P1 and has an incident."""
    lay_out(laid_out(tmp_path))
    look_for_incident(site_of(tmp_path), "B")
    return tmp_path


def session(work: Path, script: Script) -> tuple[Session, Here]:
    face = Here(work)
    return Session(site_of(work), script, face), face


def play(work: Path, dialogue: Callable[..., Any], *answers: str, **given: Any) -> tuple[Script, Here]:
    """Run a dialogue with these answers."""
    script = Script(*answers)
    now, face = session(work, script)
    result_of(dialogue(now, **given))
    return script, face


def test_freeze_takes_the_incidents_tag_asks_why_and_shows_the_plan(work: Path) -> None:
    script, face = play(work, tags.freeze, "", YES)
    assert script.asked[:2] == ["reason to freeze B", "freeze B?"]
    assert face.command.startswith("phase4 freeze B --reason 'evidence of inc-")
    assert "B" in state_of(work).frozen


def test_what_was_given_is_not_asked_for(work: Path) -> None:
    script, _ = play(work, tags.freeze, YES, tag="A", reason="why not")
    assert script.asked[0] == "freeze A?"
    assert state_of(work).frozen["A"].reason == "why not"


def test_a_no_to_the_plan_leaves_everything_as_it_was(work: Path) -> None:
    before = state_of(work)
    with pytest.raises(Declined):
        play(work, tags.freeze, "", NO)
    with pytest.raises(Left):
        play(work, tags.freeze)
    assert state_of(work) == before


def test_an_empty_tag_is_a_tag_that_was_given_and_is_refused(work: Path) -> None:
    for dialogue in (tags.freeze, tags.thaw, tags.restore, tags.pin, phase4.reopen):
        with pytest.raises(Refused, match="no run tag"):
            play(work, dialogue, YES, YES, tag="", **({"reason": "r"} if dialogue in (tags.freeze, tags.thaw) else {}))


def test_the_fallback_offers_the_phase_3_run_and_goes_on_without_it(work: Path) -> None:
    script, face = play(work, phase4.mode, "", YES, NO)
    asked = [line for line in script.asked if line.endswith("?") or line.startswith("reason")]
    assert asked == [
        "reason to fall back to Phase 3",
        "evaluation mode Phase 3 only?",
        "Run the Phase 3 sequence as phase3_demo now?",
    ]
    assert "Phase 3 was not run" in script.asked
    assert face.ran == []
    assert state_of(work).evaluation_mode == "phase3_only"
    script, _ = play(work, phase4.mode)
    assert script.asked == ["evaluation mode is Phase 3 only already"]


def test_each_question_of_a_rehearsal_stays_open_until_its_answer_can_be_used(work: Path) -> None:
    freeze(work, "B")
    script, face = play(work, runs.rehearse, "B", "fixed", "nowhere.json", "", YES)
    tag, frozen, tag_again, source, missing, source_again = script.asked
    assert (tag, tag_again) == ("Tag of the rehearsal?",) * 2
    assert frozen.startswith("B is frozen")
    assert (source, source_again) == ("Input of the rehearsal?",) * 2
    assert missing.startswith("nowhere.json is missing")
    assert [plan.tag for plan in face.ran] == ["fixed"]
    assert face.ran[0].request.rehearsal


def test_a_light_operation_is_asked_about_unless_it_was_typed_in_full(work: Path) -> None:
    script = Script()
    site_session, face = session(work, script)
    result_of(incidents.escalate(Session(site_session.site, script, face, is_typed=True), owner="risk"))
    assert not any(line.endswith("?") for line in script.asked)
    script, _ = play(work, incidents.escalate, "", "they should know", YES)
    assert script.asked[:3] == ["Whom to call?", "What should risk know?", "escalate to risk?"]


def test_reopening_asks_a_person_for_what_no_yes_may_answer(work: Path) -> None:
    script, unattended = Script(YES, attended=False), Script(NO)
    with pytest.raises(Declined):
        result_of(phase4.reopen(session(work, unattended)[0], tag="A"))
    assert any("Override them? It stays on record for ever." in line for line in unattended.asked)
    with pytest.raises(Refused, match="unmet"):
        result_of(phase4.reopen(session(work, Script(NO, attended=False))[0], tag="A"))
    assert script.asked == []


def test_each_step_of_the_rollback_asks_the_same_on_every_face_but_for_what_a_screen_asks(
    work: Path,
) -> None:
    plain, _ = play(work, rollback.step, "", YES, number=1)
    screens = Script(screens=True)
    for number in (2, 4):
        result_of(rollback.step(session(work, screens)[0], number))
    assert plain.asked[:2] == ["reason to freeze B", "freeze B?"]
    assert screens.asked == ["open known_good", "open root_cause"]
    plain, _ = play(work, rollback.step, "nope", "A", YES, number=2)
    questions = [line for line in plain.asked if "Switch to which tag?" in line]
    assert len(questions) == 2
    assert questions[1].startswith("nope is not known-good")
    assert state_of(work).active_tag == "A"
    plain, _ = play(work, rollback.step, "feed", "other feed", "", "", YES, number=4)
    assert plain.asked[:5] == ["open root_cause", "Cause?", "Remediation?", "Owner?", "Closed when?"]
    incident = state_of(work).incident
    assert incident is not None
    assert len(incident.root_causes) == 1


def test_the_walk_stops_for_who_has_taken_over(work: Path) -> None:
    with pytest.raises(Refused, match="another operator has taken the rollback over"):
        result_of(rollback.walk(session(work, Script())[0], None, lambda: True))
