"""`watch`: prints a line for each change of a tag and each event of `console/facts`, until interrupted."""

import queue
import threading
from contextlib import suppress
from typing import Annotated

import typer

from phase4_tui.artifacts.clock import iso, moment, now_ns
from phase4_tui.artifacts.plain_words import plain
from phase4_tui.artifacts.safe_text import safe_line
from phase4_tui.cli.context import DONE, Desk, emit, say
from phase4_tui.cli.journal import stored
from phase4_tui.cli.status_text import STYLES, verdict
from phase4_tui.console.facts.events import EventsSeen, FactEvent, JudgedTag, TagsJudged, TroubleChanged
from phase4_tui.console.facts.schedule import Facts
from phase4_tui.errors import as_commands
from phase4_tui.journal.event_text import describe
from phase4_tui.journal.events import Event
from phase4_tui.runbook.check_words import state_word
from phase4_tui.streams import reader_has_gone

WAITING_EVENTS = 100
"""Events that may wait for a slow reader of the output; beyond that the looks wait."""
FULL_SECONDS = 0.2
ALARMS = ("incident", "evidence", "raised")


def watch(
    desk: Desk,
    read_only: Annotated[bool, typer.Option("--read-only", help="Open no incident for what is seen.")] = False,
) -> int:
    """Print one line a change of any tag, and what operators do; open incidents; until interrupted."""
    waiting: queue.Queue[FactEvent] = queue.Queue(WAITING_EVENTS)
    ended = threading.Event()

    def post(event: FactEvent) -> None:
        while not ended.is_set():
            with suppress(queue.Full):
                waiting.put(event, timeout=FULL_SECONDS)
                return

    facts = Facts(desk.site, post, read_only=read_only or desk.dry_run, snapshots=False)
    printer = Printer(json=desk.json)
    facts.start()
    try:
        while not reader_has_gone():
            printer.show(waiting.get())
        return DONE
    finally:
        ended.set()
        facts.stop()


class Printer:
    """Prints events as text or as one JSON document per line; a tag only when its text changes."""

    def __init__(self, *, json: bool) -> None:
        self._json = json
        self._texts: dict[str, str] = {}

    def show(self, event: FactEvent) -> None:
        """Print an event."""
        if isinstance(event, TagsJudged):
            for tag in event.tags:
                self._show_tag(tag)
        elif isinstance(event, EventsSeen):
            for seen in event.events:
                self._show_event(seen)
        elif isinstance(event, TroubleChanged):
            text = as_commands(event.trouble or "ok", event.remedies)
            self._print({"at": iso(now_ns()), event.subject: text}, f"{event.subject}: {safe_line(text)}", "yellow")

    def _show_tag(self, judged: JudgedTag) -> None:
        states = ", ".join(f"{plain(name)} {state_word(state)}" for name, state in judged.states.items())
        text = f"{judged.tag}  {verdict(judged.classification)}  ({states})"
        if self._texts.get(judged.tag) != text:
            self._texts[judged.tag] = text
            classification = judged.classification
            document = {
                "at": iso(now_ns()),
                "tag": judged.tag,
                "classification": classification,
                "health": dict(judged.states),
            }
            self._print(document, text, STYLES[classification.level])

    def _show_event(self, event: Event) -> None:
        style = "bold red" if event.kind in ALARMS else ""
        self._print({"at": event.at, "event": stored(event)}, describe(event), style)

    def _print(self, document: dict[str, object], text: str | None, style: str) -> None:
        if self._json:
            emit(document, indent=None)
        elif text is not None:
            say(f"{moment(str(document['at']))}  {text}", style)
