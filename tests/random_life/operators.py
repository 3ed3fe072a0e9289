"""Commands of other operators beside the dashboard: valid and not, several at once, some killed half-way."""

import random
import signal
from contextlib import suppress

from tests.random_life.endings import OUR_TRACEBACK, is_interrupted_at_start
from tests.random_life.files import TAGS
from tests.random_life.processes import launchers
from tests.random_life.world import SIZES, STATUSES, Command, Typewriter, World
from tests.terminal import plain

RUNS = (("run",), ("run", "--resume"), ("run", "--rehearsal"), ("run", "--phase", "3"), ("step", "1"), ("step", "5"),
        ("step", "monitor"), ("run", "--json"), ("run", "--dry-run"), ("run", "--tag", "../x"))  # fmt: skip
LOOKS = (("status",), ("tags",), ("verify",), ("audit",), ("journal",), ("decisions",), ("trends",), ("doctor",),
         ("transcript",), ("rollback",), ("incident", "show"), ("incident", "list"), ("root-cause", "list"),
         ("known-good", "list"), ("mode", "show"), ("path", "report_json"), ("incident", "export"),
         ("runbook",))  # fmt: skip
NEED_TAG = (("freeze",), ("thaw",), ("known-good", "switch"))
ODD = (("frobnicate",), ("run", "--tag", "a b"), ("freeze",), ("status", "--tag", "x" * 300), ("journal", "--since",
    "x"),
       ("run", "--input", "/dev/zero"), ("run", "--rules", "nowhere"), ("status", "-C", "/nowhere"), ("path",
       "nothing"),
       ("--operator", "\x1b[31m", "status"), ("status", "--reports", "/etc"), ("compare", "t1", "t1"))  # fmt: skip
TYPED = (
    b"y\r",
    b"n\r",
    b"\r",
    b"s\r",
    b"q\r",
    b"2\r",
    b"because\r",
    b"a\rb\rc\r",
    b"\x03",
    b"\x04",
    b"\x15",
    b"\xff\r",
)
ANSWERS = (b"", b"y\n", b"n\n", b"\n\n\n", b"yes\ny\ny\ny\ny\n", b"\xff\xfe\n", b"y" * 5000)


def _words(chance: random.Random) -> tuple[str, ...]:
    tag, kind, yes = chance.choice(TAGS), chance.random(), ("--yes",) if chance.random() < 0.8 else ()
    reason = ("--reason", f"because {chance.randrange(100)}")
    if kind < 0.25:
        return (*chance.choice(RUNS), *(("--tag", tag) if chance.random() < 0.5 else ()))
    if kind < 0.4:
        return (*chance.choice(LOOKS), *(("--json",) if chance.random() < 0.5 else ()))
    if kind < 0.55:
        return (*chance.choice(NEED_TAG), tag, *reason, *yes)
    if kind < 0.95:
        return (*chance.choice((
            ("mode", "phase3-only", *reason), ("mode", "phase4", "--override", *reason), ("restore", tag),
            ("rollback", "--to", tag), ("rollback", "--take-over", "no answer"), ("rollback",), ("known-good", "pin",
            tag),
            ("known-good", "unpin", tag), ("incident", "reclassify", chance.choice(("P0", "P1", "P2", "P9")), *reason),
            ("root-cause", "add", "--cause", "c", "--remediation", "r", "--owner", chance.choice(("risk", "nobody"))),
            ("escalate", "--owner", "risk", "--note", "look"), ("escalate", "ack", "--owner", "risk"),
            ("compare", tag, chance.choice(TAGS)), ("reopen", "--tag", tag, "--override", *reason),
            ("reopen", "--tag", tag), ("verify", "--repair", *reason), ("init",),
        )), *yes)  # fmt: skip
    return chance.choice(ODD)


