"""Over a slow line a key shows its effect soon, since no more is under way than the line takes in a moment."""

import pytest

from phase4_tui.tui.output_flow import ASK, BUFFER, LEAST, LOST_SECONDS, OutputFlow

SLOW, FAST = 3000, 1_000_000


class Clock:
    """A clock that is moved by hand."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock()


def under_way(flow: OutputFlow, clock: Clock, rate: int, seconds: float) -> int:
    """Send as much as there is room for down a line of a rate; return the most that was under way after a while."""
    end, line, most = clock.now + seconds, 0.0, 0
    while clock.now < end:
        clock.now += 0.05
        line = max(line - rate * 0.05, 0.0)
        if room := flow.room():
            flow.sent(min(room, 4000))
            line += min(room, 4000)
        most = max(most, int(line)) if clock.now > end - seconds / 2 else most
    return most


def test_of_a_slow_line_that_answers_no_more_is_under_way_than_it_takes_in_a_second(clock: Clock) -> None:
    flow = OutputFlow(clock)
    assert flow.sent(8000) == ASK
    clock.now += 8000 / SLOW
    assert flow.answered() == ""
    assert LEAST <= flow.room() < SLOW


def test_a_fast_line_that_answers_is_not_held_up(clock: Clock) -> None:
    flow = OutputFlow(clock)
    for _ in range(5):
        flow.sent(8000)
        clock.now += 8000 / FAST
        flow.answered()
    assert flow.room() > 100_000


def test_a_short_text_over_a_long_way_is_not_taken_for_a_slow_line(clock: Clock) -> None:
    flow = OutputFlow(clock)
    flow.sent(40)
    clock.now += 0.3
    flow.answered()
    assert flow.room() > 100_000


def test_what_is_sent_before_an_answer_is_asked_about_after_it(clock: Clock) -> None:
    flow = OutputFlow(clock)
    assert flow.sent(4000) == ASK
    assert flow.sent(100) == ""
    clock.now += 1
    assert flow.answered() == ASK
    assert flow.answered() == ""


def test_an_answer_that_never_comes_holds_nothing_up_for_long(clock: Clock) -> None:
    flow = OutputFlow(clock)
    flow.sent(4000)
    clock.now += 4
    flow.answered()
    flow.sent(4000)
    assert flow.is_asking
    assert not flow.room()
    clock.now += LOST_SECONDS + 0.1
    assert flow.room()
    assert not flow.is_asking


def test_a_terminal_that_never_answers_is_not_held_up_unless_its_buffer_fills(clock: Clock) -> None:
    flow = OutputFlow(clock)
    for _ in range(50):
        clock.now += 0.1
        assert flow.room() > 4000
        flow.sent(4000)
        flow.taken(4000, 0.01)
    assert not flow.is_asking


def test_once_its_buffer_was_full_it_gets_no_more_than_it_takes(clock: Clock) -> None:
    flow = OutputFlow(clock)
    flow.sent(4000)
    flow.taken(4000, 4000 / SLOW)
    assert not flow.room()
    clock.now += BUFFER / SLOW
    assert under_way(flow, clock, SLOW, 30) < SLOW
    for _ in range(1000):
        flow.taken(100, 0.0)
    assert flow.room() > 4000, "a line that takes more gets more"


def test_a_few_bytes_that_were_taken_late_hold_nothing_up(clock: Clock) -> None:
    flow = OutputFlow(clock)
    flow.sent(12)
    flow.taken(12, 5.0)
    assert flow.room() > 4000


def test_however_slow_a_line_seems_it_is_tried_again_soon(clock: Clock) -> None:
    flow = OutputFlow(clock)
    flow.sent(4000)
    flow.taken(4000, 1000.0)
    clock.now += BUFFER / LEAST
    assert flow.room()
