"""Verifies everything that was put on record, and says what to do about what does not hold."""

import textwrap
from collections.abc import Iterable, Mapping

from textual.binding import Binding
from textual.widget import Widget

from phase4_tui.console.facts.snapshot import Snapshot
from phase4_tui.console.remedies import as_keys
from phase4_tui.console.symbols import SYMBOLS
from phase4_tui.errors import Remedy, as_commands, command_line
from phase4_tui.rollback.verification import FoundProblem, Verification, verify
from phase4_tui.tui.screens.view import ViewScreen
from phase4_tui.tui.text import Part, clip
from phase4_tui.tui.widgets.text_lines import TextLines

SHOWN_PROBLEMS = 200
MARGIN = 6
HONEST = (
    "What this shows: nothing was changed by accident, by a script, or by another user who can't write everywhere.",
    "What it can't show: root, or whoever owns these files, could rewrite journal, anchor and every copy alike.",
    "A hash that was written down elsewhere (a ticket, a mail) tells that too: compare it with the head above.",
)
HELD = (
    "journal: each line, the chain, the anchor",
    "state: as the journal makes it",
    "frozen tags: every copy and every artifact, byte by byte",
    "ACTIVE.json: names the active tag",
)
ALL_PROBLEMS = Remedy("", command_line("verify"), "lists them all")


class VerifyScreen(ViewScreen):
    """The verification of journal, state, frozen tags and `ACTIVE.json`."""

    CSS_PATH = "verify.tcss"
    BINDINGS = [Binding("V", "again", "again", show=False)]

    def __init__(self) -> None:
        super().__init__()
        self._begun = False
        self._found: Verification | None = None
        self._seen: object = None
        self._rows: list[list[Part]] = []

    def hint(self) -> str:
        """Return the line that says what to press."""
        again, journal = self.own_key("again"), self.how("journal")
        return f"{again} verifies again · ↑↓ scroll · {journal} journal · escape returns"

    def main(self) -> Iterable[Widget]:
        """What was found."""
        yield TextLines(lambda index: self._rows[index], id="found")

    def on_mount(self) -> None:
        """Keys scroll."""
        self.query_one("#found").focus()

    def look(self, snapshot: Snapshot) -> None:
        """Verify once; later only when it is asked for, since every frozen byte is read, and say what changed since."""
        if not self._begun:
            self.action_again()
        elif self._found is not None and _what_counts(snapshot) != self._seen:
            self.title_is(
                ("VERIFY  ", "bold"),
                (f"! changed since it was verified: {self.own_key('again')} verifies again", "bold $warning"),
            )

    def action_again(self) -> None:
        """Verify again."""
        self._begun, self._seen = True, _what_counts(self.snapshot)
        self.title_is(("VERIFY  ", "bold"), ("reading the journal and every frozen byte …", "$foreground 70%"))
        site = self.console.site
        self.in_background(lambda stop: verify(site), self._take)

    def _take(self, found: Verification) -> None:
        head = found.journal.head[:16]
        if found.ok:
            told = f"{SYMBOLS['ok']} verified: {found.journal.events:,} events, head {head}"
            self.title_is(("VERIFY  ", "bold"), (told, "bold $success"))
        else:
            count = len(found.problems)
            told = f"{SYMBOLS['failed']} {count} problem{'s' if count > 1 else ''}"
            self.title_is(("VERIFY  ", "bold"), (f"{told} · {found.journal.events:,} good events", "bold $error"))
        self._found = found
        self.on_resize()

    def on_resize(self) -> None:
        """Wrap what was found."""
        if self._found is not None:
            width = max(self.size.width - MARGIN, 20)
            self._rows = [line for row in _rows(self._found, self.console.keys) for line in _wrapped(row, width)]
            self.query_one(TextLines).show(len(self._rows))


def _what_counts(snapshot: Snapshot | None) -> object:
    """Return what a verification is about, as far as the facts tell it."""
    return (snapshot.state, snapshot.tampered, snapshot.trouble) if snapshot is not None else None


def _rows(found: Verification, keys: Mapping[str, str]) -> list[list[Part]]:
    rows: list[list[Part]] = []
    for problem in found.problems[:SHOWN_PROBLEMS]:
        rows += _problem(problem, keys)
    if len(found.problems) > SHOWN_PROBLEMS:
        more = as_commands(f"… and {len(found.problems) - SHOWN_PROBLEMS} more", (ALL_PROBLEMS,))
        rows.append([(more, "bold $error")])
    if found.ok:
        rows += [[(f"{SYMBOLS['ok']} ", "$success"), one] for one in HELD]
    rows += [[""], [("head  ", "bold"), found.journal.head], [""]]
    rows += [[(sentence, "$foreground 70%")] for sentence in HONEST]
    return rows


def _problem(problem: FoundProblem, keys: Mapping[str, str]) -> list[list[Part]]:
    return [
        [(f"{SYMBOLS['failed']} {problem.kind}  ", "bold $error"), clip(problem.where, 200)],
        [f"  {clip(problem.detail, 600)}"],
        [("  next: ", "bold"), as_keys("", problem.remedies, keys)],
        [""],
    ]


def _wrapped(row: list[Part], width: int) -> list[list[Part]]:
    """Return a row on as many lines as its last part needs."""
    *before, last = row
    text, style = (last, "") if isinstance(last, str) else last
    beside = sum(len(part if isinstance(part, str) else part[0]) for part in before)
    indent = beside or len(text) - len(text.lstrip())
    first, *rest = textwrap.wrap(text.strip(), max(width - indent, 20)) or [""]
    begin: list[Part] = [*before, (first if before else " " * indent + first, style)]
    lines: list[list[Part]] = [begin]
    lines += [[(" " * indent + line, style)] for line in rest]
    return lines