def commands(world: World, chance: random.Random) -> str:
    """Give some commands at once; kill some of them half-way, interrupt others."""
    told = []
    given: list[tuple[Command, float, signal.Signals | None]] = []
    for number in range(chance.choice((1, 1, 1, 2, 4))):
        words = ("--operator", ("ada", "raj", "li")[number % 3], *_words(chance))
        struck = chance.choice((signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP))
        after = chance.uniform(0.0, 1.2) if chance.random() < 0.4 else None
        given.append((world.start(words, chance.choice(ANSWERS)), after or 0.0, struck if after is not None else None))
        told.append(" ".join(words[2:])[:80] + (f" ({struck.name} after {after:.2f} s)" if after is not None else ""))
    slept = 0.0
    for command, after, number_ in sorted(given, key=lambda one: one[1]):
        if number_ is not None:
            world.pause(max(after - slept, 0.0))
            slept = max(after, slept)
            command.signalled = True
            command.process.send_signal(number_)
            world.count("commands killed" if number_ is signal.SIGKILL else "commands ended")
    world.pause(chance.choice((0.0, 0.2, 1.0)))
    at_once(world)
    return f"commands: {'; '.join(told)}"


def at_once(world: World) -> None:
    """Note it when two runs are under way at the same time."""
    if len(before := {one.pid for one in launchers()}) > 1:
        world.pause(0.02)
        both = [one for one in launchers() if one.pid in before]
        if len(both) > 1:
            world.found("two runs at once", "; ".join(str(one) for one in both))


def asked(world: World, chance: random.Random) -> str:
    """Give a command that asks at a terminal of its own; answer, interrupt, hang up or kill it."""
    tag, reason = chance.choice(TAGS), ("--reason", "because")
    words = chance.choice((
        ("rollback",), ("rollback", "--to", tag), ("freeze", tag, *reason), ("thaw", tag, *reason), ("restore", tag),
        ("mode", "phase3-only", *reason), ("reopen", "--tag", tag), ("known-good", "switch", tag, *reason),
        ("run", "--tag", tag), ("watch",), ("journal",), ("step", "1"),
    ))  # fmt: skip
    given = ("--operator", "eva", *words)
    terminal = world.at_terminal(given, *chance.choice(SIZES))
    answers = [chance.choice(TYPED) for _ in range(chance.choice((0, 2, 6)))]
    end = chance.choice((None, signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL))
    try:
        terminal.read(chance.choice((0.0, 0.5, 1.5)))
        for answer in answers:
            terminal.type(answer)
            terminal.read(chance.choice((0.0, 0.1, 0.6)))
        if end is None:
            terminal.read(3.0)
        terminal.kill(end or signal.SIGTERM)
        _look_at_end(world, terminal, " ".join(words), end or signal.SIGTERM)
    finally:
        if terminal.close() and end is None:
            world.count("answered")
    world.count("commands")
    return f"asked by `{' '.join(words)}`: {answers}, {'left alone' if end is None else end.name}"


def _ended(terminal: Typewriter, again: signal.Signals) -> int:
    for _ in range(4):
        with suppress(TimeoutError):
            return terminal.ended(5.0)
        terminal.kill(again)  # Python notes an interrupt that comes just before it reads, and reads on
    return terminal.ended(1.0)


def _look_at_end(world: World, terminal: Typewriter, words: str, again: signal.Signals) -> None:
    """Note what a command at a terminal did that it should not have."""
    try:
        status = _ended(terminal, again)
    except TimeoutError:
        world.found("does not end", f"`{words}` at a terminal; {plain(bytes(terminal.output))[-300:]!r}")
        terminal.kill(signal.SIGKILL)
        return
    said = plain(bytes(terminal.output))
    if OUR_TRACEBACK.search(said) and not is_interrupted_at_start(said):
        world.found("traceback", f"`{words}` at a terminal: {said[-600:]!r}")
    if status not in STATUSES and status >= 0:
        world.found("status", f"`{words}` at a terminal ended with {status}")
    if status >= 0 and terminal.attributes != terminal.attributes_before:
        world.found("terminal", f"termios not as before after `{words}`")
