"""A note that says no is read as NO-GO in whatever spelling; one that offers a choice or denies a no is not."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from phase4_tui.runbook.signoff_note import read_recommendation

NO_GO = {
    "its own line": "**Recommendation**: **NO-GO**, the release check did not pass",
    "a row of a table": "| Recommendation | NO-GO |",
    "after the choice": "Recommendation (of GO/NO-GO): NO-GO",
    "no dash": "Recommendation: NO GO",
    "one word": "Recommendation: NOGO",
    "broken at the dash": "Recommendation: NO-\nGO",
    "an entity of HTML": "Recommendation: NO&#8209;GO",
    "a tag of HTML": "Recommendation: <b>NO</b>-GO",
    "full width": "Recommendation: \uff2e\uff2f\uff0d\uff27\uff2f",
    "a hidden hyphen in the label": "Re\u00adcommendation: NO-GO",
    "the next line": "Recommendation:\nNO-GO",
    "the next paragraph": "Recommendation:\n\nNO-GO",
    "a quotation below": "**Recommendation**\n\n> NO-GO",
    "under a heading": "## Recommendation\n\nThe gates passed.\n\nNO-GO until Monday.",
    "under an underlined heading": "Recommendation\n==============\n\nNO-GO",
    "under a heading of another word": "## Verdict\nNO-GO",
    "a decision": "Final decision: rejected",
    "the choice as a label": "GO/NO-GO: NO-GO",
    "after an open choice": "Recommendation: GO / NO-GO\n\nNO-GO, says Eve",
    "the emphasised of two": "Recommendation: GO / **NO-GO**",
    "what is not struck out": "Recommendation: ~~GO~~ NO-GO",
    "the ticked box": "Recommendation:\n- [ ] GO\n- [x] NO-GO",
    "the ticked box of a line": "Recommendation: \u2610 GO \u2612 NO-GO",
    "rejected": "Recommendation: rejected",
    "do not proceed": "Recommendation: do not proceed",
    "don't proceed": "Recommendation: don\u2019t proceed",
    "cannot be released": "Recommendation: the batch cannot be released",
    "hold": "Recommendation: **hold** until the desk agrees",
    "on hold": "Recommendation: put it on hold",
    "hold with a dash": "Recommendation: HOLD \u2014 see below",
    "not approved": "Recommendation: not approved",
    "not recommended": "The release is not recommended.",
    "in a sentence": "The risk owner recommends NO-GO",
    "a no beside a go": "Recommendation: GO, but rejected by risk",
    "a no below a go": "Recommendation: GO\nNO-GO says risk",
    "a reason with none": "Recommendation: NO-GO: none of the gates passed",
    "two kinds of no": "Recommendation: HOLD / NO-GO",
}


@pytest.mark.parametrize("note", NO_GO.values(), ids=NO_GO.keys())
def test_a_note_that_says_no_is_a_no_go_and_its_words_are_told(note: str) -> None:
    found = read_recommendation(f"# Sign-off\n\n{note}\n")
    assert found.verdict == "NO-GO"
    assert found.words
    assert found.words == " ".join(found.words.split()).lower()


GO = {
    "our own": "Recommendation: **GO**\n\n## Gates\n\n- rejected: NO-GO",
    "after the choice": "Recommendation (GO/NO-GO): GO",
    "a denied no-go": "Recommendation: GO (no NO-GO finding)",
    "a denied hold": "Recommendation: GO, no reason to hold",
    "gates that hold": "Recommendation: GO: all gates hold",
    "none rejected": "Recommendation: GO, no records rejected",
    "a count of none": "Recommendation: GO\nRejected records: 0",
    "the emphasised of two": "Recommendation: **GO** / NO-GO",
    "the ticked box": "Recommendation:\n- [x] GO\n- [ ] NO-GO",
    "what is not struck out": "Recommendation: ~~NO-GO~~ GO",
    "an unseen comment": "Recommendation: GO <!-- GO or NO-GO -->",
    "another section": "## Recommendation\n\nGO\n\n## History\n\nNO-GO",
    "approved": "Recommendation: approved",
}


@pytest.mark.parametrize("note", GO.values(), ids=GO.keys())
def test_a_note_that_says_go_and_denies_any_no_is_a_go(note: str) -> None:
    assert read_recommendation(f"# Sign-off\n\n{note}\n").verdict == "GO"


NEITHER = {
    "nothing": "# Sign-off\n",
    "a choice": "Recommendation: GO / NO-GO",
    "a choice in other words": "Recommendation: approved or rejected",
    "a choice of three": "Recommendation: GO / NO-GO / HOLD",
    "an emphasised choice": "Recommendation: **GO** / **NO-GO**",
    "boxes without a tick": "Recommendation:\n- [ ] GO\n- [ ] NO-GO",
    "elsewhere": "NO-GO was the word last week",
    "decisions": "Decisions: 4 rejected",
    "within a word": "Recommendation: CASINO-GO",
}


@pytest.mark.parametrize("note", NEITHER.values(), ids=NEITHER.keys())
def test_a_note_that_chooses_nothing_recommends_nothing(note: str) -> None:
    assert read_recommendation(note).verdict == ""


DASHES = st.sampled_from(
    [*"-\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u00ad\ufe63\uff0d \u00a0\u202f\t", "", " - ", "--"]
)
UNSEEN = st.sampled_from(["", "\u200b", "\u2060", "\ufeff", "\u202e", "\x00", "\ufe0f"])
MARKS = st.sampled_from(["", "*", "**", "***", "_", "__", "`"])
SPACES = st.text(" \u00a0\u2003\t", max_size=3)
LABELS = st.sampled_from(["Recommendation", "Our recommendation", "Recommended", "Final decision", "Verdict"])
BETWEEN = st.sampled_from([":", ": ", ":\n", ":\n\n", ":\r\n", " | "])


@st.composite
def spelled(draw: st.DrawFn, first: str, second: str) -> str:
    """Spell a recommendation of two words in one of the ways that a desk, or its editor, may."""
    label, mark, unseen = draw(LABELS), draw(MARKS), draw(UNSEEN)
    word = f"{mark}{first[0]}{unseen}{first[1:]}{draw(DASHES)}{second}{mark}"
    case = draw(st.sampled_from([str.upper, str.lower, str.title]))
    return f"{label}{draw(BETWEEN)}{draw(SPACES)}{case(word)}{draw(st.sampled_from(['', '.', ' !', chr(10)]))}"


@given(spelled("no", "go"))
def test_no_spelling_of_no_go_is_overlooked(note: str) -> None:
    assert read_recommendation(note).verdict == "NO-GO"


@given(spelled("go", ""))
def test_no_spelling_of_go_is_taken_for_a_no(note: str) -> None:
    assert read_recommendation(note).verdict == "GO"


@given(st.text())
def test_any_text_can_be_read(note: str) -> None:
    assert read_recommendation(note).verdict in ("GO", "NO-GO", "")


@pytest.mark.parametrize(
    "part",
    ["<!--", "~~", "~~a", "(", "go/", "rejected no ", "[ ]", "no a ", "not ", "a", "*", "- ", "recommendation\n"],
)
def test_a_note_of_a_million_characters_is_read_in_a_moment(part: str) -> None:
    before = time.process_time()
    read_recommendation("recommendation: " + part * (1_000_000 // len(part)))
    assert time.process_time() - before < 5
