"""The screens that an action opens, each loaded when it is opened: the first paint does without them."""

from importlib import import_module
from typing import Any

LOOKS = {
    "guided": ("guided", "GuidedScreen"),
    "audit": ("audit", "AuditScreen"),
    "verify": ("verify", "VerifyScreen"),
    "journal": ("journal", "JournalScreen"),
    "runbook": ("runbook", "RunbookScreen"),
    "decisions": ("decisions", "DecisionsScreen"),
    "trends": ("trends", "TrendsScreen"),
    "export": ("viewer", "PostMortemScreen"),
    "help": ("help", "HelpScreen"),
}
"""Module and name of the screen that an action opens."""


def screen_class(module: str, name: str) -> Any:
    """Return the class of a screen, loading it now."""
    return getattr(import_module(f"phase4_tui.tui.screens.{module}"), name)
