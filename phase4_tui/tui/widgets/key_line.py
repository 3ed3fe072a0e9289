"""The footer: as many keys as there is room for, always including how to leave and how to find the others."""

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.reactive import var
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

from phase4_tui.console.facts.snapshot import Snapshot

ALWAYS = ("command_palette", "act('help')", "act('quit')", "back", "leave")
"""Actions whose keys are never left out."""


def urgent_actions(snapshot: Snapshot | None) -> tuple[str, ...]:
    """Return the actions whose keys come before all others while an incident is open."""
    if snapshot is None or snapshot.state.incident is None:
        return ()
    move = snapshot.next_move
    operations = ["guided", *([move.operation] if move is not None and move.operation else [])]
    return tuple(dict.fromkeys(f"act('{operation}')" for operation in operations))


class KeyPlace(Container):
    """The place of the footer, which is filled after the first paint, to make that faster.

    Textual's `Lazy` would end the application with an error when a key leaves the screen before that.
    """

    DEFAULT_CSS = "KeyPlace { dock: bottom; height: 1; }"
    snapshot: var[Snapshot | None] = var(None)

    def on_mount(self) -> None:
        """Fill in the footer after the first paint."""
        self.call_after_refresh(self._fill)

    def watch_snapshot(self) -> None:
        """Show the keys of the moment."""
        for line in self.query(KeyLine):
            line.show_urgent(urgent_actions(self.snapshot))

    async def _fill(self) -> None:
        if self.is_attached:  # not while the application ends
            line = KeyLine(show_command_palette=True, compact=True)
            line.show_urgent(urgent_actions(self.snapshot))
            await self.mount(line)
            self.screen.refresh_bindings()  # a footer only draws its keys when bindings are refreshed


class KeyLine(Footer):
    """A footer that omits whole keys, the last first, instead of cutting them off or overlapping them."""

    DEFAULT_CSS = "KeyLine FooterKey.-command-palette { dock: none; border-left: none; }"

    _drawn: object = None
    _urgent: tuple[str, ...] = ()
    _missing: Sequence[tuple[Binding, bool, str]] = ()
    """Urgent keys that a footer does not show by itself, each with whether it can act and what it does."""

    def show_urgent(self, actions: tuple[str, ...]) -> None:
        """Show the keys of these actions before all others."""
        if actions != self._urgent:
            self._urgent = actions
            if self.is_attached:
                self.call_later(self.recompose)

    def compose(self) -> ComposeResult:
        """The keys of the moment that a footer does not have, then the others."""
        for binding, enabled, tooltip in self._missing:
            key = self.app.get_key_display(binding)
            yield FooterKey(
                binding.key, key, binding.description, binding.action, disabled=not enabled, tooltip=tooltip
            ).data_bind(compact=Footer.compact)
        yield from super().compose()

    async def recompose(self) -> None:
        """Draw the present keys, and fit them; those that are there already stay."""
        if not self.is_attached:
            return  # its screen was left before this was due
        active = self.screen.active_bindings.values()
        keys = [(key.binding, key.enabled, key.tooltip) for key in active]
        self._missing = [key for key in keys if key[0].action in self._urgent and not key[0].show]
        drawn = [key for key in keys if key[0].show], self._missing, self._urgent
        if drawn == self._drawn and self._nodes:
            return
        self._drawn = drawn
        async with self.batch():
            await super().recompose()
            self.mutate_reactive(Footer.compact)  # forgets the keys that were bound to it and are gone
            self._fit()

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the new width."""
        self._fit()

    def _fit(self) -> None:
        left = self.size.width
        for key in sorted(self.query(FooterKey), key=self._rank):
            left -= _cells(key)
            key.display = left >= 0 or key.action in ALWAYS

    def _rank(self, key: FooterKey) -> int:
        return 0 if key.action in ALWAYS else 1 if key.action in self._urgent else 2


def _cells(key: FooterKey) -> int:
    return len(key.key_display) + len(key.description) + 2
