"""One episode: a directory, a dashboard, random actions, an end, and what must hold after it."""

import random
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.random_life import files, keyboard, operators, signals
from tests.random_life.desks import lay_out
from tests.random_life.endings import leave, left_early, no_defect_on_file
from tests.random_life.invariants import (
    a_fresh_dashboard_shows_the_status,
    a_run_can_begin,
    journal_is_whole,
    no_orphan,
    settle,
    the_open_dashboard_shows_the_status,
)
from tests.random_life.world import World

Act = Callable[[World, random.Random], str]
ACTS: tuple[tuple[Act, int], ...] = (
    (keyboard.keys, 22), (keyboard.walk, 14), (keyboard.mouse, 12), (keyboard.paste, 3), (keyboard.answers, 6),
    (keyboard.resize, 6), (keyboard.stall, 1), (keyboard.suspend, 2),
    (signals.to_dashboard, 2), (signals.stop_and_go, 2), (signals.kill_below, 6),
    (files.whole_tag, 5), (files.broken_artifact, 4), (files.odd_artifact, 3), (files.odd_name, 1),
    (files.gone_or_touched, 4), (files.storm, 1), (files.inputs, 1), (files.moods, 4), (files.reports_gone, 3),
    (operators.commands, 14), (operators.asked, 3),
)  # fmt: skip
SHOWN_ACTIONS = 15


class Limits(NamedTuple):
    """What an episode is kept to: at most so many actions, none of those acts; `keep` is where its files go."""

    actions: int = 1000
    without: tuple[str, ...] = ()
    keep: Path | None = None


class Told(NamedTuple):
    """How an episode went."""

    number: int
    seed: str
    kind: str
    actions: int
    counts: dict[str, int]
    findings: list[str]
    log: list[str]

    def report(self, seed: int) -> str:
        """Return what is printed about an episode that found something."""
        last = "\n".join(f"    {line}" for line in self.log[-SHOWN_ACTIONS:])
        found = "\n".join(f"  FOUND {one}" for one in self.findings)
        again = f"python -m tests.random_life --seed {seed} --episode {self.number}"
        return (
            f"episode {self.number} of seed {seed} ({self.kind}, {self.actions} actions):\n{found}\n"
            f"  the last actions:\n{last}\n  again: {again}"
        )


def play(seed: int, number: int, limits: Limits) -> Told:
    """Play an episode; every choice follows from `seed` and `number`, each action's own from its index too.

    Where something was found, its directory and what its dashboards wrote are moved below `limits.keep`.
    """
    name = f"{seed}:{number}"
    chance = random.Random(name)
    base = Path(tempfile.mkdtemp(prefix="random-life-"))
    try:
        for directory in ("home", "tmp", "out", "desk"):
            (base / directory).mkdir()
        work, kind = lay_out(base / "desk" / "work", chance)
        world = World(base, work, kind)
        _live(world, chance, name, limits)
        if limits.keep is not None and world.findings:
            shutil.move(base, limits.keep / name.replace(":", "-"))
    finally:
        shutil.rmtree(base, ignore_errors=True)
    return Told(number, name, kind, len(world.log), world.counts, world.findings, world.log)


def _live(world: World, chance: random.Random, name: str, limits: Limits) -> None:
    arguments = ("--read-only",) if chance.random() < 0.05 else ("--ascii",) if chance.random() < 0.05 else ()
    world.is_ascii = "--ascii" in arguments
    world.open(chance, *arguments)
    acts, weights = zip(*ACTS, strict=True)
    try:
        world.pause(chance.choice((0.0, 0.3, 1.5)))
        for index in range(min(chance.choice((10, 25, 40, 60)), limits.actions)):
            own = random.Random(f"{name}:{index}")
            (act,) = own.choices(acts, weights)
            world.log.append(f"{index}: {act.__name__} …")
            if act.__name__ in limits.without:
                continue
            world.log[-1] = f"{index}: {act(world, own)}"
            no_defect_on_file(world)
            world.count("actions")
            if world.findings:
                break
            if world.is_stopped():
                world.terminal.kill(18)
            if left_early(world):
                if world.findings:
                    break
                world.open(own, *arguments)
                world.pause(own.choice((0.0, 1.0)))
        _end(world, random.Random(f"{name}:end"))
    finally:
        world.close()


def _end(world: World, chance: random.Random) -> None:
    in_place = chance.random() < 0.5
    if world.runs():
        world.pause(0.5)
    if in_place:
        settle(world)
        if world.runs() and not world.is_ascii:
            the_open_dashboard_shows_the_status(world)
    if world.runs():
        world.log.append(leave(world, chance))
    elif not world.findings:
        left_early(world)
    settle(world)
    no_orphan(world)
    if any(one.startswith(("does not leave", "orphan")) for one in world.findings):
        return
    a_fresh_dashboard_shows_the_status(world)
    journal_is_whole(world)
    a_run_can_begin(world)
    journal_is_whole(world)
    no_orphan(world)
