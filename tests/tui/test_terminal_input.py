"""What a terminal answers is never a key, however late and in whatever pieces it comes; keys, clicks and pastes are."""

import inspect
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events, messages
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

from phase4_tui.tui.terminal_input import LARGEST_PASTE, LATE_SECONDS, LONGEST_SECONDS, WAIT_SECONDS, TerminalInput

ST = "\x1b\\"
ANSWERS = [
    f"\x1bP>|XTerm(390){ST}",
    f"\x1bP>|tmux 3.4{ST}",
    f"\x1bP!|7E565445{ST}",
    f"\x1bP1$r0;38:2::1:2:3m{ST}",
    f"\x1bP1+r524742=382F382F38{ST}",
    f"\x1bP0+r{ST}",
    f"\x1b]11;rgb:1e1e/1e1e/2e2e{ST}",
    "\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
    "\x1b]4;1;rgb:cccc/0000/0000\x07",
    "\x1b]52;c;eHF4cXhxeA==\x07",
    f"\x1b]ltitle qx{ST}",
    f"\x1b_Gi=31;OK{ST}",
    f"\x1b_Gi=31;ENOENT:xqy{ST}",
    f"\x1b^private xq{ST}",
    f"\x1bXstring xq{ST}",
    "\x1b[?6c",
    "\x1b[?64;1;2;6;9;15;16;17;18;21;22;28c",
    "\x1b[>41;390;0c",
    "\x1b[=0c",
    "\x1b[?1u",
    "\x1b[?31u",
    "\x1b[0n",
    "\x1b[?997;1n",
    "\x1b[?13n",
    "\x1b[12;40R",
    "\x1b[?12;40;1R",
    "\x1b[1;1R",
    "\x1b[?2027;0$y",
    "\x1b[4;2$y",
    "\x1b[4;600;800t",
    "\x1b[8;24;80t",
    "\x1b[2;1;1;112;112;1;0x",
    "\x1b[?1;0;256S",
    "\x1b[>4;1m",
    "\x1b[1114112;1u",
    "\x1b[99999999999999999999;1u",
    "\x1b[97:65;1u",
    "\x1b[?" + "1;" * 300 + "c",
    "\x1b[?1$5y",
    "\x1b[M !!",
]
KEYS = {
    "q": ["q"],
    "\x1b[A": ["up"],
    "\x1bOP": ["f1"],
    "\x1b[15~": ["f5"],
    "\x1b[[A": ["f1"],
    "\x1b[1;5C": ["ctrl+right"],
    "\x1b[27u": ["escape"],
    "\x1b[113u": ["q"],
    "\x1b[113;5u": ["ctrl+q"],
    "\x1bq": ["alt+q"],
    "\x1bf": ["ctrl+right"],
    "\x1b\x1b[A": ["escape", "up"],
    "\r": ["enter"],
    "é": ["é"],
    "\x1a": ["ctrl+z"],
}


class Clock:
    """A clock that only goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Keyboard:
    """What arrives from a terminal, read by read; `seen` is what it means."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.seen: list[Message] = []
        self._input = TerminalInput(XTermParser(), self.clock)

    def reads(self, *texts: str, seconds_between: float = 0.0) -> "Keyboard":
        """Read texts one after the other."""
        for text in texts:
            self.seen += self._input.feed(text)
            self.waits(seconds_between)
        return self

    def waits(self, seconds: float) -> "Keyboard":
        """Let time pass, looked at as often as the driver does."""
        for _ in range(max(int(seconds * 20), 1)):
            self.clock.now += seconds / max(int(seconds * 20), 1)
            self.seen += self._input.tick()
        return self

    @property
    def keys(self) -> list[str]:
        """The keys that were pressed."""
        return [one.key for one in self.seen if isinstance(one, events.Key)]

    @property
    def pasted(self) -> list[str]:
        """The texts that were pasted."""
        return [one.text for one in self.seen if isinstance(one, events.Paste)]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_is_no_key_at_whatever_byte_it_is_split(answer: str) -> None:
    for at in range(1, len(answer) + 1):
        assert Keyboard().reads(answer[:at], f"{answer[at:]}q").keys == ["q"]
    late = Keyboard().reads(*answer, seconds_between=0.05 if len(answer) < 100 else 0.001)
    assert late.reads("q").keys == ["q"]
    assert late.pasted == []


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_that_stalls_for_a_second_is_no_key(answer: str) -> None:
    for at in range(2, len(answer)):
        assert Keyboard().reads(answer[:at], answer[at:], seconds_between=1.0).keys == [], answer[:at]


