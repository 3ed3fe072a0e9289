"""Kills and signals from outside: to the dashboard, to those who run a sequence, to steps and what they leave."""

import os
import random
import signal
from contextlib import suppress

from tests.random_life.processes import descendants
from tests.random_life.world import World


def to_dashboard(world: World, chance: random.Random) -> str:
    """Send it a signal that it lives on after."""
    number = chance.choice((signal.SIGCONT, signal.SIGCONT, signal.SIGWINCH, signal.SIGCHLD, signal.SIGPIPE))
    times = chance.choice((1, 1, 3, 6))
    for _ in range(times):
        world.terminal.kill(number)
        world.pause(chance.choice((0.0, 0.05, 0.2)))
    world.count("signals", times)
    return f"{signal.Signals(number).name} x {times} to the dashboard"


def stop_and_go(world: World, chance: random.Random) -> str:
    """Stop the dashboard from outside and let it go on; perhaps much happens to its terminal meanwhile."""
    seconds = chance.choice((0.0, 0.2, 1.0))
    world.terminal.kill(signal.SIGSTOP)
    world.pause(seconds)
    if chance.random() < 0.3:
        world.terminal.type(b"?")
    world.terminal.kill(signal.SIGCONT)
    world.count("signals", 2)
    return f"SIGSTOP, {seconds} s, SIGCONT"


def kill_below(world: World, chance: random.Random) -> str:
    """Kill something of a run: a step, what it left, its launcher, or the command that runs it."""
    at, kind, number = chance.random(), chance.random(), chance.choice((signal.SIGKILL,) * 3 + (signal.SIGTERM,))
    seen = descendants()
    launchers = {process.pid for process in seen if "launcher.py" in process.command}
    own = world.own()
    below = [one for one in seen if one.pid not in own and one.state != "Z"]
    if kind < 0.25:
        below = [one for one in below if one.pid in launchers]
    elif kind < 0.85:
        below = [one for one in below if one.pid not in launchers]
    else:
        running = {command.process.pid for command in world.alive()}
        below = [one for one in seen if one.pid in running]
    if not below:
        return "nothing to kill"
    chosen = below[int(at * len(below))]
    for command in world.commands:
        command.signalled = command.signalled or command.process.pid == chosen.pid
    with suppress(ProcessLookupError):
        os.kill(chosen.pid, number)
    world.count("kills")
    world.pause(0.1)
    return f"{number.name} to {chosen}"
