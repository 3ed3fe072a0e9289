"""What happens at the dashboard's terminal: keys, clicks, pastes, its own late answers, sizes, a stalled reader."""

import random
import signal
import time

from tests.random_life.screen import Screen
from tests.random_life.world import SIZES, World
from tests.terminal import plain

ENTER, ESCAPE, TAB, CTRL_P, CTRL_S, CTRL_Z, CTRL_Q = b"\r", b"\x1b", b"\t", b"\x10", b"\x13", b"\x1a", b"\x11"
UP, DOWN, RIGHT, LEFT = b"\x1b[A", b"\x1b[B", b"\x1b[C", b"\x1b[D"
PAGE_UP, PAGE_DOWN, HOME, END = b"\x1b[5~", b"\x1b[6~", b"\x1b[H", b"\x1b[F"
SPECIAL = (ENTER, ENTER, ESCAPE, ESCAPE, TAB, b"\x1b[Z", CTRL_P, CTRL_S, UP, DOWN, DOWN, RIGHT, LEFT, PAGE_UP,
    PAGE_DOWN,
           HOME, END, b"\x7f", b"\x1bOP", b"\x1bOQ", b"\x1b[1;5C", b"\x1b[3~")  # fmt: skip
VIEWS = b"gklcdtavjb?/"
OPERATIONS = b"rRxfpoe12345 y"
OWN = b"[]nmwTVKOIXgar"
QUIT = b"q"
SECONDS = (0.0, 0.02, 0.05, 0.15, 0.4)
# From the first key to the last: what an operator does without looking.
WALKS: tuple[tuple[bytes, ...], ...] = (
    (b"r", ENTER, b"y"), (b"R", b"y"), (b"1", b"y"), (b"5", b"y"), (b"f", ENTER, b"y"), (b"k", DOWN, ENTER, ENTER,
    b"y"),
    (b"l", b"the feed", TAB, b"a guard", CTRL_S, b"y"), (b"p", ENTER, b"y"), (b"e", ENTER, ENTER, b"y"), (b"g", b"1"),
    (b"c", ENTER, ENTER), (b"o", b"y"), (CTRL_P, b"rehearsal", ENTER, ENTER, b"y"), (CTRL_P, b"thaw", ENTER, ENTER,
    b"y"),
    (CTRL_P, b"restore", ENTER, b"y"), (CTRL_P, b"reclassify", ENTER, ENTER, ENTER, b"y"), (CTRL_P, b"theme", ENTER),
    (CTRL_P, b"manual", ENTER, RIGHT, PAGE_DOWN), (CTRL_P, b"transcript", ENTER, END), (b"/", b"t", ENTER), (b"a",
    ENTER),
    (b"x", b"y"), (b"g", b"T"), (CTRL_P, b"pin", ENTER, b"y"), (CTRL_P, b"post-mortem", ENTER),
)  # fmt: skip
ANSWERS = (
    b"\x1bP>|tmux 3.3a\x1b\\", b"\x1bP1$r0m\x1b\\", b"\x1bP1+r524742=38\x1b\\", b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
    b"\x1b]10;rgb:ffff/ffff/ffff\x07", b"\x1b]4;1;rgb:cdcd/0000/0000\x1b\\", b"\x1b]52;c;cnhx\x07", b"\x1b[?62;1;4;22c",
    b"\x1b[>41;354;0c", b"\x1b[=0c", b"\x1b[?2026;2$y", b"\x1b[?2048;0$y", b"\x1b[?1016;1$y", b"\x1b[?1u", b"\x1b[?0u",
    b"\x1b[8;40;120t", b"\x1b[4;800;1200t", b"\x1b[6;20;10t", b"\x1b[12;7R", b"\x1b[?12;7;1R", b"\x1b[0n",
    b"\x1b[?997;1n",
    b"\x1b[I", b"\x1b[O", b"\x1b[48;40;120;800;1200t", b"\x1b_Gi=31;OK\x1b\\", b"\x1b^private x\x1b\\",
    b"\x1bXstring q\x1b\\",
)  # fmt: skip


def _typed(world: World, data: bytes) -> None:
    if QUIT in data or CTRL_Q in data:
        world.may_leave = True
    world.terminal.type(data)
    world.count("keys", max(1, len(data)))


