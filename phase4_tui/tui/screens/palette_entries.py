"""What the palette offers: each operation with its key; those that can't be given now come last, with the reason."""

from functools import partial
from typing import NamedTuple, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from phase4_tui.console.key_names import shown_key
from phase4_tui.console.operations.operation import Operation
from phase4_tui.console.operations.registry import OPERATIONS, why_not
from phase4_tui.console.remedies import as_keys
from phase4_tui.tui.screens.console_app import ConsoleApp
from phase4_tui.tui.text import content

KEY_CELLS = 7
GREYED = "not bold $foreground 60%"
LAST = 1000.0
"""What is taken from the score of an entry that can't be given now; a match scores far less."""


class Entry(NamedTuple):
    """One operation: its key, its name, and what is said under it."""

    operation: Operation
    key: str
    name: str
    told: str
    is_able: bool

    def prompt(self, name: Content) -> Content:
        """Return the line that is shown, with the name as the search has marked it."""
        line = Content.assemble(content((f"{self.key:<{KEY_CELLS}}", "bold $accent")), name)
        return line if self.is_able else Content.assemble(content(f"{self.key:<{KEY_CELLS}}"), name).stylize(GREYED)

    def help(self) -> Content:
        """Return the line under it."""
        return content(f"{' ' * KEY_CELLS}{self.told}")


def entries(console: ConsoleApp) -> list[Entry]:
    """Return every operation that this dashboard has, those that can be given now first."""
    found = []
    for operation in OPERATIONS:
        if operation.writes and console.read_only:
            continue
        obstacle = why_not(operation, console.snapshot)
        if obstacle is not None:
            told = f"not now: {as_keys(obstacle.text, obstacle.remedies, console.keys)}"
        else:
            told = operation.command_of(console.snapshot, console.site.settings) if console.snapshot else ""
        key = console.keys.get(operation.id, "")
        name = f"{operation.label}: {operation.description}"
        found.append(Entry(operation, shown_key(key) if key else "", name, told, obstacle is None))
    return sorted(found, key=lambda entry: not entry.is_able)


class OperationEntries(Provider):
    """Gives the palette its entries."""

    @property
    def _console(self) -> ConsoleApp:
        return cast("ConsoleApp", self.app)

    async def discover(self) -> Hits:
        """Yield every entry."""
        for entry in entries(self._console):
            prompt = entry.prompt(content(entry.name))
            yield DiscoveryHit(prompt, self._command(entry), entry.name, cast("str", entry.help()))

    async def search(self, query: str) -> Hits:
        """Yield the entries with what was typed in their label, else those whose name has its letters."""
        matcher, found = self.matcher(query), entries(self._console)
        typed = query.strip().lower()
        for entry in [one for one in found if typed in one.operation.label.lower()] or found:
            score = matcher.match(entry.name)
            if score > 0:
                name = matcher.highlight(entry.name)
                rank = score if entry.is_able else score - LAST
                yield Hit(rank, entry.prompt(name), self._command(entry), entry.name, cast("str", entry.help()))

    def _command(self, entry: Entry) -> "partial[None]":
        return partial(self._console.give, entry.operation.id)
