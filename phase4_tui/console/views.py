"""The views, which every face must serve, and the gestures, which only the dashboard has."""

from enum import Enum


class View(Enum):
    """Something to look at: a screen of the dashboard, and a command that prints the same."""

    GUIDED = "guided"
    KNOWN_GOOD = "known_good"
    ROOT_CAUSE = "root_cause"
    COMPARE = "compare"
    AUDIT = "audit"
    VERIFY = "verify"
    JOURNAL = "journal"
    RUNBOOK = "runbook"
    DECISIONS = "decisions"
    TRENDS = "trends"
    TRANSCRIPT = "transcript"
    POST_MORTEM = "export"
    DOCS = "docs"
    HELP = "help"


class Gesture(Enum):
    """An action that concerns only the dashboard on screen and writes nothing."""

    CANCEL = "cancel"
    FILTER = "filter"
    NEXT_MATCH = "next_match"
    PREVIOUS_MATCH = "previous_match"
    ZOOM = "zoom"
    COPY = "copy"
    PAUSE = "pause"
    NOTICES = "notices"
    THEME = "theme"
    FOLLOW = "follow"
    QUIT = "quit"
