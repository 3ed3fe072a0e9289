"""The footer: as many keys as there is room for, always including how to leave and how to find the others."""

from textual import events
from textual.binding import Binding
from textual.containers import Container
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

ALWAYS = ("command_palette", "act('help')", "act('quit')", "back", "leave")
"""Actions whose keys are never left out."""


class KeyPlace(Container):
    """The place of the footer, which is filled after the first paint, to make that faster.

    Textual's `Lazy` would end the application with an error when a key leaves the screen before that.
    """

    DEFAULT_CSS = "KeyPlace { dock: bottom; height: 1; }"

    def on_mount(self) -> None:
        """Fill in the footer after the first paint."""
        self.call_after_refresh(self._fill)

    async def _fill(self) -> None:
        if self.is_attached:  # not while the application ends
            await self.mount(KeyLine(show_command_palette=True, compact=True))
            self.screen.refresh_bindings()  # a footer only draws its keys when bindings are refreshed


class KeyLine(Footer):
    """A footer that omits whole keys, the last first, instead of cutting them off or overlapping them."""

    DEFAULT_CSS = "KeyLine FooterKey.-command-palette { dock: none; border-left: none; }"

    _drawn: list[tuple[Binding, bool, str]] | None = None

    async def recompose(self) -> None:
        """Draw the present keys, and fit them; those that are there already stay."""
        if not self.is_attached:
            return  # its screen was left before this was due
        active = self.screen.active_bindings.values()
        keys = [(key.binding, key.enabled, key.tooltip) for key in active if key.binding.show]
        if keys == self._drawn and self._nodes:
            return
        self._drawn = keys
        async with self.batch():
            await super().recompose()
            self.mutate_reactive(Footer.compact)  # forgets the keys that were bound to it and are gone
            self._fit()

    def on_resize(self, event: events.Resize) -> None:
        """Fit to the new width."""
        self._fit()

    def _fit(self) -> None:
        keys = list(self.query(FooterKey))
        left = self.size.width - sum(_cells(key) for key in keys if key.action in ALWAYS)
        for key in keys:
            if key.action in ALWAYS:
                continue
            left -= _cells(key)
            key.display = left >= 0


def _cells(key: FooterKey) -> int:
    return len(key.key_display) + len(key.description) + 2
