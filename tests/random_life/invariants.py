"""What must hold at the end of an episode: commands, orphans, the journal, what is shown, and that one can go on."""

import json
import re
import signal
import subprocess
import time
from typing import Any

from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.runbook.check_words import state_word
from phase4_tui.tui.text import clip
from tests.random_life.desks import calm
from tests.random_life.endings import OUR_TRACEBACK, is_interrupted_at_start, left_early
from tests.random_life.keyboard import is_calm, repainted
from tests.random_life.processes import descendants, kill_all, left_after
from tests.random_life.screen import Screen
from tests.random_life.world import STATUSES, Command, Typewriter, World

ORPHAN_SECONDS = 12.0
SETTLING_SECONDS = 20.0
LOOKING_SECONDS = 60.0
RECORD_KINDS = ("journal", "anchor", "state", "directory")
SIZE = (160, 50)
QUIET = ("passed", "present", "not_applicable")
"""States that are written small: nothing is to be done about them."""
TITLES = {"release_check": "RELEASE CHECK", "quality_check": "QUALITY CHECK", "monitoring": "MONITORING",
          "signoff": "SIGN-OFF"}  # fmt: skip


def settle(world: World) -> None:
    """Undo the harm, end the commands that still run, and note what they said that they should not have."""
    world.mend()
    calm(world.work)
    for command in world.alive():
        command.signalled = True
        command.process.send_signal(signal.SIGTERM)
    for command in world.commands:
        try:
            command.process.wait(15)
        except subprocess.TimeoutExpired:
            world.found("does not end", f"{' '.join(command.words)} after a SIGTERM")
            command.process.kill()
            command.process.wait()
        _check(world, command)


def _check(world: World, command: Command) -> None:
    said, status = command.err.read_bytes(), command.process.returncode
    words = " ".join(command.words)[:120]
    if command.checked:
        return
    command.checked = True
    world.count("commands checked")
    if (OUR_TRACEBACK.search(said) or b"Traceback" in said) and not is_interrupted_at_start(said):
        world.found("traceback", f"`{words}` wrote {said[-700:].decode(errors='replace')}")
    if status not in STATUSES and not (command.signalled and status < 0):
        world.found("status", f"`{words}` ended with {status}: {said[-300:].decode(errors='replace')}")
    out = command.out.read_bytes()
    if "--json" in command.words and not command.signalled and "--dry-run" not in command.words and out:
        try:
            [json.loads(line) for line in out.splitlines()] if "decisions" in command.words else json.loads(out)
        except ValueError:
            world.found("json", f"`{words}` printed {out[:200]!r}")


def no_orphan(world: World) -> None:
    """Note every process of this episode that is still there."""
    left = left_after(ORPHAN_SECONDS, set())
    if left:
        world.found("orphan", "; ".join(map(str, left)))
        kill_all(left)
        left_after(2.0, set())


def ask(world: World, *words: str) -> tuple[int, bytes, bytes]:
    """Give a command and return its status and what it wrote."""
    command = world.start(words)
    try:
        status = command.process.wait(LOOKING_SECONDS)
    except subprocess.TimeoutExpired:
        world.found("does not end", f"`{' '.join(words)}` within {LOOKING_SECONDS} s")
        command.process.kill()
        status = command.process.wait()
    _check(world, command)
    return status, command.out.read_bytes(), command.err.read_bytes()


def journal_is_whole(world: World) -> None:
    """Note what `verify` finds in journal, anchor and state; frozen files may have been changed by the episode."""
    status, out, err = ask(world, "verify", "--json")
    if not out:
        world.found("journal", f"verify ended with {status}: {err[-300:].decode(errors='replace')}")
        return
    problems = [one for one in json.loads(out)["problems"] if one["kind"] in RECORD_KINDS]
    if problems:
        world.found("journal", json.dumps(problems)[:600])


def shown_equals_status(world: World, opened: Typewriter, since: int) -> None:
    """Note where a dashboard of 160x50 differs from `status --json` for long; `since` is where its drawing began."""
    until, differs, screen = time.monotonic() + SETTLING_SECONDS, ["nothing was shown"], Screen(*SIZE)
    drawn = since
    while differs and time.monotonic() < until and world.runs():
        opened.read(0.6)
        status, out, err = ask(world, "status", "--json")
        if status not in (0, 10, 11, 12, 13, 14) or not out:
            differs = [f"status ended with {status}: {err[-200:].decode(errors='replace')}"]
            continue
        opened.read(0.4)
        screen.feed(bytes(opened.output[drawn:]))
        drawn = len(opened.output)
        differs = differences(json.loads(out), screen.lines)
    if not world.runs():
        left_early(world)
    elif differs:
        world.found("shown is not so", f"{'; '.join(differs)}\n{screen.text}")