@pytest.mark.parametrize("answer", [one for one in ANSWERS if "$" not in one and one[1] in "[P]" and "M" not in one])
def test_an_answer_whose_escape_came_alone_closes_at_most_a_dialog(answer: str) -> None:
    assert Keyboard().reads("\x1b", answer[1:], seconds_between=0.3).keys == ["escape"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_an_answer_without_its_end_is_given_up_and_keys_work_again(answer: str) -> None:
    for at in range(2, len(answer)):
        gone = Keyboard().reads(answer[:at]).waits(WAIT_SECONDS + 0.1).reads("q")
        assert gone.keys == ["q"], answer[:at]
        assert gone.pasted == []


def test_keys_typed_without_a_pause_into_a_lost_answer_get_through_in_the_end() -> None:
    keyboard = Keyboard().reads("\x1bP>|XTe").reads(*"q" * 100, seconds_between=0.1)
    assert 100 - LONGEST_SECONDS * 10 - 2 <= len(keyboard.keys) < 100


def test_escape_ends_a_lost_answer_and_the_next_key_is_one() -> None:
    assert Keyboard().reads("\x1bP>|XTe", "\x1b[A", "q").keys == ["up", "q"]


@pytest.mark.parametrize("sequence", KEYS)
def test_a_key_is_a_key_at_whatever_byte_it_is_split(sequence: str) -> None:
    for at in range(len(sequence)):
        assert Keyboard().reads(sequence[:at] or "", sequence[at:]).keys == KEYS[sequence]
    assert Keyboard().reads(*sequence, seconds_between=0.01).keys == KEYS[sequence]


def test_the_escape_key_is_one_after_a_tenth_of_a_second() -> None:
    keyboard = Keyboard().reads("\x1b")
    assert keyboard.waits(0.05).keys == []
    assert keyboard.waits(0.06).keys == ["escape"]


def test_the_reports_that_the_dashboard_asked_for_arrive() -> None:
    seen = Keyboard().reads(*"\x1b[?2026;2$y\x1b[I\x1b[O\x1b[48;24;80;480;640t\x1b[<0;11;6M\x1b[<0;11;6m").seen
    assert [type(one) for one in seen] == [
        messages.TerminalSupportsSynchronizedOutput, events.AppFocus, events.AppBlur, events.Resize,
        events.MouseDown, events.MouseUp,
    ]  # fmt: skip


def test_an_answer_among_keys_and_clicks_takes_none_with_it() -> None:
    text = "".join(f"q{answer}\x1b[<35;11;6M" for answer in ANSWERS)
    keyboard = Keyboard().reads(text)
    assert keyboard.keys == ["q"] * len(ANSWERS)
    assert sum(isinstance(one, events.MouseMove) for one in keyboard.seen) == len(ANSWERS)


# Pastes -----------------------------------------------------------------------------------------------------


def test_a_paste_is_one_at_whatever_byte_it_is_split() -> None:
    paste = "\x1b[200~two\nlines, é and \x1b[?6c\x1b[201~"
    for at in range(len(paste)):
        keyboard = Keyboard().reads(paste[:at] or "", paste[at:], "q")
        assert (keyboard.pasted, keyboard.keys) == (["two\nlines, é and \x1b[?6c"], ["q"])
    assert Keyboard().reads(*paste, seconds_between=0.05).pasted == ["two\nlines, é and \x1b[?6c"]


@pytest.mark.parametrize("tail", ["", "\x1b", "\x1b[", "\x1b[20", "\x1b[201"])
def test_a_paste_that_never_ends_is_a_paste_and_then_keys_are_keys(tail: str) -> None:
    keyboard = Keyboard().reads(f"\x1b[200~xqy{tail}")
    assert keyboard.waits(WAIT_SECONDS - 0.2).seen == []
    keyboard.waits(0.3).reads("q")
    assert (keyboard.pasted, keyboard.keys) == (["xqy"], ["q"])


def test_keys_pressed_without_a_pause_do_not_keep_a_paste_open_for_ever() -> None:
    keyboard = Keyboard().reads("\x1b[200~").reads(*"q" * 100, seconds_between=0.1)
    assert len(keyboard.pasted) == 1
    assert 100 - LONGEST_SECONDS * 10 - 2 <= len(keyboard.keys) < 100


@pytest.mark.parametrize("sequence", ["\x1b[A", "\x1b[<35;10;10M", "qq"])
def test_neither_arrows_nor_clicks_nor_quick_fingers_keep_a_paste_open_for_ever(sequence: str) -> None:
    keyboard = Keyboard().reads("\x1b[200~").reads(*[sequence] * 100, seconds_between=0.1).reads("q")
    assert len(keyboard.pasted) == 1
    assert len(keyboard.seen) > 100 - LONGEST_SECONDS * 10 - 2
    assert keyboard.keys[-1] == "q"


def test_escape_alone_ends_a_paste_that_never_ends() -> None:
    keyboard = Keyboard().reads("\x1b[200~a reason").reads("\x1b", seconds_between=0.6).reads("q")
    assert (keyboard.pasted, keyboard.keys) == (["a reason"], ["q"])


def test_the_rest_of_a_paste_that_stalled_is_a_paste_not_keys() -> None:
    keyboard = Keyboard().reads("\x1b[200~begun ").waits(LATE_SECONDS / 2).reads("q\x1b[201~", "x")
    assert (keyboard.pasted, keyboard.keys) == (["begun ", "q"], ["x"])
    keyboard = Keyboard().reads("\x1b[200~begun ").waits(LATE_SECONDS / 2).reads("q" * 4096, "q\x1b[201~", "x")
    assert (keyboard.pasted, keyboard.keys) == (["begun ", "q" * 4097], ["x"])


def test_a_paste_without_an_end_takes_no_more_memory_than_its_bound() -> None:
    keyboard, piece = Keyboard(), "q" * 4096
    keyboard.reads("\x1b[200~")
    for _ in range(3 * LARGEST_PASTE // len(piece)):
        keyboard.reads(piece)
    keyboard.waits(WAIT_SECONDS + 0.1)
    assert sum(map(len, keyboard.pasted)) == 3 * LARGEST_PASTE
    assert max(map(len, keyboard.pasted)) <= LARGEST_PASTE + len(piece)
    assert keyboard.keys == []


# Anything at all --------------------------------------------------------------------------------------------


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(st.text(max_size=8), st.sampled_from([*ANSWERS, "\x1b[200~", "\x1b[201~", "\x1b", *KEYS]))))
def test_nothing_that_arrives_ends_the_reading_and_keys_always_come_back(texts: list[str]) -> None:
    keyboard = Keyboard().reads(*texts, seconds_between=0.01).waits(LONGEST_SECONDS + LATE_SECONDS)
    before = len(keyboard.keys)
    assert keyboard.reads("q").keys[before:] == ["q"]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=5), st.data())
def test_answers_in_any_pieces_are_no_keys(answers: list[str], data: st.DataObject) -> None:
    text = "".join(answers)
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)) | {0, len(text)})
    pieces = [text[begin:end] for begin, end in pairwise(cuts)]
    assert Keyboard().reads(*pieces, seconds_between=0.05).waits(3).keys == []


# Textual's private parts ------------------------------------------------------------------------------------


def test_what_is_used_of_textuals_private_parts_is_still_there() -> None:
    assert "alt" in inspect.signature(XTermParser._sequence_to_key_events).parameters
    assert XTermParser._re_sgr_mouse.fullmatch("\x1b[<0;11;6M")
    source = inspect.getsource(LinuxDriver)
    for part in (
        "def _sigtstp_application(", "def _sigcont_application(", "def run_input_thread(", "self._key_thread = Thread",
        "self._must_signal_resume:", "self._writer_thread = WriterThread(", "self.attrs_before =", "self.exit_event =",
        "signal.signal(signal.SIGCONT, self._sigcont_application)",
    ):  # fmt: skip
        assert part in source, part
