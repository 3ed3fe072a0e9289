"""The pages of documentation that an installation carries: which there are, and the text of each."""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.resources import files
from types import MappingProxyType

from phase4_tui.errors import Refused
from phase4_tui.runbook.runbook_text import runbook_text

RUNBOOK = "runbook"
SHOWN_CHARS = 60
PAGES: Mapping[str, str] = MappingProxyType(
    {
        RUNBOOK: "Phase 4 runbook (paper mode)",
        "command_line": "Command line: commands, options, exit status and JSON",
        "settings": "Settings: every key of phase4.toml",
        "escalation": "Escalation: from a finding to its class, its owner and an incident",
        "policy": "Decision policy: the figures behind every decision, check and alert",
        "formats": "Files: what is written where, by whom, and with which keys",
        "promises": "Promises: what holds when something goes wrong",
        "design": "Design: the words, the rooms and the rules of this program",
    }
)
"""Each page's name and title, which is its first heading, in the order in which they are best read."""


def page_text(name: str) -> str:
    """Return a page as Markdown.

    `command-line`, `Policy` and `policy.md` are understood too. Raises Refused, which names the pages there are.
    """
    wanted = name.lower().replace("-", "_").removesuffix(".md")
    if wanted not in PAGES:
        near = get_close_matches(wanted[:SHOWN_CHARS], PAGES)
        hint = f"did you mean {' or '.join(near)}? The" if near else "the"
        raise Refused(f"{ascii(name)[:SHOWN_CHARS]} is no page; {hint} pages are {', '.join(PAGES)}")
    if wanted == RUNBOOK:
        return runbook_text()
    return (files("phase4_tui.data") / "docs" / f"{wanted}.md").read_text(encoding="utf-8")