def differences(document: dict[str, Any], lines: list[str]) -> list[str]:
    """Return what a screen shows otherwise than `status --json` has it."""
    top, rest = " ".join(lines[:3]), "\n".join(lines[1:])
    return [text for text, where in expected(document) if text not in (top if where == "header" else rest)]


def expected(document: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the texts that the header and the panels must show for a status document."""
    mode = "mode PHASE 3 ONLY" if document["evaluation_mode"] == "phase3_only" else "mode PHASE 4"
    incident = document["incident"]
    opened = [(f"{SYMBOLS['incident']} {incident['class'] or 'INCIDENT'}", "header")] if incident else []
    if document["tag"] is None:
        return [("no run yet", "header"), (mode, "header"), *(opened or [("NO TAG", "header")])]
    found = document["classification"]
    healthy = found["level"] == "ok"
    word = "HEALTHY" if healthy else found["class"] or found["level"].upper()
    texts = [(f"viewing {clip(document['tag'], 20)}", "header"), (mode, "header")]
    texts += opened or [(f"{SYMBOLS[found['level']]} {word}", "header")]
    for name, check in document["health"].items():
        state = state_word(check["state"])
        shown = state if check["state"] in QUIET else state.upper()
        title = TITLES.get(name)
        if title is not None:
            texts.append((f"{title} {SYMBOLS[check['state']]} {shown}", "panel"))
    return texts


def a_fresh_dashboard_shows_the_status(world: World) -> None:
    """Open a dashboard, compare it with `status --json`, and leave it by its key."""
    world.put_away()
    world.terminal = world.dashboard(*SIZE)
    world.size, world.reads = SIZE, True
    world.count("dashboards")
    shown_equals_status(world, world.terminal, 0)
    world.may_leave = True
    world.terminal.type(b"q")
    try:
        status = world.terminal.ended(10.0)
    except TimeoutError:
        world.found("does not leave", "a fresh dashboard, after q")
        world.terminal.kill(signal.SIGKILL)
        world.terminal.ended()
        return
    if status != 0 or not world.terminal.is_as_before:
        world.found("status", f"a fresh dashboard ended with {status} after q, {world.terminal.modes}")


def the_open_dashboard_shows_the_status(world: World) -> None:
    """Compare the dashboard that has lived through it all, once no run is under way."""
    world.size = SIZE
    world.terminal.resize(*SIZE)
    is_back = any(is_calm(world, escapes=5) for _ in range(6))
    if not world.runs() or below():
        return
    if not is_back:
        world.found("no way back", f"thirty escapes do not lead to the first screen\n{repainted(world).text}")
        return
    world.terminal.type(b"\x1b")  # on the first screen: the active or newest tag
    since = len(world.terminal.output)
    repainted(world)
    shown_equals_status(world, world.terminal, since)
    world.count("compared in place")


def below() -> bool:
    """True while a run is under way."""
    return any("launcher.py" in process.command for process in descendants() if process.state != "Z")


def a_run_can_begin(world: World) -> None:
    """Note it when a run is refused because another one is under way, though none is."""
    command = world.start(("run", "--rehearsal", "--tag", "afterwards", "--yes"))
    try:
        command.process.wait(25)
    except subprocess.TimeoutExpired:
        world.found("does not end", "a run of steps that behave")
        command.process.kill()
        command.process.wait()
    said = command.err.read_bytes().decode(errors="replace")
    if re.search(r"one run at a time|locked by another|another process", said):
        world.found("lock", said[-300:])
    elif command.process.returncode in (1, 2) and not _is_known(said):
        world.found("afterwards", f"a run ended with {command.process.returncode}: {said[-400:]}")
    _check(world, command)


def _is_known(said: str) -> bool:
    """True for a refusal that the episode itself is the reason of."""
    return any(word in said for word in ("frozen", "is no directory", "thaw", "is missing"))
