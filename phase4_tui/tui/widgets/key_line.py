"""The footer: as many keys as there is room for, those that say how to leave and to find the rest always."""

from textual import events
from textual.widgets import Footer
from textual.widgets._footer import FooterKey

ALWAYS = ("command_palette", "act('help')", "act('quit')", "back", "leave")
"""Actions whose keys are never left out."""


class KeyLine(Footer):
    """A footer that leaves out whole keys, the last first, instead of cutting them off or drawing one over another."""

    DEFAULT_CSS = "KeyLine FooterKey.-command-palette { dock: none; border-left: none; }"

    async def recompose(self) -> None:
        """Draw the keys of now, and fit them."""
        async with self.batch():
            await super().recompose()
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
