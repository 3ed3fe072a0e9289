"""The ways a dashboard ends, and what must hold then: status, terminal, no traceback, in time."""

import random
import re
import signal
import time
from contextlib import suppress

from tests.random_life.keyboard import press_and_read
from tests.random_life.world import World
from tests.terminal import plain

LEAVING_SECONDS = 10.0
QUITS = b"\x1b\x1b\x1b\x1bq"
STATUS_OF: dict[signal.Signals, tuple[int, ...]] = {
    signal.SIGTERM: (143,),
    signal.SIGHUP: (129,),
    signal.SIGINT: (0, 130),
    signal.SIGKILL: (-9,),
}
WAYS: tuple[str | signal.Signals, ...] = (
    *("q", "q", "q", "ctrl+q", "stopped", "stalled", "hang-up"),
    *STATUS_OF,
    signal.SIGTERM,
)
# A step's own traceback may be shown among its output; one with a line of the program or of its libraries is ours.
OUR_TRACEBACK = re.compile(
    rb'(?:File "?|/)[^ \n"]*(?:phase4_tui|textual|rich|asyncio)/[^ \n"]*\.py"?,? ?(?:line |:)\d+'
    rb"|Exception in thread|was never (?:retrieved|awaited)|Exception ignored|Fatal Python error|Unhandled"
    rb"|failed: [A-Z]\w+(?:Error|Exception)\b"
)
AFTERWARDS = re.compile(rb"Traceback|Error\b|Exception")


def is_interrupted_at_start(said: bytes) -> bool:
    """True when an interrupt came while the interpreter itself still started, before a line of the program ran."""
    return said.rstrip().endswith(b"KeyboardInterrupt") and b"in main" not in said


def left_early(world: World) -> bool:
    """True when the dashboard has ended in the middle of an episode; what is wrong with that is noted."""
    if world.runs():
        return False
    status = world.terminal.ended(2.0)
    refused = status == 2 and b"phase4.toml" in world.terminal.output  # it was broken just when this one began
    if not (status == 0 and world.may_leave) and not refused:
        world.found("died", f"exit status {status}: {last_words(world)}")
    elif not world.terminal.is_as_before:
        world.found("terminal", f"not as before after leaving: {_terminal(world)}")
    _no_traceback(world)
    world.count("left early")
    return True


def leave(world: World, chance: random.Random) -> str:
    """End the dashboard in one of the ways, and note what is wrong afterwards."""
    way: str | signal.Signals = chance.choice(WAYS)
    begun = time.monotonic()
    if isinstance(way, signal.Signals):
        world.terminal.kill(way)
        expected = STATUS_OF[way]
    elif way == "stopped":
        world.terminal.kill(signal.SIGSTOP)
        world.pause(0.2)
        world.terminal.kill(signal.SIGTERM)
        world.pause(0.2)
        world.terminal.kill(signal.SIGCONT)
        expected = (143,)
    elif way == "stalled":
        world.reads = False
        until = time.monotonic() + 3.5
        while time.monotonic() < until:
            world.terminal.type(b"?\x1b")
            time.sleep(0.03)
        begun = time.monotonic()
        world.terminal.kill(signal.SIGTERM)
        expected = (143, 0) if world.may_leave else (143,)
    elif way == "hang-up":
        world.terminal.hang_up()
        expected = (129, 0, 1)
    else:
        expected = (0,)
        _quit(world, way)
    name = way.name if isinstance(way, signal.Signals) else way
    try:
        status = world.terminal.ended(LEAVING_SECONDS, reads=way != "stalled")
    except TimeoutError:
        world.found("does not leave", f"{name}: still there after {time.monotonic() - begun:.0f} s; {shown(world)}")
        world.terminal.kill(signal.SIGKILL)
        world.terminal.ended()
        return f"ended by {name}, killed in the end"
    seconds = time.monotonic() - begun
    if 1049 not in world.terminal.modes and status in (-1, -2, -15):
        return f"ended by {name} before it had begun"
    if status not in expected:
        world.found("status", f"{status} after {name}, not {expected}: {last_words(world)}")
    if way == "stalled":
        if world.terminal.attributes != world.terminal.attributes_before:
            world.found("terminal", "termios not as before after a termination while nobody read")
    elif way not in (signal.SIGKILL, "hang-up") and not world.terminal.is_as_before:
        world.found("terminal", f"not as before after {name}: {_terminal(world)}")
    _no_traceback(world)
    return f"ended by {name} in {seconds:.1f} s with {status}"


def _quit(world: World, way: str) -> None:
    """Leave every screen and question, then press the key; say yes where it asks, as an operator who reads does."""
    for key in (*(b"\x1b",) * 8, b"q" if way == "q" else b"\x11", b"\x1b", b"\x1b", b"q"):
        if not world.runs():
            return
        press_and_read(world, key)


def _no_traceback(world: World) -> None:
    no_defect_on_file(world)
    output = bytes(world.terminal.output)
    found = OUR_TRACEBACK.search(plain(output))
    _, left, after = output.rpartition(b"\x1b[?1049l")
    # A dashboard that was cut off is the end of its output, with whatever a desk's script said on it.
    end = after if left else b"" if b"\x1b[?1049h" in output else output[-4000:]
    if found is not None:
        world.found("traceback", f"{found.group()!r}: {last_words(world)}")
    elif not world.runs() and AFTERWARDS.search(plain(end)):
        world.found("traceback", last_words(world))


def no_defect_on_file(world: World) -> None:
    """Note each defect that the dashboard survived and wrote down."""
    for path in sorted((world.base / "tmp").glob("phase4-defect-*")):
        lines = [line.strip() for line in path.read_text().splitlines() if line.strip()]
        world.found(
            "defect", " | ".join([*lines[2:3], *(line for line in lines if line.startswith("File"))][-7:] + lines[-1:])
        )
        path.rename(path.with_name(f"seen-{path.name}"))


def _terminal(world: World) -> str:
    on = [mode for mode, is_on in world.terminal.modes.items() if is_on]
    same = world.terminal.attributes == world.terminal.attributes_before
    return f"modes on {on}, termios {'as before' if same else 'changed'}"


def last_words(world: World) -> str:
    """Return the end of what the dashboard wrote after its last screen."""
    text = plain(bytes(world.terminal.output).rpartition(b"\x1b[?1049l")[2]).decode(errors="replace")
    lines = [line.strip("│╭╮╰╯─ \r") for line in text.splitlines()]
    frames = [line for line in lines if re.search(r"\.py\"?,? ?(line |:)\d+", line)]
    errors = [line for line in lines if re.match(r"[A-Z]\w+: |[A-Z]\w+(Error|Exception)", line)]
    return " | ".join([*frames[-6:], *errors[-2:]]) or " ".join(text.split())[-300:]


def shown(world: World) -> str:
    """Return what the screen shows, for a report."""
    from tests.random_life.screen import Screen

    screen = Screen(*world.size)
    with suppress(IndexError):
        screen.feed(bytes(world.terminal.output))
    return " / ".join(line.strip() for line in screen.lines if line.strip())[:1500]