def _one_key(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.3:
        return bytes([chance.choice(VIEWS)])
    if kind < 0.5:
        return bytes([chance.choice(OPERATIONS)])
    if kind < 0.6:
        return bytes([chance.choice(OWN)])
    if kind < 0.93:
        return chance.choice(SPECIAL)
    if kind < 0.985:
        return bytes([chance.randrange(32, 127)])
    return chance.choice((QUIT, b"\x03", "é".encode(), b"\xff", b"\x00", b"\x1b\x1b", b"\x1b[", b"\x1bOz"))


def keys(world: World, chance: random.Random) -> str:
    """Press some keys, all in one write or one after the other."""
    pressed = [_one_key(chance) for _ in range(chance.choice((1, 2, 3, 5, 8, 20)))]
    between = chance.choice(SECONDS)
    if between:
        for key in pressed:
            _typed(world, key)
            world.pause(between)
    else:
        _typed(world, b"".join(pressed))
    return f"keys {b''.join(pressed)!r}, {between} s between"


def walk(world: World, chance: random.Random) -> str:
    """Do something whole: start a run, freeze, fill a form in; typed ahead or at some speed."""
    first = ESCAPE * chance.choice((0, 2, 3))
    pressed, between = chance.choice(WALKS), chance.choice(SECONDS)
    for key in (*((first,) if first else ()), *pressed) if between else (first + b"".join(pressed),):
        _typed(world, key)
        world.pause(between or 0.1)
    return f"walk {first!r} {pressed}, {between} s between"


def mouse(world: World, chance: random.Random) -> str:
    """Click, drag or scroll, perhaps outside."""
    told = []
    for _ in range(chance.choice((1, 1, 3, 10))):
        column, row = (chance.randint(1, limit + (chance.random() < 0.1) * 100) for limit in world.size)
        button = chance.choice((0, 0, 0, 1, 2, 64, 65, 32, 35, 4, 16))
        events = f"\x1b[<{button};{column};{row}M" + ("" if button >= 32 else f"\x1b[<{button};{column};{row}m")
        world.may_leave = world.may_leave or button < 32  # the footer has a `quit` to click
        world.terminal.type(events.encode())
        world.count("clicks")
        world.pause(chance.choice(SECONDS[:4]))
        told.append(f"{button}@{column},{row}")
    return f"mouse {' '.join(told)}"


def paste(world: World, chance: random.Random) -> str:
    """Paste lines, perhaps without an end, perhaps without a beginning."""
    text = chance.choice(
        (b"a reason", b"line 1\nline 2\ry\nq\n", b"q" * 50, b"\x1b[31mred", "ünï🔥".encode(), b"x" * 5000)
    )
    ended = chance.random() < 0.8
    data = b"\x1b[200~" + text + (b"\x1b[201~" if ended else b"")
    if chance.random() < 0.05:
        data = b"\x1b[201~"
    if not ended:
        world.may_leave = True
    world.terminal.type(data)
    world.pause(chance.choice(SECONDS))
    return f"paste {data[:40]!r}{'' if ended else ', not ended'}"


def answers(world: World, chance: random.Random) -> str:
    """Let the terminal answer late, perhaps in two reads; where nothing else goes on, no answer may press a key."""
    sent = [chance.choice(ANSWERS) for _ in range(chance.choice((1, 1, 2, 5)))]
    data = b"".join(sent)
    cut = chance.randrange(1, len(data)) if chance.random() < 0.3 else len(data)
    watched = cut == len(data) and not world.alive() and is_calm(world)
    world.terminal.type(data[:cut])
    if cut < len(data):
        world.pause(chance.choice((0.0, 0.01, 0.03)))
        world.terminal.type(data[cut:])
    world.pause(0.3)
    if watched and world.runs() and not any(is_calm(world, escapes=0) for _ in range(4)):  # it may be slow to draw
        world.found("an answer pressed a key", f"{sent}: {repainted(world).text}")
    return f"answers {sent}, cut at {cut} of {len(data)}{', watched' if watched else ''}"


def is_calm(world: World, escapes: int = 5) -> bool:
    """True when the dashboard's first screen is seen, with no question on it, after as many escapes."""
    if world.size[0] < 60 or world.size[1] < 16:
        return False
    for _ in range(escapes):
        press_and_read(world, ESCAPE)
    text = repainted(world).text
    asks = any(word in text for word in ("No (n)", "escape leaves", "enter chooses", "🔎"))
    return ("RUN TAGS" in text or "[ or ] " in text) and not asks


def press_and_read(world: World, key: bytes) -> None:
    """Press a key, and say yes where that asks whether to leave, as an operator who reads does."""
    since = len(world.terminal.output)
    world.terminal.type(key)
    world.pause(0.35)
    if b"Leave (y)" in plain(bytes(world.terminal.output[since:])):
        world.terminal.type(b"y")
        world.pause(0.35)


def repainted(world: World) -> Screen:
    """Let the dashboard draw all of its screen anew, and return what it shows."""
    columns, rows = world.size
    since = len(world.terminal.output)
    for width in (columns - 1, columns):
        world.terminal.resize(width, rows)
        world.terminal.kill(signal.SIGWINCH)
        world.pause(0.4)
    screen = Screen(columns, rows)
    screen.feed(bytes(world.terminal.output[since:]))
    return screen


def resize(world: World, chance: random.Random) -> str:
    """Give the terminal other sizes."""
    told = []
    for _ in range(chance.choice((1, 1, 2, 30))):
        world.size = chance.choice(SIZES) if chance.random() < 0.7 else (chance.randint(1, 220), chance.randint(1, 70))
        told.append(f"{world.size[0]}x{world.size[1]}")
        world.terminal.resize(*world.size)
        if world.runs():
            world.terminal.kill(signal.SIGWINCH)
        world.pause(chance.choice((0.0, 0.01, 0.1)))
    world.count("resizes", len(told))
    return f"resize {' '.join(told)}"


def stall(world: World, chance: random.Random) -> str:
    """Read nothing of what the dashboard writes, for a while, while keys make it write."""
    seconds = chance.choice((0.5, 1.0, 4.0))
    world.reads = False
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        world.terminal.type(chance.choice((b"?", ESCAPE, b"d", b"j")))
        time.sleep(0.03)
    world.reads = True
    world.pause(0.2)
    return f"stalled for {seconds} s"


def suspend(world: World, chance: random.Random) -> str:
    """Press Ctrl-Z, and let it go on; while it is stopped the terminal is the shell's."""
    world.terminal.type(ESCAPE * 3)
    world.pause(0.3)
    world.terminal.type(CTRL_Z)
    world.pause(0.3)
    stopped = world.is_stopped()
    world.count("suspended", int(stopped))
    if stopped and not world.terminal.is_as_before:
        world.found("terminal", f"not as before while stopped by Ctrl-Z: {world.terminal.modes}")
    if stopped and chance.random() < 0.3:
        world.size = chance.choice(SIZES)
        world.terminal.resize(*world.size)
    if stopped:
        world.terminal.kill(signal.SIGCONT)
    return f"Ctrl-Z: {'stopped and went on' if stopped else 'not stopped'}"
